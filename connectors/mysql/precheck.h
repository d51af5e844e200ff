// The parts of the precheck. Each function looks at one topic and adds items; it changes nothing on the server.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "connector/precheck_items.h"
#include "connectors/mysql/connection.h"
#include "connectors/mysql/precheck_grants.h"

namespace sluice::mysql {

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
  bool mariadb() const { return connection_.is_mariadb(); }
  bool AtLeast(uint32_t version) const { return connection_.version() >= version; }
  // A global variable's text, empty when there is none of that name.
  std::string Variable(std::string_view name) const;
  uint64_t Number(std::string_view name) const;
  bool On(std::string_view name) const;

  const Grants& grants() const { return grants_; }
  const std::string& account() const { return account_; }  // 'user'@'host'
  std::string Database(const std::string& name) const { return GrantDatabase(name, literal_names_); }
  // Whether a query is allowed; nothing of its result is read.
  bool Allowed(const std::string& probe);

 private:
  void ReadGrants();

  Connection& connection_;
  const connector::PrecheckRequest& request_;
  std::map<std::string, std::string, std::less<>> variables_;
  Grants grants_;
  std::string account_;
  bool literal_names_ = false;
};

using connector::Bytes;
using connector::Listed;

// Both sides.
void CheckVersion(Precheck& check);
void CheckClock(Precheck& check);
void CheckLoad(Precheck& check);
// The source.
void CheckBinaryLog(Precheck& check);
void CheckLogRetention(Precheck& check);
void CheckLogFilters(Precheck& check);
void CheckCut(Precheck& check);
void CheckSourceRights(Precheck& check);
void CheckOpenTransactions(Precheck& check);
void CheckKeys(Precheck& check);
void CheckEngines(Precheck& check);
void CheckTypes(Precheck& check);
void CheckVersioned(Precheck& check);
void CheckForeignKeys(Precheck& check);
void CheckFilters(Precheck& check);
// The destination.
void CheckDestinationRights(Precheck& check);
void CheckWritable(Precheck& check);
void CheckReplica(Precheck& check);
void CheckVersionsAcross(Precheck& check);
void CheckSettings(Precheck& check);
void CheckSpace(Precheck& check);
void CheckPacket(Precheck& check);
void CheckLocalInfile(Precheck& check);
void CheckDestinationLog(Precheck& check);
void CheckRoutineCreation(Precheck& check);
void CheckNames(Precheck& check);
void CheckConflicts(Precheck& check);
void CheckShapes(Precheck& check);
void CheckStorage(Precheck& check);
void CheckCollations(Precheck& check);
void CheckDestinationTriggers(Precheck& check);
// Tables of another engine.
void CheckForeignTables(Precheck& check);
void CheckDurable(Precheck& check);

}  // namespace sluice::mysql
