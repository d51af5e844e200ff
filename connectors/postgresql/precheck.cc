#include "connectors/postgresql/precheck.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/sessions.h"

namespace sluice::postgresql {

using connector::PrecheckItem;

Precheck::Precheck(Connection& connection, const connector::PrecheckRequest& request, std::string side)
    : PrecheckItems("postgresql", std::move(side)), connection_(connection), request_(request) {
  for (const TextRow& row : connection_.Query("SELECT name, setting FROM pg_settings")) {
    settings_[row[0].value_or("")] = row[1].value_or("");
  }
  ReadRole();
}

// Managed servers have no superuser for their customers, but a role of their own whose members may send the log.
void Precheck::ReadRole() {
  const TextRows rows = connection_.Query(
      "SELECT r.rolname, r.rolsuper, r.rolreplication, r.rolbypassrls, "
      "(SELECT string_agg(g.rolname, ' ') FROM pg_roles g WHERE g.rolname IN ('rds_superuser', 'rds_replication', "
      "'azure_pg_admin', 'cloudsqlsuperuser') AND pg_has_role(r.oid, g.oid, 'USAGE')), "
      "(SELECT string_agg(g.rolname, ' ') FROM pg_roles g WHERE g.rolname IN ('rds_superuser', 'azure_pg_admin', "
      "'cloudsqlsuperuser')) FROM pg_roles r WHERE r.rolname = current_user");
  const TextRow& row = rows.at(0);
  role_ = row[0].value_or("");
  superuser_ = row[1] == "t";
  const std::string member = superuser_ ? "" : row[4].value_or("");
  replication_ = superuser_ || row[2] == "t" || member.find("rds_") != std::string::npos;
  bypasses_ = row[3] == "t";
  const std::string vendor = row[5].value_or("");
  if (vendor.find("rds_superuser") != std::string::npos) hosting_ = "amazon";
  if (vendor.find("azure_pg_admin") != std::string::npos) hosting_ = "azure";
  if (vendor.find("cloudsqlsuperuser") != std::string::npos) hosting_ = "google";
}

std::string Precheck::Setting(std::string_view name) const {
  const auto found = settings_.find(name);
  return found == settings_.end() ? "" : found->second;
}

int64_t Precheck::Number(std::string_view name) const {
  const std::string text = Setting(name);
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool Precheck::same_engine() const {
  const connector::ServerInfo& other = side() == "source" ? request_.destination : request_.source;
  return other.engine.empty() || other.engine == connection_.endpoint().engine || other.engine == "postgresql";
}

std::string Precheck::TablesValues(bool source) const {
  std::string values;
  for (const model::TableMappingPtr& mapping : request_.mappings) {
    const model::ObjectName& name = source ? mapping->source : mapping->destination;
    values += fmt::format("{}({}, {})", values.empty() ? "" : ", ", Literal(name.database), Literal(name.name));
  }
  return fmt::format("(VALUES {}) AS s(schema, name)", values.empty() ? "(NULL, NULL)" : values);
}

uint64_t ToNumber(const OptionalText& text) {
  uint64_t value = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

std::vector<PrecheckItem> PrecheckSource(const connector::Endpoint& endpoint, const connector::PrecheckRequest& request,
                                         const connector::SessionContext& context) {
  Connection connection(endpoint, context);
  Precheck check(connection, request, "source");
  check.Topic("version", CheckVersion);
  check.Topic("pooler", CheckPooler);
  check.Topic("encoding", CheckEncoding);
  check.Topic("clock", CheckClock);
  check.Topic("privileges", CheckSourceRights);
  check.Topic("row_security", CheckSourceRowSecurity);
  if (request.types.incremental) {
    check.Topic("log", CheckLog);
    check.Topic("replication_session", CheckReplicationSession);
    check.Topic("log_retention", CheckLogRetention);
    check.Topic("plugin", CheckPlugin);
    check.Topic("truncate", CheckTruncate);
    check.Topic("publication", CheckPublication);
    check.Topic("standby", CheckStandby);
    check.Topic("ddl", CheckDdl);
    check.Topic("replica_identity", CheckReplicaIdentity);
    check.Topic("prepared_transactions", CheckPreparedTransactions);
  }
  check.Topic("keys", CheckKeys);
  check.Topic("kinds", CheckKinds);
  check.Topic("large_objects", CheckLargeObjects);
  if (request.types.schema) check.Topic("not_carried", CheckNotCarried);
  check.Topic("foreign_keys", CheckForeignKeys);
  check.Topic("filter", CheckFilters);
  check.Topic("timeouts", CheckTimeouts);
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
  check.Topic("pooler", CheckPooler);
  check.Topic("encoding", CheckEncoding);
  check.Topic("clock", CheckClock);
  check.Topic("writable", CheckWritable);
  check.Topic("privileges", CheckDestinationRights);
  const bool foreign = request.source.engine != "postgresql";
  check.Topic("triggers", foreign ? CheckForeignTriggers : CheckTriggers);
  check.Topic("event_triggers", CheckEventTriggers);
  check.Topic("row_security", CheckDestinationRowSecurity);
  check.Topic("names", CheckNames);
  check.Topic("conflicts", CheckConflicts);
  if (!request.types.schema) check.Topic("shapes", CheckShapes);
  if (request.types.schema && foreign) check.Topic("foreign_types", CheckForeignTables);
  if (request.types.schema && !foreign) {
    check.Topic("extensions", CheckExtensions);
    check.Topic("types", CheckTypes);
    check.Topic("collations", CheckCollations);
  }
  if (request.types.full) check.Topic("space", CheckSpace);
  check.Topic("timeouts", CheckTimeouts);
  check.Topic("load", CheckLoad);
  return check.Take();
}

}  // namespace sluice::postgresql
