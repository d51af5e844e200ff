// Rows as text: servers without bulk statements, MySQL among them. Inserts and deletes take many rows in one statement;
// updates go as many statements in one packet, since each sets its own values.
#include <fmt/format.h>
#include <mysql.h>

#include <algorithm>
#include <cstdlib>

#include "connectors/mysql/applier_rows.h"
#include "connectors/mysql/literal.h"

namespace sluice::mysql {
namespace {

using model::RowChange;

constexpr size_t kStatementBytes = 1 << 20;
constexpr size_t kRowsPerStatement = 500;    // an IN list: well within what range_optimizer_max_mem_size allows
constexpr size_t kUpdatesPerPacket = 200;

class TextRowWriter : public RowWriter {
 public:
  explicit TextRowWriter(Connection& connection) : connection_(connection), bytes_(kStatementBytes) {
    const OptionalText most = connection.QueryOne("SELECT @@max_allowed_packet");
    if (most) bytes_ = std::min<size_t>(bytes_, std::strtoull(most->c_str(), nullptr, 10) / 2);
  }

  uint64_t Insert(const Target& target, Changes rows, bool replace) override;
  uint64_t Update(const Target& target, uint64_t mask, Changes rows) override;
  uint64_t Delete(const Target& target, Changes rows) override;

 private:
  void AppendCell(const TargetColumn& column, model::Row row) {
    AppendLiteral(sql_, row[column.source], column.type, LiteralUse::kStore, connection_.is_mariadb());
  }
  void AppendIdentity(const Target& target, model::Row row);
  uint64_t Send(const Target& target);
  uint64_t SendMany(const Target& target);

  Connection& connection_;
  size_t bytes_;
  std::string sql_;
};

uint64_t TextRowWriter::Send(const Target& target) {
  MYSQL* handle = connection_.handle();
  if (mysql_real_query(handle, sql_.data(), sql_.size()) != 0) connection_.ThrowLast(target.object, sql_);
  return mysql_affected_rows(handle);
}

// Every statement of the packet answers by itself; the first error ends it.
uint64_t TextRowWriter::SendMany(const Target& target) {
  MYSQL* handle = connection_.handle();
  uint64_t affected = Send(target);
  int next = 0;
  while ((next = mysql_next_result(handle)) == 0) affected += mysql_affected_rows(handle);
  if (next > 0) connection_.ThrowLast(target.object, sql_);
  return affected;
}

uint64_t TextRowWriter::Insert(const Target& target, Changes rows, bool replace) {
  std::string head = fmt::format("{} INTO {} (", replace ? "REPLACE" : "INSERT", target.name);
  std::vector<const TargetColumn*> columns;
  for (const TargetColumn& column : target.columns) {
    if (rows[0]->after[column.source].IsAbsent()) continue;
    if (!columns.empty()) head += ',';
    head += column.name;
    columns.push_back(&column);
  }
  head += ") VALUES ";
  uint64_t affected = 0;
  for (size_t i = 0; i < rows.size();) {
    sql_ = head;
    for (const size_t first = i; i < rows.size() && i - first < kRowsPerStatement && sql_.size() < bytes_; ++i) {
      sql_ += i == first ? "(" : ",(";
      for (const TargetColumn* column : columns) {
        if (column != columns[0]) sql_ += ',';
        AppendCell(*column, rows[i]->after);
      }
      sql_ += ')';
    }
    affected += Send(target);
  }
  return affected;
}

void TextRowWriter::AppendIdentity(const Target& target, model::Row row) {
  const char* before = " WHERE ";
  for (const size_t column : target.identity) {
    sql_ += before;
    sql_ += target.columns[column].name;
    sql_ += '=';
    AppendCell(target.columns[column], row);
    before = " AND ";
  }
}

uint64_t TextRowWriter::Update(const Target& target, uint64_t mask, Changes rows) {
  const std::vector<size_t> columns = MaskedColumns(target, mask);
  uint64_t affected = 0;
  for (size_t i = 0; i < rows.size();) {
    sql_.clear();
    for (const size_t first = i; i < rows.size() && i - first < kUpdatesPerPacket && sql_.size() < bytes_; ++i) {
      if (i != first) sql_ += ';';
      sql_ += "UPDATE " + target.name + " SET ";
      for (const size_t column : columns) {
        if (column != columns[0]) sql_ += ',';
        sql_ += target.columns[column].name;
        sql_ += '=';
        AppendCell(target.columns[column], rows[i]->after);
      }
      AppendIdentity(target, rows[i]->before);
    }
    affected += SendMany(target);
  }
  return affected;
}

uint64_t TextRowWriter::Delete(const Target& target, Changes rows) {
  const bool is_single = target.identity.size() == 1;
  std::string head = "DELETE FROM " + target.name + " WHERE " + (is_single ? "" : "(");
  for (const size_t column : target.identity) {
    if (column != target.identity[0]) head += ',';
    head += target.columns[column].name;
  }
  head += is_single ? " IN (" : ") IN (";
  uint64_t affected = 0;
  for (size_t i = 0; i < rows.size();) {
    sql_ = head;
    for (const size_t first = i; i < rows.size() && i - first < kRowsPerStatement && sql_.size() < bytes_; ++i) {
      if (i != first) sql_ += ',';
      if (!is_single) sql_ += '(';
      for (const size_t column : target.identity) {
        if (column != target.identity[0]) sql_ += ',';
        AppendCell(target.columns[column], rows[i]->before);
      }
      if (!is_single) sql_ += ')';
    }
    sql_ += ')';
    affected += Send(target);
  }
  return affected;
}

}  // namespace

std::unique_ptr<RowWriter> MakeTextRowWriter(Connection& connection) {
  return std::make_unique<TextRowWriter>(connection);
}

}  // namespace sluice::mysql
