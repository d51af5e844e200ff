#include "connectors/postgresql/source_tables.h"

#include <fmt/format.h>

#include "connectors/postgresql/codes.h"

namespace sluice::postgresql {
namespace {

constexpr uint32_t kPublishesRoots = 130000;

}  // namespace

SourceTables::SourceTables(Connection& connection, const std::vector<model::TablePtr>& tables)
    : connection_(connection), tables_(tables) {
  LookAtPartitions();
  std::set<model::ObjectName> found;
  for (const auto& [oid, relation] : followed_) found.insert(relation.root);
  for (const model::TablePtr& table : tables) {
    if (!found.contains(table->name)) missing_.push_back(table->name);
  }
}

// What was seen once is kept: the log may still have rows of partitions that are gone.
void SourceTables::LookAtPartitions() {
  for (FollowedRelation& relation : FindFollowed(connection_, tables_)) {
    const uint32_t oid = relation.oid;
    followed_.try_emplace(oid, std::move(relation));
  }
}

std::optional<SourceTables::Place> SourceTables::PlaceOf(uint32_t oid) {
  if (const auto found = followed_.find(oid); found != followed_.end()) {
    return Place{found->second.root, found->second.partitioned};
  }
  if (const auto found = places_.find(oid); found != places_.end()) return found->second;
  const std::optional<RelationPlace> relation = FindRelation(connection_, oid);
  if (!relation) return std::nullopt;
  const Place place{relation->root, relation->partitioned};
  places_.emplace(oid, place);
  return place;
}

std::optional<model::ObjectName> SourceTables::FollowedAs(uint32_t oid) {
  const auto found = followed_.find(oid);
  if (found == followed_.end()) return std::nullopt;
  return found->second.name;
}

std::vector<uint32_t> SourceTables::PartitionsOf(const model::ObjectName& root) {
  LookAtPartitions();
  std::vector<uint32_t> partitions;
  for (const auto& [oid, relation] : followed_) {
    if (relation.root == root && relation.name != root && !relation.partitioned) partitions.push_back(oid);
  }
  return partitions;
}

std::string SourceTables::TypeText(uint32_t type, int32_t modifier) {
  std::string& text = types_[{type, modifier}];
  if (text.empty()) {
    text = connection_
               .QueryOne(fmt::format("SELECT format_type({}::oid, {})", type,
                                     modifier < 0 ? "NULL" : std::to_string(modifier)))
               .value_or("");
  }
  return text;
}

void SourceTables::CheckPublication(const std::string& name) {
  const bool roots = connection_.version() >= kPublishesRoots;
  if (!roots) LookAtPartitions();
  std::string wanted;
  for (const auto& [oid, relation] : followed_) {
    const bool published = roots ? relation.name == relation.root : !relation.partitioned;
    if (published && relation.logged) wanted += (wanted.empty() ? "" : ",") + std::to_string(oid);
  }
  const OptionalText parameters[] = {"{" + wanted + "}", name};
  const ResultPtr result = connection_.Run(
      "SELECT n.nspname, c.relname FROM unnest($1::oid[]) AS w(oid) JOIN pg_class c ON c.oid = w.oid "
      "JOIN pg_namespace n ON n.oid = c.relnamespace "
      "WHERE NOT EXISTS (SELECT FROM pg_publication p LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid "
      "  WHERE p.pubname = $2 AND (p.puballtables OR r.prrelid = c.oid)) ORDER BY 1, 2 LIMIT 1",
      parameters, "publication " + name);
  if (PQntuples(result.get()) == 0) return;
  const std::string table = fmt::format("{}.{}", PQgetvalue(result.get(), 0, 0), PQgetvalue(result.get(), 0, 1));
  throw Error(kPublicationChanged)
      .Object(fmt::format("publication {}, table {}", name, table))
      .Cause(
          "Someone dropped or altered the publication, or (before PostgreSQL 13) a partition was made that it does not "
          "hold; what was changed in the table since then is not in the log that Sluice is sent.")
      .Remedy("Begin anew with `sluice run --restart`.")
      .Side(connection_.endpoint().side);
}

}  // namespace sluice::postgresql
