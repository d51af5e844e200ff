// Foreign keys of a task between engines that had to wait: for the table that they refer to, or for its rows.
#pragma once

#include <vector>

#include "task/load_phase.h"

namespace sluice::task {

// When the destination has caught up: checks those that it had rows against when they were made. False: there are none.
bool SettleForeignKeys(Session& session);

// Says which of the source's foreign keys the destination does not have.
void SayMissingForeignKeys(Session& session, const std::vector<TaskTable>& tables);

}  // namespace sluice::task
