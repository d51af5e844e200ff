#include "connectors/mysql/loader_check.h"

#include <fmt/format.h>
#include <mysql.h>

#include <charconv>
#include <cstdlib>
#include <map>

#include "connectors/mysql/codes.h"
#include "connectors/mysql/errors.h"

namespace sluice::mysql {
namespace {

constexpr int kDataTruncated = 1265;

}  // namespace

bool IsHarmless(const ServerWarning& warning) {
  switch (warning.code) {
    case 1287:
    case 1681:
    case 3719:
    case 3720:
    case 3778:
    case 4095:
    case 4123:  // deprecations
    case 1592:
    case 3135:
    case 3150:  // replication, modes
      return true;
    default:
      return false;
  }
}

std::optional<uint64_t> RowOf(const std::string& message) {
  constexpr std::string_view kAtRow = "at row ";
  const size_t at = message.rfind(kAtRow);
  if (at == std::string::npos) return std::nullopt;
  uint64_t row = 0;
  const char* from = message.data() + at + kAtRow.size();
  if (std::from_chars(from, message.data() + message.size(), row).ec != std::errc()) return std::nullopt;
  return row;
}

std::string ColumnOf(const std::string& message) {
  // MySQL: for column 'a' at row 1; MariaDB: for column `shop`.`orders`.`a` at row 1, or for column 'a'.
  constexpr std::string_view kColumn = "column ";
  const size_t at = message.rfind(kColumn);
  if (at == std::string::npos) return "";
  std::string name = message.substr(at + kColumn.size());
  name.resize(std::min(name.size(), name.find(" at row ")));
  if (const size_t part = name.rfind("`.`"); part != std::string::npos) name.erase(0, part + 2);
  if (name.size() >= 2 && (name.front() == '\'' || name.front() == '`') && name.back() == name.front()) {
    return name.substr(1, name.size() - 2);
  }
  return "";
}

Error ToLoadError(const ServerWarning& warning, const std::string& side, const std::string& object,
                  const std::string& row) {
  Error error = ToError(warning.code, warning.message, side, object);
  ErrorInfo info = error.info();
  if (const std::string column = ColumnOf(warning.message); !column.empty()) info.object += ", column " + column;
  if (!row.empty()) info.object += ", " + row;
  // What LOAD DATA says as a warning and has no class of its own: the value or the row did not arrive as it was.
  if (info.code == kStatementFailed.id) {
    info.code = kValueRefused.id;
    info.title = kValueRefused.title;
    info.remedy = "Widen the column at the destination, mend the value at the source, or leave the column out.";
  }
  info.cause = "The destination said: " + warning.message + ". Nothing of this chunk was kept.";
  return Error(std::move(info));
}

Error ToRowsError(const Error& error, const std::string& side, const std::string& object,
                  std::span<const std::string_view> rows) {
  constexpr size_t kShownBytes = 200;
  if (error.info().native_code == 0 || error.info().retry != RetryClass::kNever) return error;
  if (error.info().code == kPacketTooLarge.id) {
    ErrorInfo info = error.info();
    info.object += ", row " + ShowRow(rows[0], kShownBytes);
    return Error(std::move(info));
  }
  const std::string& message = error.info().native_message;
  const auto number = RowOf(message);
  const bool is_named = number && *number >= 1 && *number <= rows.size();
  return ToLoadError({.level = "Error", .code = error.info().native_code, .message = message}, side, object,
                     is_named ? "row " + ShowRow(rows[*number - 1], kShownBytes) : "");
}

uint64_t ExecuteCounted(Connection& connection, std::string_view sql, std::string_view object) {
  MYSQL* handle = connection.handle();
  if (mysql_real_query(handle, sql.data(), sql.size()) != 0) connection.ThrowLast(object, sql);
  return mysql_affected_rows(handle);
}

void CheckLoaded(Connection& connection, const std::string& object, const LoadWatch& watch, uint64_t rows_inserted) {
  const unsigned warnings = mysql_warning_count(connection.handle());
  if (warnings == 0 && watch.rows() == rows_inserted) return;
  uint64_t shown = 0;
  uint64_t explained = watch.AllEmptyEnums();
  std::map<std::string, uint64_t> error_values;
  for (const TextRow& row : connection.Query("SHOW WARNINGS", object)) {
    if (row.size() < 3) continue;
    ++shown;
    const ServerWarning warning{.level = row[0].value_or(""),
                                .code = static_cast<int>(std::strtol(row[1].value_or("0").c_str(), nullptr, 10)),
                                .message = row[2].value_or("")};
    if (IsHarmless(warning)) {
      ++explained;
      continue;
    }
    // The error value '' of an ENUM went in as what it was; the server warns of each.
    const std::string column = warning.code == kDataTruncated ? ColumnOf(warning.message) : "";
    if (!column.empty() && ++error_values[column] <= watch.EmptyEnums(column)) continue;
    const auto number = RowOf(warning.message);
    throw ToLoadError(warning, connection.endpoint().side, object, number ? watch.DescribeRow(*number) : "");
  }
  // The server shows only the first (max_error_count); each error value gives exactly one.
  if (watch.rows() == rows_inserted && (shown == warnings || explained == warnings)) return;
  throw Error(kValueRefused)
      .Object(object)
      .Cause(fmt::format("{} rows were sent and {} arrived; the server gave {} warnings and showed {}", watch.rows(),
                         rows_inserted, warnings, shown))
      .Remedy("Look for a trigger, a partition or a CHECK at the destination that refuses rows.")
      .Side(connection.endpoint().side);
}

}  // namespace sluice::mysql
