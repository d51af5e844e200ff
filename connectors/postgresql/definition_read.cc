#include "connectors/postgresql/definition_read.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "connectors/postgresql/definition_parts.h"
#include "connectors/postgresql/types.h"

namespace sluice::postgresql {

// Scaled to the present size, as estimate_rel_size() does: what pg_class says is as old as the last VACUUM or ANALYZE,
// and -1 (before 14: 0) when there was none. Then a row is taken for 100 bytes.
const char* const kRowsEstimated =
    "(CASE WHEN c.reltuples > 0 AND c.relpages > 0 THEN c.reltuples / c.relpages * "
    "(pg_relation_size(c.oid) / current_setting('block_size')::float8) "
    "ELSE pg_relation_size(c.oid) / 100.0 END)::float8";
const char* const kBytesEstimated = "pg_total_relation_size(c.oid)";

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
  Reader(Connection& connection, const std::vector<model::ObjectName>& names, const KnownNames& known)
      : connection_(connection), known_(known) {
    for (const model::ObjectName& name : names) {
      schemas_.push_back(name.database);
      tables_.push_back(name.name);
    }
  }

  std::vector<TableRead> Run();

 private:
  bool AtLeast(uint32_t version) const { return connection_.version() >= version; }
  Rows Ask(const std::string& sql);

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

  Connection& connection_;
  const KnownNames& known_;
  std::vector<std::string> schemas_, tables_;
  std::map<Oid, Part> parts_;
  std::map<Oid, std::vector<Oid>> partitions_;
  std::vector<Oid> roots_;
  std::string ids_;  // all of them, as an array
  std::unordered_map<Oid, TypeRow> types_;
  std::unordered_map<Oid, std::vector<std::string>> labels_;
};

Rows Reader::Ask(const std::string& sql) {
  const OptionalText parameters[] = {ids_};
  return Rows(connection_.Run(sql, parameters, "catalog"));
}

