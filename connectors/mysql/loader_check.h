// Whether a load kept every value: the judgement over the server's warnings.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "connectors/mysql/connection.h"
#include "connectors/mysql/loader_watch.h"

namespace sluice::mysql {

// One line of SHOW WARNINGS.
struct ServerWarning {
  std::string level;
  int code = 0;
  std::string message;
};

// Warnings that say nothing about values: deprecations and the like.
bool IsHarmless(const ServerWarning& warning);
// "... for column 'a' at row 12" -> 12; the row within the statement, from 1.
std::optional<uint64_t> RowOf(const std::string& message);
// "... for column 'a' at row 12" -> a; "" when the message names none.
std::string ColumnOf(const std::string& message);

// The error that a warning of a load stands for. `row` describes the row for people, may be empty.
Error ToLoadError(const ServerWarning& warning, const std::string& side, const std::string& object,
                  const std::string& row);

// The same of a statement that inserted `rows`, encoded: the row that the server names is shown. Errors that are of no
// value (a lost connection, a deadlock) stay as they are.
Error ToRowsError(const Error& error, const std::string& side, const std::string& object,
                  std::span<const std::string_view> rows);

// Runs a statement without a result and says how many rows it changed; Connection::Execute() loses that number.
uint64_t ExecuteCounted(Connection& connection, std::string_view sql, std::string_view object);

// Looks at the warnings of the statement that just ran on `connection`, and at the rows that it inserted of those that
// `watch` saw. Throws when a value was changed or a row was left out.
void CheckLoaded(Connection& connection, const std::string& object, const LoadWatch& watch, uint64_t rows_inserted);

}  // namespace sluice::mysql
