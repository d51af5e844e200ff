#include "connectors/mysql/ddl_alter_names.h"

#include <algorithm>

namespace sluice::mysql {
namespace {

bool SameColumns(const model::Table& table, const model::Key& key, const std::vector<KeyPartText>& parts) {
  if (key.has_expression || key.parts.size() != parts.size()) return false;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!sql::EqualIgnoringCase(table.columns[key.parts[i].column].name, parts[i].column)) return false;
  }
  return true;
}

bool SameForeignKey(const model::Table& table, const model::ForeignKey& key, const ForeignKeyText& text) {
  if (key.columns.size() != text.columns.size() || key.referenced != text.referenced) return false;
  for (size_t i = 0; i < key.columns.size(); ++i) {
    if (!sql::EqualIgnoringCase(table.columns[key.columns[i]].name, text.columns[i])) return false;
  }
  return true;
}

void NameForeignKey(TableElement& element, const AlterContext& context, std::string_view default_database,
                    std::set<std::string>& taken) {
  const auto text = ParseForeignKey(element, default_database);
  if (!text) return;
  for (const model::ForeignKey& key : context.after->foreign_keys) {
    if (taken.contains(key.name) || HasElement(context.target, Named::kForeignKey, key.name)) continue;
    if (!SameForeignKey(*context.after, key, *text)) continue;
    taken.insert(key.name);
    sql::Tokens& tokens = element.tokens;
    if (tokens.front().Is("CONSTRAINT")) tokens.erase(tokens.begin());
    tokens.front().gap = " ";
    tokens.insert(tokens.begin(), {sql::Word("CONSTRAINT"), sql::BacktickName(key.name)});
    element.name = key.name;
    return;
  }
}

void NameKey(TableElement& element, const AlterContext& context, std::set<std::string>& taken) {
  const std::vector<KeyPartText> parts = KeyParts(element);
  for (const model::Key& key : context.after->keys) {
    if (key.primary || taken.contains(key.name) || HasElement(context.target, Named::kKey, key.name)) continue;
    if (!SameColumns(*context.after, key, parts)) continue;
    taken.insert(key.name);
    // The name stands before the type and the list of parts.
    size_t at = 0;
    while (at < element.tokens.size() && !element.tokens[at].IsSymbol("(") && !element.tokens[at].Is("USING")) ++at;
    element.tokens.insert(element.tokens.begin() + static_cast<std::ptrdiff_t>(at), sql::BacktickName(key.name));
    element.name = key.name;
    return;
  }
}

constexpr size_t kNameCharacters = 64;
constexpr char kNumberMark = '~';

size_t Characters(std::string_view utf8) {
  return static_cast<size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool IsNumbered(std::string_view name, std::string_view plain) {
  if (name.size() < plain.size() + 2 || name[plain.size()] != kNumberMark) return false;
  const std::string_view number = name.substr(plain.size() + 1);
  return sql::EqualIgnoringCase(name.substr(0, plain.size()), plain) &&
         number.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::string NumberedName(const std::string& name, unsigned number) {
  const std::string numbered = name + kNumberMark + std::to_string(number);
  return Characters(numbered) <= kNameCharacters ? numbered : "";
}

std::optional<std::string> NameAt(const CreateTable& table, Named what, const std::string& name) {
  if (HasElement(table, what, name)) return name;
  for (const TableElement& element : table.elements) {
    if (IsNumbered(element.name, name) && HasElement(table, what, element.name)) return element.name;
  }
  return std::nullopt;
}

bool HasElement(const CreateTable& table, Named what, std::string_view name) {
  return std::any_of(table.elements.begin(), table.elements.end(), [&](const TableElement& element) {
    if (!sql::EqualIgnoringCase(element.name, name)) return false;
    const bool foreign = element.kind == ElementKind::kForeignKey;
    switch (what) {
      case Named::kKey:
        return element.IsKey();
      case Named::kForeignKey:
        return foreign;
      case Named::kConstraint:
        return foreign || element.kind == ElementKind::kCheck || element.IsKey();
    }
    return false;
  });
}

void NameAsSource(TableElement& element, const AlterContext& context, std::string_view default_database,
                  std::set<std::string>& taken) {
  if (context.after == nullptr || element.tokens.empty()) return;
  if (element.kind == ElementKind::kForeignKey) {
    NameForeignKey(element, context, default_database, taken);
  } else if (element.IsKey() && element.kind != ElementKind::kPrimaryKey) {
    NameKey(element, context, taken);
  }
}

std::optional<TableElement> IndexOfForeignKey(const TableElement& element, const AlterContext& context,
                                              std::set<std::string>& taken) {
  if (context.after == nullptr || element.kind != ElementKind::kForeignKey) return std::nullopt;
  const std::vector<KeyPartText> parts = KeyParts(element);
  for (const model::Key& key : context.after->keys) {
    if (key.unique || taken.contains(key.name) || HasElement(context.target, Named::kKey, key.name)) continue;
    if (!SameColumns(*context.after, key, parts)) continue;
    taken.insert(key.name);
    sql::Tokens tokens = {sql::Word("KEY"), sql::BacktickName(key.name)};
    for (size_t i = 0; i < parts.size(); ++i) {
      tokens.push_back(sql::Symbol(i == 0 ? "(" : ","));
      tokens.push_back(sql::BacktickName(parts[i].column));
    }
    tokens.push_back(sql::Symbol(")"));
    return ParseElement(std::move(tokens));
  }
  return std::nullopt;
}

}  // namespace sluice::mysql
