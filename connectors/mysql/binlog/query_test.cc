#include "connectors/mysql/binlog/query.h"

#include <gtest/gtest.h>

#include "connectors/mysql/binlog/charset.h"

namespace sluice::mysql::binlog {
namespace {

TEST(ReadStatementStart, Verbs) {
  const struct {
    const char* statement;
    Verb verb;
    const char* name;
  } cases[] = {
      {"BEGIN", Verb::kBegin, ""},
      {" /* c */ start  transaction", Verb::kBegin, ""},
      {"COMMIT", Verb::kCommit, ""},
      {"ROLLBACK", Verb::kRollback, ""},
      {"ROLLBACK TO `s``1`", Verb::kRollbackTo, "s`1"},
      {"rollback work to savepoint x", Verb::kRollbackTo, "x"},
      {"SAVEPOINT `s``1`", Verb::kSavepoint, "s`1"},
      {"RELEASE SAVEPOINT x", Verb::kReleaseSavepoint, ""},
      {"XA START X'61',X'',1", Verb::kXaStart, "x'61',x'',1"},
      {"XA COMMIT X'61',X'',1", Verb::kXaCommit, "x'61',x'',1"},
      {"XA COMMIT X'61', X'4F', 7 ONE PHASE", Verb::kXaCommit, "x'61',x'4f',7"},
      {"XA ROLLBACK X'61',X'',1", Verb::kXaRollback, "x'61',x'',1"},
      {"INSERT INTO t VALUES (1)", Verb::kRows, ""},
      {"/*!50003 update */ t set a=1", Verb::kRows, ""},
      {"with x as (select 1) delete from t", Verb::kRows, ""},
      {"CREATE TABLE t (a int)", Verb::kOther, ""},
      {"ALTER TABLE t ADD b int", Verb::kOther, ""},
      {"TRUNCATE t", Verb::kOther, ""},
      {"", Verb::kOther, ""},
      {"/* never closed", Verb::kOther, ""},
  };
  for (const auto& one : cases) {
    const StatementStart start = ReadStatementStart(one.statement);
    EXPECT_EQ(static_cast<int>(start.verb), static_cast<int>(one.verb)) << one.statement;
    EXPECT_EQ(start.name, one.name) << one.statement;
  }
}

TEST(ReadStatementStart, TargetDatabase) {
  EXPECT_EQ(ReadStatementStart("INSERT INTO mysql.rds_heartbeat2(id) values (1)").database, "mysql");
  EXPECT_EQ(ReadStatementStart("insert ignore `my``sql` . `t` values (1)").database, "my`sql");
  EXPECT_EQ(ReadStatementStart("DELETE FROM t").database, "");
  EXPECT_TRUE(IsSystemDatabase("MySQL"));
  EXPECT_FALSE(IsSystemDatabase("shop"));
}

// Only two words of it reach a log: what follows may be a password.
TEST(ReadStatementStart, QuotesNoSecrets) {
  EXPECT_EQ(ReadStatementStart("CREATE USER 'a' IDENTIFIED BY 'secret'").words, "CREATE USER");
}

TEST(ToUtf8, Converts) {
  bool converted = false;
  EXPECT_EQ(ToUtf8("\xe4", "latin1", converted), "ä");
  EXPECT_TRUE(converted);
  EXPECT_EQ(ToUtf8("\xd6\xd0", "gbk", converted), "中");
  EXPECT_EQ(ToUtf8("ä", "utf8mb4", converted), "ä");
  EXPECT_FALSE(converted);
  EXPECT_EQ(ToUtf8("abc", "gbk", converted), "abc");
  EXPECT_FALSE(converted);
}

}  // namespace
}  // namespace sluice::mysql::binlog
