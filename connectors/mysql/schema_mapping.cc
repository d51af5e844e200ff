#include "connectors/mysql/schema_mapping.h"

#include <fmt/format.h>

#include <set>

#include "connectors/mysql/create_table_column.h"
#include "sql/cursor.h"

namespace sluice::mysql {
namespace {

using sql::Cursor;
using sql::Token;
using sql::Tokens;

void Rename(Token& token, const std::string& name) {
  if (token.Name() == name) return;
  const std::string gap = token.gap;
  token = sql::BacktickName(name);
  token.gap = gap;
}

// The referenced table and its columns. False when that table is not carried, or a column of it is not.
bool MapReference(Tokens& tokens, const ForeignKeyText& key, const model::NameMap& names) {
  if (!names.Selected(key.referenced)) return false;
  const model::ObjectName mapped = names.Map(key.referenced);
  Cursor cursor(tokens, key.reference_end);
  if (cursor.Peek().IsSymbol("(")) {
    const size_t end = sql::ClosingEnd(tokens, cursor.at());
    for (size_t i = cursor.at(); i < end; ++i) {
      if (tokens[i].IsName()) Rename(tokens[i], names.MapColumn(key.referenced, tokens[i].Name()));
    }
  }
  Tokens name = {sql::BacktickName(mapped.database), sql::Symbol("."), sql::BacktickName(mapped.name)};
  name.back().gap.clear();
  tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(key.reference_begin),
               tokens.begin() + static_cast<std::ptrdiff_t>(key.reference_end));
  tokens.insert(tokens.begin() + static_cast<std::ptrdiff_t>(key.reference_begin), name.begin(), name.end());
  return true;
}

bool MapKeyParts(TableElement& element, const ColumnNames& columns) {
  for (const KeyPartText& part : KeyParts(element)) {
    if (part.column.empty()) {
      if (!MapColumns(element.tokens, part.begin, part.end, columns)) return false;
      continue;
    }
    const auto name = columns(part.column);
    if (!name) return false;
    Rename(element.tokens[part.begin], *name);
  }
  return true;
}

const char* KindText(ElementKind kind) {
  switch (kind) {
    case ElementKind::kPrimaryKey:
      return "primary key";
    case ElementKind::kForeignKey:
      return "foreign key";
    case ElementKind::kCheck:
      return "check";
    default:
      return "index";
  }
}

// Columns that are left out although nobody asked for it: generated from one that is.
std::set<std::string> DependentColumns(const CreateTable& table, const ColumnNames& columns) {
  std::set<std::string> gone;
  for (bool grew = true; grew;) {
    grew = false;
    for (const TableElement& element : table.elements) {
      if (element.kind != ElementKind::kColumn || gone.contains(element.name) || !columns(element.name)) continue;
      const ColumnText column = ParseColumn(element.tokens);
      const ColumnAttribute* generated = column.Find("AS");
      if (generated == nullptr) continue;
      Tokens expression = generated->tokens;
      const ColumnNames present = [&](std::string_view name) -> std::optional<std::string> {
        if (gone.contains(std::string(name))) return std::nullopt;
        return columns(name);
      };
      if (MapColumns(expression, 0, expression.size(), present)) continue;
      gone.insert(element.name);
      grew = true;
    }
  }
  return gone;
}

}  // namespace

ColumnNames NamesOf(const model::TableMapping& mapping, const model::NameMap& names) {
  return [&mapping, &names](std::string_view column) -> std::optional<std::string> {
    for (const std::string& excluded : mapping.excluded) {
      if (sql::EqualIgnoringCase(excluded, column)) return std::nullopt;
    }
    for (const model::ColumnMapping& one : mapping.columns) {
      if (sql::EqualIgnoringCase(one.source, column)) return one.destination;
    }
    return names.MapColumn(mapping.source, std::string(column));
  };
}

bool MapColumns(Tokens& tokens, size_t begin, size_t end, const ColumnNames& columns) {
  for (size_t i = begin; i < end && i < tokens.size(); ++i) {
    Token& token = tokens[i];
    if (!token.IsName()) continue;
    const bool call = i + 1 < tokens.size() && tokens[i + 1].IsSymbol("(");
    const bool variable = i > 0 && (tokens[i - 1].IsSymbol("@") || tokens[i - 1].IsSymbol("@@"));
    // table.column is one of this table: nothing else can be named here. database.table.column is not printed.
    const bool qualifies = i + 1 < tokens.size() && tokens[i + 1].IsSymbol(".");
    if (call || variable || qualifies) continue;
    const auto name = columns(token.Name());
    if (!name) return false;
    Rename(token, *name);
  }
  return true;
}

