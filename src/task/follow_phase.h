// The incremental phase of a task: from the stored progress until stopped, or until caught up.
#pragma once

#include <vector>

#include "pipeline/apply.h"
#include "task/load_phase.h"
#include "task/session.h"

namespace sluice::task {

pipeline::ApplyOutcome RunFollowPhase(Session& session, const std::vector<TaskTable>& tables, bool until_caught_up);

}  // namespace sluice::task
