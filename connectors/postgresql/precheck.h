// The parts of the precheck. Each function looks at one topic and adds items; it changes nothing on the server.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "connector/precheck_items.h"
#include "connectors/postgresql/connection.h"

namespace sluice::postgresql {

// One side's server as the precheck sees it, and the report so far.
class Precheck : public connector::PrecheckItems {
 public:
  Precheck(Connection& connection, const connector::PrecheckRequest& request, std::string side);

  void Topic(const char* id, void (*topic)(Precheck&)) {
    Run(id, [&] { topic(*this); });
  }

  Connection& connection() { return connection_; }
  const connector::PrecheckRequest& request() const { return request_; }
  const connector::MigrationTypes& types() const { return request_.types; }
  bool AtLeast(uint32_t version) const { return connection_.version() >= version; }
  // A setting in the unit that pg_settings has for it; empty when there is none of that name.
  std::string Setting(std::string_view name) const;
  int64_t Number(std::string_view name) const;
  bool On(std::string_view name) const { return Setting(name) == "on"; }

  // The role that the session runs as.
  const std::string& role() const { return role_; }
  const std::string& database() const { return connection_.endpoint().database; }
  bool superuser() const { return superuser_; }
  bool replication() const { return replication_; }  // may send the log (a managed server's own role counts)
  bool bypasses_row_security() const { return superuser_ || bypasses_; }
  // What kind of hosting it is, by the roles that vendors make: "amazon", "azure", "google", "".
  const std::string& hosting() const { return hosting_; }
  // The other side's engine is this one too.
  bool same_engine() const;
  // "(VALUES ('shop', 'orders'), ...) AS s(schema, name)" of the tables of one side.
  std::string TablesValues(bool source) const;

 private:
  void ReadRole();

  Connection& connection_;
  const connector::PrecheckRequest& request_;
  std::map<std::string, std::string, std::less<>> settings_;
  std::string role_;
  std::string hosting_;
  bool superuser_ = false;
  bool replication_ = false;
  bool bypasses_ = false;
};

using connector::Bytes;
using connector::Listed;
uint64_t ToNumber(const OptionalText& text);

// Both sides.
void CheckVersion(Precheck& check);
void CheckClock(Precheck& check);
void CheckLoad(Precheck& check);
void CheckTimeouts(Precheck& check);
void CheckEncoding(Precheck& check);
void CheckPooler(Precheck& check);
// The source.
void CheckLog(Precheck& check);
void CheckLogRetention(Precheck& check);
void CheckReplicationSession(Precheck& check);
void CheckPlugin(Precheck& check);
void CheckTruncate(Precheck& check);
void CheckPublication(Precheck& check);
void CheckStandby(Precheck& check);
void CheckDdl(Precheck& check);
void CheckSourceRights(Precheck& check);
void CheckSourceRowSecurity(Precheck& check);
void CheckOpenTransactions(Precheck& check);
void CheckPreparedTransactions(Precheck& check);
void CheckKeys(Precheck& check);
void CheckReplicaIdentity(Precheck& check);
void CheckKinds(Precheck& check);
void CheckLargeObjects(Precheck& check);
void CheckNotCarried(Precheck& check);
void CheckForeignKeys(Precheck& check);
void CheckFilters(Precheck& check);
// The destination.
void CheckVersionsAcross(Precheck& check);
void CheckWritable(Precheck& check);
void CheckDestinationRights(Precheck& check);
void CheckTriggers(Precheck& check);
void CheckEventTriggers(Precheck& check);
void CheckDestinationRowSecurity(Precheck& check);
void CheckNames(Precheck& check);
void CheckConflicts(Precheck& check);
void CheckShapes(Precheck& check);
void CheckExtensions(Precheck& check);
void CheckTypes(Precheck& check);
void CheckCollations(Precheck& check);
void CheckSpace(Precheck& check);
// The destination of another engine's tables.
void CheckForeignTriggers(Precheck& check);
void CheckForeignTables(Precheck& check);

}  // namespace sluice::postgresql
