// Writes schemas (connector::SchemaWriter). Statements are made from what the source's catalogs hold, so that each
// object can be retried, edited or skipped alone and can get another name; see README.md.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connector/connector.h"
#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/definition.h"
#include "connectors/postgresql/names_in_text.h"

namespace sluice::postgresql {

class PostgresqlSchemaWriter : public connector::SchemaWriter {
 public:
  PostgresqlSchemaWriter(const connector::Endpoint& endpoint, const connector::SessionContext& context);

  std::vector<connector::SchemaStatement> CreateDatabase(const std::string& source_database,
                                                         const std::string& destination_database,
                                                         const std::string& source_create_statement,
                                                         const connector::ServerInfo& source) override;
  std::vector<connector::SchemaStatement> Translate(const model::Table& table, const model::TableMapping& mapping,
                                                    const model::NameMap& names,
                                                    const connector::ServerInfo& source) override;
  std::vector<connector::SchemaStatement> Translate(const model::SchemaObject& object, const model::NameMap& names,
                                                    const connector::ServerInfo& source) override;
  void Execute(const connector::SchemaStatement& statement) override;
  void Drop(const connector::SchemaStatement& statement) override;
  void SetSequence(const connector::SequenceValue& value, const model::NameMap& names) override;
  std::vector<connector::SchemaStatement> Translate(const std::vector<connector::TableChange>& changes,
                                                    const std::vector<model::TablePtr>& before,
                                                    const model::DdlChange& ddl, const model::NameMap& names,
                                                    const connector::ServerInfo& source) override;
  std::vector<connector::SchemaStatement> Translate(const model::DdlChange& ddl, const model::NameMap& names,
                                                    const connector::ServerInfo& source) override;
  std::vector<connector::TableChange> DescribeAfter(const model::DdlChange& ddl,
                                                    const std::vector<model::TablePtr>& before,
                                                    const connector::ServerInfo& source) override;
  std::string Fingerprint(const std::vector<model::ObjectName>& objects) override;

 private:
  void DropTable(const model::ObjectName& name, const std::string& object);

  Connection connection_;
};

// The statements of one table, for a server of this version (as Connection::version()).
std::vector<connector::SchemaStatement> TranslateTable(const model::Table& table, const model::TableMapping& mapping,
                                                       const model::NameMap& names, uint32_t version);
// The statements of another object.
std::vector<connector::SchemaStatement> TranslateObject(const model::SchemaObject& object, const model::NameMap& names,
                                                        uint32_t version);

}  // namespace sluice::postgresql
