// The store's tables, and how older files are brought up to date.
#pragma once

#include "store/sqlite.h"

namespace sluice::store {

// Creates or changes what is missing. Safe when several processes open a file at once. Throws
// kStoreFailed for a file that a newer program has written.
void Migrate(Database* database);

}  // namespace sluice::store
