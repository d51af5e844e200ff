// The precheck against real servers: each right taken away is found, named with its statement, and the statement mends
// it. Skipped unless SLUICE_TEST_PG10 and so on hold "host:port:user:password" of an account that may do all.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/names.h"
#include "connectors/postgresql/publication.h"
#include "connectors/postgresql/server.h"
#include "connectors/postgresql/server_test_endpoint.h"
#include "connectors/postgresql/sessions.h"
#include "connectors/postgresql/slot.h"

namespace sluice::postgresql {
namespace {

using connector::Endpoint;
using connector::PrecheckItem;
using connector::PrecheckStatus;

constexpr const char* kPassword = "Pre-check-1";

class Names : public model::NameMap {
 public:
  model::ObjectName Map(const model::ObjectName& source) const override { return source; }
  std::string MapDatabase(const std::string& source) const override { return source; }
  std::string MapColumn(const model::ObjectName&, const std::string& column) const override { return column; }
  bool Selected(const model::ObjectName& source) const override { return whole && source.database == "s"; }
  model::TableMappingPtr MapTable(const model::Table&) const override { return nullptr; }
  bool whole = false;
};

// A right of the role "precheck": the statement that gives it, and the one that takes it away.
struct Right {
  std::string grant;
  std::string revoke;
  std::string id = "postgresql.privileges";
};

// One server, with a database "precheck" that has a schema "s" and a table in it for both sides, made by "owner".
class PrecheckServer : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto endpoint = ServerOf(GetParam());
    if (!endpoint) GTEST_SKIP() << GetParam() << " is not set";
    root_ = *endpoint;
    {
      Connection server(root_, {});
      server.Execute("DROP DATABASE IF EXISTS precheck");
      for (const char* role : {"precheck", "owner"}) server.Execute(fmt::format("DROP ROLE IF EXISTS {}", role));
      server.Execute("CREATE ROLE owner");
      server.Execute(fmt::format("CREATE ROLE precheck LOGIN PASSWORD '{}'", kPassword));
      server.Execute("CREATE DATABASE precheck TEMPLATE template0 ENCODING 'UTF8'");
    }
    root_.database = "precheck";
    admin_ = std::make_unique<Connection>(root_, connector::SessionContext{});
    major_ = admin_->major();
    Run("REVOKE ALL ON SCHEMA public FROM PUBLIC");
    Run("CREATE SCHEMA s AUTHORIZATION owner");
    Run("SET ROLE owner");
    Run("CREATE TABLE s.parent (id int PRIMARY KEY)");
    Run("CREATE TABLE s.t (id int PRIMARY KEY, a varchar(10), p int REFERENCES s.parent)");
    Run("CREATE SEQUENCE s.numbers");
    Run("RESET ROLE");
    SelectTables({"parent", "t"});
    request_.task = "pre check";
    request_.names = &names_;
    request_.destination_databases = {"s"};
    request_.types = {.schema = true, .full = true, .incremental = true};
    request_.source = ReadServerInfo(root_, {});
    request_.destination = request_.source;
    request_.resuming = true;  // the tables stand for both sides
  }
  void TearDown() override {
    if (!admin_) return;
    Run("DROP OWNED BY precheck CASCADE");
    admin_.reset();
    root_.database = "postgres";
    Connection server(root_, {});
    server.Execute("DROP DATABASE IF EXISTS precheck");
    for (const char* role : {"precheck", "owner"}) server.Execute(fmt::format("DROP ROLE IF EXISTS {}", role));
  }

  void SelectTables(const std::vector<std::string>& names) {
    request_.tables.clear();
    request_.mappings.clear();
    std::vector<model::ObjectName> wanted;
    for (const std::string& name : names) wanted.push_back({"s", name});
    request_.tables = MakeCatalog(root_, {})->DescribeTables(wanted);
    for (const model::TablePtr& table : request_.tables) {
      auto mapping = std::make_shared<model::TableMapping>();
      mapping->source = mapping->destination = table->name;
      for (const model::Column& column : table->columns) {
        if (column.generated == model::Generated::kNo) mapping->columns.push_back({column.name, column.name});
      }
      request_.mappings.push_back(mapping);
    }
  }
  // Of the last selected table.
  std::shared_ptr<model::TableMapping> ChangeMapping() {
    auto mapping = std::make_shared<model::TableMapping>(*request_.mappings.back());
    request_.mappings.back() = mapping;
    return mapping;
  }

