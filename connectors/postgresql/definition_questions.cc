#include "connectors/postgresql/definition_questions.h"

#include <fmt/format.h>

#include "connectors/postgresql/definition_parts.h"
#include "connectors/postgresql/definition_read.h"

namespace sluice::postgresql {

// Scaled to the present size, as estimate_rel_size() does: what pg_class says is as old as the last VACUUM or ANALYZE,
// and -1 (before 14: 0) when there was none. Then a row is taken for 100 bytes.
const char* const kRowsEstimated =
    "(CASE WHEN c.reltuples > 0 AND c.relpages > 0 THEN c.reltuples / c.relpages * "
    "(pg_relation_size(c.oid) / current_setting('block_size')::float8) "
    "ELSE pg_relation_size(c.oid) / 100.0 END)::float8";
const char* const kBytesEstimated = "pg_total_relation_size(c.oid)";

namespace {

class Since {
 public:
  explicit Since(uint32_t version) : version_(version) {}
  bool operator()(uint32_t wanted) const { return version_ >= wanted; }

 private:
  uint32_t version_;
};

std::string Relations(const Since& since) {
  return fmt::format(
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
      fmt::arg("method", since(120000) ? "NULLIF(am.amname, 'heap')" : "NULL"),
      fmt::arg("join", since(120000) ? "LEFT JOIN pg_am am ON am.oid = c.relam" : ""),
      fmt::arg("key", since(100000) ? "CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END" : "NULL"),
      fmt::arg("bound", since(100000) ? "pg_get_expr(c.relpartbound, c.oid)" : "NULL"));
}

std::string Columns(const Since& since) {
  return fmt::format(
      "SELECT a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid, a.atttypmod, a.attnotnull, "
      "pg_get_expr(d.adbin, d.adrelid), "
      "CASE WHEN a.attcollation <> t.typcollation THEN quote_ident(cn.nspname) || '.' || quote_ident(co.collname) END, "
      "CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage END, "
      "CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END, array_to_json(a.attoptions), a.attislocal, "
      "col_description(a.attrelid, a.attnum), {identity}, {generated}, {compression}, {exact}, a.attnum "
      "FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
      "LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum "
      "LEFT JOIN pg_collation co ON co.oid = a.attcollation LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace "
      "WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum",
      fmt::arg("identity", since(100000) ? "a.attidentity" : "''"),
      fmt::arg("generated", since(120000) ? "a.attgenerated" : "''"),
      fmt::arg("compression", since(140000) ? "a.attcompression" : "''"),
      fmt::arg("exact", since(120000) ? "coalesce(co.collisdeterministic, true)" : "true"));
}

constexpr const char* kNotNullsText =
    "SELECT k.conrelid, a.attname, k.conname, k.connoinherit, NOT k.convalidated, k.conislocal FROM pg_constraint k "
    "JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1] "
    "WHERE k.conrelid = ANY ($1::oid[]) AND k.contype = 'n'";

// Foreign keys that a partition has from its table come with that of the table.
std::string Constraints(const Since& since) {
  return fmt::format(
      "SELECT k.conrelid, k.contype, k.conname, pg_get_constraintdef(k.oid), k.conislocal, k.convalidated, {enforced}, "
      "obj_description(k.oid, 'pg_constraint'), n.nspname, c.relname, k.confdeltype, k.confupdtype, "
      "(SELECT json_agg(a.attname ORDER BY p.n) FROM unnest(k.conkey) WITH ORDINALITY p(number, n) "
      "JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.number), "
      "(SELECT json_agg(a.attname ORDER BY p.n) FROM unnest(k.confkey) WITH ORDINALITY p(number, n) "
      "JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = p.number), c.relkind = 'p' "
      "FROM pg_constraint k LEFT JOIN pg_class c ON c.oid = k.confrelid "
      "LEFT JOIN pg_namespace n ON n.oid = c.relnamespace "
      "WHERE k.conrelid = ANY ($1::oid[]) AND k.contype IN ('c', 'f') {own} ORDER BY k.conrelid, k.conname",
      fmt::arg("enforced", since(180000) ? "k.conenforced" : "true"),
      fmt::arg("own", since(110000) ? "AND k.conparentid = 0" : ""));
}

std::string Indexes(const Since& since) {
  return fmt::format(
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
      fmt::arg("distinct", since(150000) ? "i.indnullsnotdistinct" : "false"),
      fmt::arg("keys", since(110000) ? "i.indnkeyatts" : "i.indnatts"));
}

// Before 10 what a sequence is stands in itself.
std::string Sequences(const Since& since) {
  return fmt::format(
      "SELECT d.refobjid, n.nspname, s.relname, a.attname, s.relpersistence, obj_description(s.oid, 'pg_class'), {} "
      "FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' "
      "JOIN pg_namespace n ON n.oid = s.relnamespace "
      "JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid {} "
      "WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') "
      "AND d.refobjsubid > 0 AND d.refobjid = ANY ($1::oid[]) ORDER BY d.refobjid, a.attnum, s.relname",
      since(100000) ? kSequenceColumns : "NULL, NULL, NULL, NULL, NULL, NULL, false",
      since(100000) ? "JOIN pg_sequence q ON q.seqrelid = s.oid" : "");
}

std::string Statistics(const Since& since) {
  return fmt::format(
      "SELECT x.stxrelid, n.nspname, x.stxname, pg_get_statisticsobjdef(x.oid), {}, "
      "obj_description(x.oid, 'pg_statistic_ext') FROM pg_statistic_ext x "
      "JOIN pg_namespace n ON n.oid = x.stxnamespace WHERE x.stxrelid = ANY ($1::oid[]) ORDER BY x.stxname",
      since(130000) ? "CASE WHEN x.stxstattarget >= 0 THEN x.stxstattarget END" : "NULL");
}

constexpr const char* kParentsText =
    "SELECT h.inhrelid, n.nspname, c.relname FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhparent "
    "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE h.inhrelid = ANY ($1::oid[]) AND c.relkind = 'r' "
    "ORDER BY h.inhrelid, h.inhseqno";

constexpr const char* kTypesText =
    "WITH RECURSIVE t(id) AS (SELECT unnest($1::oid[]) "
    "UNION SELECT y.typbasetype FROM t JOIN pg_type y ON y.oid = t.id WHERE y.typtype = 'd') "
    "SELECT y.oid, n.nspname, y.typname, y.typtype, y.typcategory, y.typbasetype, y.typtypmod "
    "FROM t JOIN pg_type y ON y.oid = t.id JOIN pg_namespace n ON n.oid = y.typnamespace";

constexpr const char* kLabelsText =
    "SELECT enumtypid, enumlabel FROM pg_enum WHERE enumtypid = ANY ($1::oid[]) ORDER BY enumtypid, enumsortorder";

}  // namespace

std::string_view Name(DefinitionQuestion question) {
  switch (question) {
    case DefinitionQuestion::kRelations:
      return "relations";
    case DefinitionQuestion::kColumns:
      return "columns";
    case DefinitionQuestion::kNotNulls:
      return "not_nulls";
    case DefinitionQuestion::kConstraints:
      return "constraints";
    case DefinitionQuestion::kIndexes:
      return "indexes";
    case DefinitionQuestion::kSequences:
      return "sequences";
    case DefinitionQuestion::kStatistics:
      return "statistics";
    case DefinitionQuestion::kParents:
      return "parents";
    case DefinitionQuestion::kTypes:
      return "types";
    case DefinitionQuestion::kLabels:
      return "labels";
  }
  return "";
}

std::string QuestionText(DefinitionQuestion question, uint32_t version) {
  const Since since(version);
  switch (question) {
    case DefinitionQuestion::kRelations:
      return Relations(since);
    case DefinitionQuestion::kColumns:
      return Columns(since);
    case DefinitionQuestion::kNotNulls:
      return since(180000) ? kNotNullsText : "";
    case DefinitionQuestion::kConstraints:
      return Constraints(since);
    case DefinitionQuestion::kIndexes:
      return Indexes(since);
    case DefinitionQuestion::kSequences:
      return Sequences(since);
    case DefinitionQuestion::kStatistics:
      return since(100000) ? Statistics(since) : "";
    case DefinitionQuestion::kParents:
      return kParentsText;
    case DefinitionQuestion::kTypes:
      return kTypesText;
    case DefinitionQuestion::kLabels:
      return kLabelsText;
  }
  return "";
}

}  // namespace sluice::postgresql
