#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "connectors/mysql/flavour.h"
#include "connectors/mysql/types.h"
#include "sql/cursor.h"

namespace sluice::mysql {
namespace {

using sql::Tokens;

ColumnAttribute Attribute(std::string name, std::string value, Tokens tokens) {
  return {std::move(name), std::move(value), std::move(tokens)};
}

void SetType(ColumnText& column, std::string_view type) {
  const std::string gap = column.type.empty() ? " " : column.type.front().gap;
  column.type = sql::Tokenize(type, {});
  column.type.front().gap = gap;
}

void NoteType(const ColumnText& column, const std::string& from, Notes& notes, std::string_view why) {
  notes.push_back(fmt::format("column {}: {} becomes {}{}", column.name.Name(), from, sql::Render(column.type), why));
}

// A type whose literal default MySQL takes only as an expression (Reference Manual, "Data Type Default Values").
bool NeedsExpressionDefault(const ColumnText& column) {
  const model::TypeKind kind = ParseColumnType(column.TypeWord()).kind;
  return kind == model::TypeKind::kText || kind == model::TypeKind::kBlob || kind == model::TypeKind::kJson ||
         kind == model::TypeKind::kGeometry;
}

bool IsCurrentTimestamp(const sql::Token& token) {
  for (const std::string_view word : {"current_timestamp", "now", "localtime", "localtimestamp"}) {
    if (token.Is(word)) return true;
  }
  return false;
}

// A literal: [+-] number, string, _charset'..', NULL, TRUE, FALSE, DATE'...'
bool IsLiteral(const Tokens& value) {
  size_t at = 0;
  while (at < value.size() && (value[at].IsSymbol("-") || value[at].IsSymbol("+"))) ++at;
  if (at >= value.size()) return false;
  if (value[at].IsString() || value[at].kind == sql::TokenKind::kNumber) return true;
  if (value[at].Is("NULL") || value[at].Is("TRUE") || value[at].Is("FALSE")) return true;
  return value[at].kind == sql::TokenKind::kWord && at + 1 < value.size() &&
         (value[at + 1].IsString() || value[at + 1].kind == sql::TokenKind::kNumber);
}

}  // namespace

void Flavour::TranslateType(ColumnText& column, Notes& notes) const {
  const std::string word = column.TypeWord();
  const std::string from = sql::Render(column.type);
  if (to_.mariadb) {
    if (word == "geomcollection") SetType(column, "geometrycollection");
    if (word == "json" && !source_mariadb_) {
      notes.push_back(fmt::format("column {}: JSON is LONGTEXT with CHECK (json_valid()) there", column.name.Name()));
    }
    if (word == "vector" && to_.version < 110701) {
      const uint64_t dimensions = ParseColumnType(from).length;
      SetType(column, fmt::format("varbinary({})", 4 * (dimensions == 0 ? 2048 : dimensions)));
      NoteType(column, from, notes, ", which holds the same bytes");
    }
    return;
  }
  if (!source_mariadb_) return;
  if (word == "uuid") {
    SetType(column, "char(36) CHARACTER SET ascii");
    NoteType(column, from, notes, "");
  } else if (word == "json") {
    // A name for this, and kept as it is: MySQL's JSON would change the texts.
    SetType(column, "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
    Tokens check = sql::Tokenize(" CHECK (json_valid(", {});
    check.push_back(column.name);
    check.back().gap.clear();
    for (sql::Token& token : sql::Tokenize("))", {})) check.push_back(std::move(token));
    if (!column.Has("CHECK")) column.attributes.push_back(Attribute("CHECK", "", std::move(check)));
  } else if (word == "inet6") {
    SetType(column, "varchar(39) CHARACTER SET ascii");
    NoteType(column, from, notes, "");
  } else if (word == "inet4") {
    SetType(column, "varchar(15) CHARACTER SET ascii");
    NoteType(column, from, notes, ", which sorts as text");
  }
}

void Flavour::TranslateCharset(ColumnText& column, Notes& notes) const {
  Notes changes;
  std::string charset;
  bool has_collation = false;
  for (ColumnAttribute& attribute : column.attributes) {
    if (attribute.name == "CHARSET") {
      charset = attribute.value;
      attribute.value = Charset(attribute.value);
      if (attribute.value != charset) attribute.tokens.back() = sql::Word(attribute.value);
    } else if (attribute.name == "COLLATE") {
      has_collation = true;
      attribute.value = Collation(attribute.value, changes);
      attribute.tokens.back() = sql::Word(attribute.value);
    }
  }
  for (const std::string& change : changes) {
    notes.push_back(fmt::format("column {}: {}", column.name.Name(), change));
  }
  if (charset.empty() || has_collation || column.Has("BINARY")) return;
  // A character set alone means its default collation, and that is not the same everywhere.
  const std::string meant = SourceDefaultCollation(charset);
  const auto there = to_.default_collation.find(sql::ToLower(charset));
  if (meant.empty() || (there != to_.default_collation.end() && there->second == meant)) return;
  const std::string collation = Collation(meant, notes);
  const auto at = std::find_if(column.attributes.begin(), column.attributes.end(),
                               [](const ColumnAttribute& one) { return one.name == "CHARSET"; });
  column.attributes.insert(at + 1, Attribute("COLLATE", collation, {sql::Word("COLLATE"), sql::Word(collation)}));
}

void Flavour::TranslateDefault(ColumnText& column, Notes& notes) const {
  for (size_t i = 0; i < column.attributes.size(); ++i) {
    ColumnAttribute& attribute = column.attributes[i];
    if (attribute.name != "DEFAULT" || attribute.tokens.size() < 2) continue;
    TranslateExpression(attribute.tokens, 1, notes);
    Tokens value = sql::Slice(attribute.tokens, 1, attribute.tokens.size());
    if (to_.mariadb || !source_mariadb_) continue;
    const bool sequence = std::any_of(value.begin(), value.end(), [](const sql::Token& token) {
      return token.Is("nextval") || token.Is("lastval") || token.Is("NEXT");
    });
    const bool literal = IsLiteral(value);
    const bool expression = !literal && !IsCurrentTimestamp(value.front());
    const bool no_expressions = to_.version < 80013;
    if (sequence || (no_expressions && (expression || (NeedsExpressionDefault(column) && !value.front().Is("NULL"))))) {
      notes.push_back(fmt::format("column {}: default {} left out, the destination cannot have it", column.name.Name(),
                                  sql::Render(value)));
      column.attributes.erase(column.attributes.begin() + static_cast<std::ptrdiff_t>(i));
      return;
    }
    const bool wrap = (expression && !value.front().IsSymbol("(")) ||
                      (literal && NeedsExpressionDefault(column) && !value.front().Is("NULL"));
    if (!wrap) continue;
    value.front().gap.clear();
    attribute.tokens = {attribute.tokens.front()};
    attribute.tokens.push_back(sql::Symbol("("));
    attribute.tokens.back().gap = " ";
    attribute.tokens.insert(attribute.tokens.end(), value.begin(), value.end());
    attribute.tokens.push_back(sql::Symbol(")"));
  }
}

void Flavour::TranslateAttributes(ColumnText& column, Notes& notes, std::vector<TableElement>& checks) const {
  const std::string name = column.name.Name();
  const bool generated = column.Has("AS");
  const bool needs_value =
      column.Has("NOT NULL") && !column.Has("DEFAULT") && !column.Has("AUTO_INCREMENT") && !generated;
  const auto drop = [&](const ColumnAttribute& one, std::string_view why) {
    notes.push_back(fmt::format("column {}: {} left out{}", name, sql::Render(one.tokens), why));
  };
  std::vector<ColumnAttribute> kept;
  for (ColumnAttribute& one : column.attributes) {
    if (one.name == "AS" || one.name == "CHECK") TranslateExpression(one.tokens, 0, notes);
    if (to_.mariadb && !source_mariadb_) {
      if (one.name == "SRID") {
        notes.push_back(fmt::format("column {}: SRID {} is not enforced there", name, one.value));
        // Its grammar has it as a part of the type.
        for (sql::Token& token : sql::Tokenize(" REF_SYSTEM_ID=" + one.value, {}))
          column.type.push_back(std::move(token));
        continue;
      } else if (one.name == "INVISIBLE" && needs_value) {
        drop(one, ": without a default, NOT NULL forbids it there");
        continue;
      } else if (generated && (one.name == "NOT NULL" || one.name == "NULL")) {
        if (one.name == "NOT NULL") drop(one, ": generated columns cannot have it there");
        continue;
      } else if (one.name == "COLUMN_FORMAT" || one.name == "STORAGE" || one.name.ends_with("ENGINE_ATTRIBUTE") ||
                 one.name == "NOT SECONDARY") {
        drop(one, "");
        continue;
      } else if (one.name == "VISIBLE") {
        continue;
      } else if (one.name == "CHECK" && one.tokens.back().Is("ENFORCED")) {
        if (one.tokens[one.tokens.size() - 2].Is("NOT")) {
          drop(one, ": every check is enforced there");
          continue;
        }
        one.tokens.pop_back();
      }
    } else if (!to_.mariadb && source_mariadb_) {
      if (one.name == "CHECK") {
        // There, a column's own check may name no other column: among the table's elements it may.
        TableElement check;
        check.kind = ElementKind::kCheck;
        check.tokens = std::move(one.tokens);
        check.tokens.front().gap.clear();
        checks.push_back(std::move(check));
        continue;
      }
      if (one.name == "REF_SYSTEM_ID" || one.name == "COMPRESSED" || one.name == "INVISIBLE") {
        if (one.name != "INVISIBLE" || to_.version < 80023) {
          drop(one, "");
          continue;
        }
      } else if (one.name == "SYSTEM VERSIONING" || one.tokens.front().kind == sql::TokenKind::kQuotedName) {
        drop(one, "");
        continue;
      } else if (one.name == "AS" && one.tokens.back().Is("PERSISTENT")) {
        one.tokens.back() = sql::Word("STORED");
      }
    }
    kept.push_back(std::move(one));
  }
  column.attributes = std::move(kept);
}

void Flavour::TranslateColumn(TableElement& element, Notes& notes, std::vector<TableElement>& checks) const {
  ColumnText column = ParseColumn(element.tokens);
  TranslateType(column, notes);
  TranslateCharset(column, notes);
  TranslateDefault(column, notes);
  TranslateAttributes(column, notes, checks);
  element.tokens = Join(column);
}

}  // namespace sluice::mysql
