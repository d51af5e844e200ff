// The source's catalog as whoever decodes its log needs it. Uses its own ordinary session. One thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "connectors/postgresql/followed.h"
#include "connectors/postgresql/pgoutput/relations.h"

namespace sluice::postgresql {

class SourceTables : public pgoutput::SourceCatalog {
 public:
  SourceTables(Connection& connection, const std::vector<model::TablePtr>& tables);

  std::optional<Place> PlaceOf(uint32_t oid) override;
  std::optional<model::ObjectName> FollowedAs(uint32_t oid) override;
  std::string TypeText(uint32_t type, int32_t modifier) override;
  std::vector<uint32_t> PartitionsOf(const model::ObjectName& root) override;
  std::vector<model::ObjectName> Missing() override { return missing_; }

  // Throws kPublicationChanged unless the publication holds everything that is followed, partitions included that came
  // since, and kSchemaDrift when a table has another name or was made anew. What was dropped is left out.
  void CheckPublication(const std::string& name);

 private:
  void LookAtPartitions();

  Connection& connection_;
  const std::vector<model::TablePtr> tables_;
  std::unordered_map<uint32_t, FollowedRelation> followed_;
  std::unordered_map<uint32_t, Place> places_;  // of relations that are not followed, or came later
  std::map<std::pair<uint32_t, int32_t>, std::string> types_;
  std::vector<model::ObjectName> missing_;
};

}  // namespace sluice::postgresql
