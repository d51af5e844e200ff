#include "connectors/postgresql/stored_table.h"

#include <fmt/format.h>

#include <charconv>

namespace sluice::postgresql {
namespace {

constexpr uint32_t kIdentityColumns = 100000;
constexpr uint32_t kGeneratedColumns = 120000;
constexpr uint32_t kIncludedColumns = 110000;
constexpr uint32_t kNullsNotDistinct = 150000;

template <typename Number>
Number ToNumber(const OptionalText& text) {
  Number value = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

std::string Relation(const model::ObjectName& name) {
  return fmt::format(
      "(SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = {} AND c.relname "
      "= {})",
      Literal(name.database), Literal(name.name));
}

bool IsTrue(const OptionalText& text) {
  return text == "t";
}

char Letter(const OptionalText& text) {
  return text && !text->empty() ? (*text)[0] : '\0';
}

}  // namespace

const StoredColumn* StoredTable::Find(std::string_view name) const {
  const auto found = columns.find(name);
  return found == columns.end() ? nullptr : &found->second;
}

StoredTable ReadStoredTable(Connection& connection, const model::ObjectName& name, const std::string& object) {
  StoredTable table;
  const std::string relation = Relation(name);
  const TextRows facts = connection.Query(
      fmt::format("SELECT c.relkind, EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.condeferrable "
                  "AND k.contype IN ('p', 'u', 'x')) FROM pg_class c WHERE c.oid = {}",
                  relation),
      object);
  if (facts.empty()) return table;
  table.kind = Letter(facts[0][0]);
  table.defers = IsTrue(facts[0][1]);
  // A domain over a domain has its modifier at the innermost. Varchar and cidr are ordered as what they coerce to.
  const std::string sql = fmt::format(
      "WITH RECURSIVE base AS (SELECT a.attnum, a.atttypid AS type, a.atttypmod AS modifier FROM pg_attribute a WHERE "
      "a.attrelid = {relation} AND a.attnum > 0 AND NOT a.attisdropped UNION ALL SELECT b.attnum, t.typbasetype, CASE "
      "WHEN t.typtypmod >= 0 THEN t.typtypmod ELSE b.modifier END FROM base b JOIN pg_type t ON t.oid = b.type AND "
      "t.typtype = 'd') "
      "SELECT a.attname, format_type(a.atttypid, a.atttypmod), t.oid, format_type(t.oid, -1), format_type(t.oid, "
      "b.modifier), b.modifier, t.typtype, {generated}, {identity}, NOT a.attnotnull, "
      "t.typtype = 'e' OR tn.nspname = 'pg_catalog' AND (t.typname IN ('varchar', 'cidr') OR EXISTS (SELECT FROM "
      "pg_opclass o WHERE o.opcmethod = 403 AND o.opcdefault AND o.opcintype = t.oid)), "
      "(SELECT quote_ident(n.nspname) FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE o.oprname "
      "= '=' AND o.oprleft = t.oid AND o.oprright = t.oid AND n.nspname <> 'pg_catalog' LIMIT 1) "
      "FROM base b JOIN pg_type t ON t.oid = b.type AND t.typtype <> 'd' JOIN pg_namespace tn ON tn.oid = "
      "t.typnamespace JOIN pg_attribute a ON a.attrelid = {relation} AND a.attnum = b.attnum ORDER BY a.attnum",
      fmt::arg("relation", relation),
      fmt::arg("generated", connection.version() >= kGeneratedColumns ? "a.attgenerated <> ''" : "false"),
      fmt::arg("identity", connection.version() >= kIdentityColumns ? "a.attidentity = 'a'" : "false"));
  for (const TextRow& row : connection.Query(sql, object)) {
    StoredColumn& column = table.columns[row[0].value_or("")];
    column.definition = row[1].value_or("");
    column.type = ToNumber<uint32_t>(row[2]);
    column.base = row[3].value_or("");
    column.full = row[4].value_or("");
    column.modifier = ToNumber<int32_t>(row[5]);
    column.kind = Letter(row[6]);
    column.generated = IsTrue(row[7]);
    column.always_identity = IsTrue(row[8]);
    column.nullable = IsTrue(row[9]);
    column.is_ordered = IsTrue(row[10]);
    column.equals = row[11] ? fmt::format("OPERATOR({}.=)", *row[11]) : "=";
  }
  for (const TextRow& row : connection.Query(
           fmt::format("SELECT DISTINCT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND "
                       "a.attnum = i.indkey[0] WHERE i.indrelid = {} AND i.indisvalid AND i.indpred IS NULL",
                       relation),
           object)) {
    table.leads_index.push_back(row[0].value_or(""));
  }
  return table;
}

std::vector<UniqueIndex> ReadUniqueIndexes(Connection& connection, const model::ObjectName& name,
                                           const std::string& object) {
  const uint32_t version = connection.version();
  const std::string sql = fmt::format(
      "SELECT i.indexrelid, pg_get_indexdef(i.indexrelid, k, false), pg_get_expr(i.indpred, i.indrelid), {}, "
      "quote_ident(n.nspname), o.oprname FROM pg_index i CROSS JOIN generate_series(1, i.{}) k JOIN pg_opclass c ON "
      "c.oid = i.indclass[k - 1] JOIN pg_amop m ON m.amopfamily = c.opcfamily AND m.amoplefttype = c.opcintype AND "
      "m.amoprighttype = c.opcintype AND m.amopstrategy = 3 JOIN pg_operator o ON o.oid = m.amopopr JOIN pg_namespace "
      "n "
      "ON n.oid = o.oprnamespace WHERE i.indrelid = {} AND i.indisunique AND i.indisvalid ORDER BY i.indisprimary "
      "DESC, i.indexrelid, k",
      version >= kNullsNotDistinct ? "i.indnullsnotdistinct" : "false",
      version >= kIncludedColumns ? "indnkeyatts" : "indnatts", Relation(name));
  std::vector<UniqueIndex> indexes;
  std::string last;
  for (const TextRow& row : connection.Query(sql, object)) {
    if (row[0].value_or("") != last) {
      last = row[0].value_or("");
      indexes.push_back({.keys = {}, .predicate = row[2].value_or(""), .nulls_equal = IsTrue(row[3])});
    }
    indexes.back().keys.push_back(
        {.expression = row[1].value_or(""),
         .equals = fmt::format("OPERATOR({}.{})", row[4].value_or(""), row[5].value_or("="))});
  }
  return indexes;
}

}  // namespace sluice::postgresql
