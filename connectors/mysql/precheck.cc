#include "connectors/mysql/precheck.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "connectors/mysql/codes.h"
#include "connectors/mysql/sessions.h"

namespace sluice::mysql {

using connector::PrecheckItem;
using connector::PrecheckStatus;

Precheck::Precheck(Connection& connection, const connector::PrecheckRequest& request, std::string side)
    : connection_(connection), request_(request), side_(std::move(side)) {
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

void Precheck::Pass(std::string id, std::string title) {
  items_.push_back({.id = "mysql." + std::move(id), .title = std::move(title), .side = side_});
}

void Precheck::Warn(std::string id, std::string title, std::string object, std::string cause, std::string remedy) {
  items_.push_back({.id = "mysql." + std::move(id),
                    .title = std::move(title),
                    .side = side_,
                    .status = PrecheckStatus::kWarning,
                    .object = std::move(object),
                    .cause = std::move(cause),
                    .remedy = std::move(remedy)});
}

void Precheck::Fail(std::string id, std::string title, std::string object, std::string cause, std::string remedy) {
  Warn(std::move(id), std::move(title), std::move(object), std::move(cause), std::move(remedy));
  items_.back().status = PrecheckStatus::kFailed;
}

void Precheck::Topic(const char* id, void (*topic)(Precheck&)) {
  try {
    topic(*this);
  } catch (const Error& error) {
    if (error.info().retry == RetryClass::kReconnect || error.info().code == kStopped.id) throw;
    Warn(id, "This check could not be made", error.info().object, error.info().cause, error.info().remedy);
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

std::string Listed(const std::vector<std::string>& names, size_t most) {
  std::string text;
  for (size_t i = 0; i < names.size() && i < most; ++i) text += (i != 0 ? ", " : "") + names[i];
  if (names.size() > most) text += fmt::format(" and {} more", names.size() - most);
  return text;
}

std::string Bytes(uint64_t bytes) {
  constexpr uint64_t kMiB = 1ull << 20;
  if (bytes < 1024 * kMiB) return fmt::format("{} MiB", (bytes + kMiB - 1) / kMiB);
  return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (1024.0 * kMiB));
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
  if (request.types.schema) {
    check.Topic("storage", CheckStorage);
    check.Topic("collations", CheckCollations);
    check.Topic("routines", CheckRoutineCreation);
  }
  check.Topic("settings", CheckSettings);
  check.Topic("packet", CheckPacket);
  if (request.types.full) {
    check.Topic("space", CheckSpace);
    check.Topic("local_infile", CheckLocalInfile);
  }
  check.Topic("load", CheckLoad);
  return check.Take();
}

}  // namespace sluice::mysql
