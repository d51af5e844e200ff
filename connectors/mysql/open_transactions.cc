#include "connectors/mysql/open_transactions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace sluice::mysql {
namespace {

// The data are the two parts one after the other; MySQL gives them as "0x6162".
std::string XaName(const TextRow& row, bool is_hex) {
  const std::string data = row[3].value_or("");
  std::string hex;
  if (is_hex && data.starts_with("0x")) {
    hex = data.substr(2);
    std::transform(hex.begin(), hex.end(), hex.begin(), [](unsigned char c) { return std::tolower(c); });
  } else {
    for (const unsigned char byte : data) hex += fmt::format("{:02x}", byte);
  }
  const size_t global = std::min(ToNumber(row[1]) * 2, hex.size());
  return fmt::format("X'{}',X'{}',{}", hex.substr(0, global), hex.substr(global), ToNumber(row[0]));
}

// Runs a question that the account may lack the right for.
template <typename Ask>
void IfAllowed(const char* what, std::vector<std::string>& not_seen, const Ask& ask) {
  try {
    ask();
  } catch (const Error& error) {
    if (error.info().retry != RetryClass::kNever || error.info().code == kStopped.id) throw;
    not_seen.push_back(fmt::format("{}: {}", what, error.info().cause));
  }
}

}  // namespace

std::set<std::string> PreparedNow(Connection& connection) {
  const bool is_hex = !connection.is_mariadb() && connection.version() >= 50705;
  std::set<std::string> names;
  for (const TextRow& row : connection.Query(is_hex ? "XA RECOVER CONVERT XID" : "XA RECOVER")) {
    if (row.size() >= 4) names.insert(XaName(row, is_hex));
  }
  return names;
}

connector::OpenTransactions ReadOpenTransactions(Connection& connection, const std::vector<std::string>& databases) {
  connector::OpenTransactions open;
  IfAllowed("prepared XA transactions", open.not_seen, [&] {
    for (const std::string& name : PreparedNow(connection)) {
      open.found.push_back(
          {"prepared XA transaction " + name, fmt::format("XA COMMIT {}; or XA ROLLBACK {};", name, name)});
    }
  });
  IfAllowed("open transactions", open.not_seen, [&] {
    const TextRows rows = connection.Query(
        "SELECT t.trx_mysql_thread_id, p.user, p.db FROM information_schema.innodb_trx t JOIN "
        "information_schema.processlist p ON p.id = t.trx_mysql_thread_id WHERE t.trx_rows_modified > 0 ORDER BY 1");
    for (const TextRow& row : rows) {
      const std::string& id = row[0].value_or("0");
      const bool elsewhere = row[2] && std::find(databases.begin(), databases.end(), *row[2]) == databases.end();
      if (!elsewhere)
        open.found.push_back({fmt::format("session {} of {}", id, row[1].value_or("?")), "KILL " + id + ";"});
    }
  });
  return open;
}

}  // namespace sluice::mysql
