// Counters that stand beside the rows: sequences of a source, brought to where they stand there.
#pragma once

#include "task/session.h"

namespace sluice::task {

// Sets the destination's counters to the source's. One that is not there is told and left out: it was skipped, or the
// user made the tables without it.
void CarrySequences(Session& session);

}  // namespace sluice::task
