#include "connectors/postgresql/definition_read.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "connectors/postgresql/definition_parts.h"
#include "connectors/postgresql/types.h"

namespace sluice::postgresql {

namespace {

using nlohmann::json;
using Oid = uint32_t;

// One table or partition while it is put together.
struct Part {
  Definition definition;
  std::vector<Oid> type_ids;
  std::vector<int32_t> modifiers;
  std::vector<bool> by_bytes;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  Oid parent = 0;  // partitioned table that it is a partition of, within this reading
};

struct TypeRow {
  std::string schema;
  std::string name;
  char kind = 'b';
  char category = 'U';
  Oid base = 0;
  int32_t modifier = -1;
};

class Reader {
 public:
  Reader(DefinitionAnswers& answers, const std::vector<model::ObjectName>& names, const KnownNames& known)
      : answers_(answers), known_(known) {
    for (const model::ObjectName& name : names) {
      schemas_.push_back(name.database);
      tables_.push_back(name.name);
    }
  }

  std::vector<TableRead> Run();

 private:
  Rows Ask(DefinitionQuestion question);

  void ReadRelations();
  void ReadColumns();
  void ReadNotNulls();
  void ReadConstraints();
  void ReadIndexes();
  void ReadSequences();
  void ReadStatistics();
  void ReadParents();
  void ReadTypes();
  model::ColumnType TypeOf(const Part& part, size_t column) const;
  TableRead Assemble(Oid id);
  Definition Tree(Oid id, TableRead& sum);
  void Refer(const Definition& definition, References& found) const;