  void Run(const std::string& sql) { admin_->Execute(sql); }
  Endpoint Account() const {
    Endpoint endpoint = root_;
    endpoint.user = "precheck";
    endpoint.password = Secret(kPassword);
    return endpoint;
  }
  std::vector<PrecheckItem> Source(const Endpoint& endpoint) { return PrecheckSource(endpoint, request_, {}); }
  std::vector<PrecheckItem> Destination(const Endpoint& endpoint) {
    return PrecheckDestination(endpoint, request_, {});
  }

  static std::vector<PrecheckItem> With(const std::vector<PrecheckItem>& items, PrecheckStatus status) {
    std::vector<PrecheckItem> found;
    std::copy_if(items.begin(), items.end(), std::back_inserter(found),
                 [&](const PrecheckItem& item) { return item.status == status; });
    return found;
  }
  static std::vector<PrecheckItem> Failed(const std::vector<PrecheckItem>& items) {
    for (const PrecheckItem& item : items) {
      if (item.title == "This check could not be made") ADD_FAILURE() << item.id << ": " << item.cause;
    }
    return With(items, PrecheckStatus::kFailed);
  }
  // The item of this id; its status must be this one.
  static PrecheckItem Item(const std::vector<PrecheckItem>& items, const std::string& id, PrecheckStatus status) {
    for (const PrecheckItem& item : items) {
      if (item.id == "postgresql." + id && item.status == status) return item;
    }
    std::string all;
    for (const PrecheckItem& item : items) all += item.id + ": " + item.title + " | " + item.cause + "\n";
    ADD_FAILURE() << "no such item: " << id << "\n" << all;
    return {};
  }

  using Check = std::vector<PrecheckItem> (*)(const Endpoint&, const connector::PrecheckRequest&,
                                              const connector::SessionContext&);
  void TryRights(Check check, const std::vector<Right>& rights) {
    for (const Right& right : rights) Run(right.grant);
    for (const PrecheckItem& item : Failed(check(Account(), request_, {}))) {
      ADD_FAILURE() << item.id << ": " << item.object << ": " << item.cause << " " << item.remedy;
    }
    for (const Right& right : rights) {
      SCOPED_TRACE(right.revoke);
      Run(right.revoke);
      const std::vector<PrecheckItem> failed = Failed(check(Account(), request_, {}));
      ASSERT_EQ(failed.size(), 1u) << (failed.size() > 1 ? failed[1].id + failed[1].cause : "");
      EXPECT_EQ(failed[0].id, right.id);
      EXPECT_EQ(failed[0].remedy.substr(0, failed[0].remedy.find(';')), right.grant);
      Run(failed[0].remedy.substr(0, failed[0].remedy.find(';')));
      EXPECT_TRUE(Failed(check(Account(), request_, {})).empty());
    }
  }

  Endpoint root_;
  std::unique_ptr<Connection> admin_;
  uint32_t major_ = 0;
  Names names_;
  connector::PrecheckRequest request_;
};

std::string GrantOf(const std::string& what) {
  return "GRANT " + what + " TO \"precheck\"";
}

// With this role alone, a DBA makes the publication.
TEST_P(PrecheckServer, NamedRightsAreEnoughAtTheSourceAndEachMissingOneIsFound) {
  Run(PublicationStatement(*admin_, SourceObjectName(request_.task), request_.tables));
  TryRights(PrecheckSource,
            {{GrantOf("USAGE ON SCHEMA \"s\""), "REVOKE USAGE ON SCHEMA s FROM precheck"},
             {GrantOf("SELECT ON \"s\".\"t\""), "REVOKE SELECT ON s.t FROM precheck"},
             {GrantOf("SELECT ON SEQUENCE \"s\".\"numbers\""), "REVOKE SELECT ON SEQUENCE s.numbers FROM precheck"},
             {"ALTER ROLE \"precheck\" REPLICATION", "ALTER ROLE precheck NOREPLICATION", "postgresql.replication"},
             {GrantOf("SELECT ON \"s\".\"parent\""), "REVOKE SELECT ON s.parent FROM precheck"}});
}

