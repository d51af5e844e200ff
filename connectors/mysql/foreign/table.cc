#include "connectors/mysql/foreign/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "connectors/mysql/codes.h"
#include "connectors/mysql/connection.h"
#include "connectors/mysql/foreign/expression.h"
#include "connectors/mysql/foreign/types.h"
#include "sql/token.h"

namespace sluice::mysql {
namespace {

using connector::SchemaStage;
using connector::SchemaStatement;
using model::TypeKind;

// Tables below this size (rows and indexes) get all their indexes at once.
constexpr uint64_t kIndexesLaterFromBytes = 256 * 1024;
constexpr size_t kColumnsMost = 1017;
constexpr uint32_t kExpressionDefaults = 80013;
constexpr uint32_t kExpressionDefaultsMariaDb = 100201;
constexpr size_t kColumnComment = 1024;
constexpr size_t kTableComment = 2048;
constexpr uint64_t kPartBytes = 1020;  // of a value in an index that needs no whole values

const char* Action(model::ReferentialAction action) {
  switch (action) {
    case model::ReferentialAction::kCascade:
      return "CASCADE";
    case model::ReferentialAction::kSetNull:
      return "SET NULL";
    default:
      return "NO ACTION";
  }
}

size_t Characters(std::string_view utf8) {
  return static_cast<size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// One table on its way to statements.
class ForeignTable {
 public:
  ForeignTable(const model::Table& table, const model::TableMapping& mapping, const model::NameMap& names,
               const Capabilities& server, const FreeName& free_name)
      : table_(table),
        mapping_(mapping),
        names_(names),
        server_(server),
        free_name_(free_name),
        full_(Quote(mapping.destination.database, mapping.destination.name)),
        types_(ToMysqlTypes(table, server)) {}

  std::vector<SchemaStatement> Run();

 private:
  struct Index {
    std::string name;
    std::string text;    // "UNIQUE KEY `a` (`b`)"
    bool early = false;  // rows are found by it, or the counter needs it
  };

  void Note(std::string text) { notes_.push_back("not kept: " + std::move(text)); }
  size_t IndexOf(const model::Column& column) const { return static_cast<size_t>(&column - table_.columns.data()); }
  std::string NameOf(const model::Column& column) const;
  std::optional<std::string> Expression(const std::string& text) const;
  void ChooseCounter();
  std::string Column(const model::Column& column, const std::string& name);
  std::string Default(const model::Column& column, const std::string& name, const ForeignType& type);
  std::string ExpressionDefault(const model::Column& column, const std::string& name);
  std::string Literals(const model::Column& column, const std::string& name, const ForeignType& type);
  std::string PrimaryKey();
  std::vector<Index> Indexes();
  std::string IndexName(const std::string& name) const;
  std::optional<std::string> Parts(const model::Key& key, bool whole);
  std::string Checks();
  bool CanBeChecked(const std::string& expression, std::string* why) const;
  void ForeignKeys(const std::string& title);
  std::string Named(char kind, const std::string& name) const;
  bool Names(const std::vector<uint32_t>& columns, std::string& list) const;
  SchemaStatement& Add(SchemaStage stage, std::string label, std::string sql);
  bool HasExpressionDefaults() const {
    return server_.version >= (server_.mariadb ? kExpressionDefaultsMariaDb : kExpressionDefaults);
  }

  const model::Table& table_;
  const model::TableMapping& mapping_;
  const model::NameMap& names_;
  const Capabilities& server_;
  const FreeName& free_name_;
  const std::string full_;
  const std::vector<ForeignType> types_;
  std::optional<uint32_t> counter_;
  std::set<std::string> lost_;  // generated columns that cannot be here
  std::vector<std::string> notes_;
  std::vector<SchemaStatement> statements_;
};

SchemaStatement& ForeignTable::Add(SchemaStage stage, std::string label, std::string sql) {
  return statements_.emplace_back(SchemaStatement{.stage = stage,
                                                  .source = mapping_.source,
                                                  .object = mapping_.destination,
                                                  .label = std::move(label),
                                                  .sql = std::move(sql)});
}

std::vector<SchemaStatement> ForeignTable::Run() {
  ChooseCounter();
  const std::string title = "table " + mapping_.destination.Text();
  const size_t place = statements_.size();
  Add(SchemaStage::kBeforeLoad, title, "");
  // Columns first: they tell what is left out.
  std::string columns;
  for (const model::Column& column : table_.columns) {
    const std::string name = NameOf(column);
    if (name.empty()) continue;
    const std::string text = Column(column, name);
    if (!text.empty()) columns += (columns.empty() ? "\n  " : ",\n  ") + text;
  }
  std::string body = columns + PrimaryKey();
  const bool all = table_.bytes_estimated < kIndexesLaterFromBytes;
  std::string later;
  for (const Index& index : Indexes()) {
    if (all || index.early) {
      body += ",\n  " + index.text;
    } else {
      later += (later.empty() ? " ADD " : ", ADD ") + index.text;
    }
  }
  body += Checks();
  bool exact = true;
  std::string sql = fmt::format("CREATE TABLE {} ({}\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={}", full_, body,
                                ForeignCollation(server_, &exact));
  if (!exact) Note("spaces at the ends of texts make no difference here when texts are compared");
  if (table_.comment.size() > kTableComment) {
    Note("the comment: it is longer than 2048 characters");
  } else if (!table_.comment.empty()) {
    sql += " COMMENT=" + Literal(table_.comment);
  }
  if (table_.partitioned) Note("partitions: it is one table here");
  for (const std::string& unsaid : table_.unsaid) Note(unsaid);
  if (!later.empty()) Add(SchemaStage::kIndexes, "indexes of " + title, "ALTER TABLE " + full_ + later);
  ForeignKeys(title);
  statements_[place].sql = std::move(sql);
  statements_[place].notes = std::move(notes_);
  return std::move(statements_);
}

std::string ForeignTable::NameOf(const model::Column& column) const {
  if (mapping_.excluded.contains(column.name) || lost_.contains(column.name)) return "";
  if (column.generated != model::Generated::kNo) return names_.MapColumn(table_.name, column.name);
  return mapping_.DestinationOf(column.name);
}

std::optional<std::string> ForeignTable::Expression(const std::string& text) const {
  return TranslateExpression(text, table_, [this](const model::Column& column) { return NameOf(column); });
}

// A table has one counter, and it leads an index (Reference Manual, "Using AUTO_INCREMENT").
void ForeignTable::ChooseCounter() {
  for (uint32_t i = 0; i < table_.columns.size(); ++i) {
    const model::Column& column = table_.columns[i];
    if (!column.auto_increment || NameOf(column).empty()) continue;
    const bool leads = std::any_of(table_.keys.begin(), table_.keys.end(), [&](const model::Key& key) {
      return !key.parts.empty() && key.parts[0].column == i && !key.partial && !key.has_expression &&
             key.method.empty();
    });
    if (leads && !counter_ && column.type.kind == TypeKind::kInteger) {
      counter_ = i;
    } else {
      Note(fmt::format("of column {}: that a sequence feeds it{}", column.name,
                       leads ? "; a table has one counter here" : "; a counter has to lead an index here"));
    }
  }
}

std::string ForeignTable::Column(const model::Column& column, const std::string& name) {
  const size_t index = IndexOf(column);
  const ForeignType& type = types_[index];
  if (!type.note.empty()) Note(fmt::format("of column {}: {}", name, type.note));
  std::string text = Quote(name) + " " + type.text;
  if (column.generated != model::Generated::kNo) {
    const auto expression = Expression(column.generated_as);
    if (!expression) {
      lost_.insert(column.name);
      Note(fmt::format("generated column {}: {}", name, column.generated_as));
      return "";
    }
    text += " GENERATED ALWAYS AS (" + *expression + ") " +
            (column.generated == model::Generated::kStored ? "STORED" : "VIRTUAL");
  } else if (counter_ == index) {
    text += " NOT NULL AUTO_INCREMENT";
  } else {
    text += (column.nullable ? "" : " NOT NULL") + Default(column, name, type);
  }
  if (column.comment.size() > kColumnComment) {
    Note(fmt::format("the comment of column {}: it is longer than 1024 characters", name));
  } else if (!column.comment.empty()) {
    text += " COMMENT " + Literal(column.comment);
  }
  return text;
}

std::string ForeignTable::Literals(const model::Column& column, const std::string& name, const ForeignType& type) {
  const std::string& value = column.default_value.text;
  std::string literal = Literal(value);
  bool fits = true;
  switch (column.type.kind) {
    case TypeKind::kBit:
      literal = "b'" + value + "'";
      break;
    case TypeKind::kBlob:
      fits = value.starts_with("\\x");
      if (fits) literal = "x'" + value.substr(2) + "'";
      break;
    case TypeKind::kDate:
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp:
      if (value == "-infinity") literal = "'0000-00-00'";
      fits = value != "infinity" && value.find("BC") == std::string::npos && value.find('-') == 4;
      fits = fits || value == "-infinity";
      break;
    case TypeKind::kChar:
    case TypeKind::kVarchar:
      // PostgreSQL takes it, and refuses the row that would get it.
      fits = column.type.length == 0 || Characters(value) <= column.type.length;
      break;
    case TypeKind::kDecimal:
    case TypeKind::kFloat32:
    case TypeKind::kFloat64:
      fits = value.find_first_of("NnIi") == std::string::npos;
      break;
    default:
      break;
  }
  if (fits && type.literal_default) return " DEFAULT " + literal;
  if (fits && HasExpressionDefaults()) return " DEFAULT (" + literal + ")";
  Note(fmt::format("default of column {}: {}", name, value));
  return "";
}

std::string ForeignTable::ExpressionDefault(const model::Column& column, const std::string& name) {
  std::string expression = column.default_value.text;
  std::erase_if(expression, [](char c) { return c == ' '; });
  const bool is_uuid = expression == "gen_random_uuid()" || expression.ends_with("uuid_generate_v4()");
  std::optional<std::string> text;
  if (is_uuid && (column.type.kind == TypeKind::kUuid || column.type.IsText())) {
    text = "uuid()";
  } else if (expression == "CURRENT_DATE" && column.type.kind == TypeKind::kDate) {
    text = "curdate()";
  } else if (column.type.kind == TypeKind::kDateTime &&
             (expression == "timezone('utc'::text,now())" || expression == "timezone('UTC'::text,now())" ||
              expression == "(now()ATTIMEZONE'utc'::text)" || expression == "(now()ATTIMEZONE'UTC'::text)")) {
    text = fmt::format("utc_timestamp({})", column.type.fraction);
  } else {
    text = Expression(column.default_value.text);
  }
  if (text && HasExpressionDefaults()) return " DEFAULT (" + *text + ")";
  Note(fmt::format("default of column {}: {}", name, column.default_value.text));
  return "";
}

std::string ForeignTable::Default(const model::Column& column, const std::string& name, const ForeignType& type) {
  using Kind = model::ColumnDefault::Kind;
  switch (column.default_value.kind) {
    case Kind::kNone:
      return "";
    case Kind::kLiteral:
      return Literals(column, name, type);
    case Kind::kNow:
      if (column.type.kind != TypeKind::kTimestamp)
        return fmt::format(" DEFAULT CURRENT_TIMESTAMP({})", column.type.fraction);
      if (HasExpressionDefaults()) return fmt::format(" DEFAULT (utc_timestamp({}))", column.type.fraction);
      Note(fmt::format("default of column {}: the moment in UTC", name));
      return "";
    case Kind::kExpression:
      return ExpressionDefault(column, name);
  }
  return "";
}

bool ForeignTable::Names(const std::vector<uint32_t>& columns, std::string& list) const {
  for (const uint32_t index : columns) {
    const std::string name = NameOf(table_.columns[index]);
    if (name.empty()) return false;
    list += (list.empty() ? "" : ", ") + Quote(name);
  }
  return true;
}

std::string ForeignTable::PrimaryKey() {
  for (const model::Key& key : table_.keys) {
    if (!key.primary) continue;
    const auto parts = Parts(key, true);
    if (parts) return ",\n  PRIMARY KEY (" + *parts + ")";
    Note("the primary key: a column of it is left out");
  }
  return "";
}

// `whole`: values are told apart by it. Nothing: a column is left out.
std::optional<std::string> ForeignTable::Parts(const model::Key& key, bool whole) {
  std::string parts;
  const uint64_t share = std::min(kPartBytes, kIndexBytes / std::max<size_t>(key.parts.size(), 1));
  for (const model::KeyPart& part : key.parts) {
    const model::Column& column = table_.columns[part.column];
    const std::string name = NameOf(column);
    if (name.empty()) return std::nullopt;
    const ForeignType& type = types_[part.column];
    parts += (parts.empty() ? "" : ", ") + Quote(name);
    if (!whole && (type.key_bytes == 0 || type.key_bytes > share)) {
      parts += fmt::format("({})", share / type.character_bytes);
    }
    if (part.descending) parts += " DESC";
  }
  return parts;
}

// PRIMARY is the name of the primary key alone.
std::string ForeignTable::IndexName(const std::string& name) const {
  if (sql::ToLower(name) != "primary") return name;
  std::string own = "primary_";
  const auto taken = [&](const model::Key& key) { return sql::ToLower(key.name) == own; };
  while (std::any_of(table_.keys.begin(), table_.keys.end(), taken)) own += '_';
  return own;
}

std::vector<ForeignTable::Index> ForeignTable::Indexes() {
  std::vector<Index> indexes;
  const model::Key* identity = table_.IdentityKey();
  bool counter_led = false;
  for (const model::Key& key : table_.keys) {
    const bool leads = counter_ && !key.parts.empty() && key.parts[0].column == *counter_;
    if (key.primary) counter_led = counter_led || leads;
  }
  for (const model::Key& key : table_.keys) {
    if (key.primary) continue;
    std::string why;
    if (!key.method.empty()) why = "there is no " + key.method + " index here";
    if (key.has_expression)
      why = key.unique && !key.method.empty() ? "it is no comparison for equality"
                                              : "it is over an expression, or holds NULL to be equal to NULL";
    if (key.partial) why = "it is of some rows only";
    if (key.parts.size() > kIndexParts) why = "it has more than 16 columns";
    const bool has_document = std::any_of(key.parts.begin(), key.parts.end(), [&](const model::KeyPart& part) {
      return table_.columns[part.column].type.kind == TypeKind::kJson;
    });
    if (has_document) why = "an index cannot hold a JSON document";
    const bool unique = key.unique && !key.deferrable;
    const auto parts = why.empty() ? Parts(key, unique) : std::nullopt;
    if (!parts || parts->empty()) {
      Note(fmt::format("index {}: {}", key.name, why.empty() ? "a column of it is left out" : why));
      continue;
    }
    if (key.unique && key.deferrable) {
      Note(fmt::format("of index {}: that it is unique, since that may be checked at a transaction's end there",
                       key.name));
    }
    Index index;
    index.name = IndexName(key.name);
    index.text = fmt::format("{}KEY {} ({})", unique ? "UNIQUE " : "", Quote(index.name), *parts);
    if (key.comment.size() > kColumnComment) {
      Note(fmt::format("the comment of index {}: it is longer than 1024 characters", key.name));
    } else if (!key.comment.empty()) {
      index.text += " COMMENT " + Literal(key.comment);
    }
    const bool leads = counter_ && key.parts[0].column == *counter_;
    index.early = &key == identity || (leads && !counter_led);
    counter_led = counter_led || leads;
    indexes.push_back(std::move(index));
  }
  return indexes;
}

// What the server does not take in a check (Reference Manual, "CHECK Constraints").
bool ForeignTable::CanBeChecked(const std::string& expression, std::string* why) const {
  const auto uses = [&](uint32_t column) {
    return expression.find(Quote(NameOf(table_.columns[column]))) != std::string::npos;
  };
  if (counter_ && uses(*counter_)) {
    *why = "a check of a counter cannot be here";
    return false;
  }
  for (const model::ForeignKey& key : table_.foreign_keys) {
    const bool changes = key.on_update == model::ReferentialAction::kCascade ||
                         key.on_update == model::ReferentialAction::kSetNull ||
                         key.on_delete == model::ReferentialAction::kSetNull;
    if (changes && std::any_of(key.columns.begin(), key.columns.end(), uses)) {
      *why = "a check of a column that a foreign key changes cannot be here";
      return false;
    }
  }
  return true;
}

std::string ForeignTable::Named(char kind, const std::string& name) const {
  if (name.empty()) return "";
  const std::string free = free_name_(kind, mapping_.destination.database, name);
  return free.empty() ? "" : "CONSTRAINT " + Quote(free) + " ";
}

std::string ForeignTable::Checks() {
  std::string checks;
  for (const model::TableCheck& check : table_.checks) {
    const auto expression = Expression(check.expression);
    std::string why = check.expression;
    if (!expression || !CanBeChecked(*expression, &why)) {
      Note(fmt::format("check {}: {}", check.name, why));
      continue;
    }
    checks += fmt::format(",\n  {}CHECK ({})", Named('c', check.name), *expression);
  }
  return checks;
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
    if (key.on_delete == model::ReferentialAction::kSetDefault ||
        key.on_update == model::ReferentialAction::kSetDefault) {
      Note(fmt::format("of foreign key {}: SET DEFAULT", key.name));
    }
    std::string referenced;
    for (const std::string& column : key.referenced_columns) {
      referenced += (referenced.empty() ? "" : ", ") + Quote(names_.MapColumn(key.referenced, column));
    }
    const model::ObjectName there = names_.Map(key.referenced);
    Add(SchemaStage::kForeignKeys, fmt::format("foreign key {} of {}", key.name, title),
        fmt::format("ALTER TABLE {} ADD {}FOREIGN KEY ({}) REFERENCES {} ({}) ON DELETE {} ON UPDATE {}", full_,
                    Named('f', key.name), columns, Quote(there.database, there.name), referenced, Action(key.on_delete),
                    Action(key.on_update)));
  }
}

}  // namespace

std::vector<SchemaStatement> TranslateForeignTable(const model::Table& table, const model::TableMapping& mapping,
                                                   const model::NameMap& names, const Capabilities& server,
                                                   const FreeName& free_name) {
  return ForeignTable(table, mapping, names, server, free_name).Run();
}

std::vector<SchemaStatement> TranslateForeignChanges(const model::DdlChange& ddl, const model::NameMap& names) {
  if (ddl.kind != model::DdlKind::kTruncateTable) {
    throw Error(kUnsupported)
        .Object(ddl.objects.empty() ? "" : "table " + ddl.objects.front().Text())
        .Cause("A statement of another engine that changes tables is not carried: " + ddl.statement.substr(0, 400))
        .Remedy("Make the same change at the destination by hand, then begin anew with `sluice run --restart`.");
  }
  std::vector<SchemaStatement> statements;
  for (const model::ObjectName& source : ddl.objects) {
    if (!names.Selected(source)) continue;
    SchemaStatement& statement = statements.emplace_back();
    statement.kind = model::ObjectKind::kTable;
    statement.source = source;
    statement.object = names.Map(source);
    statement.label = "table " + statement.object.Text();
    statement.sql = "TRUNCATE TABLE " + Quote(statement.object.database, statement.object.name);
  }
  return statements;
}

std::vector<std::string> WhyNotHere(const model::Table& table, const model::TableMapping& mapping,
                                    const Capabilities& server) {
  std::vector<std::string> reasons;
  const std::vector<ForeignType> types = ToMysqlTypes(table, server);
  for (const model::ColumnMapping& column : mapping.columns) {
    const auto index = table.FindColumn(column.source);
    Check(index.has_value(), "a mapped column exists");
    if (!types[*index].refusal.empty())
      reasons.push_back(fmt::format("column {}: {}", column.source, types[*index].refusal));
  }
  if (mapping.columns.size() > kColumnsMost) {
    reasons.push_back(
        fmt::format("it has {} columns, and a table here at most {}", mapping.columns.size(), kColumnsMost));
  }
  return reasons;
}

}  // namespace sluice::mysql
