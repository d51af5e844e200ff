// SQLSTATEs (PostgreSQL documentation, appendix A "PostgreSQL Error Codes") to our codes.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace sluice::postgresql {

// What a server says of a failure; fields that it left out are empty.
struct ServerMessage {
  std::string state;  // SQLSTATE, five characters; empty: the library's own failure
  std::string primary;
  std::string detail;
  std::string hint;
  std::string context;  // COPY names table, line and column here
  std::string schema;
  std::string table;
  std::string column;
  std::string constraint;
};

// Of a session that stood. `object` is what was being worked on (may be empty: then what the server names is taken);
// `statement` (may be empty) is quoted in the cause, shortened.
Error ToError(const ServerMessage& message, const std::string& side, const std::string& object,
              std::string_view statement = "");

// Of an attempt to connect, where libpq gives only a text, which may hold several lines.
Error ToConnectError(const std::string& text, const std::string& side, const std::string& object);

}  // namespace sluice::postgresql