// Without a publication nothing has to be the account's own.
TEST_P(PrecheckServer, ByTestDecodingNoPublicationIsNeeded) {
  Run("GRANT USAGE ON SCHEMA s TO precheck; GRANT SELECT ON ALL TABLES IN SCHEMA s TO precheck; GRANT SELECT ON "
      "SEQUENCE s.numbers TO precheck; ALTER ROLE precheck REPLICATION");
  Endpoint account = Account();
  account.plugin = kTestDecoding;
  const std::vector<PrecheckItem> items = Source(account);
  EXPECT_TRUE(Failed(items).empty());
  Item(items, "plugin", PrecheckStatus::kPassed);
  EXPECT_TRUE(std::none_of(items.begin(), items.end(),
                           [](const PrecheckItem& item) { return item.id == "postgresql.publication"; }));
}

TEST_P(PrecheckServer, TruncateIsNotInEveryLog) {
  const std::vector<PrecheckItem> items = Source(root_);
  if (major_ < 11) {
    Item(items, "truncate", PrecheckStatus::kWarning);
  } else {
    EXPECT_TRUE(std::none_of(items.begin(), items.end(),
                             [](const PrecheckItem& item) { return item.id == "postgresql.truncate"; }));
  }
}

TEST_P(PrecheckServer, APublicationIsTheOwnersOrMadeBeforehand) {
  Run("GRANT USAGE ON SCHEMA s TO precheck; GRANT SELECT ON ALL TABLES IN SCHEMA s TO precheck; GRANT SELECT ON "
      "SEQUENCE "
      "s.numbers TO precheck; ALTER ROLE precheck REPLICATION");
  auto failed = Failed(Source(Account()));
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].id, "postgresql.publication");
  const std::string statement = failed[0].remedy.substr(0, failed[0].remedy.find(';'));
  EXPECT_TRUE(statement.starts_with("CREATE PUBLICATION \"sluice_pre_check\"")) << statement;
  Run("GRANT owner TO precheck");
  failed = Failed(Source(Account()));
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].remedy, GrantOf("CREATE ON DATABASE \"precheck\"") + ";");
  Run(failed[0].remedy);
  EXPECT_TRUE(Failed(Source(Account())).empty());
  Run("REVOKE owner FROM precheck");
  Run(statement);
  EXPECT_TRUE(Failed(Source(Account())).empty());
  Run(fmt::format("ALTER PUBLICATION {} SET TABLE ONLY s.t", Quote(SourceObjectName(request_.task))));
  failed = Failed(Source(Account()));
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_NE(failed[0].remedy.find("DROP PUBLICATION"), std::string::npos) << failed[0].remedy;
}

// A ready publication that leaves rows, columns or kinds of changes out would lose them without a word.
TEST_P(PrecheckServer, APublicationThatTellsLessIsNamedWithTheStatementThatMendsIt) {
  Run("GRANT USAGE ON SCHEMA s TO precheck; GRANT SELECT ON ALL TABLES IN SCHEMA s TO precheck; GRANT SELECT ON "
      "SEQUENCE s.numbers TO precheck; ALTER ROLE precheck REPLICATION");
  const std::string name = SourceObjectName(request_.task);
  Run(PublicationStatement(*admin_, name, request_.tables));
  std::vector<std::pair<std::string, std::string>> narrowed{{"SET (publish = 'insert')", "publish"}};
  if (major_ >= 15) {
    narrowed.emplace_back("SET TABLE ONLY s.parent, ONLY s.t WHERE (id > 5)", "s.t columns all rows (id > 5)");
    narrowed.emplace_back("SET TABLE ONLY s.parent, ONLY s.t (id)", "s.t columns 1 rows all");
  }
  for (const auto& [how, words] : narrowed) {
    SCOPED_TRACE(how);
    EXPECT_TRUE(Failed(Source(Account())).empty());
    Run("ALTER PUBLICATION " + Quote(name) + " " + how);
    const auto failed = Failed(Source(Account()));
    ASSERT_EQ(failed.size(), 1u);
    EXPECT_EQ(failed[0].id, "postgresql.publication");
    EXPECT_NE(failed[0].cause.find(words), std::string::npos) << failed[0].cause;
    // The two statements stand before what is said of them.
    const size_t drop = failed[0].remedy.find(';');
    Run(failed[0].remedy.substr(0, failed[0].remedy.find(';', drop + 1)));
  }
  EXPECT_TRUE(Failed(Source(Account())).empty());
}

