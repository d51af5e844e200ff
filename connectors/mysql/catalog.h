// Reads what exists on a MySQL-family server (connector::Catalog). One connection, one thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "connector/connector.h"
#include "connectors/mysql/catalog_describe.h"
#include "connectors/mysql/connection.h"

namespace sluice::mysql {

class MySqlCatalog : public connector::Catalog {
 public:
  MySqlCatalog(const connector::Endpoint& endpoint, const connector::SessionContext& context);

  std::vector<std::string> Databases() override;
  std::vector<connector::TableSummary> ListTables(const std::string& database) override;
  std::vector<model::TablePtr> DescribeTables(const std::vector<model::ObjectName>& names) override;
  std::vector<model::SchemaObject> ListObjects(const std::string& database) override;
  bool Exists(model::ObjectKind kind, const model::ObjectName& name) override;
  bool HasRows(const model::ObjectName& table) override;
  uint64_t CountRows(const model::ObjectName& table, const std::string& filter) override;
  // The AUTO_INCREMENT counters, each by its table's name. Rows move a counter on at the destination too, but those
  // that were deleted at the source since do not.
  std::vector<connector::SequenceValue> Sequences(const std::string& database) override;

 private:
  using Facts = std::map<std::string, TableFacts>;  // by table
  void ReadTables(const std::string& condition, Facts& facts);
  Facts ReadFacts(const std::string& database, const std::set<std::string>& names);
  std::map<std::string, std::string> ShowCreateTables(const std::string& database,
                                                      const std::vector<std::string>& names);
  size_t ShowCreateBatch(const std::string& database, const std::vector<std::string>& names, size_t begin, size_t end,
                         std::map<std::string, std::string>& statements);

  void AddViews(const std::string& database, std::vector<model::SchemaObject>& objects);
  void AddRoutines(const std::string& database, std::vector<model::SchemaObject>& objects);
  void AddTriggers(const std::string& database, std::vector<model::SchemaObject>& objects);
  void ShowCreateObject(model::SchemaObject& object);
  [[noreturn]] void ThrowDenied(const Error& error, const std::string& privilege, const std::string& object,
                                const std::string& on);

  Connection connection_;
  sql::Dialect dialect_;
  int lower_case_names_ = 0;
  std::set<std::string> transactional_engines_;
  CharsetFacts charsets_;
  // The last list of each database: on a large one asking again costs seconds.
  std::map<std::string, Facts> listed_;
};

// Views in an order in which each comes after those of the list that it reads; otherwise the order is kept.
void SortByDependency(std::vector<model::SchemaObject>& views, const sql::Dialect& dialect);

CharsetFacts ReadCharsetFacts(Connection& connection);

}  // namespace sluice::mysql
