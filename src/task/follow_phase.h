// The incremental phase of a task: from the stored progress until stopped, by the session or by `end`, or until caught
// up.
#pragma once

#include <stop_token>
#include <vector>

#include "pipeline/apply.h"
#include "task/load_phase.h"
#include "task/session.h"

namespace sluice::task {

pipeline::ApplyOutcome RunFollowPhase(Session& session, const std::vector<TaskTable>& tables, bool until_caught_up,
                                      std::stop_token end = {});

}  // namespace sluice::task
