#include "connectors/mysql/destination_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::mysql {
namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

}  // namespace

const DestinationColumn* DestinationTable::Find(const std::string& name) const {
  const auto found = columns.find(Lower(name));
  return found == columns.end() ? nullptr : &found->second;
}

DestinationTable ReadDestinationTable(Connection& connection, const model::ObjectName& name,
                                      const std::string& object) {
  DestinationTable table;
  // The names are UTF-8 also in sessions whose character set is binary.
  for (TextRow& row : connection.Query(
           fmt::format(
               "SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_SET_NAME, COLUMN_TYPE, COLLATION_NAME, IS_NULLABLE FROM "
               "information_schema.COLUMNS WHERE TABLE_SCHEMA = _utf8mb4{0} AND TABLE_NAME = _utf8mb4{1} "
               "UNION ALL SELECT NULL, ENGINE, NULL, NULL, NULL, NULL FROM information_schema.TABLES WHERE "
               "TABLE_SCHEMA = "
               "_utf8mb4{0} AND TABLE_NAME = _utf8mb4{1}",
               Literal(name.database), Literal(name.name)),
           object)) {
    if (!row[0]) {
      table.engine = Lower(row[1].value_or(""));
      continue;
    }
    table.columns[Lower(*row[0])] = {.type = Lower(row[1].value_or("")),
                                     .charset = CanonicalCharset(row[2].value_or("")),
                                     .definition = row[3].value_or(""),
                                     .collation = row[4].value_or(""),
                                     .nullable = row[5].value_or("YES") != "NO"};
  }
  return table;
}

bool ComputesValues(Connection& connection, const model::ObjectName& name, const std::string& object) {
  const TextRows rows = connection.Query("SHOW CREATE TABLE " + Quote(name.database, name.name), object);
  if (rows.empty() || rows[0].size() < 2 || !rows[0][1]) return false;
  const std::string& text = *rows[0][1];
  if (text.find("GENERATED ALWAYS AS") != std::string::npos) return true;
  if (text.find(" ((") != std::string::npos || text.find(",(") != std::string::npos) return true;
  // MariaDB's JSON columns have a CHECK each, which never warns.
  constexpr std::string_view kCheck = "CHECK (";
  for (size_t at = text.find(kCheck); at != std::string::npos; at = text.find(kCheck, at + 1)) {
    if (text.compare(at + kCheck.size(), 11, "json_valid(") != 0) return true;
  }
  return false;
}

bool TakenForNumber(std::string_view text, std::string_view definition) {
  if (text.empty() || text.find_first_not_of("0123456789+- \t\n\v\f\r") != std::string_view::npos) return false;
  const std::string element = fmt::format("'{}'", text);
  for (size_t at = definition.find(element); at != std::string_view::npos; at = definition.find(element, at + 1)) {
    // A quote inside another element is doubled.
    const bool begins = at > 0 && (definition[at - 1] == '(' || definition[at - 1] == ',');
    const size_t end = at + element.size();
    if (begins && end < definition.size() && (definition[end] == ',' || definition[end] == ')')) return false;
  }
  return true;
}

std::string CanonicalCharset(const std::string& charset) {
  return charset == "utf8" ? "utf8mb3" : charset;
}

bool HasWideUnits(std::string_view charset) {
  return charset == "ucs2" || charset == "utf16" || charset == "utf16le" || charset == "utf32";
}

}  // namespace sluice::mysql