void Reader::ReadRelations() {
  const bool has_partitions = AtLeast(100000);
  const std::string sql = fmt::format(
      "WITH RECURSIVE tree(id, parent, kind) AS ("
      "SELECT c.oid, 0::oid, c.relkind FROM unnest($1::text[], $2::text[]) w(schema, name) "
      "JOIN pg_namespace n ON n.nspname = w.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name "
      "WHERE c.relkind IN ('r', 'p') "
      "UNION SELECT i.inhrelid, i.inhparent, p.relkind FROM tree JOIN pg_inherits i ON i.inhparent = tree.id "
      "JOIN pg_class p ON p.oid = i.inhrelid WHERE tree.kind = 'p' AND p.relkind IN ('r', 'p')) "
      "SELECT c.oid, tree.parent, n.nspname, c.relname, c.relkind, c.relpersistence, "
      "CASE WHEN c.relkind = 'p' THEN 0 ELSE {rows} END, CASE WHEN c.relkind = 'p' THEN 0 ELSE {bytes} END, "
      "array_to_json(c.reloptions), array_to_json(t.reloptions), "
      "CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, -1) END, c.relreplident, "
      "obj_description(c.oid, 'pg_class'), {method}, {key}, {bound}, "
      "EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid AND c.relkind = 'r') "
      "FROM tree JOIN pg_class c ON c.oid = tree.id JOIN pg_namespace n ON n.oid = c.relnamespace "
      "LEFT JOIN pg_class t ON t.oid = c.reltoastrelid {join} ORDER BY n.nspname, c.relname",
      fmt::arg("rows", kRowsEstimated), fmt::arg("bytes", kBytesEstimated),
      fmt::arg("method", AtLeast(120000) ? "NULLIF(am.amname, 'heap')" : "NULL"),
      fmt::arg("join", AtLeast(120000) ? "LEFT JOIN pg_am am ON am.oid = c.relam" : ""),
      fmt::arg("key", has_partitions ? "CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END" : "NULL"),
      fmt::arg("bound", has_partitions ? "pg_get_expr(c.relpartbound, c.oid)" : "NULL"));
  const OptionalText parameters[] = {ArrayText(schemas_), ArrayText(tables_)};
  const Rows rows(connection_.Run(sql, parameters, "catalog"));
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
  const std::string sql = fmt::format(
      "SELECT a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid, a.atttypmod, a.attnotnull, "
      "pg_get_expr(d.adbin, d.adrelid), "
      "CASE WHEN a.attcollation <> t.typcollation THEN quote_ident(cn.nspname) || '.' || quote_ident(co.collname) END, "
      "CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage END, "
      "CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END, array_to_json(a.attoptions), a.attislocal, "
      "col_description(a.attrelid, a.attnum), {identity}, {generated}, {compression}, {exact} "
      "FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
      "LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum "
      "LEFT JOIN pg_collation co ON co.oid = a.attcollation LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace "
      "WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum",
      fmt::arg("identity", AtLeast(100000) ? "a.attidentity" : "''"),
      fmt::arg("generated", AtLeast(120000) ? "a.attgenerated" : "''"),
      fmt::arg("compression", AtLeast(140000) ? "a.attcompression" : "''"),
      fmt::arg("exact", AtLeast(120000) ? "coalesce(co.collisdeterministic, true)" : "true"));
  const Rows rows = Ask(sql);
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
  if (!AtLeast(180000)) return;
  const Rows rows = Ask(
      "SELECT k.conrelid, a.attname, k.conname, k.connoinherit, NOT k.convalidated, k.conislocal FROM pg_constraint k "
      "JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1] "
      "WHERE k.conrelid = ANY ($1::oid[]) AND k.contype = 'n'");
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
  // Foreign keys that a partition has from its table come with that of the table.
  const std::string sql = fmt::format(
      "SELECT k.conrelid, k.contype, k.conname, pg_get_constraintdef(k.oid), k.conislocal, k.convalidated, {enforced}, "
      "obj_description(k.oid, 'pg_constraint'), n.nspname, c.relname, k.confdeltype, k.confupdtype, "
      "(SELECT json_agg(a.attname ORDER BY p.n) FROM unnest(k.conkey) WITH ORDINALITY p(number, n) "
      "JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.number), "
      "(SELECT json_agg(a.attname ORDER BY p.n) FROM unnest(k.confkey) WITH ORDINALITY p(number, n) "
      "JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = p.number), c.relkind = 'p' "
      "FROM pg_constraint k LEFT JOIN pg_class c ON c.oid = k.confrelid "
      "LEFT JOIN pg_namespace n ON n.oid = c.relnamespace "
      "WHERE k.conrelid = ANY ($1::oid[]) AND k.contype IN ('c', 'f') {own} ORDER BY k.conrelid, k.conname",
      fmt::arg("enforced", AtLeast(180000) ? "k.conenforced" : "true"),
      fmt::arg("own", AtLeast(110000) ? "AND k.conparentid = 0" : ""));
  const Rows rows = Ask(sql);
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
  const std::string sql = fmt::format(
      "SELECT i.indrelid, n.nspname, x.relname, pg_get_indexdef(i.indexrelid), m.amname, i.indisunique, "
      "i.indisprimary, i.indpred IS NOT NULL, i.indexprs IS NOT NULL, i.indimmediate, {distinct}, i.indisvalid, "
      "i.indisclustered, i.indisreplident, "
      "(SELECT json_agg(coalesce(a.attname, '') ORDER BY p.n) FROM unnest(i.indkey::int2[]) WITH ORDINALITY "
      "p(number, n) LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = p.number AND p.number <> 0 "
      "WHERE p.n <= {keys}), "
      "k.conname, k.contype, pg_get_constraintdef(k.oid), obj_description(k.oid, 'pg_constraint'), "
      "obj_description(i.indexrelid, 'pg_class'), "
      "(SELECT json_agg(json_build_array(a.attnum, a.attstattarget)) FROM pg_attribute a "
      "WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0), pn.nspname, px.relname, "
      "(SELECT json_agg(o.option & 1 = 1 ORDER BY o.n) FROM unnest(i.indoption::int2[]) WITH ORDINALITY o(option, n)) "
      "FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_namespace n ON n.oid = x.relnamespace "
      "JOIN pg_am m ON m.oid = x.relam "
      "LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid "
      "AND k.contype IN ('p', 'u', 'x') "
      "LEFT JOIN pg_inherits h ON h.inhrelid = i.indexrelid LEFT JOIN pg_class px ON px.oid = h.inhparent "
      "LEFT JOIN pg_namespace pn ON pn.oid = px.relnamespace "
      "WHERE i.indrelid = ANY ($1::oid[]) ORDER BY i.indrelid, i.indisprimary DESC, x.relname",
      fmt::arg("distinct", AtLeast(150000) ? "i.indnullsnotdistinct" : "false"),
      fmt::arg("keys", AtLeast(110000) ? "i.indnkeyatts" : "i.indnatts"));
  const Rows rows = Ask(sql);
  for (size_t r = 0; r < rows.size(); ++r) {
    if (rows.Text(r, 3).empty()) continue;  // dropped meanwhile
    parts_[rows.Id(r, 0)].definition.indexes.push_back(IndexOf(rows, r));
  }
}

