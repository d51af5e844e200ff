// Reads what exists in one database of a PostgreSQL server (connector::Catalog). One connection, one thread.
#pragma once

#include <string>
#include <vector>

#include "connector/connector.h"
#include "connectors/postgresql/connection.h"

namespace sluice::postgresql {

class PostgresqlCatalog : public connector::Catalog {
 public:
  PostgresqlCatalog(const connector::Endpoint& endpoint, const connector::SessionContext& context);

  std::vector<std::string> Databases() override;
  std::vector<connector::TableSummary> ListTables(const std::string& database) override;
  std::vector<model::TablePtr> DescribeTables(const std::vector<model::ObjectName>& names) override;
  std::vector<model::SchemaObject> ListObjects(const std::string& database) override;
  bool Exists(model::ObjectKind kind, const model::ObjectName& name) override;
  bool HasRows(const model::ObjectName& table) override;
  uint64_t CountRows(const model::ObjectName& table, const std::string& filter) override;
  std::vector<connector::SequenceValue> Sequences(const std::string& database) override;

 private:
  Connection connection_;
};

bool ObjectExists(Connection& connection, model::ObjectKind kind, const model::ObjectName& name);

// For a query on a catalog: leaves out what belongs to an extension. `table` is the catalog, `id` the object's oid.
std::string NotOfExtension(const std::string& table, const std::string& id);

}  // namespace sluice::postgresql
