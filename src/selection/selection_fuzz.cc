// Patterns and rules from arbitrary bytes: never a crash, and a selection that was made answers.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "selection/pattern.h"
#include "selection/selection.h"
#include "selection/suggest.h"

namespace {

// Takes one text up to the next zero byte.
std::string Take(std::string_view* rest) {
  const size_t end = std::min(rest->find('\0'), rest->size());
  std::string text(rest->substr(0, end));
  rest->remove_prefix(std::min(end + 1, rest->size()));
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  if (size > 4096) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  selection::Rules rules;
  rules.databases.resize(1);
  rules.databases[0].database = Take(&rest);
  rules.databases[0].tables.resize(1);
  rules.databases[0].tables[0].table = Take(&rest);
  rules.databases[0].exclude_tables = {Take(&rest)};
  rules.mapping.resize(1);
  rules.mapping[0].kind = static_cast<selection::MappingRule::Kind>(size % 3);
  rules.mapping[0].in = Take(&rest);
  rules.mapping[0].match = Take(&rest);
  rules.mapping[0].replace = Take(&rest);
  rules.mapping[0].prefix = Take(&rest);
  const std::string database = Take(&rest);
  const std::string table = Take(&rest);
  selection::Nearest(database, {table});
  const bool ignored = selection::Pattern(database).Matches(table);
  (void)ignored;
  auto made = selection::Selection::Make(rules);
  if (!made.ok()) return 0;
  model::Table described;
  described.name = {database, table};
  described.columns.resize(1);
  described.columns[0].name = Take(&rest);
  const auto mapping = made.value()->MapTable(described);
  Check((mapping != nullptr) == made.value()->Selected(described.name), "mapping without selection");
  if (mapping != nullptr) Check(mapping->destination == made.value()->Map(described.name), "two names for one table");
  return 0;
}
