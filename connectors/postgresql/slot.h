// Replication slots, and the release of all that Sluice makes at a source in order to follow its changes.
#pragma once

#include <string>
#include <vector>

#include "connector/connector.h"
#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/position.h"

namespace sluice::postgresql {

// The output plugin that tells the changes of this server: as the endpoint says, else pgoutput where there is one.
std::string LogPlugin(const Connection& connection);
// test_decoding has none: it tells the changes of every table.
bool HasPublication(const Connection& connection);

// A slot at the point where it begins, and the name of the snapshot that shows exactly that point. The snapshot lives
// until the replication session runs its next command or ends.
struct ExportedSlot {
  std::string snapshot;  // for SET TRANSACTION SNAPSHOT
  LogPosition position;
};

// Waits until all transactions that run now have ended (the server's own rule). Temporary ones go with their session.
ExportedSlot CreateSlot(Connection& replication, const std::string& name, bool temporary);

// False: there was none. One that is in use is an error (kInUse, kBackoff).
bool DropSlot(Connection& connection, const std::string& name);

}  // namespace sluice::postgresql
