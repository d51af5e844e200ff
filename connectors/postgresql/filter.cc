// Evaluates row filters on the source: the rows go there as typed values, the condition is the user's own text.
//
//   SELECT n FROM (SELECT u.n AS "sluice row", u.c0 AS "id", u.c1 COLLATE .. AS "name" FROM unnest(..) WITH ORDINALITY
//   AS u(c0, c1, n)) AS "orders" WHERE (<filter>)
//
// The table's own name is that of the derived table, so that a condition may qualify its columns.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/filter_columns.h"
#include "connectors/postgresql/sessions.h"
#include "connectors/postgresql/values.h"

namespace sluice::postgresql {
namespace {

constexpr size_t kRowsPerQuery = 5000;
constexpr size_t kBytesPerQuery = 4 << 20;

std::string Lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

Wire WireOf(const model::ColumnType& type) {
  using model::TypeKind;
  switch (type.kind) {
    case TypeKind::kBoolean:
      return Wire::kBool;
    case TypeKind::kInteger:
      return type.is_unsigned  ? Wire::kText
             : type.bytes == 2 ? Wire::kInt2
             : type.bytes == 4 ? Wire::kInt4
                               : Wire::kInt8;
    case TypeKind::kFloat32:
      return Wire::kFloat4;
    case TypeKind::kFloat64:
      return Wire::kFloat8;
    case TypeKind::kBlob:
      return Wire::kBytea;
    default:
      return Wire::kText;
  }
}

class PostgresqlFilter : public connector::FilterEvaluator {
 public:
  PostgresqlFilter(const connector::Endpoint& endpoint, const connector::SessionContext& context)
      : connection_(endpoint, context) {}

  std::vector<bool> Evaluate(const model::Table& table, const std::string& filter,
                             std::span<const model::Row> rows) override {
    const std::vector<uint32_t> columns = ColumnsNamed(table, filter);
    std::vector<bool> keep(rows.size(), false);
    for (size_t next = 0; next < rows.size();) next = Ask(table, filter, columns, rows, next, keep);
    return keep;
  }

 private:
  // The statement, and what it needs, over some rows.
  struct Question {
    std::string sql;
    std::vector<ArrayBuilder> arrays;
    std::vector<uint32_t> columns;       // beside the arrays
    std::vector<std::string> not_there;  // columns without a value in the log
  };
  static Question Prepare(const model::Table& table, const std::string& filter, const std::vector<uint32_t>& columns,
                          std::span<const model::Row> rows);
  // Asks about rows from `first` on; returns the first that was not asked about.
  size_t Ask(const model::Table& table, const std::string& filter, const std::vector<uint32_t>& columns,
             std::span<const model::Row> rows, size_t first, std::vector<bool>& keep);
  ResultPtr Send(const model::Table& table, const std::string& filter, Question& question);

