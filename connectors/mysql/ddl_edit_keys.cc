#include "connectors/mysql/ddl_edit_keys.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::mysql {
namespace {

using sql::Tokens;

bool Taken(const std::vector<std::string>& names, const std::string& name) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& one) { return sql::EqualIgnoringCase(one, name); });
}

// The number in a name that the server made: t_ibfk_3. 0: it is none.
uint64_t NumberIn(const std::string& name, const std::string& prefix) {
  constexpr size_t kDigitsMost = 18;
  const size_t digits = name.size() - std::min(name.size(), prefix.size());
  if (digits == 0 || digits > kDigitsMost || !sql::EqualIgnoringCase(name.substr(0, prefix.size()), prefix)) return 0;
  uint64_t number = 0;
  for (const char c : name.substr(prefix.size())) {
    if (c < '0' || c > '9') return 0;
    number = number * 10 + static_cast<uint64_t>(c - '0');
  }
  return number;
}

std::string Next(const std::vector<std::string>& names, const std::string& prefix) {
  uint64_t last = 0;
  for (const std::string& name : names) last = std::max(last, NumberIn(name, prefix));
  return prefix + std::to_string(last + 1);
}

std::string NameFor(const TableElement& element, const Naming& naming) {
  if (element.kind == ElementKind::kForeignKey) {
    std::vector<std::string> names = naming.before;
    names.insert(names.end(), naming.taken.begin(), naming.taken.end());
    return Next(names, naming.table + "_ibfk_");
  }
  const bool is_check = element.kind == ElementKind::kCheck;
  if (is_check && !naming.is_mariadb) return Next(naming.taken, naming.table + "_chk_");
  const std::vector<KeyPartText> parts = KeyParts(element);
  const std::string first = parts.empty() || parts[0].column.empty() ? "functional_index" : parts[0].column;
  for (int number = 1;; ++number) {
    std::string name = is_check ? fmt::format("CONSTRAINT_{}", number) : first;
    if (!is_check && number > 1) name += fmt::format("_{}", number);
    if (!Taken(naming.taken, name)) return name;
  }
}

}  // namespace

TableElement WithName(TableElement element, const Naming& naming) {
  if (!element.name.empty()) return element;
  element.name = NameFor(element, naming);
  // Said in the definition too, where a name stands: as the constraint's, or before the list of columns.
  Tokens named;
  if (element.kind == ElementKind::kForeignKey || element.kind == ElementKind::kCheck) {
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

void RenameGenerated(CreateTable& table, const std::string& from, const std::string& to, bool is_mariadb) {
  for (TableElement& element : table.elements) {
    const bool foreign = element.kind == ElementKind::kForeignKey;
    if (!foreign && (element.kind != ElementKind::kCheck || is_mariadb)) continue;
    const char* word = foreign ? "_ibfk_" : "_chk_";
    const uint64_t number = NumberIn(element.name, from + word);
    if (number == 0) continue;
    const std::string name = to + word + std::to_string(number);
    for (sql::Token& token : element.tokens) {
      if (!token.IsName() || !sql::EqualIgnoringCase(token.value, element.name)) continue;
      const std::string gap = token.gap;
      token = sql::BacktickName(name);
      token.gap = gap;
      break;
    }
    element.name = name;
  }
}

void RequireValues(CreateTable& table, const TableElement& primary) {
  for (const KeyPartText& part : KeyParts(primary)) {
    for (TableElement& element : table.elements) {
      if (element.kind != ElementKind::kColumn || !sql::EqualIgnoringCase(element.name, part.column)) continue;
      ColumnText column = ParseColumn(element.tokens);
      if (column.Has("NOT NULL")) continue;
      column.Remove("NULL");
      const ColumnAttribute* value = column.Find("DEFAULT");
      if (value != nullptr && value->tokens.size() > 1 && value->tokens[1].Is("NULL")) column.Remove("DEFAULT");
      Tokens words = sql::Tokenize(" NOT NULL", {});
      column.attributes.insert(column.attributes.begin(), {"NOT NULL", "", std::move(words)});
      element.tokens = Join(column);
    }
  }
}

std::vector<TableElement> TakeElements(ColumnText& column, bool is_mariadb) {
  std::vector<TableElement> elements;
  const auto key = [&](const char* words) {
    Tokens element = sql::Tokenize(words, {});
    element.push_back(sql::Symbol("("));
    element.push_back(sql::BacktickName(column.name.value));
    element.push_back(sql::Symbol(")"));
    elements.push_back(ParseElement(std::move(element)));
  };
  if (column.Has("PRIMARY KEY")) key("PRIMARY KEY");
  if (column.Has("UNIQUE")) key("UNIQUE KEY");
  if (!is_mariadb) {
    for (const ColumnAttribute& attribute : column.attributes) {
      if (attribute.name == "CHECK") elements.push_back(ParseElement(attribute.tokens));
    }
    column.Remove("CHECK");
  } else if (column.TypeWord() == "json") {
    // (MariaDB documentation, "JSON Data Type")
    column.type = sql::Tokenize(" longtext", {});
    const std::string check = fmt::format(" CHECK (json_valid({}))", sql::BacktickName(column.name.value).text);
    for (const auto& [name, words] : {std::pair<const char*, std::string>{"COLLATE", " COLLATE utf8mb4_bin"},
                                      {"CHARSET", " CHARACTER SET utf8mb4"}}) {
      column.Remove(name);
      column.attributes.insert(column.attributes.begin(),
                               {name, words.substr(words.rfind(' ') + 1), sql::Tokenize(words, {})});
    }
    if (!column.Has("CHECK")) column.attributes.push_back({"CHECK", "", sql::Tokenize(check, {})});
  }
  for (const std::string_view gone : {"UNIQUE", "PRIMARY KEY"}) column.Remove(gone);
  return elements;
}

void RenameInChecks(CreateTable& table, const std::map<std::string, std::string>& now) {
  const auto rename = [&](Tokens& tokens) {
    for (sql::Token& token : tokens) {
      const auto found = token.IsName() ? now.find(sql::ToLower(token.value)) : now.end();
      if (found == now.end()) continue;
      const std::string gap = token.gap;
      token = sql::BacktickName(found->second);
      token.gap = gap;
    }
  };
  for (TableElement& element : table.elements) {
    if (element.kind == ElementKind::kCheck) rename(element.tokens);
    if (element.kind != ElementKind::kColumn) continue;
    ColumnText column = ParseColumn(element.tokens);
    for (ColumnAttribute& attribute : column.attributes) {
      if (attribute.name == "CHECK") rename(attribute.tokens);
    }
    element.tokens = Join(column);
  }
}

void SetEnforced(CreateTable& table, const std::string& name, bool enforced) {
  for (TableElement& element : table.elements) {
    if (element.kind != ElementKind::kCheck || !sql::EqualIgnoringCase(element.name, name)) continue;
    Tokens& tokens = element.tokens;
    if (!tokens.empty() && tokens.back().Is("ENFORCED")) tokens.pop_back();
    if (!tokens.empty() && tokens.back().Is("NOT")) tokens.pop_back();
    for (const sql::Token& token : sql::Tokenize(enforced ? "" : " NOT ENFORCED", {})) tokens.push_back(token);
  }
}

bool ChecksColumn(const TableElement& element, const std::string& column) {
  return element.kind == ElementKind::kCheck &&
         std::any_of(element.tokens.begin(), element.tokens.end(), [&](const sql::Token& token) {
           return token.IsName() && sql::EqualIgnoringCase(token.value, column);
         });
}

}  // namespace sluice::mysql
