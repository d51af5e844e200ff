// What is known of a table at the destination beyond its names: it may have been made by the user, with other types and
// character sets than the source's.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "connectors/mysql/connection.h"
#include "model/name.h"

namespace sluice::mysql {

struct DestinationColumn {
  std::string type;        // information_schema's DATA_TYPE: "json", "uuid", "varchar"
  std::string charset;     // empty when the type has none
  std::string definition;  // COLUMN_TYPE: "enum('a','b')"
  std::string collation;   // empty when the type has none
  bool nullable = true;
};

struct DestinationTable {
  std::map<std::string, DestinationColumn> columns;  // by name in lower case
  std::string engine;                                // in lower case

  const DestinationColumn* Find(const std::string& name) const;  // null when there is none
};

// Without columns when the table does not exist or the account may not see it. `object` is for messages.
DestinationTable ReadDestinationTable(Connection& connection, const model::ObjectName& name, const std::string& object);

// Whether the server works out more from a row's values than it stores of them: generated columns, CHECKs, indexes over
// expressions. Such an expression may warn, and a strict statement takes that for a value that would change. May say
// yes where there is none.
bool ComputesValues(Connection& connection, const model::ObjectName& name, const std::string& object);

// Whether an ENUM of this definition ("enum('a','b')") would take the text for the number of an element, as it does
// with texts that look like numbers where no element is called so.
bool TakenForNumber(std::string_view text, std::string_view definition);

// "utf8" is the old name of utf8mb3.
std::string CanonicalCharset(const std::string& charset);
bool HasWideUnits(std::string_view charset);

}  // namespace sluice::mysql