  Connection connection_;
};

PostgresqlFilter::Question PostgresqlFilter::Prepare(const model::Table& table, const std::string& filter,
                                                     const std::vector<uint32_t>& columns,
                                                     std::span<const model::Row> rows) {
  Question question;
  std::string values;
  std::string arrays;
  std::string names;
  for (const uint32_t column : columns) {
    const model::Column& one = table.columns[column];
    if (std::any_of(rows.begin(), rows.end(), [&](model::Row row) { return row[column].IsAbsent(); })) {
      question.not_there.push_back(one.name);
      continue;
    }
    Wire wire = WireOf(one.type);
    if (!std::all_of(rows.begin(), rows.end(), [&](model::Row row) { return Fits(row[column], wire); })) {
      wire = Wire::kText;
    }
    const size_t number = question.arrays.size();
    question.arrays.emplace_back(wire, one.type);
    question.columns.push_back(column);
    values += fmt::format(", u.c{}::{}{}{} AS {}", number, one.type.native,
                          one.type.collation.empty() ? "" : " COLLATE ", one.type.collation, Quote(one.name));
    arrays += fmt::format("{}${}::{}", number == 0 ? "" : ", ", number + 1, ArrayType(wire));
    names += fmt::format("c{}, ", number);
  }
  if (arrays.empty()) {
    arrays = fmt::format("generate_series(1, {}) WITH ORDINALITY AS u(c0, n)", rows.size());
  } else {
    arrays = fmt::format("unnest({}) WITH ORDINALITY AS u({}n)", arrays, names);
  }
  question.sql = fmt::format("SELECT \"sluice row\" FROM (SELECT u.n AS \"sluice row\"{} FROM {}) AS {} WHERE ({}\n)",
                             values, arrays, Quote(table.name.name), filter);
  return question;
}

ResultPtr PostgresqlFilter::Send(const model::Table& table, const std::string& filter, Question& question) {
  std::vector<const char*> pointers;
  std::vector<int> lengths;
  for (ArrayBuilder& array : question.arrays) {
    const std::string_view bytes = array.Finish();
    pointers.push_back(bytes.data());
    lengths.push_back(static_cast<int>(bytes.size()));
  }
  const std::vector<int> formats(pointers.size(), 1);
  const std::string object = "row filter of table " + table.name.Text();
  try {
    return connection_.Expect(
        ResultPtr(PQexecParams(connection_.handle(), question.sql.c_str(), static_cast<int>(pointers.size()), nullptr,
                               pointers.data(), lengths.data(), formats.data(), 0)),
        {PGRES_TUPLES_OK}, object, question.sql);
  } catch (const Error& error) {
    if (error.info().retry != RetryClass::kNever || error.info().code == kStopped.id) throw;
    std::string cause =
        fmt::format("the source refuses \"{}\" for rows of the log: {}", filter, error.info().native_message);
    std::string remedy = "A filter has to be a condition on the columns of one row.";
    for (const std::string& column : question.not_there) {
      cause += fmt::format("; the log has no value of column {} in these rows", column);
      remedy = fmt::format(
          "The log must hold whole rows for this filter. At the source: ALTER TABLE {} REPLICA IDENTITY "
          "FULL; then begin the task anew.",
          Quote(table.name.database, table.name.name));
    }
    throw Error(kFilterFailed)
        .Object(object)
        .Cause(std::move(cause))
        .Remedy(std::move(remedy))
        .Side(connection_.endpoint().side);
  }
}

size_t PostgresqlFilter::Ask(const model::Table& table, const std::string& filter, const std::vector<uint32_t>& columns,
                             std::span<const model::Row> rows, size_t first, std::vector<bool>& keep) {
  size_t end = first;
  size_t bytes = 0;
  for (; end < rows.size() && end - first < kRowsPerQuery && bytes < kBytesPerQuery; ++end) {
    for (const uint32_t column : columns)
      bytes += rows[end][column].HasBytes() ? rows[end][column].size : sizeof(model::Cell);
  }
  Question question = Prepare(table, filter, columns, rows.subspan(first, end - first));
  for (size_t row = first; row < end; ++row) {
    for (size_t i = 0; i < question.arrays.size(); ++i) question.arrays[i].Add(rows[row][question.columns[i]]);
  }
  const ResultPtr result = Send(table, filter, question);
  for (int i = 0; i < PQntuples(result.get()); ++i) {
    const std::string_view text = PQgetvalue(result.get(), i, 0);
    size_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    Check(number >= 1 && number <= end - first, "the server answers with rows that it was asked about");
    keep[first + number - 1] = true;
  }
  return end;
}

}  // namespace

std::vector<uint32_t> ColumnsNamed(const model::Table& table, const std::string& filter) {
  const std::string text = Lowered(filter);
  const bool is_plain = text.find("\"\"") == std::string::npos && text.find("u&\"") == std::string::npos &&
                        text.find(Lowered(table.name.name)) == std::string::npos &&
                        std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
  std::vector<uint32_t> columns;
  for (uint32_t i = 0; i < table.columns.size(); ++i) {
    if (!is_plain || text.find(Lowered(table.columns[i].name)) != std::string::npos) columns.push_back(i);
  }
  return columns;
}

std::unique_ptr<connector::FilterEvaluator> MakeFilterEvaluator(const connector::Endpoint& endpoint,
                                                                const connector::SessionContext& context) {
  return std::make_unique<PostgresqlFilter>(endpoint, context);
}

}  // namespace sluice::postgresql
