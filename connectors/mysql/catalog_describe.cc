#include "connectors/mysql/catalog_describe.h"

#include "connectors/mysql/create_table.h"
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

bool Contains(const std::string& text, std::string_view part) {
  return sql::ToLower(text).find(part) != std::string::npos;
}

model::Column MakeColumn(const ColumnFacts& facts) {
  model::Column column;
  column.name = facts.name;
  column.type = ParseColumnType(facts.type);
  column.type.charset = facts.charset;
  column.type.collation = facts.collation;
  column.type.srid = facts.srid;
  column.nullable = facts.nullable;
  column.auto_increment = Contains(facts.extra, "auto_increment");
  column.invisible = Contains(facts.extra, "invisible");
  // DEFAULT_GENERATED in EXTRA is MySQL's word for a default that is an expression.
  if (Contains(facts.extra, "virtual")) {
    column.generated = model::Generated::kVirtual;
  } else if (Contains(facts.extra, "stored") || Contains(facts.extra, "persistent")) {
    column.generated = model::Generated::kStored;
  }
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

void AddKey(model::Table& table, const TableElement& element) {
  model::Key key;
  key.name = element.name;
  key.primary = element.kind == ElementKind::kPrimaryKey;
  key.unique = key.primary || element.kind == ElementKind::kUniqueKey;
  for (const KeyPartText& part : KeyParts(element)) {
    const auto column = part.column.empty() ? std::nullopt : table.FindColumn(part.column);
    if (column) {
      key.parts.push_back({*column, part.prefix_length});
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

model::TablePtr DescribeTable(const model::ObjectName& name, const TableFacts& facts,
                              const std::vector<ColumnFacts>& columns, std::string create_statement,
                              const sql::Dialect& dialect) {
  auto table = std::make_shared<model::Table>();
  table->name = name;
  table->create_statement = WithoutRawBytes(std::move(create_statement), dialect);
  table->storage_engine = facts.engine;
  table->transactional = facts.transactional;
  table->rows_estimated = facts.rows;
  table->bytes_estimated = facts.bytes;
  for (const ColumnFacts& column : columns) table->columns.push_back(MakeColumn(column));
  if (facts.type == "SEQUENCE") {
    // Looks like a table of one row, but takes no rows as a table does: whoever meets it has to say so.
    table->storage_engine = "SEQUENCE";
    for (model::Column& column : table->columns) column.type.kind = model::TypeKind::kOther;
    return table;
  }
  const auto definition = ParseCreateTable(table->create_statement, name.database, dialect);
  if (!definition) return table;
  if (dialect.family == sql::Family::kMariaDb) NoteJson(*table, *definition);
  for (const TableElement& element : definition->elements) {
    if (element.IsKey()) AddKey(*table, element);
    if (element.kind == ElementKind::kForeignKey) AddForeignKey(*table, element);
  }
  return table;
}

}  // namespace sluice::mysql
