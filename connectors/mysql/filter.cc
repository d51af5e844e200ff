// Evaluates row filters on the source: the rows go there as typed values, the condition is the user's own text.
//
//   SELECT (<filter>) FROM (SELECT CAST(1 AS SIGNED) AS `id`, _utf8mb4 x'..' COLLATE .. AS `name` UNION ALL ...)
//   AS `orders`
//
// The table's own name is that of the derived table, so that a condition may qualify its columns. A column that the log
// does not have of some row is not in it: a condition that needs it is refused, since NULL would be an answer.
#include <fmt/format.h>

#include <algorithm>

#include "connectors/mysql/charset_table.h"
#include "connectors/mysql/codes.h"
#include "connectors/mysql/connection.h"
#include "connectors/mysql/literal.h"
#include "connectors/mysql/sessions.h"

namespace sluice::mysql {
namespace {

constexpr size_t kRowsPerQuery = 200;
constexpr size_t kQueryBytes = 1 << 20;

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

std::string Lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), Lower);
  return out;
}

// Columns that the condition may name: those whose name stands somewhere in it. A name that is written in another way
// (doubled backticks, letters that are not ASCII) makes all of them needed.
std::vector<uint32_t> ColumnsNamed(const model::Table& table, const std::string& filter) {
  const std::string text = Lowered(filter);
  const bool is_plain = text.find("``") == std::string::npos &&
                        std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
  std::vector<uint32_t> columns;
  for (uint32_t i = 0; i < table.columns.size(); ++i) {
    if (!is_plain || text.find(Lowered(table.columns[i].name)) != std::string::npos) columns.push_back(i);
  }
  return columns;
}

class MysqlFilter : public connector::FilterEvaluator {
 public:
  MysqlFilter(const connector::Endpoint& endpoint, bool neutral, const connector::SessionContext& context)
      : connection_(endpoint, context, {.charset = "utf8mb4"}), neutral_(neutral) {}

  std::vector<bool> Evaluate(const model::Table& table, const std::string& filter,
                             std::span<const model::Row> rows) override {
    const std::vector<uint32_t> columns = ColumnsNamed(table, filter);
    std::vector<bool> keep;
    keep.reserve(rows.size());
    for (size_t next = 0; next < rows.size();) next = Ask(table, filter, columns, rows, next, keep);
    return keep;
  }

 private:
  // Asks about rows from `first` on; returns the first that was not asked about.
  size_t Ask(const model::Table& table, const std::string& filter, const std::vector<uint32_t>& columns,
             std::span<const model::Row> rows, size_t first, std::vector<bool>& keep) {
    std::string sql = "SELECT (" + filter + "\n) FROM (";
    std::vector<uint32_t> there;
    std::copy_if(columns.begin(), columns.end(), std::back_inserter(there), [&](uint32_t column) {
      return std::none_of(rows.begin(), rows.end(), [&](model::Row one) { return one[column].IsAbsent(); });
    });
    size_t row = first;
    for (; row < rows.size() && row - first < kRowsPerQuery && sql.size() < kQueryBytes; ++row) {
      sql += row == first ? "SELECT " : " UNION ALL SELECT ";
      fmt::format_to(std::back_inserter(sql), "{} AS `sluice row`", row - first);
      for (const uint32_t column : there) {
        sql += ',';
        AppendValue(sql, rows[row][column], table.columns[column].type);
        sql += " AS " + Quote(table.columns[column].name);
      }
    }
    sql += ") AS " + Quote(table.name.name) + " ORDER BY `sluice row`";
    const TextRows answers = Answers(sql, table, there.size() == columns.size());
    if (answers.size() != row - first) {
      throw Error(kFilterFailed)
          .Object("row filter of table " + table.name.Text())
          .Cause(fmt::format("{} rows gave {} answers: {}", row - first, answers.size(), filter))
          .Remedy("A filter has to be a condition on the columns of one row.")
          .Side(connection_.endpoint().side);
    }
    for (const TextRow& answer : answers) {
      // A condition is true when it is neither NULL nor zero.
      keep.push_back(answer[0] && std::strtod(answer[0]->c_str(), nullptr) != 0);
    }
    return row;
  }

  TextRows Answers(const std::string& sql, const model::Table& table, bool has_all) {
    constexpr int kUnknownColumn = 1054;
    const std::string object = "row filter of table " + table.name.Text();
    try {
      return connection_.Query(sql, object);
    } catch (const Error& error) {
      if (has_all || error.info().native_code != kUnknownColumn) throw;
      throw Error(kPartialImage)
          .Object(object)
          .Cause("The log does not have all columns that it needs: " + error.info().native_message)
          .Remedy(
              "Let no session at the source have a binlog_row_image other than FULL, let the filter name no column "
              "that the log never has (MariaDB: VIRTUAL ones), and begin anew with --restart.")
          .Side(connection_.endpoint().side);
    }
  }

  // In the column's own character set and collation, whatever the text came in.
  void AppendValue(std::string& sql, const model::Cell& cell, const model::ColumnType& type) const {
    if (!neutral_ || cell.kind != model::CellKind::kText || IsUtf8Charset(type.charset)) {
      AppendLiteral(sql, cell, type, LiteralUse::kCompare, connection_.is_mariadb());
      return;
    }
    model::ColumnType utf8 = type;
    utf8.charset = "utf8mb4";
    utf8.collation = "utf8mb4_bin";
    sql += "CONVERT(";
    AppendLiteral(sql, cell, utf8, LiteralUse::kCompare, connection_.is_mariadb());
    sql += " USING " + type.charset + ")";
    if (!type.collation.empty()) sql += " COLLATE " + type.collation;
  }

  Connection connection_;
  const bool neutral_;  // texts are in UTF-8
};

}  // namespace

std::unique_ptr<connector::FilterEvaluator> MakeFilterEvaluator(const connector::Endpoint& endpoint, bool neutral,
                                                                const connector::SessionContext& context) {
  return std::make_unique<MysqlFilter>(endpoint, neutral, context);
}

}  // namespace sluice::mysql
