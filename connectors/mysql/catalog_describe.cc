#include "connectors/mysql/catalog_describe.h"

#include <algorithm>
#include <cstdlib>

#include "connectors/mysql/create_table.h"
#include "connectors/mysql/create_table_column.h"
#include "connectors/mysql/default_value.h"
#include "connectors/mysql/types.h"

namespace sluice::mysql {
namespace {

// Well-formed UTF-8 (Unicode Standard, table 3-7).
bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const size_t more = c < 0x80                ? 0
                        : c >= 0xC2 && c < 0xE0 ? 1
                        : c >= 0xE0 && c < 0xF0 ? 2
                        : c >= 0xF0 && c < 0xF5 ? 3
                                                : 4;
    if (more == 4 || i + more >= text.size()) return false;
    for (size_t k = 1; k <= more; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    }
    i += more + 1;
  }
  return true;
}

// Defaults of binary columns stand as raw bytes in MariaDB's statements. Statements are UTF-8 here: they become 0x...
std::string WithoutRawBytes(std::string statement, const sql::Dialect& dialect) {
  if (IsUtf8(statement)) return statement;
  sql::Tokens tokens = sql::Tokenize(statement, dialect);
  for (sql::Token& token : tokens) {
    if (!token.IsString() || IsUtf8(token.text)) continue;
    constexpr char kDigits[] = "0123456789ABCDEF";
    std::string hex = "0x";
    for (const char c : token.value) {
      const auto byte = static_cast<unsigned char>(c);
      hex += kDigits[byte >> 4];
      hex += kDigits[byte & 15];
    }
    const std::string gap = token.gap;
    token = sql::Number(hex);
    token.gap = gap;
  }
  return sql::Render(tokens);
}

std::string Find(const std::map<std::string, std::string>& map, const std::string& key) {
  const auto found = map.find(sql::ToLower(key));
  return found == map.end() ? "" : found->second;
}

struct Charset {
  std::string name;
  std::string collation;
};

// Completes what is named by what it means. Statements may have it in capital letters.
Charset Complete(Charset charset, const CharsetFacts& facts) {
  charset = {sql::ToLower(charset.name), sql::ToLower(charset.collation)};
  if (charset.name.empty() && !charset.collation.empty()) {
    charset.name = Find(facts.charset, charset.collation);
    if (charset.name.empty()) charset.name = charset.collation.substr(0, charset.collation.find('_'));
  }
  if (charset.collation.empty() && !charset.name.empty()) {
    charset.collation = Find(facts.default_collation, charset.name);
  }
  return charset;
}

Charset TableCharset(const CreateTable& definition, const CharsetFacts& facts) {
  Charset charset;
  for (const TableOption& option : definition.options) {
    if (option.name == "CHARSET") charset.name = option.value;
    if (option.name == "COLLATE") charset.collation = option.value;
  }
  return Complete(std::move(charset), facts);
}

void SetCharset(model::ColumnType& type, const ColumnText& text, const Charset& of_table, const CharsetFacts& facts) {
  if (!type.IsText()) return;
  Charset charset;
  if (const ColumnAttribute* named = text.Find("CHARSET")) charset.name = named->value;
  if (const ColumnAttribute* named = text.Find("COLLATE")) charset.collation = named->value;
  charset = charset.name.empty() && charset.collation.empty() ? of_table : Complete(std::move(charset), facts);
  type.charset = charset.name;
  type.collation = charset.collation;
}

model::Generated GeneratedBy(const ColumnText& text) {
  if (text.Has("ROW START") || text.Has("ROW END")) return model::Generated::kStored;
  const ColumnAttribute* generated = text.Find("AS");
  if (generated == nullptr) return model::Generated::kNo;
  const sql::Token& last = generated->tokens.back();
  return last.Is("STORED") || last.Is("PERSISTENT") ? model::Generated::kStored : model::Generated::kVirtual;
}

// What stands in the first parentheses.
std::string InParentheses(const sql::Tokens& tokens) {
  size_t begin = 0;
  while (begin < tokens.size() && !tokens[begin].IsSymbol("(")) ++begin;
  size_t depth = 0;
  for (size_t i = begin; i < tokens.size(); ++i) {
    if (tokens[i].IsSymbol("(")) ++depth;
    if (tokens[i].IsSymbol(")") && --depth == 0) {
      return sql::Render(
          sql::Tokens(tokens.begin() + static_cast<long>(begin) + 1, tokens.begin() + static_cast<long>(i)));
    }
  }
  return "";
}

model::Column MakeColumn(const TableElement& element, const Charset& of_table, const CharsetFacts& facts) {
  const ColumnText text = ParseColumn(element.tokens);
  model::Column column;
  column.name = element.name;
  column.type = ParseColumnType(sql::Render(text.type));
  SetCharset(column.type, text, of_table, facts);
  if (const ColumnAttribute* srid = text.Find("SRID")) {
    column.type.srid = static_cast<uint32_t>(std::strtoul(srid->value.c_str(), nullptr, 10));
  }
  column.nullable = !text.Has("NOT NULL") && !text.Has("ROW START") && !text.Has("ROW END");
  column.generated = GeneratedBy(text);
  column.auto_increment = text.Has("AUTO_INCREMENT");
  column.nullable = column.nullable && !column.auto_increment;
  if (const ColumnAttribute* attribute = text.Find("DEFAULT")) {
    column.default_value =
        DescribeDefault(column.type, sql::Tokens(attribute->tokens.begin() + 1, attribute->tokens.end()));
  }
  column.now_on_update = text.Has("ON UPDATE");
  if (const ColumnAttribute* attribute = text.Find("COMMENT")) column.comment = attribute->value;
  if (const ColumnAttribute* attribute = text.Find("AS")) column.generated_as = InParentheses(attribute->tokens);
  column.invisible = text.Has("INVISIBLE");
  return column;
}

