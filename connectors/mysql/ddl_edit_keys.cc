#include "connectors/mysql/ddl_edit_keys.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::mysql {
namespace {

using sql::Tokens;

std::string NameFor(const TableElement& element, const std::string& table, const std::vector<std::string>& taken) {
  const bool foreign = element.kind == ElementKind::kForeignKey;
  const std::vector<KeyPartText> parts = KeyParts(element);
  const std::string first = parts.empty() || parts[0].column.empty() ? "functional_index" : parts[0].column;
  for (int number = 1;; ++number) {
    std::string name = foreign ? fmt::format("{}_ibfk_{}", table, number) : first;
    if (!foreign && number > 1) name += fmt::format("_{}", number);
    const bool is_taken = std::any_of(taken.begin(), taken.end(),
                                      [&](const std::string& one) { return sql::EqualIgnoringCase(one, name); });
    if (!is_taken) return name;
  }
}

}  // namespace

TableElement WithName(TableElement element, const std::string& table, const std::vector<std::string>& taken) {
  if (!element.name.empty() || element.kind == ElementKind::kCheck) return element;
  element.name = NameFor(element, table, taken);
  // Said in the definition too, where a name stands: as the constraint's, or before the list of columns.
  Tokens named;
  if (element.kind == ElementKind::kForeignKey) {
    named = {sql::Word("CONSTRAINT"), sql::BacktickName(element.name)};
    named[1].gap = " ";
    if (!element.tokens.empty()) element.tokens.front().gap = " ";
    named.insert(named.end(), element.tokens.begin(), element.tokens.end());
  } else {
    bool is_said = false;
    for (const sql::Token& token : element.tokens) {
      if (token.IsSymbol("(") && !is_said) {
        named.push_back(sql::BacktickName(element.name));
        named.back().gap = " ";
        is_said = true;
      }
      named.push_back(token);
    }
  }
  element.tokens = std::move(named);
  return element;
}

}  // namespace sluice::mysql
