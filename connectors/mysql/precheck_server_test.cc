// The precheck against real servers: each privilege taken away is found, named with its GRANT, and the GRANT mends it.
// Skipped unless SLUICE_TEST_MARIADB or SLUICE_TEST_MYSQL hold "host:port:user:password" of an account that may do all.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "connectors/mysql/connection.h"
#include "connectors/mysql/server_test_endpoint.h"
#include "connectors/mysql/sessions.h"

namespace sluice::mysql {
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
  bool Selected(const model::ObjectName& source) const override { return whole && source.database == "pre_check"; }
  model::TableMappingPtr MapTable(const model::Table&) const override { return nullptr; }
  bool whole = true;
};

// One server, with a database `pre_check` and an account "precheck" that has exactly the given grants.
class PrecheckServer : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto endpoint = ServerOf(GetParam());
    if (!endpoint) GTEST_SKIP() << GetParam() << " is not set";
    root_ = *endpoint;
    admin_ = std::make_unique<Connection>(root_, connector::SessionContext{});
    Run("DROP DATABASE IF EXISTS pre_check");
    Run("CREATE DATABASE pre_check");
    Run("CREATE TABLE pre_check.t (id INT PRIMARY KEY, a VARCHAR(10))");
    Run("CREATE VIEW pre_check.v AS SELECT id FROM pre_check.t");
    auto catalog = MakeCatalog(root_, {});
    request_.tables = catalog->DescribeTables({{"pre_check", "t"}});
    request_.objects = catalog->ListObjects("pre_check");
    auto mapping = std::make_shared<model::TableMapping>();
    mapping->source = mapping->destination = {"pre_check", "t"};
    mapping->columns = {{"id", "id"}, {"a", "a"}};
    request_.mappings = {mapping};
    request_.names = &names_;
    request_.destination_databases = {"pre_check"};
    request_.types = {.schema = true, .full = true, .incremental = true};
    request_.source = ReadServerInfo(root_, {});
    request_.resuming = true;  // the table stands for both sides
  }
  void TearDown() override {
    if (!admin_) return;
    Run("DROP DATABASE IF EXISTS pre_check");
    Run("DROP USER IF EXISTS 'precheck'@'%'");
  }

  void Run(const std::string& sql) { admin_->Execute(sql); }

  Endpoint Account(const std::vector<std::string>& grants) {
    Run("DROP USER IF EXISTS 'precheck'@'%'");
    Run(fmt::format("CREATE USER 'precheck'@'%' IDENTIFIED BY '{}'", kPassword));
    for (const std::string& grant : grants) Run("GRANT " + grant + " TO 'precheck'@'%'");
    Endpoint endpoint = root_;
    endpoint.user = "precheck";
    endpoint.password = Secret(kPassword);
    return endpoint;
  }

  std::vector<PrecheckItem> Failed(const std::vector<PrecheckItem>& items) {
    std::vector<PrecheckItem> failed;
    for (const PrecheckItem& item : items) {
      if (item.status == PrecheckStatus::kFailed) failed.push_back(item);
    }
    return failed;
  }

  Endpoint root_;
  std::unique_ptr<Connection> admin_;
  Names names_;
  connector::PrecheckRequest request_;
};

const std::vector<std::pair<std::string, std::vector<std::string>>> kSource{
    {"`pre\\_check`.*", {"SELECT", "SHOW VIEW"}}, {"*.*", {"REPLICATION SLAVE", "REPLICATION CLIENT"}}};
