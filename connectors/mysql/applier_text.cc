// Rows as text: servers without bulk statements, MySQL among them. Many rows go in one statement: INSERT with a list,
// DELETE with IN, UPDATE joined with a derived table of the new values. The last needs keys that compare with a derived
// column as they do with a literal: numbers and binary strings, not text, which has a collation of its own there. Other
// keys get a packet of single statements, some three times slower.
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
constexpr size_t kPacketHead = 64;         // servers take no max_allowed_packet below 1,024
constexpr size_t kRowsPerStatement = 500;  // an IN list: well within what range_optimizer_max_mem_size allows
constexpr size_t kUpdatesPerPacket = 200;
constexpr size_t kRowsPerJoin = 1000;
constexpr uint32_t kValuesSince = 80019;  // MySQL: VALUES ROW(..), ROW(..) as a table

class TextRowWriter : public RowWriter {
 public:
  explicit TextRowWriter(Connection& connection)
      : connection_(connection),
        bytes_(std::min(kStatementBytes, connection.PacketLimit() / 2)),
        most_(connection.PacketLimit() - kPacketHead) {}

  uint64_t Insert(const Target& target, Changes rows, bool replace) override;
  uint64_t Update(const Target& target, uint64_t mask, Changes rows) override;
  uint64_t Delete(const Target& target, Changes rows) override;

 private:
  void AppendCell(const TargetColumn& column, model::Row row) {
    AppendStored(sql_, row[column.source], column.type, column.stored, connection_.is_mariadb());
  }
  void AppendIdentity(const Target& target, model::Row row);
  uint64_t UpdateSingly(const Target& target, const std::vector<size_t>& columns, Changes rows);
  uint64_t UpdateJoined(const Target& target, const std::vector<size_t>& columns, Changes rows);
  void AppendNewValues(const Target& target, const std::vector<size_t>& columns, const RowChange& row, bool is_named);
  // Whether the server takes the statement with the row that was appended from `before` on; else that is taken back.
  bool Fits(size_t before, bool is_first, size_t tail = 0) {
    if (is_first || sql_.size() + tail <= most_) return true;
    sql_.resize(before);
    return false;
  }
  uint64_t Send(const Target& target);
  uint64_t SendMany(const Target& target);

  Connection& connection_;
  size_t bytes_;  // a statement that has reached this gets no more rows
  size_t most_;   // and one of this length no other
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
      const size_t before = sql_.size();
      sql_ += i == first ? "(" : ",(";
      for (const TargetColumn* column : columns) {
        if (column != columns[0]) sql_ += ',';
        AppendCell(*column, rows[i]->after);
      }
      sql_ += ')';
      if (!Fits(before, i == first)) break;
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

bool CanJoin(const Target& target) {
  return std::all_of(target.identity.begin(), target.identity.end(), [&](size_t column) {
    using model::TypeKind;
    const TypeKind kind = target.columns[column].type.kind;
    return kind == TypeKind::kInteger || kind == TypeKind::kDecimal || kind == TypeKind::kBinary ||
           kind == TypeKind::kVarbinary;
  });
}

uint64_t TextRowWriter::Update(const Target& target, uint64_t mask, Changes rows) {
  const std::vector<size_t> columns = MaskedColumns(target, mask);
  if (rows.size() < 3 || !CanJoin(target)) return UpdateSingly(target, columns, rows);
  return UpdateJoined(target, columns, rows);
}

// UPDATE (VALUES ROW(<key>, <new values>), ...) AS v (a0, a1, ...) STRAIGHT_JOIN t ON t.key = v.a0 SET t.x = v.a1:
// the derived table is read once, and each of its rows finds its own by the key.
uint64_t TextRowWriter::UpdateJoined(const Target& target, const std::vector<size_t>& columns, Changes rows) {
  std::string names;
  std::string on;
  std::string set;
  const auto name = [](size_t i) { return fmt::format("a{}", i); };
  const size_t keys = target.identity.size();
  for (size_t i = 0; i < keys + columns.size(); ++i) {
    const std::string& column = target.columns[i < keys ? target.identity[i] : columns[i - keys]].name;
    names += (i == 0 ? "" : ",") + name(i);
    std::string& list = i < keys ? on : set;
    if (!list.empty()) list += i < keys ? " AND " : ",";
    list += fmt::format("t.{}=v.{}", column, name(i));
  }
  const bool has_values = !connection_.is_mariadb() && connection_.version() >= kValuesSince;
  const model::Key* key = target.table->IdentityKey();
  const std::string tail =
      fmt::format(") AS v{} STRAIGHT_JOIN {} AS t{} ON {} SET {}", has_values ? "(" + names + ")" : "", target.name,
                  key->primary ? " FORCE INDEX (PRIMARY)" : "", on, set);
  uint64_t affected = 0;
  for (size_t i = 0; i < rows.size();) {
    sql_ = has_values ? "UPDATE (VALUES " : "UPDATE (";
    for (const size_t first = i; i < rows.size() && i - first < kRowsPerJoin && sql_.size() < bytes_; ++i) {
      const size_t before = sql_.size();
      if (has_values) {
        sql_ += i == first ? "ROW(" : ",ROW(";
      } else {
        sql_ += i == first ? "SELECT " : " UNION ALL SELECT ";
      }
      AppendNewValues(target, columns, *rows[i], !has_values && i == first);
      if (has_values) sql_ += ')';
      if (!Fits(before, i == first, tail.size())) break;
    }
    sql_ += tail;
    affected += Send(target);
  }
  return affected;
}

void TextRowWriter::AppendNewValues(const Target& target, const std::vector<size_t>& columns, const RowChange& row,
                                    bool is_named) {
  size_t number = 0;
  const auto append = [&](size_t column, model::Row image) {
    if (number != 0) sql_ += ',';
    // The rows give the derived column its type. Signed and unsigned numbers would make a DECIMAL of it, which a SET
    // takes as a signed number: its 64th member would be lost.
    const bool is_set = target.columns[column].type.kind == model::TypeKind::kSet;
    if (is_set) sql_ += "CAST(";
    AppendCell(target.columns[column], image);
    if (is_set) sql_ += " AS UNSIGNED)";
    if (is_named) sql_ += fmt::format(" AS a{}", number);
    ++number;
  };
  for (const size_t column : target.identity) append(column, row.before);
  for (const size_t column : columns) append(column, row.after);
}

uint64_t TextRowWriter::UpdateSingly(const Target& target, const std::vector<size_t>& columns, Changes rows) {
  uint64_t affected = 0;
  for (size_t i = 0; i < rows.size();) {
    sql_.clear();
    for (const size_t first = i; i < rows.size() && i - first < kUpdatesPerPacket && sql_.size() < bytes_; ++i) {
      const size_t before = sql_.size();
      if (i != first) sql_ += ';';
      sql_ += "UPDATE " + target.name + " SET ";
      for (const size_t column : columns) {
        if (column != columns[0]) sql_ += ',';
        sql_ += target.columns[column].name;
        sql_ += '=';
        AppendCell(target.columns[column], rows[i]->after);
      }
      AppendIdentity(target, rows[i]->before);
      if (!Fits(before, i == first)) break;
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
      const size_t before = sql_.size();
      if (i != first) sql_ += ',';
      if (!is_single) sql_ += '(';
      for (const size_t column : target.identity) {
        if (column != target.identity[0]) sql_ += ',';
        AppendCell(target.columns[column], rows[i]->before);
      }
      if (!is_single) sql_ += ')';
      if (!Fits(before, i == first)) break;
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
