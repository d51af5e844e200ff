#include "connectors/mysql/precheck_grants.h"

#include <gtest/gtest.h>

namespace sluice::mysql {
namespace {

Grants Of(std::initializer_list<std::string_view> lines, bool literal_names = false) {
  Grants grants(literal_names);
  for (const std::string_view line : lines) EXPECT_TRUE(grants.Add(line)) << line;
  return grants;
}

TEST(GrantsTest, GlobalPrivileges) {
  const Grants grants = Of({"GRANT SELECT, RELOAD, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `dts`@`%`"});
  EXPECT_TRUE(grants.Global("SELECT"));
  EXPECT_TRUE(grants.Global("REPLICATION SLAVE"));
  EXPECT_TRUE(grants.Global("FLUSH_TABLES"));
  EXPECT_FALSE(grants.Global("REPLICATION"));
  EXPECT_FALSE(grants.Global("INSERT"));
  EXPECT_TRUE(grants.OnTable("SELECT", "any", "table"));
}

TEST(GrantsTest, UsageGivesNothing) {
  const Grants grants = Of({"GRANT USAGE ON *.* TO `dts`@`localhost` IDENTIFIED BY PASSWORD '*6BB4837EB74329105EE4'"});
  EXPECT_FALSE(grants.Global("SELECT"));
  EXPECT_FALSE(grants.OnDatabase("SELECT", "shop"));
}

TEST(GrantsTest, AllPrivilegesButGrantOption) {
  EXPECT_TRUE(Of({"GRANT ALL PRIVILEGES ON *.* TO 'root'@'localhost' WITH GRANT OPTION"}).Global("GRANT OPTION"));
  const Grants grants = Of({"GRANT ALL PRIVILEGES ON `shop`.* TO 'a'@'%'"});
  EXPECT_TRUE(grants.OnDatabase("TRIGGER", "shop"));
  EXPECT_FALSE(grants.OnDatabase("GRANT OPTION", "shop"));
  EXPECT_FALSE(grants.OnDatabase("TRIGGER", "shop2"));
  EXPECT_FALSE(grants.Global("SELECT"));
}

TEST(GrantsTest, DatabaseWildcardsAndEscapes) {
  const Grants grants = Of({"GRANT SELECT ON `shop\\_a`.* TO `u`@`%`", "GRANT INSERT ON `shop_b`.* TO `u`@`%`",
                            "GRANT UPDATE ON `x%`.* TO `u`@`%`"});
  EXPECT_TRUE(grants.OnDatabase("SELECT", "shop_a"));
  EXPECT_FALSE(grants.OnDatabase("SELECT", "shopXa"));
  EXPECT_TRUE(grants.OnDatabase("INSERT", "shopXb"));
  EXPECT_TRUE(grants.OnDatabase("UPDATE", "x"));
  EXPECT_TRUE(grants.OnDatabase("UPDATE", "xyz"));
  EXPECT_FALSE(grants.OnDatabase("UPDATE", "ax"));
  const Grants literal = Of({"GRANT INSERT ON `shop_b`.* TO `u`@`%`"}, true);
  EXPECT_TRUE(literal.OnDatabase("INSERT", "shop_b"));
  EXPECT_FALSE(literal.OnDatabase("INSERT", "shopXb"));
}

TEST(GrantsTest, TableAndColumns) {
  const Grants grants = Of({"GRANT SELECT, INSERT (`a`, `b``c`) ON `shop`.`or.ders` TO `u`@`%`"});
  EXPECT_TRUE(grants.OnTable("SELECT", "shop", "or.ders"));
  EXPECT_FALSE(grants.OnDatabase("SELECT", "shop"));
  EXPECT_FALSE(grants.OnTable("INSERT", "shop", "or.ders"));
  EXPECT_TRUE(grants.OnColumns("INSERT", "shop", "or.ders", {"a", "b`c"}));
  EXPECT_FALSE(grants.OnColumns("INSERT", "shop", "or.ders", {"a", "d"}));
  EXPECT_TRUE(grants.OnColumns("SELECT", "shop", "or.ders", {"a", "d"}));
}

TEST(GrantsTest, OlderQuotes) {
  const Grants grants = Of({"GRANT SELECT ON `shop`.`t` TO 'dts'@'10.0.%'", "GRANT PROXY ON ''@'%' TO 'r'@'l'"});
  EXPECT_TRUE(grants.OnTable("SELECT", "shop", "t"));
  EXPECT_TRUE(Of({"GRANT SELECT ON \"shop\".\"t\" TO \"dts\"@\"%\""}).OnTable("SELECT", "shop", "t"));
}

TEST(GrantsTest, DynamicPrivilegesAndRoles) {
  const Grants grants = Of({"GRANT BACKUP_ADMIN,FLUSH_TABLES,SHOW_ROUTINE ON *.* TO `u`@`%`",
                            "GRANT `reader`@`%`,`writer`@`10.1.2.3` TO `u`@`%` WITH ADMIN OPTION"});
  EXPECT_TRUE(grants.Global("SHOW_ROUTINE"));
  EXPECT_TRUE(grants.Global("FLUSH_TABLES"));
  EXPECT_FALSE(grants.Global("RELOAD"));
  EXPECT_EQ(grants.roles(), (std::vector<std::string>{"`reader`@`%`", "`writer`@`10.1.2.3`"}));
}

TEST(GrantsTest, PartialRevokes) {
  const Grants grants =
      Of({"GRANT SELECT, INSERT ON *.* TO `u`@`%`", "REVOKE INSERT ON `secret`.* FROM `u`@`%`"}, true);
  EXPECT_TRUE(grants.OnDatabase("INSERT", "shop"));
  EXPECT_FALSE(grants.OnDatabase("INSERT", "secret"));
  EXPECT_TRUE(grants.OnDatabase("SELECT", "secret"));
}

TEST(GrantsTest, MariaDbNames) {
  const Grants grants = Of({"GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `u`@`%`", "GRANT `r` TO `u`@`%`",
                            "SET DEFAULT ROLE `r` FOR `u`@`%`"});
  EXPECT_TRUE(grants.Global("REPLICATION CLIENT"));
  EXPECT_TRUE(grants.Global("BINLOG MONITOR"));
  EXPECT_EQ(grants.roles(), (std::vector<std::string>{"`r`"}));
}

TEST(GrantsTest, RoutinesAreNoTables) {
  const Grants grants = Of({"GRANT EXECUTE ON PROCEDURE `shop`.`p` TO `u`@`%`"});
  EXPECT_FALSE(grants.OnTable("EXECUTE", "shop", "p"));
}

TEST(GrantsTest, NonsenseGrantsNothing) {
  for (const std::string_view line : {"", "GRANT", "GRANT SELECT", "GRANT SELECT ON", "GRANT SELECT ON `a",
                                      "DROP TABLE t", "GRANT SELECT (`a` ON `b`.`c` TO x"}) {
    Grants grants;
    grants.Add(line);
    EXPECT_FALSE(grants.OnTable("SELECT", "a", "c")) << line;
    EXPECT_FALSE(grants.OnTable("SELECT", "b", "c")) << line;
  }
}

TEST(GrantsTest, NamesForGrant) {
  EXPECT_EQ(GrantDatabase("my_shop%", false), "`my\\_shop\\%`");
  EXPECT_EQ(GrantDatabase("my_shop", true), "`my_shop`");
  EXPECT_EQ(GrantAccount("o'neill@10.0.%"), "'o\\'neill'@'10.0.%'");
}

}  // namespace
}  // namespace sluice::mysql
