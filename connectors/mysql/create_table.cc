#include "connectors/mysql/create_table.h"

#include <algorithm>
#include <cstdlib>

#include "sql/cursor.h"

namespace sluice::mysql {
namespace {

using model::ReferentialAction;
using sql::Cursor;
using sql::Tokens;

std::string ToUpper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
  return out;
}

bool StartsQuery(const Cursor& cursor) {
  return cursor.SeesWord("AS") || cursor.SeesWord("SELECT") || cursor.SeesWord("IGNORE") ||
         cursor.SeesWord("REPLACE") || cursor.SeesWord("VALUES") ||
         (cursor.SeesWord("WITH") && !cursor.SeesWord("SYSTEM", 1)) || cursor.Peek().IsSymbol("(") ||
         cursor.SeesWord("TABLE");
}

// The partition clause ends where a query begins or the statement ends.
size_t PartitionEnd(const Tokens& tokens, size_t at) {
  Cursor cursor(tokens, at);
  while (!cursor.AtEnd() && !cursor.Peek().IsSymbol(";")) {
    if (cursor.Peek().IsSymbol("(")) {
      cursor.SkipParentheses();
    } else if (cursor.SeesWord("AS") || cursor.SeesWord("SELECT") || cursor.SeesWord("IGNORE") ||
               cursor.SeesWord("REPLACE")) {
      break;
    } else {
      cursor.Skip();
    }
  }
  return std::min(cursor.at(), tokens.size());
}

// CONSTRAINT [name]
void TakeConstraintName(Cursor& cursor, std::string& name) {
  if (!cursor.TakeWord("CONSTRAINT")) return;
  for (const std::string_view kind : {"PRIMARY", "UNIQUE", "FOREIGN", "CHECK"}) {
    if (cursor.SeesWord(kind)) return;
  }
  if (cursor.Peek().IsName()) name = cursor.Peek().Name();
  cursor.Skip();
}

// [KEY|INDEX] [IF NOT EXISTS] [name] before USING, TYPE or "("
void TakeKeyName(Cursor& cursor, std::string& name) {
  if (!cursor.TakeWord("KEY")) cursor.TakeWord("INDEX");
  cursor.TakeWords({"IF", "NOT", "EXISTS"});
  const bool type = (cursor.SeesWord("USING") || cursor.SeesWord("TYPE")) && cursor.Peek(1).IsName();
  if (cursor.Peek().IsName() && !type) name = cursor.Peek().Name();
}

ElementKind KindAt(const Cursor& cursor) {
  if (cursor.SeesWords({"PRIMARY", "KEY"})) return ElementKind::kPrimaryKey;
  if (cursor.SeesWord("UNIQUE")) return ElementKind::kUniqueKey;
  if (cursor.SeesWord("FULLTEXT")) return ElementKind::kFulltextKey;
  if (cursor.SeesWord("SPATIAL")) return ElementKind::kSpatialKey;
  if (cursor.SeesWords({"VECTOR", "KEY"}) || cursor.SeesWords({"VECTOR", "INDEX"})) return ElementKind::kVectorKey;
  if (cursor.SeesWords({"FOREIGN", "KEY"})) return ElementKind::kForeignKey;
  if (cursor.SeesWord("CHECK")) return ElementKind::kCheck;
  if (cursor.SeesWord("KEY") || cursor.SeesWord("INDEX")) return ElementKind::kIndex;
  if (cursor.SeesWords({"PERIOD", "FOR"})) return ElementKind::kPeriod;
  return ElementKind::kColumn;
}

// At the first token of an option that has a value: behind it.
void TakeOptionValue(Cursor& cursor, TableOption& option) {
  cursor.TakeSymbol("=");
  if (cursor.Peek().IsSymbol("(")) {
    cursor.SkipParentheses();
    return;
  }
  const sql::Token& value = cursor.Peek();
  option.value = value.IsName() || value.IsString() ? value.value : value.text;
  cursor.Skip();
}

void TakeOption(Cursor& cursor, TableOption& option) {
  if (cursor.TakeWords({"WITH", "SYSTEM", "VERSIONING"})) {
    option.name = "SYSTEM VERSIONING";
    return;
  }
  if (cursor.TakeWords({"START", "TRANSACTION"})) {
    option.name = "START TRANSACTION";
    return;
  }
  cursor.TakeWord("DEFAULT");
  if (cursor.TakeWords({"CHARACTER", "SET"}) || cursor.TakeWord("CHARSET")) {
    option.name = "CHARSET";
  } else if (cursor.TakeWords({"DATA", "DIRECTORY"})) {
    option.name = "DATA DIRECTORY";
  } else if (cursor.TakeWords({"INDEX", "DIRECTORY"})) {
    option.name = "INDEX DIRECTORY";
  } else {
    const sql::Token& name = cursor.Peek();
    option.name = name.kind == sql::TokenKind::kQuotedName ? name.value : ToUpper(name.text);
    cursor.Skip();
  }
  if (option.name == "CHARSET" && cursor.Peek().IsSymbol("=")) cursor.Skip();
  TakeOptionValue(cursor, option);
}

// [(10)] [ASC|DESC] behind a column's name, or a whole expression.
KeyPartText ReadKeyPart(const Tokens& tokens, size_t begin, size_t end) {
  KeyPartText part;
  part.begin = begin;
  part.end = end;
  Cursor cursor(tokens, begin);
  if (cursor.Peek().IsName()) {
    part.column = cursor.Peek().Name();
    cursor.Skip();
  } else {
    cursor.SkipParentheses();
  }
  if (!part.column.empty() && cursor.at() < end && cursor.TakeSymbol("(")) {
    part.prefix_length = static_cast<uint32_t>(std::strtoul(cursor.Peek().text.c_str(), nullptr, 10));
    cursor.Skip();
    cursor.TakeSymbol(")");
  }
  part.descending = cursor.at() < end && cursor.SeesWord("DESC");
  return part;
}

std::vector<KeyPartText> ReadKeyParts(const Tokens& tokens, size_t open) {
  std::vector<KeyPartText> parts;
  const size_t close = sql::ClosingEnd(tokens, open) - 1;
  size_t begin = open + 1;
  while (begin < close) {
    Cursor cursor(tokens, begin);
    while (cursor.at() < close && !cursor.Peek().IsSymbol(",")) {
      if (cursor.Peek().IsSymbol("(")) {
        cursor.SkipParentheses();
      } else {
        cursor.Skip();
      }
    }
    parts.push_back(ReadKeyPart(tokens, begin, std::min(cursor.at(), close)));
    begin = cursor.at() + 1;
  }
  return parts;
}

// The "(" that opens the list of a key's parts; the end when there is none.
size_t KeyListOpen(const Tokens& tokens) {
  size_t i = 0;
  while (i < tokens.size() && !tokens[i].IsSymbol("(")) ++i;
  return i;
}

ReferentialAction ReadAction(Cursor& cursor) {
  if (cursor.TakeWord("CASCADE")) return ReferentialAction::kCascade;
  if (cursor.TakeWords({"SET", "NULL"})) return ReferentialAction::kSetNull;
  if (cursor.TakeWords({"SET", "DEFAULT"})) return ReferentialAction::kSetDefault;
  if (cursor.TakeWords({"NO", "ACTION"})) return ReferentialAction::kNoAction;
  cursor.TakeWord("RESTRICT");
  return ReferentialAction::kRestrict;
}

// [LIKE x | (elements)] [options] [partition] [query], at the first token behind the name.
bool ParseBody(const Tokens& tokens, size_t at, std::string_view default_database, CreateTable& table) {
  Cursor cursor(tokens, at);
  const bool parenthesized_like = cursor.Peek().IsSymbol("(") && cursor.SeesWord("LIKE", 1);
  if (parenthesized_like) cursor.Skip();
  if (cursor.TakeWord("LIKE")) {
    table.like.emplace();
    return cursor.TakeName(*table.like, default_database);
  }
  if (cursor.Peek().IsSymbol("(") && !cursor.SeesWord("SELECT", 1) && !cursor.SeesWord("WITH", 1)) {
    const size_t end = sql::ClosingEnd(tokens, cursor.at());
    if (!tokens[end - 1].IsSymbol(")")) return false;
    for (Tokens& element : SplitList(tokens, cursor.at() + 1, end - 1)) {
      if (!element.empty()) table.elements.push_back(ParseElement(std::move(element)));
    }
    cursor.MoveTo(end);
  }
  size_t next = cursor.at();
  table.options = ParseOptions(tokens, next);
  cursor.MoveTo(next);
  if (cursor.SeesWords({"PARTITION", "BY"})) {
    const size_t end = PartitionEnd(tokens, cursor.at());
    table.partition = sql::Slice(tokens, cursor.at(), end);
    cursor.MoveTo(end);
  }
  table.has_query = !cursor.AtEnd() && !cursor.Peek().IsSymbol(";");
  return !table.elements.empty() || table.has_query;
}

}  // namespace

