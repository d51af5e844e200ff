#include "connectors/mysql/create_table_column.h"

#include <algorithm>

#include "sql/cursor.h"

namespace sluice::mysql {
namespace {

using sql::Cursor;
using sql::TokenKind;
using sql::Tokens;

std::string ToUpper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
  return out;
}

// Types of more than one word: DOUBLE PRECISION, NATIONAL CHAR VARYING, LONG VARBINARY, CHAR BYTE ...
size_t TypeEnd(const Tokens& tokens, size_t at) {
  Cursor cursor(tokens, at);
  const bool national = cursor.TakeWord("NATIONAL");
  if (cursor.TakeWord("LONG")) {
    if (!cursor.TakeWord("VARCHAR") && !cursor.TakeWord("VARBINARY")) {
      cursor.TakeWords({"CHAR", "VARYING"});
      cursor.TakeWords({"CHARACTER", "VARYING"});
    }
  } else {
    const bool character = cursor.SeesWord("CHAR") || cursor.SeesWord("CHARACTER") || cursor.SeesWord("NCHAR");
    cursor.Skip();
    if (character || national) {
      cursor.TakeWord("VARYING");
      cursor.TakeWord("BYTE");
    }
    cursor.TakeWord("PRECISION");
  }
  cursor.SkipParentheses();
  while (cursor.TakeWord("UNSIGNED") || cursor.TakeWord("SIGNED") || cursor.TakeWord("ZEROFILL")) {
  }
  return std::min(cursor.at(), tokens.size());
}

// [=] value
void TakeValue(Cursor& cursor, ColumnAttribute& attribute) {
  cursor.TakeSymbol("=");
  const sql::Token& token = cursor.Peek();
  attribute.value = token.IsName() || token.IsString() ? token.value : token.text;
  cursor.Skip();
}

void TakeReferences(Cursor& cursor) {
  model::ObjectName ignored;
  cursor.TakeName(ignored, "");
  cursor.SkipParentheses();
  if (cursor.TakeWord("MATCH")) cursor.Skip();
  while (cursor.TakeWord("ON")) {
    cursor.Skip();  // DELETE, UPDATE
    if (cursor.TakeWord("SET") || cursor.TakeWord("NO"))
      cursor.Skip();
    else if (!cursor.TakeWord("CASCADE"))
      cursor.TakeWord("RESTRICT");
  }
}

// [GENERATED ALWAYS] AS (expression) [VIRTUAL | STORED | PERSISTENT], or AS ROW START | END
void TakeGenerated(Cursor& cursor, ColumnAttribute& attribute) {
  cursor.TakeWords({"GENERATED", "ALWAYS"});
  cursor.TakeWord("AS");
  attribute.name = "AS";
  if (cursor.TakeWord("ROW")) {
    attribute.name = cursor.SeesWord("START") ? "ROW START" : "ROW END";
    cursor.Skip();
    return;
  }
  cursor.SkipParentheses();
  if (!cursor.TakeWord("VIRTUAL") && !cursor.TakeWord("STORED")) cursor.TakeWord("PERSISTENT");
}

// [CONSTRAINT [name]] CHECK (expression) [[NOT] ENFORCED]
void TakeCheck(Cursor& cursor, ColumnAttribute& attribute) {
  attribute.name = "CHECK";
  if (cursor.TakeWord("CONSTRAINT") && !cursor.SeesWord("CHECK")) cursor.Skip();
  cursor.TakeWord("CHECK");
  cursor.SkipParentheses();
  if (!cursor.TakeWords({"NOT", "ENFORCED"})) cursor.TakeWord("ENFORCED");
}

struct WithValue {
  std::string_view word;
  const char* name;
};
constexpr WithValue kWithValue[] = {
    {"CHARSET", "CHARSET"},
    {"COLLATE", "COLLATE"},
    {"COMMENT", "COMMENT"},
    {"COLUMN_FORMAT", "COLUMN_FORMAT"},
    {"STORAGE", "STORAGE"},
    {"SRID", "SRID"},
    {"REF_SYSTEM_ID", "REF_SYSTEM_ID"},
    {"AFTER", "AFTER"},
    {"ENGINE_ATTRIBUTE", "ENGINE_ATTRIBUTE"},
    {"SECONDARY_ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE"},
};

bool TakeNamedValue(Cursor& cursor, ColumnAttribute& attribute) {
  if (cursor.TakeWords({"CHARACTER", "SET"}) || cursor.TakeWords({"CHAR", "SET"})) {
    attribute.name = "CHARSET";
    TakeValue(cursor, attribute);
    return true;
  }
  for (const WithValue& one : kWithValue) {
    if (!cursor.TakeWord(one.word)) continue;
    attribute.name = one.name;
    TakeValue(cursor, attribute);
    return true;
  }
  return false;
}

void TakeOther(Cursor& cursor, ColumnAttribute& attribute) {
  const sql::Token& token = cursor.Peek();
  attribute.name = token.kind == TokenKind::kQuotedName ? token.value : ToUpper(token.text);
  cursor.Skip();
  if (cursor.Peek().IsSymbol("=")) {
    TakeValue(cursor, attribute);
  } else {
    cursor.SkipParentheses();  // REF_SYSTEM_ID of old versions and whatever comes
  }
}

void TakeAttribute(const Tokens& tokens, Cursor& cursor, ColumnAttribute& attribute) {
  if (TakeNamedValue(cursor, attribute)) return;
  if (cursor.TakeWords({"NOT", "NULL"})) {
    attribute.name = "NOT NULL";
  } else if (cursor.TakeWord("DEFAULT")) {
    attribute.name = "DEFAULT";
    cursor.MoveTo(ValueEnd(tokens, cursor.at()));
  } else if (cursor.TakeWords({"ON", "UPDATE"})) {
    attribute.name = "ON UPDATE";
    cursor.MoveTo(ValueEnd(tokens, cursor.at()));
  } else if (cursor.SeesWord("GENERATED") || cursor.SeesWord("AS")) {
    TakeGenerated(cursor, attribute);
  } else if (cursor.SeesWord("CONSTRAINT") || cursor.SeesWord("CHECK")) {
    TakeCheck(cursor, attribute);
  } else if (cursor.TakeWord("REFERENCES")) {
    attribute.name = "REFERENCES";
    TakeReferences(cursor);
  } else if (cursor.TakeWord("UNIQUE")) {
    attribute.name = "UNIQUE";
    cursor.TakeWord("KEY");
  } else if (cursor.TakeWords({"PRIMARY", "KEY"}) || cursor.TakeWord("PRIMARY") || cursor.TakeWord("KEY")) {
    attribute.name = "PRIMARY KEY";
  } else if (cursor.TakeWords({"WITH", "SYSTEM", "VERSIONING"}) ||
             cursor.TakeWords({"WITHOUT", "SYSTEM", "VERSIONING"})) {
    attribute.name = "SYSTEM VERSIONING";
  } else if (cursor.TakeWords({"NOT", "SECONDARY"})) {
    attribute.name = "NOT SECONDARY";
  } else {
    TakeOther(cursor, attribute);
  }
}

}  // namespace

