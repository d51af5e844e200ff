// Against real servers: what the stream gives is what was done. Skipped unless SLUICE_TEST_PG10, _PG15, _PG18 name
// servers as "host:port:user:password". The database sluice_changes on them is replaced.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/error_for_test.h"
#include "connectors/postgresql/changes_test_rig.h"
#include "connectors/postgresql/codes.h"

namespace sluice::postgresql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Lines = std::vector<std::string>;

class PostgresqlChanges : public ::testing::TestWithParam<Teller> {
 protected:
  void SetUp() override {
    if (!rig_.there()) GTEST_SKIP() << GetParam().server << " is not set";
  }
  std::string CodeOf(const std::function<void()>& call) { return sluice::CodeOf(call, &text_); }

  bool by_name() const { return rig_.endpoint().plugin == kTestDecoding; }

  ChangesRig rig_{GetParam().server, GetParam().plugin};
  std::string text_;  // of the last error
};

INSTANTIATE_TEST_SUITE_P(Pgoutput, PostgresqlChanges, ::testing::ValuesIn(Tellers(kPgoutput)), TellerName);
// 9.6 has no other.
INSTANTIATE_TEST_SUITE_P(TestDecoding, PostgresqlChanges,
                         ::testing::ValuesIn(Tellers(kTestDecoding, kServersThatDecode)), TellerName);

class PostgresqlPartitions : public PostgresqlChanges {};
INSTANTIATE_TEST_SUITE_P(Pgoutput, PostgresqlPartitions, ::testing::ValuesIn(Tellers(kPgoutput)), TellerName);
INSTANTIATE_TEST_SUITE_P(TestDecoding, PostgresqlPartitions, ::testing::ValuesIn(Tellers(kTestDecoding)), TellerName);

// They are in the log from 11 on.
class PostgresqlTruncates : public PostgresqlChanges {};
const std::vector<const char*> kFrom11(kServers.begin() + 1, kServers.end());
INSTANTIATE_TEST_SUITE_P(Pgoutput, PostgresqlTruncates, ::testing::ValuesIn(Tellers(kPgoutput, kFrom11)), TellerName);
INSTANTIATE_TEST_SUITE_P(TestDecoding, PostgresqlTruncates, ::testing::ValuesIn(Tellers(kTestDecoding, kFrom11)),
                         TellerName);

TEST_P(PostgresqlChanges, RowsKeysAndTransactions) {
  Connection& sql = rig_.sql();
  sql.Execute("CREATE TABLE shop.t (id int PRIMARY KEY, name text, gone int); ALTER TABLE shop.t DROP COLUMN gone");
  sql.Execute("INSERT INTO shop.t VALUES (1, 'before')");
  rig_.Prepare({"t"});
  sql.Execute("INSERT INTO shop.t VALUES (2, 'two'), (3, NULL)");
  sql.Execute(
      "BEGIN; UPDATE shop.t SET name = 'x' WHERE id = 2; UPDATE shop.t SET id = 30 WHERE id = 3; "
      "DELETE FROM shop.t WHERE id = 1; COMMIT");
  sql.Execute("BEGIN; INSERT INTO shop.t VALUES (9, 'rolled back'); ROLLBACK");
  sql.Execute(
      "BEGIN; INSERT INTO shop.t VALUES (4, 'kept'); SAVEPOINT a; INSERT INTO shop.t VALUES (5, 'lost'); "
      "ROLLBACK TO a; INSERT INTO shop.t VALUES (6, 'kept'); COMMIT");
  EXPECT_THAT(rig_.Read(), ElementsAre("begin", "I t (int:2|two)", "I t (int:3|NULL)", "commit",  //
                                       "begin", "U t (int:2|-)(int:2|x)", "U t (int:3|-)(int:30|NULL)", "D t (int:1|-)",
                                       "commit",  //
                                       "begin", "I t (int:4|kept)", "I t (int:6|kept)", "commit"));
}