const TableElement* CreateTable::FindColumn(std::string_view column) const {
  for (const TableElement& element : elements) {
    if (element.kind == ElementKind::kColumn && sql::EqualIgnoringCase(element.name, column)) return &element;
  }
  return nullptr;
}

std::optional<CreateTable> ParseCreateTable(std::string_view statement, std::string_view default_database,
                                            const sql::Dialect& dialect) {
  const Tokens tokens = sql::Tokenize(statement, dialect);
  Cursor cursor(tokens);
  while (!cursor.AtEnd() && !cursor.SeesWord("CREATE")) cursor.Skip();  // SET STATEMENT ... FOR
  CreateTable table;
  if (!cursor.TakeWord("CREATE")) return std::nullopt;
  table.or_replace = cursor.TakeWords({"OR", "REPLACE"});
  cursor.TakeWord("TEMPORARY");
  if (!cursor.TakeWord("TABLE")) return std::nullopt;
  table.if_not_exists = cursor.TakeWords({"IF", "NOT", "EXISTS"});
  if (!cursor.TakeName(table.name, default_database)) return std::nullopt;
  if (!ParseBody(tokens, cursor.at(), default_database, table)) return std::nullopt;
  return table;
}

std::vector<Tokens> SplitList(const Tokens& tokens, size_t begin, size_t end) {
  std::vector<Tokens> parts(1);
  size_t depth = 0;
  for (size_t i = begin; i < end; ++i) {
    if (tokens[i].IsSymbol("(")) ++depth;
    if (tokens[i].IsSymbol(")") && depth > 0) --depth;
    if (depth == 0 && tokens[i].IsSymbol(",")) {
      parts.emplace_back();
    } else {
      parts.back().push_back(tokens[i]);
    }
  }
  return parts;
}

