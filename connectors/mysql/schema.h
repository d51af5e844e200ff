// Writes definitions to a MySQL-family server (connector::SchemaWriter). One connection, one thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "connector/connector.h"
#include "connectors/mysql/connection.h"
#include "connectors/mysql/flavour.h"
#include "connectors/mysql/schema_mapping.h"

namespace sluice::mysql {

class MySqlSchemaWriter : public connector::SchemaWriter {
 public:
  MySqlSchemaWriter(const connector::Endpoint& endpoint, const connector::SessionContext& context);

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
  void RaiseCounter(const connector::SequenceValue& value, const model::NameMap& names);
  friend class DdlTranslator;
  friend class ShadowRun;
  // Constraint names are unique in a database there, in MariaDB's case only in a table: a second one loses its name.
  void DropTakenNames(CreateTable& table, Notes& notes);
  // A name for a constraint of the database that none has yet, empty: the server is to give one.
  std::string FreeConstraintName(char kind, const std::string& database, const std::string& name);
  // The same for a table that comes along the log: the server knows which names are taken by now.
  void ReadTakenNames(const CreateTable& table);
  void ExecuteDefinition(const connector::SchemaStatement& statement, const std::string& object);
  // "" when there is no such table, view or routine.
  std::string ShowCreate(const model::ObjectName& name);
  void RefuseAgain(const std::vector<model::ObjectName>& objects, const std::string& fingerprint);
  sql::Dialect OwnDialect() const;

  connector::Endpoint endpoint_;
  connector::SessionContext context_;
  Connection connection_;
  Capabilities capabilities_;
  std::map<std::string, std::set<std::string>> constraint_names_;  // by database
  // What DescribeAfter() was last told and found out, for the Translate() of the same statement.
  std::map<model::ObjectName, model::TablePtr> before_;
  std::map<model::ObjectName, model::TablePtr> after_;
  bool exchanges_ = false;  // the statement that was translated last moves rows, and no definition tells whether it did
};

// The statements of a translated table: see the brief comment in schema_split.cc. `keep_for_load` are names of keys
// that the load or the changes need beside the primary key.
struct TableStatements {
  std::string create;
  std::vector<std::string> indexes;
  std::string foreign_keys;  // empty: none
};
TableStatements SplitTable(const CreateTable& table, const std::set<std::string>& keep_for_load);

}  // namespace sluice::mysql
