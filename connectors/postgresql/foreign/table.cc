#include "connectors/postgresql/foreign/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/foreign/expression.h"
#include "connectors/postgresql/foreign/table_translator.h"
#include "connectors/postgresql/foreign/types.h"

namespace sluice::postgresql {
namespace {

using connector::SchemaStage;
using connector::SchemaStatement;
using model::TypeKind;

constexpr size_t kNameMost = 63;
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
                           uint32_t version)
    : table_(table),
      mapping_(mapping),
      names_(names),
      version_(version),
      schema_(mapping.destination.database),
      full_(Quote(schema_, mapping.destination.name)) {}

std::vector<SchemaStatement> ForeignTable::Run() {
  std::string create = Create();
  std::vector<std::pair<std::string, std::string>> indexes = Indexes();
  create += Comments();
  if (table_.bytes_estimated < kIndexesLaterFromBytes) {
    for (const auto& [unused, sql] : indexes) create += ";\n" + sql;
    indexes.clear();
  }
  if (table_.create_statement.find("PARTITION BY") != std::string::npos) Note("partitions: it is one table here");
  const std::string title = "table " + mapping_.destination.Text();
  const size_t place = statements_.size();
  Add(SchemaStage::kBeforeLoad, title, std::move(create));
  for (const auto& [name, sql] : indexes) Add(SchemaStage::kIndexes, "index " + name + " of " + title, sql);
  ForeignKeys(title);
  statements_[place].notes = std::move(notes_);
  return std::move(statements_);
}

SchemaStatement& ForeignTable::Add(SchemaStage stage, std::string label, std::string sql) {
  SchemaStatement& statement = statements_.emplace_back();
  statement.stage = stage;
  statement.source = mapping_.source;
  statement.object = mapping_.destination;
  statement.label = std::move(label);
  statement.sql = std::move(sql);
  return statement;
}

std::string ForeignTable::NameOf(const model::Column& column) const {
  if (mapping_.excluded.contains(column.name) || lost_.contains(column.name)) return "";
  if (column.generated != model::Generated::kNo) return names_.MapColumn(table_.name, column.name);
  const auto found = std::find_if(mapping_.columns.begin(), mapping_.columns.end(),
                                  [&](const model::ColumnMapping& one) { return one.source == column.name; });
  return found == mapping_.columns.end() ? "" : found->destination;
}

std::optional<std::string> ForeignTable::Expression(const std::string& text) const {
  return TranslateExpression(text, table_, [this](const model::Column& column) { return NameOf(column); });
}

std::string ForeignTable::TypeText(const model::Column& column, const std::string& name) {
  const ForeignType type = ToPostgresqlType(table_, static_cast<size_t>(&column - table_.columns.data()));
  if (!type.note.empty()) Note(fmt::format("of column {}: {}", name, type.note));
  if (type.labels.empty()) return type.text;
  const model::ObjectName own{schema_, Fitting(mapping_.destination.name + "_" + name)};
  std::string labels;
  for (const std::string& label : type.labels) labels += (labels.empty() ? "" : ", ") + Literal(label);
  SchemaStatement& made = Add(SchemaStage::kTypes, "type " + own.Text(),
                              fmt::format("CREATE TYPE {} AS ENUM ({})", Quote(own.database, own.name), labels));
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
  if (const auto expression = Expression(value.text)) return " DEFAULT (" + *expression + ")";
  Note(fmt::format("default of column {}: {}", name, value.text));
  return "";
}

std::string ForeignTable::Column(const model::Column& column, const std::string& name) {
  std::string generated;
  if (column.generated != model::Generated::kNo) {
    constexpr uint32_t kGenerates = 120000;
    const auto expression = version_ >= kGenerates ? Expression(column.generated_as) : std::nullopt;
    if (!expression) {
      lost_.insert(column.name);
      Note(fmt::format("generated column {}: {}", name, column.generated_as));
      return "";
    }
    generated = " GENERATED ALWAYS AS (" + *expression + ") STORED";
  }
  std::string text = Quote(name) + " " + TypeText(column, name);
  if (!generated.empty()) {
    text += generated;
  } else if (column.auto_increment) {
    text += " GENERATED BY DEFAULT AS IDENTITY";
  } else {
    text += Default(column, name);
  }
  if (column.now_on_update) Note(fmt::format("of column {}: ON UPDATE CURRENT_TIMESTAMP", name));
  if (!column.nullable) text += " NOT NULL";
  return text;
}

bool ForeignTable::Names(const std::vector<uint32_t>& columns, std::string& list) const {
  for (const uint32_t index : columns) {
    const std::string name = NameOf(table_.columns[index]);
    if (name.empty()) return false;
    list += (list.empty() ? "" : ", ") + Quote(name);
  }
  return true;
}

void ForeignTable::AddSetCheck(const model::Column& column, const std::string& name, std::string& body) {
  const ForeignType type = ToPostgresqlType(table_, static_cast<size_t>(&column - table_.columns.data()));
  if (type.elements.empty()) return;
  std::string elements;
  for (const std::string& element : type.elements) elements += (elements.empty() ? "" : ", ") + Literal(element);
  body += fmt::format(",\n  CONSTRAINT {} CHECK (string_to_array({}, ',') <@ ARRAY[{}]::text[])",
                      Quote(Fitting(mapping_.destination.name + "_" + name + "_set")), Quote(name), elements);
}

std::string ForeignTable::Create() {
  std::string body;
  std::string checks;
  for (const model::Column& column : table_.columns) {
    const std::string name = NameOf(column);
    if (name.empty()) continue;
    const std::string text = Column(column, name);
    if (text.empty()) continue;
    body += (body.empty() ? "\n  " : ",\n  ") + text;
    AddSetCheck(column, name, checks);
  }
  for (const model::Key& key : table_.keys) {
    if (!key.primary) continue;
    std::vector<uint32_t> columns;
    for (const model::KeyPart& part : key.parts) columns.push_back(part.column);
    const bool whole = std::none_of(key.parts.begin(), key.parts.end(),
                                    [](const model::KeyPart& part) { return part.prefix_length != 0; });
    std::string list;
    if (whole && Names(columns, list)) {
      body += ",\n  PRIMARY KEY (" + list + ")";
    } else if (Names(columns, list)) {
      prefix_primary_ = true;
    } else {
      Note("the primary key: a column of it is left out");
    }
  }
  for (const model::TableCheck& check : table_.checks) {
    const auto expression = Expression(check.expression);
    if (!expression) {
      Note(fmt::format("check {}: {}", check.name, check.expression));
      continue;
    }
    const std::string name = check.name.empty() ? "" : "CONSTRAINT " + Quote(Fitting(check.name)) + " ";
    checks += fmt::format(",\n  {}CHECK ({})", name, *expression);
  }
  return fmt::format("CREATE TABLE {} ({}{}\n)", full_, body, checks);
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

std::vector<std::pair<std::string, std::string>> ForeignTable::Indexes() {
  std::vector<std::pair<std::string, std::string>> indexes;
  for (const model::Key& key : table_.keys) {
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
    std::string sql =
        fmt::format("CREATE {}INDEX {} ON {} ({})", key.unique ? "UNIQUE " : "", Quote(name), full_, parts);
    if (!key.comment.empty()) {
      sql += fmt::format(";\nCOMMENT ON INDEX {} IS {}", Quote(schema_, name), Literal(key.comment));
    }
    indexes.emplace_back(name, std::move(sql));
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

void ForeignTable::ForeignKeys(const std::string& title) {
  for (const model::ForeignKey& key : table_.foreign_keys) {
    if (!names_.Selected(key.referenced)) {
      Note(fmt::format("foreign key {}: table {} is not carried", key.name, key.referenced.Text()));
      continue;
    }
    std::string columns;
    if (!Names(key.columns, columns)) {
      Note(fmt::format("foreign key {}: a column of it is left out", key.name));
      continue;
    }
    std::string referenced;
    for (const std::string& column : key.referenced_columns) {
      referenced += (referenced.empty() ? "" : ", ") + Quote(names_.MapColumn(key.referenced, column));
    }
    const model::ObjectName there = names_.Map(key.referenced);
    const std::string name = Quote(Fitting(key.name));
    // First for what is written from now on, then checked for what is there, which holds no lock that stops others.
    Add(SchemaStage::kForeignKeys, fmt::format("foreign key {} of {}", key.name, title),
        fmt::format("ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}) ON DELETE {} ON UPDATE {} "
                    "NOT VALID",
                    full_, name, columns, Quote(there.database, there.name), referenced, Action(key.on_delete),
                    Action(key.on_update)));
    Add(SchemaStage::kForeignKeys, fmt::format("validation of foreign key {} of {}", key.name, title),
        fmt::format("ALTER TABLE {} VALIDATE CONSTRAINT {}", full_, name));
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
    if (!type.refusal.empty()) reasons.push_back(fmt::format("column {}: {}", column.source, type.refusal));
  }
  return reasons;
}

}  // namespace sluice::postgresql
