#include "connectors/postgresql/followed.h"

#include <fmt/format.h>

#include "connectors/postgresql/definition.h"

namespace sluice::postgresql {
namespace {

constexpr uint32_t kHasPartitions = 100000;

// A partitioned table's partitions have it as their parent; parents of other kinds have children by inheritance, which
// are tables of their own.
constexpr const char* kTree = R"sql(
WITH RECURSIVE asked(schema_name, table_name, number, place) AS (
  SELECT * FROM unnest($1::text[], $2::text[], $3::oid[]) WITH ORDINALITY),
wanted(place, oid) AS (
  SELECT w.place, c.oid
  FROM asked w JOIN pg_namespace n ON n.nspname = w.schema_name
  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.table_name AND c.relkind IN ('r', 'p')
  WHERE w.number = 0
  UNION ALL SELECT w.place, c.oid FROM asked w JOIN pg_class c ON c.oid = w.number AND c.relkind IN ('r', 'p')),
tree(place, oid, depth) AS (
  SELECT place, oid, 0 FROM wanted
  UNION ALL
  SELECT t.place, i.inhrelid, t.depth + 1
  FROM tree t JOIN pg_class p ON p.oid = t.oid AND p.relkind = 'p' JOIN pg_inherits i ON i.inhparent = t.oid)
SELECT c.oid, CASE WHEN t.depth = 0 THEN a.schema_name ELSE n.nspname END,
  CASE WHEN t.depth = 0 THEN a.table_name ELSE c.relname END, a.schema_name, a.table_name,
  c.relkind, c.relpersistence, c.relreplident,
  EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid AND x.indisprimary AND x.indimmediate),
  EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid AND x.indisreplident),
  t.depth = 0 AND (n.nspname <> a.schema_name OR c.relname <> a.table_name)
FROM tree t JOIN asked a ON a.place = t.place
JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY t.place, t.depth, n.nspname, c.relname)sql";

bool IsTrue(const char* text) {
  return text[0] == 't';
}

FollowedRelation ReadRelation(const PGresult* result, int row) {
  const auto text = [&](int column) { return PQgetvalue(result, row, column); };
  FollowedRelation relation;
  relation.oid = NumberOf<uint32_t>(std::string(text(0)));
  relation.name = {text(1), text(2)};
  relation.root = {text(3), text(4)};
  relation.partitioned = text(5)[0] == 'p';
  relation.logged = text(6)[0] == 'p' && text(5)[0] != 'f';
  relation.identity = text(7)[0];
  const bool has_primary_key = IsTrue(text(8));
  const bool has_index = IsTrue(text(9));
  relation.renamed = IsTrue(text(10));
  relation.identified = relation.identity == 'f' || (relation.identity == 'd' && has_primary_key) ||
                        (relation.identity == 'i' && has_index);
  return relation;
}

}  // namespace

std::vector<FollowedRelation> FindFollowed(Connection& connection, const std::vector<model::TablePtr>& tables) {
  std::vector<std::string> schemas;
  std::vector<std::string> names;
  std::vector<std::string> numbers;
  for (const model::TablePtr& table : tables) {
    schemas.push_back(table->name.database);
    names.push_back(table->name.name);
    numbers.push_back(std::to_string(IdOf(*table)));
  }
  const OptionalText parameters[] = {ArrayText(schemas), ArrayText(names), ArrayText(numbers)};
  const ResultPtr result = connection.Run(kTree, parameters, "catalog of tables");
  std::vector<FollowedRelation> relations;
  for (int row = 0; row < PQntuples(result.get()); ++row) relations.push_back(ReadRelation(result.get(), row));
  return relations;
}

std::optional<RelationPlace> FindRelation(Connection& connection, uint32_t oid) {
  const std::string partition = connection.version() >= kHasPartitions ? "c.relispartition" : "false";
  const TextRows rows = connection.Query(fmt::format(
      R"sql(
WITH RECURSIVE up(oid, depth) AS (
  SELECT {0}::oid, 0
  UNION ALL
  SELECT i.inhparent, u.depth + 1
  FROM up u JOIN pg_class c ON c.oid = u.oid AND {1} JOIN pg_inherits i ON i.inhrelid = u.oid)
SELECT n.nspname, c.relname, c.relkind
FROM up u JOIN pg_class c ON c.oid = u.oid JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY u.depth)sql",
      oid, partition));
  if (rows.empty()) return std::nullopt;
  const auto name = [](const TextRow& row) { return model::ObjectName{row[0].value_or(""), row[1].value_or("")}; };
  return RelationPlace{name(rows.front()), name(rows.back()), rows.front()[2] == "p"};
}

}  // namespace sluice::postgresql