TEST_P(PostgresqlChanges, EveryType) {
  Connection& sql = rig_.sql();
  sql.Execute(
      "CREATE TYPE shop.mood AS ENUM ('sad', 'it''s ok'); CREATE DOMAIN shop.price AS numeric(10,2); "
      "CREATE TYPE shop.pair AS (a int, b text)");
  sql.Execute(
      "CREATE TABLE shop.t (id int8 PRIMARY KEY, b bool, s int2, o oid, n numeric, p shop.price, f4 float4, f8 float8, "
      "c char(5), v varchar(9), x bytea, d date, tm time, tz timetz, ts timestamp, tsz timestamptz, i interval, "
      "b3 bit(3), bv bit varying(70), u uuid, ip inet, ci cidr, j json, jb jsonb, m shop.mood, a int[], pr shop.pair, "
      "r int4range, mo money, pt point, xm xml, tv tsvector, mac macaddr)");
  rig_.Prepare({"t"});
  sql.Execute(
      "INSERT INTO shop.t VALUES (-9223372036854775808, true, -32768, 4294967295, 'NaN', 1.5, 'Infinity', 0.1, 'ab', "
      "'ä', '\\x00ff', '0044-03-15 BC', '24:00', '12:00:00+02', '2024-02-29 12:00:00.123456', "
      "'2024-02-29 12:00:00+02', '1 mon -3 days 04:05:06', b'101', b'10', '00000000-0000-0000-0000-000000000001', "
      "'10.0.0.1/8', '10.0.0.0/8', '{\"a\": 1}', '{\"b\":[1,2]}', 'it''s ok', '{1,NULL,3}', '(1,\"a b\")', '[1,5)', "
      "'12.34', '(1,2)', '<a/>', 'a b', '08:00:2b:01:02:03')");
  sql.Execute(
      "INSERT INTO shop.t (id, b, d, ts, tsz, f4, f8, n) VALUES (1, false, 'infinity', '-infinity', "
      "'0044-03-15 00:00:00+00 BC', 1e-45, '-0', 123456789012345678901234567890.123456789)");
  const Lines lines = rig_.Read();
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_EQ(lines[1],
            "I t (int:-9223372036854775808|int:1|int:-32768|uint:4294967295|dec:NaN|dec:1.50|f32:inf|f64:0.1|ab   |ä|"
            "bytes:00ff|date:0044-03-15 BC|time:24:00:00|12:00:00+02|datetime:2024-02-29 12:00:00.123456|"
            "datetime:2024-02-29 10:00:00|1 mon -3 days +04:05:06|uint:5|10|00000000-0000-0000-0000-000000000001|"
            "10.0.0.1/8|10.0.0.0/8|json:{\"a\": 1}|json:{\"b\": [1, 2]}|it's ok|{1,NULL,3}|(1,\"a b\")|[1,5)|$12.34|"
            "(1,2)|<a/>|'a' 'b'|08:00:2b:01:02:03)");
  EXPECT_THAT(lines[4],
              HasSubstr("int:0|NULL|NULL|dec:123456789012345678901234567890.123456789|NULL|f32:1e-45|f64:-0|"));
  EXPECT_THAT(lines[4], HasSubstr("date:infinity|NULL|NULL|datetime:-infinity|datetime:0044-03-15 00:00:00 BC|"));
}

TEST_P(PostgresqlChanges, ReplicaIdentitiesAndToast) {
  Connection& sql = rig_.sql();
  const std::string large = "(SELECT string_agg(md5(g::text), '') FROM generate_series(1, 400) g)";
  sql.Execute(
      "CREATE TABLE shop.pk (id int PRIMARY KEY, big text, n int); ALTER TABLE shop.pk ALTER big SET STORAGE EXTERNAL");
  sql.Execute(
      "CREATE TABLE shop.full_ (id int, big text, n int); ALTER TABLE shop.full_ ALTER big SET STORAGE EXTERNAL; "
      "ALTER TABLE shop.full_ REPLICA IDENTITY FULL");
  sql.Execute(
      "CREATE TABLE shop.idx (id int PRIMARY KEY, code text NOT NULL, n int); CREATE UNIQUE INDEX idx_code ON shop.idx "
      "(code); "
      "ALTER TABLE shop.idx REPLICA IDENTITY USING INDEX idx_code");
  sql.Execute("INSERT INTO shop.pk SELECT 1, " + large + ", 1; INSERT INTO shop.full_ SELECT 1, " + large + ", 1");
  sql.Execute("INSERT INTO shop.idx VALUES (1, 'a', 1)");
  rig_.Prepare({"pk", "full_", "idx"});
  sql.Execute("UPDATE shop.pk SET n = 2");
  sql.Execute("UPDATE shop.full_ SET n = 2");
  sql.Execute("UPDATE shop.idx SET n = 2");
  sql.Execute("UPDATE shop.idx SET id = 7");
  sql.Execute("UPDATE shop.idx SET code = 'b'");
  sql.Execute("DELETE FROM shop.idx");
  sql.Execute("DELETE FROM shop.full_");
  const std::string text = *sql.QueryOne("SELECT " + large);
  EXPECT_THAT(rig_.Read(),
              ElementsAre("begin", "U pk (int:1|-|-)(int:1|-|int:2)", "commit",                               //
                          "begin", "U full_ (int:1|" + text + "|int:1)(int:1|" + text + "|int:2)", "commit",  //
                          "begin", "U idx (-|a|-)(int:1|a|int:2)", "commit",                                  //
                          "begin", "U idx (-|a|-)(int:7|a|int:2)", "commit",                                  //
                          "begin", "U idx (-|a|-)(int:7|b|int:2)", "commit",                                  //
                          "begin", "D idx (-|b|-)", "commit",                                                 //
                          "begin", "D full_ (int:1|" + text + "|int:2)", "commit"));
}

