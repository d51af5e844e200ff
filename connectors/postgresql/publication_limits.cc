#include "connectors/postgresql/publication_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "connectors/postgresql/filter_columns.h"

namespace sluice::postgresql {
namespace {

constexpr uint32_t kListsGenerated = 180000;

// What the server knows of a relation that a limit depends on.
struct LimitFacts {
  bool whole_rows = false;         // REPLICA IDENTITY FULL
  bool large_values = false;       // may be stored out of line; the log leaves those out of an update that keeps them
  bool referred_to = false;        // by a foreign key
  std::set<std::string> identity;  // the columns that the log has of an old row
};

// Partitions are not among them: which list would be theirs depends on how they are published, and on what they are
// attached to later.
constexpr const char* kFacts = R"sql(
SELECT c.oid, c.relreplident = 'f',
  c.reltoastrelid <> 0 OR EXISTS (SELECT FROM pg_attribute s JOIN pg_type t ON t.oid = s.atttypid
    WHERE s.attrelid = c.oid AND s.attnum > 0 AND NOT s.attisdropped AND s.attstorage <> t.typstorage),
  EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f' AND k.confrelid = c.oid),
  a.attname
FROM pg_class c
LEFT JOIN pg_index x ON x.indrelid = c.oid AND CASE c.relreplident
  WHEN 'd' THEN x.indisprimary AND x.indimmediate WHEN 'i' THEN x.indisreplident ELSE false END
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY ((x.indkey::int2[])[0:x.indnkeyatts - 1])
WHERE c.oid IN ({}) AND c.relkind = 'r' AND NOT c.relispartition)sql";

std::map<uint32_t, LimitFacts> ReadFacts(Connection& connection, const std::vector<uint32_t>& oids) {
  std::map<uint32_t, LimitFacts> facts;
  if (oids.empty()) return facts;
  std::string list;
  for (const uint32_t oid : oids) list += (list.empty() ? "" : ", ") + std::to_string(oid);
  for (const TextRow& row : connection.Query(fmt::format(fmt::runtime(kFacts), list), "catalog of tables")) {
    LimitFacts& one = facts[NumberOf<uint32_t>(row[0])];
    one.whole_rows = row[1] == "t";
    one.large_values = row[2] == "t";
    one.referred_to = row[3] == "t";
    if (row[4]) one.identity.insert(*row[4]);
  }
  return facts;
}

// Columns that are read of a row although they are not carried: keys and foreign keys tell which changes depend on each
// other, the filter is evaluated here too.
std::set<std::string> AlsoRead(const model::Table& table, const model::TableMapping& mapping,
                               const std::vector<model::TablePtr>& tables) {
  std::set<std::string> names;
  for (const model::Key& key : table.keys) {
    if (!key.primary && !key.unique) continue;
    for (const model::KeyPart& part : key.parts) names.insert(table.columns[part.column].name);
  }
  for (const model::ForeignKey& key : table.foreign_keys) {
    for (const uint32_t column : key.columns) names.insert(table.columns[column].name);
  }
  for (const model::TablePtr& other : tables) {
    for (const model::ForeignKey& key : other->foreign_keys) {
      if (key.referenced == table.name) names.insert(key.referenced_columns.begin(), key.referenced_columns.end());
    }
  }
  if (mapping.filter.empty()) return names;
  for (const uint32_t column : ColumnsNamed(table, mapping.filter)) names.insert(table.columns[column].name);
  return names;
}

bool HasAll(const std::set<std::string>& all, const std::set<std::string>& some) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

// Empty: no list.
std::vector<std::string> ColumnsToPublish(uint32_t version, const model::Table& table,
                                          const model::TableMapping& mapping, const LimitFacts& facts,
                                          const std::vector<model::TablePtr>& tables) {
  if (facts.whole_rows || mapping.excluded.empty()) return {};
  const std::set<std::string> also_read = AlsoRead(table, mapping, tables);
  std::vector<std::string> columns;
  bool is_shorter = false;
  for (const model::Column& column : table.columns) {
    const bool can_be_listed = column.generated == model::Generated::kNo ||
                               (column.generated == model::Generated::kStored && version >= kListsGenerated);
    if (!can_be_listed) continue;
    const bool is_listed = !mapping.excluded.contains(column.name) || also_read.contains(column.name) ||
                           facts.identity.contains(column.name);
    if (is_listed) columns.push_back(column.name);
    is_shorter = is_shorter || !is_listed;
  }
  const bool is_fit = !facts.identity.empty() && HasAll({columns.begin(), columns.end()}, facts.identity);
  return is_shorter && is_fit ? columns : std::vector<std::string>();
}

// An update that moves a row into the filter comes as an insert, which needs the whole row; out of it as a delete, at
// which the destination's foreign keys would not act, since rows that a delete at the source takes along are in the
// log.
bool FilterIsFit(const model::Table& table, const model::TableMapping& mapping, const LimitFacts& facts) {
  if (mapping.filter.empty() || facts.referred_to) return false;
  std::set<std::string> named;
  for (const uint32_t column : ColumnsNamed(table, mapping.filter)) {
    if (table.columns[column].generated != model::Generated::kNo) return false;
    named.insert(table.columns[column].name);
  }
  return facts.whole_rows || (!facts.large_values && !facts.identity.empty() && HasAll(facts.identity, named));
}

}  // namespace

std::map<uint32_t, PublicationLimit> ChooseLimits(Connection& connection,
                                                  const std::vector<FollowedRelation>& published,
                                                  const std::vector<model::TablePtr>& tables,
                                                  const std::vector<model::TableMappingPtr>& mappings) {
  std::map<uint32_t, PublicationLimit> limits;
  if (connection.version() < kPublishesLimits) return limits;
  std::map<model::ObjectName, uint32_t> numbers;
  for (const FollowedRelation& relation : published) {
    if (!relation.partitioned && relation.name == relation.root) numbers[relation.name] = relation.oid;
  }
  std::map<uint32_t, size_t> wanted;  // places in `tables`
  std::vector<uint32_t> oids;
  for (size_t i = 0; i < tables.size() && i < mappings.size(); ++i) {
    const auto found = numbers.find(tables[i]->name);
    if (found == numbers.end() || (mappings[i]->filter.empty() && mappings[i]->excluded.empty())) continue;
    wanted[found->second] = i;
    oids.push_back(found->second);
  }
  for (const auto& [oid, facts] : ReadFacts(connection, oids)) {
    const model::Table& table = *tables[wanted[oid]];
    const model::TableMapping& mapping = *mappings[wanted[oid]];
    PublicationLimit limit;
    limit.columns = ColumnsToPublish(connection.version(), table, mapping, facts, tables);
    if (FilterIsFit(table, mapping, facts)) limit.filter = mapping.filter;
    if (!limit.columns.empty() || !limit.filter.empty()) limits[oid] = std::move(limit);
  }
  return limits;
}

}  // namespace sluice::postgresql
