#include "connectors/postgresql/definition_parts.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "connectors/postgresql/default_read.h"
#include "connectors/postgresql/definition_read.h"

namespace sluice::postgresql {

bool Rows::IsNull(size_t row, int column) const {
  if (!result_) return !recorded_.at(row).at(static_cast<size_t>(column)).has_value();
  return PQgetisnull(result_.get(), static_cast<int>(row), column) != 0;
}

std::string Rows::Text(size_t row, int column) const {
  if (!result_) return recorded_.at(row).at(static_cast<size_t>(column)).value_or("");
  const int r = static_cast<int>(row);
  return {PQgetvalue(result_.get(), r, column), static_cast<size_t>(PQgetlength(result_.get(), r, column))};
}

char Rows::Letter(size_t row, int column) const {
  const std::string text = Text(row, column);
  return text.empty() ? ' ' : text[0];
}

bool Rows::Flag(size_t row, int column) const {
  return Letter(row, column) == 't';
}

int64_t Rows::Number(size_t row, int column) const {
  const std::string text = Text(row, column);
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

double Rows::Real(size_t row, int column) const {
  return std::strtod(Text(row, column).c_str(), nullptr);
}

std::vector<std::string> Rows::List(size_t row, int column) const {
  if (IsNull(row, column)) return {};
  return nlohmann::json::parse(Text(row, column)).get<std::vector<std::string>>();
}

std::map<std::string, std::string> Rows::Map(size_t row, int column) const {
  if (IsNull(row, column)) return {};
  return nlohmann::json::parse(Text(row, column)).get<std::map<std::string, std::string>>();
}

Definition RelationOf(const Rows& rows, size_t row) {
  Definition table;
  table.name = {rows.Text(row, 2), rows.Text(row, 3)};
  table.kind = rows.Letter(row, 4);
  table.persistence = rows.Letter(row, 5);
  table.options = rows.List(row, 8);
  for (const std::string& option : rows.List(row, 9)) table.options.push_back("toast." + option);
  table.of_type = rows.Text(row, 10);
  table.replica_identity = rows.Letter(row, 11);
  table.comment = rows.Text(row, 12);
  table.access_method = rows.Text(row, 13);
  table.partition_key = rows.Text(row, 14);
  table.partition_bound = rows.Text(row, 15);
  table.has_children = rows.Flag(row, 16);
  table.id = rows.Id(row, 0);
  return table;
}

ColumnDefinition ColumnOf(const Rows& rows, size_t row) {
  ColumnDefinition column;
  column.name = rows.Text(row, 1);
  column.type = rows.Text(row, 2);
  column.not_null = rows.Flag(row, 5);
  column.default_value = rows.Text(row, 6);
  column.collation = rows.Text(row, 7);
  column.storage = rows.Letter(row, 8);
  if (!rows.IsNull(row, 9)) column.statistics = static_cast<int>(rows.Number(row, 9));
  column.options = rows.List(row, 10);
  column.local = rows.Flag(row, 11);
  column.comment = rows.Text(row, 12);
  column.identity = rows.Letter(row, 13);
  column.generated = rows.Letter(row, 14);
  const char compression = rows.Letter(row, 15);
  column.compression = compression == 'p' ? "pglz" : compression == 'l' ? "lz4" : "";
  column.number = static_cast<int>(rows.Number(row, 17));
  return column;
}

ForeignKeyDefinition ForeignKeyOf(const Rows& rows, size_t row) {
  ForeignKeyDefinition key;
  key.name = rows.Text(row, 2);
  key.definition = rows.Text(row, 3);
  key.valid = rows.Flag(row, 5);
  key.enforced = rows.Flag(row, 6);
  key.comment = rows.Text(row, 7);
  key.referenced = {rows.Text(row, 8), rows.Text(row, 9)};
  key.on_delete = rows.Letter(row, 10);
  key.on_update = rows.Letter(row, 11);
  key.columns = rows.List(row, 12);
  key.referenced_columns = rows.List(row, 13);
  key.to_partitioned = rows.Flag(row, 14);
  return key;
}

IndexDefinition IndexOf(const Rows& rows, size_t row) {
  IndexDefinition index;
  index.name = {rows.Text(row, 1), rows.Text(row, 2)};
  index.definition = rows.Text(row, 3);
  index.method = rows.Text(row, 4);
  index.unique = rows.Flag(row, 5);
  index.primary = rows.Flag(row, 6);
  index.partial = rows.Flag(row, 7);
  index.expressions = rows.Flag(row, 8);
  index.immediate = rows.Flag(row, 9);
  index.nulls_not_distinct = rows.Flag(row, 10);
  index.valid = rows.Flag(row, 11);
  index.clustered = rows.Flag(row, 12);
  index.replica_identity = rows.Flag(row, 13);
  index.columns = rows.List(row, 14);
  index.constraint = rows.Text(row, 15);
  index.constraint_kind = rows.Letter(row, 16);
  index.constraint_definition = rows.Text(row, 17);
  index.constraint_comment = rows.Text(row, 18);
  index.comment = rows.Text(row, 19);
  if (!rows.IsNull(row, 20)) {
    index.statistics = nlohmann::json::parse(rows.Text(row, 20)).get<std::vector<std::pair<int, int>>>();
  }
  index.parent = {rows.Text(row, 21), rows.Text(row, 22)};
  if (!rows.IsNull(row, 23)) index.descending = nlohmann::json::parse(rows.Text(row, 23)).get<std::vector<bool>>();
  return index;
}

SequenceDefinition SequenceOf(const Rows& rows, size_t row, int first) {
  SequenceDefinition sequence;
  sequence.type = rows.Text(row, first);
  sequence.start = rows.Text(row, first + 1);
  sequence.increment = rows.Text(row, first + 2);
  sequence.minimum = rows.Text(row, first + 3);
  sequence.maximum = rows.Text(row, first + 4);
  sequence.cache = rows.Text(row, first + 5);
  sequence.cycle = rows.Flag(row, first + 6);
  return sequence;
}

void ReadSequenceItself(Connection& connection, SequenceDefinition& sequence) {
  const Rows rows(connection.Run(
      fmt::format("SELECT '', start_value, increment_by, min_value, max_value, cache_value, is_cycled FROM {}",
                  Quote(sequence.name.database, sequence.name.name)),
      {}, "sequence " + sequence.name.Text()));
  if (rows.size() == 0) return;
  SequenceDefinition read = SequenceOf(rows, 0, 0);
  read.name = sequence.name;
  read.column = sequence.column;
  read.unlogged = sequence.unlogged;
  read.comment = sequence.comment;
  sequence = std::move(read);
}

std::string SequenceOptions(const SequenceDefinition& sequence) {
  return fmt::format("START WITH {} INCREMENT BY {} MINVALUE {} MAXVALUE {} CACHE {}{}", sequence.start,
                     sequence.increment, sequence.minimum, sequence.maximum, sequence.cache,
                     sequence.cycle ? " CYCLE" : " NO CYCLE");
}

std::string SequenceStatement(const SequenceDefinition& sequence, const model::ObjectName& name) {
  const std::string full = Quote(name.database, name.name);
  std::string sql = fmt::format("CREATE {}SEQUENCE {}", sequence.unlogged ? "UNLOGGED " : "", full);
  if (!sequence.type.empty() && sequence.type != "bigint") sql += " AS " + sequence.type;
  sql += " " + SequenceOptions(sequence);
  if (!sequence.comment.empty()) sql += fmt::format(";\nCOMMENT ON SEQUENCE {} IS {}", full, Literal(sequence.comment));
  return sql;
}

bool ComparesByBytes(const model::ColumnType& type, const std::string& base_name) {
  using model::TypeKind;
  switch (type.kind) {
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kText:
      return base_name != "citext";
    case TypeKind::kUuid:
    case TypeKind::kInet:  // the mask is part of the value, and the text is normal
    case TypeKind::kEnum:
      return true;
    default:
      return false;
  }
}

namespace {

model::ReferentialAction ActionOf(char letter) {
  switch (letter) {
    case 'r':
      return model::ReferentialAction::kRestrict;
    case 'c':
      return model::ReferentialAction::kCascade;
    case 'n':
      return model::ReferentialAction::kSetNull;
    case 'd':
      return model::ReferentialAction::kSetDefault;
    default:
      return model::ReferentialAction::kNoAction;
  }
}

model::Column ColumnFrom(const ColumnDefinition& definition, const model::ColumnType& type) {
  model::Column column;
  column.name = definition.name;
  column.type = type;
  column.type.collation = definition.collation;
  column.nullable = !definition.not_null || definition.not_null_not_valid;
  if (definition.generated == 's') column.generated = model::Generated::kStored;
  if (definition.generated == 'v') column.generated = model::Generated::kVirtual;
  column.auto_increment = definition.identity != ' ';
  if (column.generated != model::Generated::kNo) {
    column.generated_as = definition.default_value;
  } else {
    column.default_value = ReadDefault(definition.default_value, type);
  }
  column.comment = definition.comment;
  return column;
}

model::Key KeyFrom(const IndexDefinition& index, const model::Table& table) {
  model::Key key;
  key.name = index.name.name;
  key.primary = index.primary;
  key.unique = index.unique || index.constraint_kind == 'x';
  key.partial = index.partial;
  key.deferrable = !index.immediate;
  if (index.method != "btree" && index.method != "hash") key.method = index.method;
  key.comment = index.constraint_comment.empty() ? index.comment : index.constraint_comment;
  // What excludes by other operators than equality, or null by null, cannot be told from the columns' values.
  key.has_expression = index.expressions || index.constraint_kind == 'x';
  for (size_t part = 0; part < index.columns.size(); ++part) {
    const std::string& name = index.columns[part];
    const bool descending = part < index.descending.size() && index.descending[part];
    for (uint32_t i = 0; i < table.columns.size(); ++i) {
      if (table.columns[i].name != name) continue;
      key.parts.push_back({.column = i, .prefix_length = 0, .descending = descending});
      if (index.nulls_not_distinct && table.columns[i].nullable) key.has_expression = true;
    }
  }
  return key;
}

// What has no place in the description of a table.
std::vector<std::string> Unsaid(const Definition& definition) {
  std::vector<std::string> unsaid;
  for (const model::ObjectName& parent : definition.parents) {
    unsaid.push_back(fmt::format("that it inherits from {}: it is a table of its own", parent.Text()));
  }
  if (definition.persistence == 'u') unsaid.emplace_back("that it is not logged");
  for (const IndexDefinition& index : definition.indexes) {
    if (FindOutsideQuotes(index.definition, ") INCLUDE (") == std::string::npos) continue;
    unsaid.push_back(fmt::format("of index {}: the columns that it holds beside its key (INCLUDE)", index.name.name));
  }
  for (const ForeignKeyDefinition& key : definition.foreign_keys) {
    if (!key.enforced) unsaid.push_back(fmt::format("foreign key {}: it is not enforced", key.name));
  }
  for (const StatisticsDefinition& statistics : definition.statistics) {
    unsaid.push_back(fmt::format("statistics {}", statistics.name.name));
  }
  return unsaid;
}

}  // namespace

model::TablePtr MakeTable(const TableRead& read) {
  auto table = std::make_shared<model::Table>();
  const Definition& definition = read.definition;
  table->name = definition.name;
  for (size_t i = 0; i < definition.columns.size(); ++i) {
    table->columns.push_back(ColumnFrom(definition.columns[i], read.types[i]));
  }
  for (const SequenceDefinition& sequence : definition.sequences) {
    for (size_t i = 0; i < definition.columns.size(); ++i) {
      const ColumnDefinition& column = definition.columns[i];
      if (column.name != sequence.column) continue;
      if (column.default_value.find("nextval(") == std::string::npos) continue;
      table->columns[i].auto_increment = true;
      table->columns[i].default_value = {};
    }
  }
  for (const IndexDefinition& index : definition.indexes) {
    if (!index.valid && definition.kind != 'p') continue;
    model::Key key = KeyFrom(index, *table);
    // Partitions may lack their part of it, and have values twice.
    if (!index.valid) key.primary = key.unique = false;
    table->keys.push_back(std::move(key));
  }
  for (const ForeignKeyDefinition& key : definition.foreign_keys) {
    if (!key.enforced) continue;  // rows may break it
    model::ForeignKey& made = table->foreign_keys.emplace_back();
    made.name = key.name;
    for (const std::string& column : key.columns) {
      if (const auto index = table->FindColumn(column)) made.columns.push_back(*index);
    }
    made.referenced = key.referenced;
    made.referenced_columns = key.referenced_columns;
    made.on_delete = ActionOf(key.on_delete);
    made.on_update = ActionOf(key.on_update);
  }
  for (const ConstraintDefinition& check : definition.checks) {
    table->checks.push_back({check.name, CheckExpression(check.definition)});
  }
  table->comment = definition.comment;
  table->partitioned = !definition.partition_key.empty();
  table->unsaid = Unsaid(definition);
  table->create_statement = ToJson(definition);
  table->rows_estimated = read.rows_estimated;
  table->bytes_estimated = read.bytes_estimated;
  return table;
}

}  // namespace sluice::postgresql