bool MapColumnElement(TableElement& element, const ColumnNames& columns, std::vector<std::string>& notes) {
  const auto name = columns(element.name);
  if (!name) return false;
  ColumnText column = ParseColumn(element.tokens);
  Rename(column.name, *name);
  std::vector<ColumnAttribute> kept;
  for (ColumnAttribute& attribute : column.attributes) {
    const bool expression = attribute.name == "AS" || attribute.name == "DEFAULT" || attribute.name == "CHECK";
    const size_t open = [&] {
      size_t i = 0;
      while (i < attribute.tokens.size() && !attribute.tokens[i].IsSymbol("(")) ++i;
      return i;
    }();
    if (expression && !MapColumns(attribute.tokens, open, attribute.tokens.size(), columns)) {
      notes.push_back(
          fmt::format("column {}: {} left out, it uses a column that is left out", element.name, attribute.name));
      continue;
    }
    if (attribute.name == "AFTER") {
      const auto after = columns(attribute.value);
      if (!after) continue;
      Rename(attribute.tokens.back(), *after);
    }
    kept.push_back(std::move(attribute));
  }
  column.attributes = std::move(kept);
  element.tokens = Join(column);
  element.name = *name;
  return true;
}

bool MapElement(TableElement& element, const model::ObjectName& source, const ColumnNames& columns,
                const model::NameMap& names, std::vector<std::string>& notes) {
  bool kept = true;
  std::string why = "it uses a column that is left out";
  if (element.IsKey()) {
    kept = MapKeyParts(element, columns);
  } else if (element.kind == ElementKind::kForeignKey) {
    kept = MapKeyParts(element, columns);
    const auto key = ParseForeignKey(element, source.database);
    if (kept && key && !MapReference(element.tokens, *key, names)) {
      kept = false;
      why = "table " + key->referenced.Text() + " is not carried";
    }
  } else if (element.kind == ElementKind::kCheck) {
    size_t open = 0;
    while (open < element.tokens.size() && !element.tokens[open].IsSymbol("(")) ++open;
    kept = MapColumns(element.tokens, open, sql::ClosingEnd(element.tokens, open), columns);
  }
  if (!kept) notes.push_back(fmt::format("{} {} left out: {}", KindText(element.kind), element.name, why));
  return kept;
}

bool MapPartition(Tokens& partition, const ColumnNames& columns) {
  for (size_t i = 0; i + 1 < partition.size(); ++i) {
    if (!partition[i].Is("BY")) continue;  // PARTITION BY, SUBPARTITION BY
    size_t open = i;
    while (open < partition.size() && !partition[open].IsSymbol("(")) ++open;
    const size_t end = sql::ClosingEnd(partition, open);
    if (!MapColumns(partition, open, end, columns)) return false;
    i = end - 1;
  }
  return true;
}

void MapTable(CreateTable& table, const model::ObjectName& source, const model::ObjectName& destination,
              const ColumnNames& columns, const model::NameMap& names, std::vector<std::string>& notes) {
  table.name = destination;
  const std::set<std::string> dependent = DependentColumns(table, columns);
  // Words of an expression that are no columns of the table (functions without parentheses, units) stay.
  std::set<std::string> known;
  for (const TableElement& element : table.elements) {
    if (element.kind == ElementKind::kColumn) known.insert(sql::ToLower(element.name));
  }
  const ColumnNames present = [&](std::string_view name) -> std::optional<std::string> {
    if (!known.contains(sql::ToLower(name))) return std::string(name);
    for (const std::string& gone : dependent) {
      if (sql::EqualIgnoringCase(gone, name)) return std::nullopt;
    }
    return columns(name);
  };
  for (const std::string& gone : dependent) {
    notes.push_back(fmt::format("generated column {} left out: it uses a column that is left out", gone));
  }
  std::vector<TableElement> kept;
  bool has_auto_increment = false;
  for (TableElement& element : table.elements) {
    const bool keep = element.kind == ElementKind::kColumn ? MapColumnElement(element, present, notes)
                                                           : MapElement(element, source, present, names, notes);
    if (!keep) continue;
    if (element.kind == ElementKind::kColumn && ParseColumn(element.tokens).Has("AUTO_INCREMENT")) {
      has_auto_increment = true;
    }
    kept.push_back(std::move(element));
  }
  table.elements = std::move(kept);
  if (!has_auto_increment) {
    std::erase_if(table.options, [](const TableOption& option) { return option.name == "AUTO_INCREMENT"; });
  }
  if (!MapPartition(table.partition, present)) {
    table.partition.clear();
    notes.push_back("partitions left out: they use a column that is left out");
  }
}

}  // namespace sluice::mysql