TableElement ParseElement(Tokens tokens) {
  TableElement element;
  Cursor cursor(tokens);
  TakeConstraintName(cursor, element.name);
  element.kind = KindAt(cursor);
  switch (element.kind) {
    case ElementKind::kColumn:
      if (cursor.Peek().IsName()) element.name = cursor.Peek().Name();
      break;
    case ElementKind::kPrimaryKey:
      element.name = "PRIMARY";
      break;
    case ElementKind::kForeignKey:
      cursor.Skip();
      if (element.name.empty()) TakeKeyName(cursor, element.name);
      break;
    case ElementKind::kIndex:
      TakeKeyName(cursor, element.name);
      break;
    case ElementKind::kUniqueKey:
    case ElementKind::kFulltextKey:
    case ElementKind::kSpatialKey:
    case ElementKind::kVectorKey:
      cursor.Skip();
      TakeKeyName(cursor, element.name);
      break;
    case ElementKind::kCheck:
    case ElementKind::kPeriod:
      break;
  }
  element.tokens = std::move(tokens);
  return element;
}

std::vector<TableOption> ParseOptions(const Tokens& tokens, size_t& at) {
  std::vector<TableOption> options;
  Cursor cursor(tokens, at);
  while (!cursor.AtEnd() && !cursor.Peek().IsSymbol(";") && !cursor.SeesWords({"PARTITION", "BY"}) &&
         !StartsQuery(cursor)) {
    if (cursor.TakeSymbol(",")) continue;
    const size_t begin = cursor.at();
    TableOption& option = options.emplace_back();
    TakeOption(cursor, option);
    if (cursor.at() == begin) cursor.Skip();
    option.tokens = sql::Slice(tokens, begin, cursor.at());
  }
  at = std::min(cursor.at(), tokens.size());
  return options;
}

std::string Render(const CreateTable& table) {
  std::string out = "CREATE ";
  if (table.or_replace) out += "OR REPLACE ";
  out += "TABLE ";
  if (table.if_not_exists) out += "IF NOT EXISTS ";
  out += sql::BacktickName(table.name.database).text + "." + sql::BacktickName(table.name.name).text;
  if (table.like) {
    out += " LIKE " + sql::BacktickName(table.like->database).text + "." + sql::BacktickName(table.like->name).text;
    return out;
  }
  const char* separator = " (\n  ";
  for (const TableElement& element : table.elements) {
    out += separator;
    out += sql::Render(element.tokens);
    separator = ",\n  ";
  }
  out += "\n)";
  for (const TableOption& option : table.options) out += " " + sql::Render(option.tokens);
  if (!table.partition.empty()) out += "\n" + sql::Render(table.partition);
  return out;
}

std::vector<KeyPartText> KeyParts(const TableElement& element) {
  const size_t open = KeyListOpen(element.tokens);
  return open < element.tokens.size() ? ReadKeyParts(element.tokens, open) : std::vector<KeyPartText>();
}

std::optional<ForeignKeyText> ParseForeignKey(const TableElement& element, std::string_view default_database) {
  if (element.kind != ElementKind::kForeignKey) return std::nullopt;
  ForeignKeyText key;
  for (const KeyPartText& part : KeyParts(element)) key.columns.push_back(part.column);
  Cursor cursor(element.tokens, KeyListOpen(element.tokens));
  cursor.SkipParentheses();
  if (!cursor.TakeWord("REFERENCES")) return std::nullopt;
  key.reference_begin = cursor.at();
  if (!cursor.TakeName(key.referenced, default_database)) return std::nullopt;
  key.reference_end = cursor.at();
  if (cursor.Peek().IsSymbol("(")) {
    for (const KeyPartText& part : ReadKeyParts(element.tokens, cursor.at())) {
      key.referenced_columns.push_back(part.column);
    }
    cursor.SkipParentheses();
  }
  while (!cursor.AtEnd()) {
    if (cursor.TakeWords({"ON", "DELETE"})) {
      key.on_delete = ReadAction(cursor);
    } else if (cursor.TakeWords({"ON", "UPDATE"})) {
      key.on_update = ReadAction(cursor);
    } else {
      cursor.Skip();
    }
  }
  return key;
}

}  // namespace sluice::mysql