TEST_P(PrecheckServer, NamedRightsAreEnoughAtTheDestinationAndEachMissingOneIsFound) {
  Run("CREATE SCHEMA sluice");
  std::vector<Right> rights{{GrantOf("USAGE ON SCHEMA \"s\""), "REVOKE USAGE ON SCHEMA s FROM precheck"},
                            {GrantOf("CREATE ON SCHEMA \"s\""), "REVOKE CREATE ON SCHEMA s FROM precheck"},
                            {GrantOf("USAGE ON SCHEMA \"sluice\""), "REVOKE USAGE ON SCHEMA sluice FROM precheck"},
                            {GrantOf("CREATE ON SCHEMA \"sluice\""), "REVOKE CREATE ON SCHEMA sluice FROM precheck"},
                            {GrantOf("SELECT ON s.t"), "REVOKE SELECT ON s.t FROM precheck"},
                            {GrantOf("INSERT ON s.t"), "REVOKE INSERT ON s.t FROM precheck"},
                            {GrantOf("UPDATE ON s.t"), "REVOKE UPDATE ON s.t FROM precheck"},
                            {GrantOf("DELETE ON s.parent, s.t"), "REVOKE DELETE ON s.t, s.parent FROM precheck"}};
  Run("GRANT SELECT, INSERT, UPDATE, DELETE ON s.parent TO precheck");
  if (major_ >= 15) {
    rights.push_back({GrantOf("SET ON PARAMETER session_replication_role"),
                      "REVOKE SET ON PARAMETER session_replication_role FROM precheck", "postgresql.triggers"});
  } else {
    Run("ALTER TABLE s.t DROP CONSTRAINT t_p_fkey");
    SelectTables({"parent", "t"});
  }
  TryRights(PrecheckDestination, rights);
}

TEST_P(PrecheckServer, SchemasThatAreNotThereNeedCreateOnTheDatabase) {
  Run("DROP SCHEMA s CASCADE");
  request_.resuming = false;
  auto failed = Failed(Destination(Account()));
  ASSERT_FALSE(failed.empty());
  EXPECT_EQ(failed[0].remedy, GrantOf("CREATE ON DATABASE \"precheck\"") + ";");
  EXPECT_EQ(failed[0].id, "postgresql.privileges");
}

TEST_P(PrecheckServer, TablesWithoutAnIdentityInTheLogAreNamedWithTheStatementThatMendsThem) {
  Run("CREATE TABLE s.keyless (a int); CREATE TABLE s.deferred (id int PRIMARY KEY DEFERRABLE); CREATE TABLE s.nothing "
      "(id int PRIMARY KEY); ALTER TABLE s.nothing REPLICA IDENTITY NOTHING; CREATE TABLE s.indexed (id int NOT NULL "
      "UNIQUE); ALTER TABLE s.indexed REPLICA IDENTITY USING INDEX indexed_id_key; CREATE TABLE s.parts (id int, a "
      "int) "
      "PARTITION BY RANGE (id); CREATE TABLE s.part PARTITION OF s.parts FOR VALUES FROM (0) TO (10)");
  for (const char* name : {"keyless", "deferred", "nothing", "parts"}) {
    SCOPED_TRACE(name);
    SelectTables({"t", name});
    const std::string table = std::string(name) == "parts" ? "s.part" : "s." + std::string(name);
    const PrecheckItem item = Item(Source(root_), "replica_identity", PrecheckStatus::kFailed);
    EXPECT_EQ(item.object, "table " + table);
    EXPECT_TRUE(item.remedy.starts_with("ALTER TABLE " + table + " REPLICA IDENTITY FULL;")) << item.remedy;
    Run(item.remedy.substr(0, item.remedy.find(';')));
    Item(Source(root_), "replica_identity", PrecheckStatus::kPassed);
  }
  SelectTables({"indexed", "t"});
  Item(Source(root_), "replica_identity", PrecheckStatus::kPassed);
}