const std::vector<std::pair<std::string, std::vector<std::string>>> kDestination{
    {"`pre\\_check`.*",
     {"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "INDEX", "DROP", "REFERENCES", "CREATE VIEW",
      "SHOW VIEW"}},
    {"`sluice`.*", {"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "INDEX", "DROP", "REFERENCES"}}};

std::string Joined(const std::vector<std::string>& privileges) {
  std::string text;
  for (const std::string& privilege : privileges) text += (text.empty() ? "" : ", ") + privilege;
  return text;
}

using Check = std::vector<PrecheckItem> (*)(const Endpoint&, const connector::PrecheckRequest&,
                                            const connector::SessionContext&);

TEST_P(PrecheckServer, NamedRightsAreEnoughAndEachMissingOneIsFound) {
  for (const auto& [check, wanted] :
       {std::pair(Check(PrecheckSource), kSource), std::pair(Check(PrecheckDestination), kDestination)}) {
    std::vector<std::string> all;
    for (const auto& [on, privileges] : wanted) all.push_back(Joined(privileges) + " ON " + on);
    for (const PrecheckItem& item : Failed(check(Account(all), request_, {}))) {
      ADD_FAILURE() << item.id << ": " << item.cause << " " << item.remedy;
    }
    for (size_t scope = 0; scope < wanted.size(); ++scope) {
      for (const std::string& missing : wanted[scope].second) {
        SCOPED_TRACE(missing + " ON " + wanted[scope].first);
        std::vector<std::string> grants;
        for (size_t i = 0; i < wanted.size(); ++i) {
          std::vector<std::string> privileges = wanted[i].second;
          if (i == scope) std::erase(privileges, missing);
          if (!privileges.empty()) grants.push_back(Joined(privileges) + " ON " + wanted[i].first);
        }
        const Endpoint account = Account(grants);
        const std::vector<PrecheckItem> failed = Failed(check(account, request_, {}));
        ASSERT_EQ(failed.size(), 1u);
        EXPECT_EQ(failed[0].id, "mysql.privileges");
        const std::string name = missing == "REPLICATION CLIENT" && admin_->is_mariadb() ? "BINLOG MONITOR" : missing;
        EXPECT_NE(failed[0].cause.find(name), std::string::npos) << failed[0].cause;
        EXPECT_EQ(failed[0].remedy, fmt::format("GRANT {} ON {} TO 'precheck'@'%';", name, wanted[scope].first));
        Run(failed[0].remedy);
        EXPECT_TRUE(Failed(check(account, request_, {})).empty());
      }
    }
  }
}

TEST_P(PrecheckServer, GrantsOnTablesAndColumnsAreEnoughForChosenTables) {
  names_.whole = false;
  request_.objects.clear();
  const std::string log = "REPLICATION SLAVE, REPLICATION CLIENT ON *.*";
  EXPECT_TRUE(Failed(PrecheckSource(Account({"SELECT ON pre_check.t", log}), request_, {})).empty());
  EXPECT_TRUE(Failed(PrecheckSource(Account({"SELECT (id, a) ON pre_check.t", log}), request_, {})).empty());
  const auto failed = Failed(PrecheckSource(Account({"SELECT (id) ON pre_check.t", log}), request_, {}));
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].remedy, "GRANT SELECT ON `pre_check`.`t` TO 'precheck'@'%';");
}

TEST_P(PrecheckServer, RolesCountWhileTheyAreActive) {
  Run("DROP ROLE IF EXISTS precheck_reader");
  Run("CREATE ROLE precheck_reader");
  Run("GRANT SELECT, SHOW VIEW ON `pre\\_check`.* TO precheck_reader");
  const Endpoint account = Account({"precheck_reader", "REPLICATION SLAVE, REPLICATION CLIENT ON *.*"});
  auto failed = Failed(PrecheckSource(account, request_, {}));
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_NE(failed[0].cause.find("SET DEFAULT ROLE"), std::string::npos) << failed[0].cause;
  Run(admin_->is_mariadb() ? "SET DEFAULT ROLE precheck_reader FOR 'precheck'@'%'"
                           : "SET DEFAULT ROLE precheck_reader TO 'precheck'@'%'");
  for (const PrecheckItem& item : Failed(PrecheckSource(account, request_, {}))) {
    ADD_FAILURE() << item.id << ": " << item.cause;
  }
  Run("DROP ROLE precheck_reader");
}

TEST_P(PrecheckServer, FiltersAreTriedAtTheSource) {
  auto mapping = std::make_shared<model::TableMapping>(*request_.mappings[0]);
  mapping->filter = "no_such_column > 3";
  request_.mappings = {mapping};
  const auto failed = Failed(PrecheckSource(root_, request_, {}));
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].id, "mysql.filter");
  EXPECT_NE(failed[0].cause.find("no_such_column"), std::string::npos);
}

TEST_P(PrecheckServer, ConflictsAreFound) {
  request_.resuming = false;
  Run("INSERT INTO pre_check.t VALUES (1, 'x')");
  std::vector<std::string> ids;
  for (const PrecheckItem& item : Failed(PrecheckDestination(root_, request_, {}))) ids.push_back(item.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"mysql.conflicts", "mysql.object_conflicts"}));
}

TEST_P(PrecheckServer, TablesMadeBeforehandMustFit) {
  request_.types.schema = false;
  Run("ALTER TABLE pre_check.t DROP COLUMN a");
  auto failed = Failed(PrecheckDestination(root_, request_, {}));
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].id, "mysql.shapes");
  Run("DROP TABLE pre_check.t");
  failed = Failed(PrecheckDestination(root_, request_, {}));
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_NE(failed[0].cause.find("does not exist"), std::string::npos);
}

TEST_P(PrecheckServer, PreparedTransactionsAreNamedWithTheStatementThatEndsThem) {
  const auto xa = [this] {
    std::vector<PrecheckItem> found;
    for (const PrecheckItem& item : PrecheckSource(root_, request_, {})) {
      if (item.id == "mysql.xa") found.push_back(item);
    }
    return found;
  };
  request_.resuming = false;
  ASSERT_EQ(xa().size(), 1u);
  EXPECT_EQ(xa()[0].status, PrecheckStatus::kPassed);
  {
    Connection session(root_, {});
    session.Execute("XA START 'pre\nq','b',3");
    session.Execute("INSERT INTO pre_check.t VALUES (77, 'x')");
    session.Execute("XA END 'pre\nq','b',3");
    session.Execute("XA PREPARE 'pre\nq','b',3");
  }
  auto found = xa();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].status, PrecheckStatus::kFailed);
  EXPECT_EQ(found[0].object, "X'7072650a71',X'62',3");
  EXPECT_EQ(found[0].remedy, "XA COMMIT X'7072650a71',X'62',3; or XA ROLLBACK X'7072650a71',X'62',3;");
  request_.types.incremental = false;  // then it is no more than a wait
  EXPECT_EQ(xa()[0].status, PrecheckStatus::kWarning);
  request_.types.incremental = true;
  request_.resuming = true;  // the log is read from before it
  EXPECT_EQ(xa()[0].status, PrecheckStatus::kWarning);
  request_.resuming = false;
  Run("XA ROLLBACK X'7072650a71',X'62',3");
  EXPECT_EQ(xa()[0].status, PrecheckStatus::kPassed);
}

INSTANTIATE_TEST_SUITE_P(Servers, PrecheckServer, ::testing::Values("SLUICE_TEST_MARIADB", "SLUICE_TEST_MYSQL"),
                         [](const auto& info) { return std::string(info.param + std::string("SLUICE_TEST_").size()); });

}  // namespace
}  // namespace sluice::mysql
