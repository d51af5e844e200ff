#include "connectors/postgresql/foreign/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/check.h"
#include "connector/cascades.h"
#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/foreign/expression.h"
#include "connectors/postgresql/foreign/table_translator.h"
#include "connectors/postgresql/foreign/types.h"
#include "sql/token.h"

namespace sluice::postgresql {
namespace {

using connector::SchemaStage;
using connector::SchemaStatement;
using model::TypeKind;

constexpr size_t kNameMost = 63;
constexpr std::array<std::string_view, 6> kSystemColumns = {"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"};
// Tables below this size get all their indexes at once: a statement costs more than it saves there.
constexpr uint64_t kIndexesLaterFromBytes = 256 * 1024;

// A name that fits, and still differs where only its end did (FNV-1a).
std::string Fitting(const std::string& name) {
  if (name.size() <= kNameMost) return name;
  uint64_t hash = 14695981039346656037u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  constexpr size_t kKept = 54;
  size_t kept = kKept;
  while ((static_cast<unsigned char>(name[kept]) & 0xC0) == 0x80) --kept;  // whole characters
  return fmt::format("{}_{:08x}", name.substr(0, kept), static_cast<uint32_t>(hash));
}

// A literal that its source does not tell as a value: it is not sure what it means, here or there.
bool IsLiteral(const std::string& expression) {
  size_t values = 0;
  for (const sql::Token& token : sql::Tokenize(expression, {})) {
    const bool is_value = token.IsString() || token.kind == sql::TokenKind::kNumber;
    const bool around = token.IsSymbol("(") || token.IsSymbol(")") || token.IsSymbol("-") || token.IsSymbol("+");
    if (!is_value && !around && !token.text.starts_with('_')) return false;  // _latin1'text'
    values += is_value ? 1 : 0;
  }
  return values == 1;
}

const char* Action(model::ReferentialAction action) {
  switch (action) {
    case model::ReferentialAction::kCascade:
      return "CASCADE";
    case model::ReferentialAction::kSetNull:
      return "SET NULL";
    case model::ReferentialAction::kSetDefault:
      return "SET DEFAULT";
    default:
      return "NO ACTION";  // checked at the statement's end: several rows may change in one
  }
}

}  // namespace

ForeignTable::ForeignTable(const model::Table& table, const model::TableMapping& mapping, const model::NameMap& names,
                           uint32_t version, WhyKeyWaits why_key_waits)
    : table_(table),
      mapping_(mapping),
      names_(names),
      version_(version),
      why_key_waits_(std::move(why_key_waits)),
      schema_(mapping.destination.database),
      full_(Quote(schema_, mapping.destination.name)) {
  for (const model::Column& column : table.columns) {
    if (column.generated != model::Generated::kNo && !Generation(column)) lost_.insert(column.name);
  }
  for (const model::Key& key : table.keys) {
    const bool whole = std::none_of(key.parts.begin(), key.parts.end(),
                                    [](const model::KeyPart& part) { return part.prefix_length != 0; });
    if (key.primary && !whole) prefix_primary_ = true;
  }
}

std::vector<SchemaStatement> ForeignTable::Run() {
  std::string create = Create();
  std::vector<ForeignIndex> indexes = Indexes();
  create += Comments();
  if (table_.bytes_estimated < kIndexesLaterFromBytes) {
    for (const ForeignIndex& index : indexes) create += ";\n" + index.sql;
    indexes.clear();
  }
  if (table_.partitioned) Note("partitions: it is one table here");
  for (const std::string& unsaid : table_.unsaid) Note(unsaid);
  const std::string title = "table " + mapping_.destination.Text();
  const size_t place = statements_.size();
  Add(SchemaStage::kBeforeLoad, title, std::move(create));
  for (const ForeignIndex& index : indexes) {
    Add(SchemaStage::kIndexes, "index " + index.name + " of " + title, index.sql);
  }
  AddForeignKeys(title);
  statements_[place].notes = std::move(notes_);
  return std::move(statements_);
}

SchemaStatement& ForeignTable::Add(SchemaStage stage, std::string label, std::string sql) {
  return statements_.emplace_back(SchemaStatement{.stage = stage,
                                                  .source = mapping_.source,
                                                  .object = mapping_.destination,
                                                  .label = std::move(label),
                                                  .sql = std::move(sql)});
}

std::string ForeignTable::NameOf(const model::Column& column) const {
  if (mapping_.excluded.contains(column.name) || lost_.contains(column.name)) return "";
  if (column.generated != model::Generated::kNo) return names_.MapColumn(table_.name, column.name);
  return mapping_.DestinationOf(column.name);
}

std::optional<std::string> ForeignTable::Condition(const std::string& text) const {
  return TranslateExpression(text, table_, [this](const model::Column& column) { return NameOf(column); });
}

// A generated column may not refer to another one here.
std::optional<std::string> ForeignTable::Generation(const model::Column& column) const {
  constexpr uint32_t kGenerates = 120000;
  if (version_ < kGenerates) return std::nullopt;
  const auto name = [this](const model::Column& one) {
    return one.generated == model::Generated::kNo ? NameOf(one) : std::string();
  };
  return TranslateExpression(column.generated_as, table_, name, &column.type);
}

model::ObjectName ForeignTable::EnumName(const std::string& column) const {
  return {schema_, Fitting(mapping_.destination.name + "_" + column)};
}

std::string ForeignTable::CreateEnum(const model::ObjectName& own, const std::vector<std::string>& labels) const {
  std::string list;
  for (const std::string& label : labels) list += (list.empty() ? "" : ", ") + Literal(label);
  return fmt::format("CREATE TYPE {} AS ENUM ({})", Quote(own.database, own.name), list);
}

std::vector<model::ObjectName> ForeignTable::EnumTypes() const {
  std::vector<model::ObjectName> types;
  for (size_t i = 0; i < table_.columns.size(); ++i) {
    const std::string name = NameOf(table_.columns[i]);
    if (!name.empty() && !ToPostgresqlType(table_, i).labels.empty()) types.push_back(EnumName(name));
  }
  return types;
}

std::string ForeignTable::TypeText(const model::Column& column, const std::string& name) {
  const ForeignType type = ToPostgresqlType(table_, static_cast<size_t>(&column - table_.columns.data()));
  if (!type.note.empty()) Note(fmt::format("of column {}: {}", name, type.note));
  if (type.labels.empty()) return type.text;
  const model::ObjectName own = EnumName(name);
  SchemaStatement& made = Add(SchemaStage::kTypes, "type " + own.Text(), CreateEnum(own, type.labels));
  made.kind = model::ObjectKind::kType;
  made.object = own;
  return Quote(own.database, own.name);
}

std::string ForeignTable::Default(const model::Column& column, const std::string& name) {
  using Kind = model::ColumnDefault::Kind;
  const model::ColumnDefault& value = column.default_value;
  switch (value.kind) {
    case Kind::kNone:
      return "";
    case Kind::kLiteral:
      return " DEFAULT " + Literal(value.text);
    case Kind::kNow: {
      const bool zoned = column.type.kind == TypeKind::kTimestamp;
      return fmt::format(" DEFAULT {}({})", zoned ? "CURRENT_TIMESTAMP" : "LOCALTIMESTAMP", column.type.fraction);
    }
    case Kind::kExpression:
      break;
  }
  const TypeKind kind = column.type.kind;
  const bool is_bytes = kind == TypeKind::kBinary || kind == TypeKind::kVarbinary || kind == TypeKind::kBlob;
  // A default may not name columns here.
  const auto none = [](const model::Column&) { return std::string(); };
  const auto expression =
      is_bytes || IsLiteral(value.text) ? std::nullopt : TranslateExpression(value.text, table_, none, &column.type);
  if (expression) return " DEFAULT (" + *expression + ")";
  Note(fmt::format("default of column {}: {}", name, value.text));
  return "";
}

std::string ForeignTable::Fill(const model::Column& column, const std::string& value) const {
  const bool zoned = column.type.kind == TypeKind::kTimestamp && !value.ends_with("infinity");
  return " DEFAULT " + Literal(zoned ? value + "+00" : value);
}

std::string ForeignTable::Column(const model::Column& column, const std::string& name, const std::string* fill) {
  std::string text = Quote(name) + " " + TypeText(column, name);
  if (column.generated != model::Generated::kNo) {
    text += " GENERATED ALWAYS AS (" + Generation(column).value_or("") + ") STORED";
  } else if (column.auto_increment) {
    text += " GENERATED BY DEFAULT AS IDENTITY";
  } else {
    text += fill == nullptr ? Default(column, name) : Fill(column, *fill);
  }
  if (column.now_on_update) Note(fmt::format("of column {}: ON UPDATE CURRENT_TIMESTAMP", name));
  if (!column.nullable) text += " NOT NULL";
  return text;
}

void ForeignTable::NoteLostColumns() {
  for (const model::Column& column : table_.columns) {
    if (mapping_.excluded.contains(column.name) || !lost_.contains(column.name)) continue;
    Note(fmt::format("generated column {}: {}", names_.MapColumn(table_.name, column.name), column.generated_as));
  }
}

bool ForeignTable::Names(const std::vector<uint32_t>& columns, std::string& list) const {
  for (const uint32_t index : columns) {
    const std::string name = NameOf(table_.columns[index]);
    if (name.empty()) return false;
    list += (list.empty() ? "" : ", ") + Quote(name);
  }
  return true;
}

std::vector<ForeignConstraint> ForeignTable::Checks() {
  std::vector<ForeignConstraint> checks;
  for (size_t i = 0; i < table_.columns.size(); ++i) {
    const std::string name = NameOf(table_.columns[i]);
    const ForeignType type = ToPostgresqlType(table_, i);
    if (name.empty() || type.elements.empty()) continue;
    std::string elements;
    for (const std::string& element : type.elements) elements += (elements.empty() ? "" : ", ") + Literal(element);
    checks.push_back(
        {.origin = i,
         .name = Fitting(mapping_.destination.name + "_" + name + "_set"),
         .body = fmt::format("CHECK (string_to_array({}, ',') <@ ARRAY[{}]::text[])", Quote(name), elements)});
  }
  for (size_t i = 0; i < table_.checks.size(); ++i) {
    const model::TableCheck& check = table_.checks[i];
    const auto expression = Condition(check.expression);
    if (!expression) {
      Note(fmt::format("check {}: {}", check.name, check.expression));
      continue;
    }
    checks.push_back(
        {.origin = table_.columns.size() + i,
         .source = check.name,
         .name = Fitting(check.name.empty() ? fmt::format("{}_check_{}", mapping_.destination.name, i) : check.name),
         .body = "CHECK (" + *expression + ")"});
  }
  return checks;
}

std::string ForeignTable::PrimaryKey() const {
  for (const model::Key& key : table_.keys) {
    if (!key.primary || prefix_primary_) continue;
    std::vector<uint32_t> columns;
    for (const model::KeyPart& part : key.parts) columns.push_back(part.column);
    std::string list;
    if (Names(columns, list)) return "(" + list + ")";
  }
  return "";
}

std::string ForeignTable::Create() {
  std::string body;
  NoteLostColumns();
  for (const model::Column& column : table_.columns) {
    const std::string name = NameOf(column);
    if (!name.empty()) body += (body.empty() ? "\n  " : ",\n  ") + Column(column, name);
  }
  const std::string primary = PrimaryKey();
  const bool has_primary =
      std::any_of(table_.keys.begin(), table_.keys.end(), [](const model::Key& key) { return key.primary; });
  if (!primary.empty()) body += ",\n  PRIMARY KEY " + primary;
  if (primary.empty() && has_primary && !prefix_primary_) Note("the primary key: a column of it is left out");
  for (const ForeignConstraint& check : Checks()) {
    body += ",\n  CONSTRAINT " + Quote(check.name) + " " + check.body;
  }
  return fmt::format("CREATE TABLE {} ({}\n)", full_, body);
}

std::optional<std::string> ForeignTable::KeyPart(const model::KeyPart& part) const {
  const model::Column& column = table_.columns[part.column];
  const std::string name = NameOf(column);
  if (name.empty()) return std::nullopt;
  std::string text = Quote(name);
  if (part.prefix_length != 0) {
    text = column.type.IsText() ? fmt::format("left({}, {})", text, part.prefix_length)
                                : fmt::format("substring({} from 1 for {})", text, part.prefix_length);
    text = "(" + text + ")";
  }
  return text + (part.descending ? " DESC" : "");
}

std::vector<ForeignIndex> ForeignTable::Indexes() {
  std::vector<ForeignIndex> indexes;
  for (size_t i = 0; i < table_.keys.size(); ++i) {
    const model::Key& key = table_.keys[i];
    if (key.primary && !prefix_primary_) continue;
    if (!key.method.empty() || key.has_expression) {
      Note(fmt::format("index {}: {}", key.name,
                       key.method.empty() ? "it is over an expression" : "there is no " + key.method + " index here"));
      continue;
    }
    std::string parts;
    bool complete = true;
    for (const model::KeyPart& part : key.parts) {
      const auto text = KeyPart(part);
      complete = complete && text;
      parts += (parts.empty() ? "" : ", ") + text.value_or("");
    }
    if (!complete || parts.empty()) {
      Note(fmt::format("index {}: a column of it is left out", key.name));
      continue;
    }
    const std::string own = key.primary ? "primary" : key.name;
    const std::string name = Fitting(mapping_.destination.name + "_" + own + (key.unique ? "_key" : "_idx"));
    const char* unique = key.unique ? "UNIQUE " : "";
    std::string sql = fmt::format("CREATE {}INDEX {} ON {} ({})", unique, Quote(name), full_, parts);
    if (!key.comment.empty()) {
      sql += fmt::format(";\nCOMMENT ON INDEX {} IS {}", Quote(schema_, name), Literal(key.comment));
    }
    indexes.push_back({i, name, fmt::format("{}({}) {}", unique, parts, key.comment), std::move(sql)});
  }
  return indexes;
}

std::string ForeignTable::Comments() const {
  std::string sql;
  if (!table_.comment.empty()) sql += fmt::format(";\nCOMMENT ON TABLE {} IS {}", full_, Literal(table_.comment));
  for (const model::Column& column : table_.columns) {
    const std::string name = NameOf(column);
    if (name.empty() || column.comment.empty()) continue;
    sql += fmt::format(";\nCOMMENT ON COLUMN {}.{} IS {}", full_, Quote(name), Literal(column.comment));
  }
  return sql;
}

std::vector<ForeignConstraint> ForeignTable::ForeignKeys() {
  std::vector<ForeignConstraint> keys;
  for (size_t i = 0; i < table_.foreign_keys.size(); ++i) {
    const model::ForeignKey& key = table_.foreign_keys[i];
    if (!names_.Selected(key.referenced)) {
      Note(fmt::format("foreign key {}: table {} is not carried, or not there", key.name, key.referenced.Text()));
      continue;
    }
    std::string columns;
    if (!Names(key.columns, columns) || columns.empty()) {
      Note(fmt::format("foreign key {}: a column of it is left out", key.name));
      continue;
    }
    if (const std::string why = why_key_waits_ ? why_key_waits_(table_, key) : ""; !why.empty()) {
      put_off_.push_back(fmt::format("foreign key {} waits: {}", key.name, why));
      continue;
    }
    std::string referenced;
    for (const std::string& column : key.referenced_columns) {
      referenced += (referenced.empty() ? "" : ", ") + Quote(names_.MapColumn(key.referenced, column));
    }
    const model::ObjectName there = names_.Map(key.referenced);
    keys.push_back({.origin = i,
                    .source = key.name,
                    .name = Fitting(key.name),
                    .body = fmt::format("FOREIGN KEY ({}) REFERENCES {} ({}) ON DELETE {} ON UPDATE {}", columns,
                                        Quote(there.database, there.name), referenced, Action(key.on_delete),
                                        Action(key.on_update)),
                    .column = NameOf(table_.columns[key.columns.front()]),
                    .referenced = key.referenced,
                    .acts = connector::ActsOnRows(key)});
  }
  return keys;
}

// First for what is written from now on, then checked for what is there, which holds no lock that stops others.
void ForeignTable::AddForeignKeys(const std::string& title) {
  for (const ForeignConstraint& key : ForeignKeys()) {
    Add(SchemaStage::kForeignKeys, fmt::format("foreign key {} of {}", key.source, title),
        fmt::format("ALTER TABLE {} ADD CONSTRAINT {} {} NOT VALID", full_, Quote(key.name), key.body));
    Add(SchemaStage::kForeignKeys, fmt::format("validation of foreign key {} of {}", key.source, title),
        fmt::format("ALTER TABLE {} VALIDATE CONSTRAINT {}", full_, Quote(key.name)));
  }
}

std::vector<SchemaStatement> TranslateForeignTable(const model::Table& table, const model::TableMapping& mapping,
                                                   const model::NameMap& names, uint32_t version) {
  return ForeignTable(table, mapping, names, version).Run();
}

std::vector<std::string> WhyNotHere(const model::Table& table, const model::TableMapping& mapping) {
  std::vector<std::string> reasons;
  for (const model::ColumnMapping& column : mapping.columns) {
    const auto index = table.FindColumn(column.source);
    Check(index.has_value(), "a mapped column exists");
    const ForeignType type = ToPostgresqlType(table, *index);
    if (std::find(kSystemColumns.begin(), kSystemColumns.end(), column.destination) != kSystemColumns.end()) {
      reasons.push_back(
          fmt::format("column {}: each table here has a column of the server's own that is called so; "
                      "`columns: {{rename: {{{}: ...}}}}` gives it another name",
                      column.destination, column.source));
    }
    if (!type.refusal.empty()) reasons.push_back(fmt::format("column {}: {}", column.source, type.refusal));
  }
  return reasons;
}

}  // namespace sluice::postgresql
