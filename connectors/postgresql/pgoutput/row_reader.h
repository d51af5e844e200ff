// Insert, update and delete messages into row changes.
#pragma once

#include <cstdint>
#include <functional>

#include "connectors/postgresql/pgoutput/relations.h"
#include "model/change.h"

namespace sluice::postgresql::pgoutput {

// Adds the change to the transaction unless its table is not followed or `left_out` says so. `type` is 'I', 'U', 'D'.
template <typename LeftOut>
void ReadRow(char type, Bytes body, Relations& relations, model::Transaction& transaction, const LeftOut& left_out);

void AddRow(char type, Bytes body, const RelationPlan& plan, model::Transaction& transaction);

template <typename LeftOut>
void ReadRow(char type, Bytes body, Relations& relations, model::Transaction& transaction, const LeftOut& left_out) {
  const uint32_t relation = body.U32();
  const RelationPlan& plan = relations.PlanOf(relation);
  if (plan.table == nullptr || left_out(relation)) return;
  AddRow(type, body, plan, transaction);
}

}  // namespace sluice::postgresql::pgoutput
