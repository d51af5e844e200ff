// The first cut of a task. The plan was made before it, and the changes begin after it: what was created in between
// would be in neither. So the cut is taken when the source's objects are those of the plan, which is extended until
// they are.
#pragma once

#include <memory>
#include <vector>

#include "task/load_phase.h"

namespace sluice::task {

// Adds to `tables`, to the store and to `schema` (if there is one) what was created meanwhile. Throws kTablesFailed
// when tables are created all the time.
std::unique_ptr<connector::Snapshot> OpenFirstSnapshot(Session& session, SchemaPhase* schema,
                                                       std::vector<TaskTable>& tables);

}  // namespace sluice::task
