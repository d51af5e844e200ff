// Which run of a task writes at the destination: see connector/owner.h. A run takes the task over when it begins:
//
//   1. read who owns it at the destination. It must be a run of this state directory (the store knows all its runs), or
//      nobody where the task was never run; else this directory is an older copy of another one, and is refused before
//      anything is written;
//   2. a new random token goes into the store;
//   3. and then to the destination, where it waits for what the former run is committing.
//
// A process that dies between 2 and 3 leaves an earlier token of its own there. So does a destination that was restored
// from a backup.
#pragma once

#include <string>

#include "connector/connector.h"
#include "store/store.h"

namespace sluice::task {

// The text of the store that has the tokens.
inline constexpr const char* kOwnersText = "owners";

// Makes the calling run the owner. `by_force`: whoever it is now. Throws kRunElsewhere.
connector::Owner TakeOver(store::Store& store, const store::TaskRecord& record, connector::Bookkeeping& bookkeeping,
                          bool by_force);

// Throws kRunElsewhere where the task at the destination is another state directory's.
void RefuseForeign(store::Store& store, const store::TaskRecord& record, connector::Bookkeeping& bookkeeping);

// Of a store that knows the owner: throws kRunElsewhere where it was copied before the task's first cut, which is made
// by now. What was created up to the cut stands only in the store.
void RefuseBeforeCut(store::Store& store, const store::TaskRecord& record, connector::Bookkeeping& bookkeeping);

}  // namespace sluice::task
