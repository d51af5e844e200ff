#include "connectors/mysql/precheck.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "connectors/mysql/codes.h"
#include "connectors/mysql/sessions.h"

namespace sluice::mysql {

using connector::PrecheckItem;

Precheck::Precheck(Connection& connection, const connector::PrecheckRequest& request, std::string side)
    : PrecheckItems("mysql", std::move(side)), connection_(connection), request_(request) {
  for (const TextRow& row : connection_.Query("SHOW GLOBAL VARIABLES")) {
    std::string name = row[0].value_or("");
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    variables_[name] = row[1].value_or("");
  }
  literal_names_ = On("partial_revokes");
  grants_ = Grants(literal_names_);
  account_ = GrantAccount(connection_.QueryOne("SELECT CURRENT_USER()").value_or(""));
  ReadGrants();
}

// The account's own grants and those of its active roles (MySQL: SHOW GRANTS ... USING; MariaDB:
// SHOW GRANTS FOR role).
void Precheck::ReadGrants() {
  std::string sql = "SHOW GRANTS";
  std::string role;
  const bool has_roles = mariadb() || AtLeast(80000);
  if (has_roles) role = connection_.QueryOne("SELECT CURRENT_ROLE()").value_or("");
  if (role == "NONE") role.clear();
  if (!mariadb() && !role.empty()) sql = "SHOW GRANTS FOR CURRENT_USER() USING " + role;
  std::vector<std::string> queries{sql};
  if (mariadb() && !role.empty()) queries.push_back("SHOW GRANTS FOR " + Quote(role));
  if (mariadb() && AtLeast(101100)) queries.push_back("SHOW GRANTS FOR PUBLIC");
  for (const std::string& query : queries) {
    try {
      for (const TextRow& row : connection_.Query(query)) grants_.Add(row[0].value_or(""));
    } catch (const Error& error) {
      if (error.info().retry != RetryClass::kNever || query == sql) throw;
    }
  }
}

std::string Precheck::Variable(std::string_view name) const {
  const auto found = variables_.find(name);
  return found == variables_.end() ? "" : found->second;
}

uint64_t Precheck::Number(std::string_view name) const {
  const std::string text = Variable(name);
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool Precheck::On(std::string_view name) const {
  const std::string text = Variable(name);
  return text == "ON" || text == "1" || text == "YES";
}

bool Precheck::Allowed(const std::string& probe) {
  try {
    connection_.Query(probe);
    return true;
  } catch (const Error& error) {
    if (error.info().code == kMissingPrivilege.id) return false;
    throw;
  }
}

std::vector<PrecheckItem> PrecheckSource(const connector::Endpoint& endpoint, const connector::PrecheckRequest& request,
                                         const connector::SessionContext& context) {
  Connection connection(endpoint, context);
  Precheck check(connection, request, "source");
  check.Topic("version", CheckVersion);
  check.Topic("clock", CheckClock);
  check.Topic("privileges", CheckSourceRights);
  if (request.types.incremental) {
    check.Topic("binary_log", CheckBinaryLog);
    check.Topic("log_retention", CheckLogRetention);
    check.Topic("log_filters", CheckLogFilters);
    check.Topic("cut", CheckCut);
  }
  check.Topic("keys", CheckKeys);
  check.Topic("engines", CheckEngines);
  check.Topic("types", CheckTypes);
  if (check.connection().is_mariadb()) check.Topic("versioned", CheckVersioned);
  check.Topic("foreign_keys", CheckForeignKeys);
  check.Topic("filter", CheckFilters);
  if (request.types.full || request.types.incremental) {
    check.Topic("open_transactions", CheckOpenTransactions);
    check.Topic("load", CheckLoad);
  }
  return check.Take();
}

std::vector<PrecheckItem> PrecheckDestination(const connector::Endpoint& endpoint,
                                              const connector::PrecheckRequest& request,
                                              const connector::SessionContext& context) {
  Connection connection(endpoint, context);
  Precheck check(connection, request, "destination");
  check.Topic("version", CheckVersion);
  check.Topic("versions_across", CheckVersionsAcross);
  check.Topic("clock", CheckClock);
  check.Topic("privileges", CheckDestinationRights);
  check.Topic("writable", CheckWritable);
  check.Topic("replica", CheckReplica);
  check.Topic("names", CheckNames);
  check.Topic("conflicts", CheckConflicts);
  if (!request.types.schema) check.Topic("shapes", CheckShapes);
  if (!request.types.schema) check.Topic("destination_triggers", CheckDestinationTriggers);
  const bool foreign = request.source.engine != "mysql";
  if (request.types.incremental && foreign) check.Topic("durable", CheckDurable);
  if (request.types.schema && foreign) check.Topic("foreign_types", CheckForeignTables);
  if (request.types.schema && !foreign) {
    check.Topic("storage", CheckStorage);
    check.Topic("collations", CheckCollations);
    check.Topic("routines", CheckRoutineCreation);
  }
  check.Topic("settings", CheckSettings);
  check.Topic("packet", CheckPacket);
  if (request.types.full || request.types.incremental) check.Topic("destination_log_format", CheckDestinationLog);
  if (request.types.full) {
    check.Topic("space", CheckSpace);
    check.Topic("local_infile", CheckLocalInfile);
  }
  check.Topic("load", CheckLoad);
  return check.Take();
}

}  // namespace sluice::mysql
