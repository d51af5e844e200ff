// The tables of a source that its log is read for, as its catalog has them now.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connectors/postgresql/connection.h"
#include "model/name.h"
#include "model/table.h"

namespace sluice::postgresql {

// A table, or a partition of one (of any depth). The log names partitions, the description of a table is its root's.
struct FollowedRelation {
  uint32_t oid = 0;
  model::ObjectName name;
  model::ObjectName root;  // its own name where it is no partition
  bool partitioned = false;
  bool logged = true;       // false: UNLOGGED, a temporary or a foreign table
  bool identified = false;  // updates and deletes are logged with what identifies the row
  char identity = 'd';      // pg_class.relreplident
  bool renamed = false;     // found by its number: it has another name by now
};

// In the order of `tables`, each followed by its partitions. What is not there is left out. Tables whose number is
// known are found by that, whatever their name is by now; they are given under the name that they have in `tables`.
std::vector<FollowedRelation> FindFollowed(Connection& connection, const std::vector<model::TablePtr>& tables);

// The root of the relation with this number; nothing: there is no such relation (any more).
struct RelationPlace {
  model::ObjectName name;
  model::ObjectName root;
  bool partitioned = false;
};
std::optional<RelationPlace> FindRelation(Connection& connection, uint32_t oid);

}  // namespace sluice::postgresql
