#include "connectors/postgresql/open_transactions.h"

#include <fmt/format.h>

namespace sluice::postgresql {

std::vector<connector::OpenTransaction> ReadOpenTransactions(Connection& connection) {
  std::vector<connector::OpenTransaction> open;
  for (const TextRow& row :
       connection.Query("SELECT gid FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared")) {
    const std::string gid = Literal(row[0].value_or(""));
    open.push_back(
        {"prepared transaction " + gid, fmt::format("COMMIT PREPARED {}; or ROLLBACK PREPARED {};", gid, gid)});
  }
  for (const TextRow& row : connection.Query("SELECT pid, usename FROM pg_stat_activity WHERE datname = "
                                             "current_database() AND backend_xid IS NOT NULL AND "
                                             "pid <> pg_backend_pid() ORDER BY xact_start")) {
    const std::string pid = row[0].value_or("0");
    open.push_back({fmt::format("session {} of {}", pid, row[1].value_or("?")),
                    fmt::format("SELECT pg_terminate_backend({});", pid)});
  }
  return open;
}

}  // namespace sluice::postgresql