TEST_P(PrecheckServer, FiltersNeedTheOldValuesOfWhatTheyName) {
  SelectTables({"t"});
  ChangeMapping()->filter = "id > 3";
  Item(Source(root_), "replica_identity", PrecheckStatus::kPassed);
  ChangeMapping()->filter = "a = 'x'";
  const PrecheckItem item = Item(Source(root_), "replica_identity", PrecheckStatus::kFailed);
  EXPECT_EQ(item.remedy, "ALTER TABLE s.t REPLICA IDENTITY FULL; at the source.");
  Run("ALTER TABLE s.t REPLICA IDENTITY FULL");
  Item(Source(root_), "replica_identity", PrecheckStatus::kPassed);
  ChangeMapping()->filter = "no_such_column > 3";
  EXPECT_NE(Item(Source(root_), "filter", PrecheckStatus::kFailed).cause.find("no_such_column"), std::string::npos);
}

TEST_P(PrecheckServer, RowSecurityThatHidesRowsIsFound) {
  Run("GRANT USAGE ON SCHEMA s TO precheck; GRANT SELECT ON ALL TABLES IN SCHEMA s TO precheck; GRANT SELECT ON "
      "SEQUENCE "
      "s.numbers TO precheck; ALTER TABLE s.t ENABLE ROW LEVEL SECURITY");
  request_.types.incremental = false;
  const auto failed = Failed(Source(Account()));
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].id, "postgresql.row_security");
  EXPECT_EQ(failed[0].object, "table s.t");
  Run(failed[0].remedy.substr(0, failed[0].remedy.find(';')));
  EXPECT_TRUE(Failed(Source(Account())).empty());
  EXPECT_TRUE(Failed(Source(root_)).empty());
}

TEST_P(PrecheckServer, WhatIsNotCarriedIsNamed) {
  Run("CREATE UNLOGGED TABLE s.quick (id int PRIMARY KEY); CREATE EXTENSION postgres_fdw SCHEMA s; CREATE SERVER other "
      "FOREIGN "
      "DATA "
      "WRAPPER postgres_fdw; CREATE FOREIGN TABLE s.far (id int) SERVER other; SELECT lo_create(0); CREATE TEXT SEARCH "
      "DICTIONARY s.words "
      "(TEMPLATE = pg_catalog.simple)");
  SelectTables({"t", "quick"});
  names_.whole = true;
  const auto items = Source(root_);
  EXPECT_EQ(Item(items, "unlogged", PrecheckStatus::kWarning).object, "table s.quick");
  EXPECT_EQ(Item(items, "foreign_tables", PrecheckStatus::kWarning).object, "foreign table s.far");
  Item(items, "large_objects", PrecheckStatus::kWarning);
  EXPECT_EQ(Item(items, "not_carried", PrecheckStatus::kWarning).object, "text search dictionary s.words");
  EXPECT_TRUE(Failed(items).empty());
}

TEST_P(PrecheckServer, OpenAndPreparedTransactionsAreNamed) {
  Connection session(root_, {});
  session.Execute("BEGIN; INSERT INTO s.parent VALUES (1); PREPARE TRANSACTION 'pre''check'");
  const PrecheckItem item = Item(Source(root_), "prepared_transactions", PrecheckStatus::kWarning);
  EXPECT_EQ(item.remedy, "COMMIT PREPARED 'pre''check'; or ROLLBACK PREPARED 'pre''check';");
  session.Execute("ROLLBACK PREPARED 'pre''check'");
  Item(Source(root_), "prepared_transactions", PrecheckStatus::kPassed);
}

TEST_P(PrecheckServer, ConflictsAreFound) {
  request_.resuming = false;
  request_.objects = MakeCatalog(root_, {})->ListObjects("s");
  Run("INSERT INTO s.parent VALUES (1)");
  std::vector<std::string> ids;
  for (const PrecheckItem& item : Failed(Destination(root_))) ids.push_back(item.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"postgresql.conflicts", "postgresql.object_conflicts"}));
}

