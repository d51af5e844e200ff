// Transactions of others at a source that have not ended.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "connector/connector.h"
#include "connectors/mysql/connection.h"

namespace sluice::mysql {

// The XIDs of prepared XA transactions, as XA COMMIT wants them: "X'6162',X'',1". Throws what the server says where the
// account may not ask.
std::set<std::string> PreparedNow(Connection& connection);

// Prepared ones, and sessions with a transaction that has changed rows, in one of these databases as far as that is
// known.
connector::OpenTransactions ReadOpenTransactions(Connection& connection, const std::vector<std::string>& databases);

}  // namespace sluice::mysql