size_t ValueEnd(const Tokens& tokens, size_t at) {
  Cursor cursor(tokens, at);
  while (cursor.TakeSymbol("-") || cursor.TakeSymbol("+")) {
  }
  if (cursor.Peek().IsSymbol("(")) {
    cursor.SkipParentheses();
  } else if (cursor.TakeWords({"NEXT", "VALUE", "FOR"})) {
    model::ObjectName ignored;
    cursor.TakeName(ignored, "");
  } else if (cursor.Peek().IsName()) {
    // NULL, current_timestamp(6), uuid(), nextval(`d`.`s`), _latin1'x', DATE'2000-01-01', `d`.`f`(1)
    const bool keyword = cursor.Peek().kind == TokenKind::kWord;
    cursor.Skip();
    if (cursor.Peek().IsSymbol(".") && cursor.Peek(1).IsName()) cursor.Skip(2);
    cursor.SkipParentheses();
    const sql::Token& next = cursor.Peek();
    if (keyword && (next.IsString() || (next.kind == TokenKind::kNumber && next.gap.empty()))) cursor.Skip();
  } else {
    cursor.Skip();
  }
  while (cursor.Peek().IsString()) cursor.Skip();  // 'a' 'b' is one literal
  return std::min(cursor.at(), tokens.size());
}

std::string ColumnText::TypeWord() const {
  return type.empty() ? "" : sql::ToLower(type.front().text);
}

const ColumnAttribute* ColumnText::Find(std::string_view attribute) const {
  for (const ColumnAttribute& one : attributes) {
    if (one.name == attribute) return &one;
  }
  return nullptr;
}

void ColumnText::Remove(std::string_view attribute) {
  std::erase_if(attributes, [&](const ColumnAttribute& one) { return one.name == attribute; });
}

ColumnText ParseColumn(const Tokens& tokens) {
  ColumnText column;
  if (tokens.empty()) return column;
  column.name = tokens.front();
  const size_t type_end = tokens.size() > 1 ? TypeEnd(tokens, 1) : 1;
  column.type = sql::Slice(tokens, 1, type_end);
  Cursor cursor(tokens, type_end);
  while (!cursor.AtEnd()) {
    const size_t begin = cursor.at();
    ColumnAttribute& attribute = column.attributes.emplace_back();
    TakeAttribute(tokens, cursor, attribute);
    if (cursor.at() == begin) cursor.Skip();  // half of an attribute: text that no server took
    const size_t end = std::min(cursor.at(), tokens.size());
    attribute.tokens = sql::Slice(tokens, begin, end);
  }
  return column;
}

Tokens Join(const ColumnText& column) {
  Tokens tokens = {column.name};
  tokens.insert(tokens.end(), column.type.begin(), column.type.end());
  for (const ColumnAttribute& attribute : column.attributes) {
    tokens.insert(tokens.end(), attribute.tokens.begin(), attribute.tokens.end());
  }
  return tokens;
}

}  // namespace sluice::mysql