TEST_P(PrecheckServer, TablesMadeBeforehandMustFit) {
  request_.types.schema = false;
  Run("ALTER TABLE s.t DROP COLUMN a; ALTER TABLE s.t ADD COLUMN needed int NOT NULL");
  auto failed = Failed(Destination(root_));
  ASSERT_EQ(failed.size(), 2u);
  EXPECT_EQ(failed[0].id, "postgresql.shapes");
  EXPECT_NE(failed[1].cause.find("needed"), std::string::npos);
  Run("ALTER TABLE s.t ADD COLUMN a varchar(5); ALTER TABLE s.t ALTER COLUMN needed DROP NOT NULL");
  const auto items = Destination(root_);
  EXPECT_TRUE(Failed(items).empty());
  EXPECT_NE(Item(items, "column_types", PrecheckStatus::kWarning)
                .object.find("a (character varying(10) to character varying(5))"),
            std::string::npos);
  Run("DROP TABLE s.t");
  failed = Failed(Destination(root_));
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_NE(failed[0].cause.find("does not exist"), std::string::npos);
}

TEST_P(PrecheckServer, NamesThatAreTooLongOrTheServersOwnAreRefused) {
  ChangeMapping()->destination.name = std::string(64, 'x');
  request_.destination_databases = {"pg_mine"};
  const PrecheckItem item = Item(Destination(root_), "names", PrecheckStatus::kFailed);
  EXPECT_NE(item.object.find("64 bytes"), std::string::npos) << item.object;
  EXPECT_NE(item.object.find("pg_mine"), std::string::npos) << item.object;
}

TEST_P(PrecheckServer, TypesAndExtensionsThatTheDestinationLacksAreNamed) {
  auto table = std::make_shared<model::Table>(*request_.tables.back());
  table->columns[1].type.native = "no_such_type[]";
  table->columns[0].type.native = "numeric(4,2)[]";
  table->columns[2].type.native = "timestamp(3) without time zone";
  request_.tables.back() = table;
  EXPECT_EQ(Item(Destination(root_), "types", PrecheckStatus::kFailed).object, "column s.t.a");
  EXPECT_EQ(Failed(Destination(root_)).size(), 1u);
  request_.objects = {{.kind = model::ObjectKind::kExtension, .name = {"", "no_such_extension"}},
                      {.kind = model::ObjectKind::kExtension, .name = {"", "citext"}}};
  try {
    admin_->Query("SELECT name FROM pg_available_extensions");
  } catch (const Error& error) {
    // One of the server's own files is of a later version: it cannot list its extensions.
    EXPECT_EQ(Item(Destination(root_), "extensions", PrecheckStatus::kWarning).title, "This check could not be made");
    return;
  }
  EXPECT_EQ(Item(Destination(root_), "extensions", PrecheckStatus::kFailed).object, "extension no_such_extension");
  EXPECT_EQ(Failed(Destination(root_)).size(), 2u);
}

TEST_P(PrecheckServer, TriggersThatWouldActAreFound) {
  Run("CREATE FUNCTION s.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER g BEFORE "
      "INSERT "
      "ON s.parent FOR EACH ROW EXECUTE PROCEDURE s.f(); ALTER TABLE s.t DROP CONSTRAINT t_p_fkey; GRANT USAGE, CREATE "
      "ON "
      "SCHEMA s TO precheck; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA s TO precheck; GRANT CREATE "
      "ON "
      "DATABASE precheck TO precheck; CREATE FUNCTION s.e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; "
      "CREATE "
      "EVENT TRIGGER \"watch all\" ON ddl_command_end EXECUTE PROCEDURE s.e()");
  SelectTables({"parent", "t"});
  const auto items = Destination(Account());
  EXPECT_EQ(Item(items, "triggers", PrecheckStatus::kFailed).object, "table s.parent");
  EXPECT_EQ(Failed(items).size(), 1u);
  EXPECT_EQ(Item(items, "event_triggers", PrecheckStatus::kWarning).object, "event trigger watch all");
  Item(Destination(root_), "triggers", PrecheckStatus::kPassed);
}

INSTANTIATE_TEST_SUITE_P(Servers, PrecheckServer, ::testing::ValuesIn(kServers),
                         [](const auto& info) { return ServerName(info.param); });

}  // namespace
}  // namespace sluice::postgresql