TEST_P(PostgresqlTruncates, TruncateStandsBeforeTheRowsOfItsTransaction) {
  Connection& sql = rig_.sql();
  sql.Execute(
      "CREATE TABLE shop.a (id int PRIMARY KEY); CREATE TABLE shop.b (id int PRIMARY KEY); "
      "CREATE TABLE shop.c (id int REFERENCES shop.b)");
  sql.Execute("ALTER TABLE shop.c REPLICA IDENTITY FULL");
  rig_.Prepare({"a", "b", "c"});
  sql.Execute(
      "BEGIN; INSERT INTO shop.a VALUES (1); INSERT INTO shop.b VALUES (1); TRUNCATE shop.a; "
      "INSERT INTO shop.a VALUES (2); SAVEPOINT s; TRUNCATE shop.b, shop.c; ROLLBACK TO s; "
      "INSERT INTO shop.b VALUES (3); COMMIT");
  EXPECT_THAT(rig_.Read(), ElementsAre("TRUNCATE TABLE ONLY \"shop\".\"a\"", "begin", "I b (int:1)", "I a (int:2)",
                                       "I b (int:3)", "commit"));
  sql.Execute("TRUNCATE shop.b RESTART IDENTITY CASCADE");
  EXPECT_THAT(rig_.Read(), ElementsAre("TRUNCATE TABLE ONLY \"shop\".\"b\", ONLY \"shop\".\"c\" RESTART IDENTITY"));
}

// Read again from behind the TRUNCATE the rows come, and the TRUNCATE does not.
TEST_P(PostgresqlTruncates, GoesOnBetweenTruncateAndRows) {
  Connection& sql = rig_.sql();
  sql.Execute("CREATE TABLE shop.a (id int PRIMARY KEY)");
  rig_.Prepare({"a"});
  sql.Execute("BEGIN; TRUNCATE shop.a; INSERT INTO shop.a VALUES (2); COMMIT");
  const Deadline deadline = Deadline::After(milliseconds(20000));
  model::TransactionPtr transaction;
  while (!transaction || !transaction->ddl) {
    ASSERT_FALSE(deadline.Passed());
    transaction = rig_.Next(milliseconds(1000));
  }
  rig_.Close();
  EXPECT_THAT(rig_.Read(), ElementsAre("begin", "I a (int:2)", "commit"));
}

TEST_P(PostgresqlPartitions, PartitionsAreTheirRoot) {
  Connection& sql = rig_.sql();
  const bool follows = rig_.version() >= 130000 || by_name();
  sql.Execute("CREATE TABLE shop.p (id int NOT NULL, r int NOT NULL, t text) PARTITION BY RANGE (r)");
  sql.Execute("CREATE TABLE shop.p1 PARTITION OF shop.p FOR VALUES FROM (0) TO (10)");
  sql.Execute(
      "CREATE TABLE shop.p2 (t text, r int NOT NULL, extra int, id int NOT NULL); "
      "ALTER TABLE shop.p2 DROP COLUMN extra; "
      "ALTER TABLE shop.p ATTACH PARTITION shop.p2 FOR VALUES FROM (10) TO (20)");
  for (const char* leaf : {"p1", "p2"}) {
    sql.Execute(fmt::format("ALTER TABLE shop.{} ADD PRIMARY KEY (id, r)", leaf));
  }
  rig_.Prepare({"p"});
  sql.Execute("INSERT INTO shop.p VALUES (1, 1, 'a'), (2, 11, 'b')");
  sql.Execute("UPDATE shop.p SET t = 'c' WHERE id = 2");
  EXPECT_THAT(rig_.Read(), ElementsAre("begin", "I p (int:1|int:1|a)", "I p (int:2|int:11|b)", "commit",  //
                                       "begin", "U p (int:2|int:11|-)(int:2|int:11|c)", "commit"));
  if (rig_.version() >= 110000) {
    sql.Execute("UPDATE shop.p SET r = 12 WHERE id = 1");
    EXPECT_THAT(rig_.Read(), ElementsAre("begin", "D p (int:1|int:1|-)", "I p (int:1|int:12|a)", "commit"));
    sql.Execute("TRUNCATE shop.p1");
    sql.Execute("TRUNCATE shop.p");
    EXPECT_THAT(rig_.Read(), ElementsAre("TRUNCATE TABLE ONLY \"shop\".\"p1\"", "TRUNCATE TABLE \"shop\".\"p\""));
  }
  // A partition that comes later belongs to the publication, or it is told.
  sql.Execute(
      "CREATE TABLE shop.p3 PARTITION OF shop.p FOR VALUES FROM (20) TO (30); "
      "ALTER TABLE shop.p3 ADD PRIMARY KEY (id, r)");
  sql.Execute("INSERT INTO shop.p VALUES (3, 21, 'z')");
  if (follows) {
    EXPECT_THAT(rig_.Read(), ElementsAre("begin", "I p (int:3|int:21|z)", "commit"));
  } else {
    rig_.Close();
    EXPECT_EQ(CodeOf([&] { rig_.Open(); }), kPublicationChanged.id);
    EXPECT_THAT(text_, HasSubstr("shop.p3"));
  }
}

}  // namespace
}  // namespace sluice::postgresql
