#include "connectors/mysql/insert_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "connectors/mysql/loader_check.h"
#include "connectors/mysql/tsv.h"

namespace sluice::mysql {
namespace {

// One statement being put together, and where each of its rows began.
class InsertStatement {
 public:
  InsertStatement(Connection& connection, const LoadPlan& plan, size_t statement_bytes)
      : connection_(connection),
        plan_(plan),
        watch_(plan),
        statement_bytes_(statement_bytes),
        head_(Verb(plan) + plan.table + " (" + plan.InsertColumns() + ") VALUES ") {}

  void Add(std::string_view row) {
    row_.clear();
    AppendInsertRow(row_, plan_, row);
    // Rows that each fit into a packet need not fit together.
    if (sql_.size() + row_.size() > statement_bytes_) Run();
    sql_ += rows_.empty() ? head_ : ",";
    sql_ += row_;
    rows_.push_back(row);
    watch_.SeeRow(row);
  }

  void Run() {
    if (rows_.empty()) return;
    uint64_t inserted = 0;
    try {
      inserted = ExecuteCounted(connection_, sql_, plan_.object);
    } catch (const Error& error) {
      throw ToRowsError(error, connection_.endpoint().side, plan_.object, rows_);
    }
    // A row that replaced another counts twice.
    CheckLoaded(connection_, plan_.object, watch_,
                plan_.transactional ? inserted : std::min<uint64_t>(inserted, rows_.size()));
    sql_.clear();
    rows_.clear();
    watch_.Clear();
  }

 private:
  static std::string Verb(const LoadPlan& plan) {
    if (!plan.transactional) return "REPLACE INTO ";
    // IGNORE makes warnings of errors, all of which are judged; only so can an ENUM's error value be written.
    return plan.MayHoldErrorValues() ? "INSERT IGNORE INTO " : "INSERT INTO ";
  }

  Connection& connection_;
  const LoadPlan& plan_;
  LoadWatch watch_;
  const size_t statement_bytes_;
  const std::string head_;
  std::string sql_;
  std::string row_;
  std::vector<std::string_view> rows_;
};

}  // namespace

void AppendInsertRow(std::string& sql, const LoadPlan& plan, std::string_view row) {
  sql += '(';
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    if (i != 0) sql += ',';
    const size_t tab = row.find('\t');
    Check((tab == std::string_view::npos) == (i + 1 == plan.columns.size()), "row with another number of columns");
    const std::string_view cell = row.substr(0, tab);
    if (cell == "\\N") {
      sql += "NULL";
    } else {
      sql += plan.columns[i].before;
      sql += "_binary'";
      AppendTsvAsSql(sql, cell);
      sql += '\'';
      sql += plan.columns[i].after;
    }
    row.remove_prefix(tab == std::string_view::npos ? row.size() : tab + 1);
  }
  sql += ')';
}

void InsertRows(Connection& connection, const LoadPlan& plan, connector::BlockFeed& feed, size_t statement_bytes) {
  InsertStatement statement(connection, plan, statement_bytes);
  while (const auto block = feed.Next()) {
    TsvReader reader(block->bytes);
    std::string_view row;
    while (reader.NextRow(row)) statement.Add(row);
    statement.Run();  // the rows point into the block
  }
}

}  // namespace sluice::mysql
