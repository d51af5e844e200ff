// Replication slots and publications: what Sluice makes at a source in order to follow its changes.
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

// The publication of these tables, made anew if it is there with others; where there is none their replica identities
// are judged all the same (kNoReplicaIdentity). `connection` is an ordinary session. `with_records`: of the source's
// schema statements too (ddl_trigger.h).
void PreparePublication(Connection& connection, const std::string& name, const std::vector<model::TablePtr>& tables,
                        bool with_records = false);

// The statement that makes it, for whoever may when the account may not; and whether it is there as it has to be.
std::string PublicationStatement(Connection& connection, const std::string& name,
                                 const std::vector<model::TablePtr>& tables);
bool PublicationFits(Connection& connection, const std::string& name, const std::vector<model::TablePtr>& tables);

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
bool DropPublication(Connection& connection, const std::string& name);

}  // namespace sluice::postgresql
