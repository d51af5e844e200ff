// Transactions of others at a source that have not ended.
#pragma once

#include <vector>

#include "connector/connector.h"
#include "connectors/postgresql/connection.h"

namespace sluice::postgresql {

// Prepared ones, and sessions with a transaction that has written, in the connection's database. Every account sees
// them (PostgreSQL documentation, "pg_prepared_xacts", "pg_stat_activity": backend_xid).
std::vector<connector::OpenTransaction> ReadOpenTransactions(Connection& connection);

}  // namespace sluice::postgresql