  DefinitionAnswers& answers_;
  const KnownNames& known_;
  std::vector<std::string> schemas_, tables_;
  std::map<Oid, Part> parts_;
  std::map<Oid, std::vector<Oid>> partitions_;
  std::vector<Oid> roots_;
  std::string ids_;  // all of them, as an array
  std::unordered_map<Oid, TypeRow> types_;
  std::unordered_map<Oid, std::vector<std::string>> labels_;
};

Rows Reader::Ask(DefinitionQuestion question) {
  const OptionalText parameters[] = {ids_};
  return answers_.Answer(question, parameters);
}

void Reader::ReadRelations() {
  const OptionalText parameters[] = {ArrayText(schemas_), ArrayText(tables_)};
  const Rows rows = answers_.Answer(DefinitionQuestion::kRelations, parameters);
  std::vector<std::string> ids;
  for (size_t r = 0; r < rows.size(); ++r) {
    const Oid id = rows.Id(r, 0);
    const Oid parent = rows.Id(r, 1);
    Part& part = parts_[id];
    if (parent != 0) {
      part.parent = parent;
      partitions_[parent].push_back(id);
    } else {
      roots_.push_back(id);
    }
    ids.push_back(rows.Text(r, 0));
    part.definition = RelationOf(rows, r);
    part.rows = static_cast<uint64_t>(rows.Real(r, 6));
    part.bytes = static_cast<uint64_t>(rows.Real(r, 7));
  }
  ids_ = ArrayText(ids);
}

void Reader::ReadColumns() {
  const Rows rows = Ask(DefinitionQuestion::kColumns);
  for (size_t r = 0; r < rows.size(); ++r) {
    Part& part = parts_[rows.Id(r, 0)];
    part.definition.columns.push_back(ColumnOf(rows, r));
    part.type_ids.push_back(rows.Id(r, 3));
    part.modifiers.push_back(static_cast<int32_t>(rows.Number(r, 4)));
    part.by_bytes.push_back(rows.Flag(r, 16));
  }
}

// The name that the server gives when none is said: makeObjectName() with nothing to shorten.
bool IsUsualName(const std::string& name, const std::string& table, const std::string& column) {
  return name == table + "_" + column + "_not_null";
}

void Reader::ReadNotNulls() {
  const Rows rows = Ask(DefinitionQuestion::kNotNulls);
  for (size_t r = 0; r < rows.size(); ++r) {
    Definition& table = parts_[rows.Id(r, 0)].definition;
    for (ColumnDefinition& column : table.columns) {
      if (column.name != rows.Text(r, 1)) continue;
      if (!IsUsualName(rows.Text(r, 2), table.name.name, column.name)) column.not_null_name = rows.Text(r, 2);
      column.not_null_no_inherit = rows.Flag(r, 3);
      column.not_null_not_valid = rows.Flag(r, 4);
      column.not_null_local = rows.Flag(r, 5);
    }
  }
}

void Reader::ReadConstraints() {
  const Rows rows = Ask(DefinitionQuestion::kConstraints);
  for (size_t r = 0; r < rows.size(); ++r) {
    if (rows.Text(r, 3).empty()) continue;  // dropped meanwhile
    Definition& table = parts_[rows.Id(r, 0)].definition;
    if (rows.Letter(r, 1) == 'c') {
      table.checks.push_back({rows.Text(r, 2), rows.Text(r, 3), rows.Flag(r, 4), rows.Text(r, 7)});
    } else {
      table.foreign_keys.push_back(ForeignKeyOf(rows, r));
    }
  }
}

void Reader::ReadIndexes() {
  const Rows rows = Ask(DefinitionQuestion::kIndexes);
  for (size_t r = 0; r < rows.size(); ++r) {
    if (rows.Text(r, 3).empty()) continue;  // dropped meanwhile
    parts_[rows.Id(r, 0)].definition.indexes.push_back(IndexOf(rows, r));
  }
}

void Reader::ReadSequences() {
  const Rows rows = Ask(DefinitionQuestion::kSequences);
  for (size_t r = 0; r < rows.size(); ++r) {
    SequenceDefinition sequence = SequenceOf(rows, r, 6);
    sequence.name = {rows.Text(r, 1), rows.Text(r, 2)};
    sequence.column = rows.Text(r, 3);
    sequence.unlogged = rows.Letter(r, 4) == 'u';
    sequence.comment = rows.Text(r, 5);
    answers_.Complete(sequence);
    parts_[rows.Id(r, 0)].definition.sequences.push_back(std::move(sequence));
  }
}

void Reader::ReadStatistics() {
  const Rows rows = Ask(DefinitionQuestion::kStatistics);
  for (size_t r = 0; r < rows.size(); ++r) {
    StatisticsDefinition statistics;
    statistics.name = {rows.Text(r, 1), rows.Text(r, 2)};
    statistics.definition = rows.Text(r, 3);
    if (!rows.IsNull(r, 4)) statistics.target = static_cast<int>(rows.Number(r, 4));
    statistics.comment = rows.Text(r, 5);
    parts_[rows.Id(r, 0)].definition.statistics.push_back(std::move(statistics));
  }
}

void Reader::ReadParents() {
  const Rows rows = Ask(DefinitionQuestion::kParents);
  for (size_t r = 0; r < rows.size(); ++r) {
    parts_[rows.Id(r, 0)].definition.parents.push_back({rows.Text(r, 1), rows.Text(r, 2)});
  }
}

void Reader::ReadTypes() {
  std::set<Oid> wanted;
  for (const auto& [id, part] : parts_) wanted.insert(part.type_ids.begin(), part.type_ids.end());
  std::vector<std::string> ids;
  for (const Oid id : wanted) ids.push_back(std::to_string(id));
  const OptionalText parameters[] = {ArrayText(ids)};
  const Rows rows = answers_.Answer(DefinitionQuestion::kTypes, parameters);
  std::vector<std::string> enums;
  for (size_t r = 0; r < rows.size(); ++r) {
    types_[rows.Id(r, 0)] = {rows.Text(r, 1),   rows.Text(r, 2), rows.Letter(r, 3),
                             rows.Letter(r, 4), rows.Id(r, 5),   static_cast<int32_t>(rows.Number(r, 6))};
    if (rows.Letter(r, 3) == 'e') enums.push_back(rows.Text(r, 0));
  }
  if (enums.empty()) return;
  const OptionalText enum_parameters[] = {ArrayText(enums)};
  const Rows labels = answers_.Answer(DefinitionQuestion::kLabels, enum_parameters);
  for (size_t r = 0; r < labels.size(); ++r) labels_[labels.Id(r, 0)].push_back(labels.Text(r, 1));
}

model::ColumnType Reader::TypeOf(const Part& part, size_t column) const {
  TypeFacts facts;
  facts.native = part.definition.columns[column].type;
  facts.modifier = part.modifiers[column];
  Oid id = part.type_ids[column];
  auto at = types_.find(id);
  if (at != types_.end()) facts.is_array = at->second.category == 'A';
  while (at != types_.end() && at->second.kind == 'd') {
    if (at->second.modifier >= 0) facts.modifier = at->second.modifier;
    id = at->second.base;
    at = types_.find(id);
  }
  if (at != types_.end()) {
    facts.base_schema = at->second.schema;
    facts.base_name = at->second.name;
    facts.base_kind = at->second.kind;
    facts.category = at->second.category;
    const auto labels = labels_.find(id);
    if (labels != labels_.end()) facts.elements = labels->second;
  }
  model::ColumnType type = MakeColumnType(facts);
  type.by_bytes = part.by_bytes[column] && ComparesByBytes(type, facts.base_name);
  return type;
}

Definition Reader::Tree(Oid id, TableRead& sum) {
  Part& part = parts_[id];
  sum.rows_estimated += part.rows;
  sum.bytes_estimated += part.bytes;
  Definition definition = part.definition;
  for (const Oid partition : partitions_[id]) definition.partitions.push_back(Tree(partition, sum));
  return definition;
}

void Reader::Refer(const Definition& definition, References& found) const {
  const auto find = [&](const std::string& text) { known_.Find(text, found); };
  find(definition.of_type);
  find(definition.partition_key);
  find(definition.partition_bound);
  for (const ColumnDefinition& column : definition.columns) {
    find(column.type);
    find(column.collation);
    find(column.default_value);
  }
  for (const ConstraintDefinition& check : definition.checks) find(check.definition);
  for (const ForeignKeyDefinition& key : definition.foreign_keys) found.relations.insert(key.referenced);
  for (const IndexDefinition& index : definition.indexes) {
    find(index.definition);
    find(index.constraint_definition);
  }
  for (const StatisticsDefinition& one : definition.statistics) find(one.definition);
  found.relations.insert(definition.name);
  found.relations.insert(definition.parents.begin(), definition.parents.end());
  for (const Definition& partition : definition.partitions) Refer(partition, found);
}

TableRead Reader::Assemble(Oid id) {
  TableRead read;
  const Part& part = parts_[id];
  for (size_t i = 0; i < part.definition.columns.size(); ++i) read.types.push_back(TypeOf(part, i));
  read.definition = Tree(id, read);
  References found;
  Refer(read.definition, found);
  read.definition.references = std::move(found);
  return read;
}

std::vector<TableRead> Reader::Run() {
  ReadRelations();
  if (roots_.empty()) return {};
  ReadColumns();
  ReadNotNulls();
  ReadConstraints();
  ReadIndexes();
  ReadSequences();
  ReadStatistics();
  ReadParents();
  ReadTypes();
  std::vector<TableRead> tables;
  for (const Oid id : roots_) tables.push_back(Assemble(id));
  return tables;
}

// Asks a server.
class LiveAnswers : public DefinitionAnswers {
 public:
  explicit LiveAnswers(Connection& connection) : connection_(connection) {}

  Rows Answer(DefinitionQuestion question, std::span<const OptionalText> parameters) override {
    const std::string sql = QuestionText(question, connection_.version());
    return sql.empty() ? Rows(TextRows()) : Rows(connection_.Run(sql, parameters, "catalog"));
  }
  void Complete(SequenceDefinition& sequence) override {
    constexpr uint32_t kHasCatalog = 100000;
    if (connection_.version() < kHasCatalog) ReadSequenceItself(connection_, sequence);
  }

 private:
  Connection& connection_;
};

}  // namespace

std::vector<TableRead> ReadTables(DefinitionAnswers& answers, const std::vector<model::ObjectName>& names,
                                  const KnownNames& known) {
  return Reader(answers, names, known).Run();
}

std::vector<TableRead> ReadTables(Connection& connection, const std::vector<model::ObjectName>& names,
                                  const KnownNames& known) {
  LiveAnswers answers(connection);
  return ReadTables(answers, names, known);
}

}  // namespace sluice::postgresql