// MariaDB's JSON is LONGTEXT with CHECK (json_valid(col)): it stays text, and the native type says so.
void NoteJson(model::Table& table, const CreateTable& definition) {
  for (model::Column& column : table.columns) {
    if (column.type.native != "longtext") continue;
    const TableElement* element = definition.FindColumn(column.name);
    if (element == nullptr) continue;
    const sql::Tokens& tokens = element->tokens;
    for (size_t i = 0; i + 5 < tokens.size(); ++i) {
      if (tokens[i].Is("CHECK") && tokens[i + 2].Is("json_valid") && tokens[i + 4].value == column.name) {
        column.type.native = "longtext /* json */";
      }
    }
  }
}

// COMMENT 'text' at the end of a key's definition.
std::string CommentOf(const sql::Tokens& tokens) {
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (tokens[i].Is("COMMENT") && tokens[i + 1].IsString()) return tokens[i + 1].value;
  }
  return "";
}

// Not what MariaDB has instead of a type JSON, nor what does not act.
void AddCheck(model::Table& table, const std::string& name, const sql::Tokens& tokens) {
  const std::string expression = InParentheses(tokens);
  const bool is_json =
      tokens.size() > 1 &&
      std::any_of(tokens.begin(), tokens.end(), [](const sql::Token& token) { return token.Is("json_valid"); }) &&
      expression.find("json_valid(") == 0 && expression.find(')') == expression.size() - 1;
  bool acts = true;
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (tokens[i].Is("NOT") && tokens[i + 1].Is("ENFORCED")) acts = false;
  }
  if (!expression.empty() && !is_json && acts) table.checks.push_back({name, expression});
}

void AddKey(model::Table& table, const TableElement& element) {
  model::Key key;
  key.name = element.name;
  key.primary = element.kind == ElementKind::kPrimaryKey;
  key.unique = key.primary || element.kind == ElementKind::kUniqueKey;
  if (element.kind == ElementKind::kFulltextKey) key.method = "fulltext";
  if (element.kind == ElementKind::kSpatialKey) key.method = "spatial";
  if (element.kind == ElementKind::kVectorKey) key.method = "vector";
  key.comment = CommentOf(element.tokens);
  for (const KeyPartText& part : KeyParts(element)) {
    const auto column = part.column.empty() ? std::nullopt : table.FindColumn(part.column);
    if (column) {
      key.parts.push_back({*column, part.prefix_length, part.descending});
    } else {
      key.has_expression = true;
    }
  }
  table.keys.push_back(std::move(key));
}

void AddForeignKey(model::Table& table, const TableElement& element) {
  const auto text = ParseForeignKey(element, table.name.database);
  if (!text) return;
  model::ForeignKey key;
  key.name = element.name;
  for (const std::string& column : text->columns) {
    if (const auto index = table.FindColumn(column)) key.columns.push_back(*index);
  }
  key.referenced = text->referenced;
  key.referenced_columns = text->referenced_columns;
  key.on_delete = text->on_delete;
  key.on_update = text->on_update;
  table.foreign_keys.push_back(std::move(key));
}

}  // namespace

model::TablePtr DescribeTable(const model::ObjectName& name, const TableFacts& facts, std::string create_statement,
                              const sql::Dialect& dialect, const CharsetFacts& charsets) {
  auto table = std::make_shared<model::Table>();
  table->name = name;
  table->create_statement = WithoutRawBytes(std::move(create_statement), dialect);
  table->storage_engine = facts.engine;
  table->transactional = facts.transactional;
  table->rows_estimated = facts.rows;
  table->bytes_estimated = facts.bytes;
  const auto definition = ParseCreateTable(table->create_statement, name.database, dialect);
  if (!definition) return table;
  const Charset charset = TableCharset(*definition, charsets);
  for (const TableElement& element : definition->elements) {
    if (element.kind == ElementKind::kColumn) table->columns.push_back(MakeColumn(element, charset, charsets));
  }
  if (facts.type == "SEQUENCE") {
    // Looks like a table of one row, but takes no rows as a table does: whoever meets it has to say so.
    table->storage_engine = "SEQUENCE";
    for (model::Column& column : table->columns) column.type.kind = model::TypeKind::kOther;
    return table;
  }
  if (dialect.family == sql::Family::kMariaDb) NoteJson(*table, *definition);
  for (const TableElement& element : definition->elements) {
    if (element.IsKey()) AddKey(*table, element);
    if (element.kind == ElementKind::kForeignKey) AddForeignKey(*table, element);
    if (element.kind == ElementKind::kCheck) AddCheck(*table, element.name, element.tokens);
    if (element.kind != ElementKind::kColumn) continue;
    for (const ColumnAttribute& attribute : ParseColumn(element.tokens).attributes) {
      if (attribute.name == "CHECK") AddCheck(*table, element.name + "_check", attribute.tokens);
    }
  }
  table->partitioned = !definition->partition.empty();
  for (const TableOption& option : definition->options) {
    if (option.name == "COMMENT") table->comment = option.value;
  }
  return table;
}

}  // namespace sluice::mysql
