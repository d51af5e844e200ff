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

// As MySQL 8 and MariaDB write them, in their order.
TEST(ParseQuery, KnowsTheMoment) {
  FormatDescription format;
  format.post_header[static_cast<uint8_t>(EventType::kQuery)] = 13;
  using std::string_literals::operator""s;
  const std::string before = "\x00\x00\x00\x00\x04"s + "\x05\x06+05:30"s;
  const std::string mysql = before + "\x0c\x02one\0two\0"s + "\x0d\x40\xe2\x01"s + "\x10\x01"s;
  const std::string mariadb = before + "\x80\x40\xe2\x01"s;
  for (const std::string& status : {mysql, mariadb}) {
    std::string body(11, '\0');
    body[8] = 1;
    body += static_cast<char>(status.size());
    body += '\0';
    body += status + "d\0ALTER TABLE t"s;
    const QueryEvent query = ParseQuery(EventType::kQuery, body, format);
    EXPECT_EQ(query.database, "d");
    EXPECT_EQ(query.statement, "ALTER TABLE t");
    EXPECT_TRUE(query.foreign_keys_off);
    EXPECT_EQ(query.time_zone, "+05:30");
    EXPECT_EQ(query.microseconds, 123456u);
    EXPECT_EQ(query.explicit_timestamps, status == mysql ? std::optional(true) : std::nullopt);
  }
  const std::string flags = "\x00\x00\x00\x00\x01\x03\x0a\x00\x03\x00"s;  // MariaDB 10.11: explicit, every tenth from 3
  std::string stepped(11, '\0');
  stepped += static_cast<char>(flags.size());
  stepped += "\0"s + flags + "\0X"s;
  const QueryEvent with_flags = ParseQuery(EventType::kQuery, stepped, format);
  EXPECT_TRUE(with_flags.maria_explicit_timestamps);
  EXPECT_EQ(with_flags.counter_step, 10);
  EXPECT_EQ(with_flags.counter_begin, 3);
  const std::string short_status = "\x05\x03UTC"s;
  std::string body(11, '\0');
  body += static_cast<char>(short_status.size());
  body += "\0"s + short_status + "\0X"s;
  const QueryEvent query = ParseQuery(EventType::kQuery, body, format);
  EXPECT_EQ(query.microseconds, std::nullopt);
  EXPECT_EQ(query.time_zone, "UTC");
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