void Reader::ReadSequences() {
  // Before 10 what a sequence is stands in itself.
  const bool has_catalog = AtLeast(100000);
  const std::string sql = fmt::format(
      "SELECT d.refobjid, n.nspname, s.relname, a.attname, s.relpersistence, obj_description(s.oid, 'pg_class'), {} "
      "FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' "
      "JOIN pg_namespace n ON n.oid = s.relnamespace "
      "JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid {} "
      "WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') "
      "AND d.refobjsubid > 0 AND d.refobjid = ANY ($1::oid[]) ORDER BY d.refobjid, a.attnum, s.relname",
      has_catalog ? kSequenceColumns : "NULL", has_catalog ? "JOIN pg_sequence q ON q.seqrelid = s.oid" : "");
  const Rows rows = Ask(sql);
  for (size_t r = 0; r < rows.size(); ++r) {
    SequenceDefinition sequence = has_catalog ? SequenceOf(rows, r, 6) : SequenceDefinition{};
    sequence.name = {rows.Text(r, 1), rows.Text(r, 2)};
    sequence.column = rows.Text(r, 3);
    sequence.unlogged = rows.Letter(r, 4) == 'u';
    sequence.comment = rows.Text(r, 5);
    if (!has_catalog) ReadSequenceItself(connection_, sequence);
    parts_[rows.Id(r, 0)].definition.sequences.push_back(std::move(sequence));
  }
}

void Reader::ReadStatistics() {
  if (!AtLeast(100000)) return;
  const std::string sql = fmt::format(
      "SELECT x.stxrelid, n.nspname, x.stxname, pg_get_statisticsobjdef(x.oid), {}, "
      "obj_description(x.oid, 'pg_statistic_ext') FROM pg_statistic_ext x "
      "JOIN pg_namespace n ON n.oid = x.stxnamespace WHERE x.stxrelid = ANY ($1::oid[]) ORDER BY x.stxname",
      AtLeast(130000) ? "CASE WHEN x.stxstattarget >= 0 THEN x.stxstattarget END" : "NULL");
  const Rows rows = Ask(sql);
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
  const Rows rows =
      Ask("SELECT h.inhrelid, n.nspname, c.relname FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhparent "
          "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE h.inhrelid = ANY ($1::oid[]) AND c.relkind = 'r' "
          "ORDER BY h.inhrelid, h.inhseqno");
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
  const Rows rows(
      connection_.Run("WITH RECURSIVE t(id) AS (SELECT unnest($1::oid[]) "
                      "UNION SELECT y.typbasetype FROM t JOIN pg_type y ON y.oid = t.id WHERE y.typtype = 'd') "
                      "SELECT y.oid, n.nspname, y.typname, y.typtype, y.typcategory, y.typbasetype, y.typtypmod "
                      "FROM t JOIN pg_type y ON y.oid = t.id JOIN pg_namespace n ON n.oid = y.typnamespace",
                      parameters, "catalog"));
  std::vector<std::string> enums;
  for (size_t r = 0; r < rows.size(); ++r) {
    types_[rows.Id(r, 0)] = {rows.Text(r, 1),   rows.Text(r, 2), rows.Letter(r, 3),
                             rows.Letter(r, 4), rows.Id(r, 5),   static_cast<int32_t>(rows.Number(r, 6))};
    if (rows.Letter(r, 3) == 'e') enums.push_back(rows.Text(r, 0));
  }
  if (enums.empty()) return;
  const OptionalText enum_parameters[] = {ArrayText(enums)};
  const Rows labels(connection_.Run(
      "SELECT enumtypid, enumlabel FROM pg_enum WHERE enumtypid = ANY ($1::oid[]) ORDER BY enumtypid, enumsortorder",
      enum_parameters, "catalog"));
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

}  // namespace

std::vector<TableRead> ReadTables(Connection& connection, const std::vector<model::ObjectName>& names,
                                  const KnownNames& known) {
  return Reader(connection, names, known).Run();
}

}  // namespace sluice::postgresql
