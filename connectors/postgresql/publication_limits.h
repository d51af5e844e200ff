// What a publication of Sluice is limited to, from PostgreSQL 15 on: the columns and rows that the task carries, so
// that the rest does not travel. Sluice evaluates its filters all the same.
//
// The server refuses the application's own UPDATE and DELETE of a published table when a list of columns lacks part of
// the replica identity, or a filter goes beyond it. Where it is not sure that neither happens there is no limit; and
// there is none in a task that follows statements, since what they change could make it so.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/followed.h"
#include "model/mapping.h"

namespace sluice::postgresql {

inline constexpr uint32_t kPublishesLimits = 150000;

struct PublicationLimit {
  std::vector<std::string> columns;  // in the table's order; empty: all
  std::string filter;                // the user's condition; empty: all rows
};

// By the numbers of the relations, of those that can be limited. `mappings` stand beside `tables`, or are not there.
std::map<uint32_t, PublicationLimit> ChooseLimits(Connection& connection,
                                                  const std::vector<FollowedRelation>& published,
                                                  const std::vector<model::TablePtr>& tables,
                                                  const std::vector<model::TableMappingPtr>& mappings);

}  // namespace sluice::postgresql
