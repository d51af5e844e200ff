// Against real servers: large transactions, streamed or not, with what was rolled back of them; prepared ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "connectors/postgresql/changes_test_rig.h"

namespace sluice::postgresql {
namespace {

using ::testing::ElementsAre;

class PostgresqlLargeChanges : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!rig_.there()) GTEST_SKIP() << GetParam() << " is not set";
    // Streamed from this size on, where the server can (from 14 on); spilled at the server else.
    const char* setting = "ALTER DATABASE sluice_changes SET logical_decoding_work_mem = '64kB'";
    if (rig_.version() >= 130000) rig_.sql().Execute(setting);
  }
  ChangesRig rig_{GetParam()};
  bool interrupted_ = false;
};

INSTANTIATE_TEST_SUITE_P(Servers, PostgresqlLargeChanges, ::testing::ValuesIn(kServers),
                         [](const auto& info) { return ServerName(info.param); });

TEST_P(PostgresqlLargeChanges, ComeInPartsWithoutWhatWasRolledBack) {
  Connection& sql = rig_.sql();
  sql.Execute("CREATE TABLE shop.t (id int PRIMARY KEY, v text)");
  rig_.Prepare({"t"});
  rig_.Open();
  Connection other(rig_.endpoint(), {});
  other.Execute("BEGIN; INSERT INTO shop.t SELECT g, repeat('x', 30) FROM generate_series(1, 60000) g");
  other.Execute("SAVEPOINT a; INSERT INTO shop.t SELECT g, 'a' FROM generate_series(100001, 120000) g");
  other.Execute("SAVEPOINT b; INSERT INTO shop.t SELECT g, 'b' FROM generate_series(120001, 140000) g");
  other.Execute("RELEASE b; ROLLBACK TO a; INSERT INTO shop.t SELECT g, 'c' FROM generate_series(60001, 90000) g");
  sql.Execute("INSERT INTO shop.t VALUES (-1, 'small one, earlier')");
  Connection lost(rig_.endpoint(), {});
  lost.Execute("BEGIN; INSERT INTO shop.t SELECT g, 'lost' FROM generate_series(200001, 230000) g; ROLLBACK");
  other.Execute("UPDATE shop.t SET v = 'u' WHERE id > 80000; COMMIT");
  sql.Execute("INSERT INTO shop.t VALUES (-2, 'small one, later')");

  const model::Position goal = ReadCurrentPosition(sql);
  size_t parts = 0;
  size_t inserts = 0;
  size_t updates = 0;
  std::vector<std::string> order;
  std::set<int64_t> seen;
  model::Position before;
  std::string begins_at;
  while (!PositionReached(rig_.position(), goal)) {
    const model::Position begin = rig_.position();
    model::TransactionPtr transaction = rig_.Next(milliseconds(1000));
    if (transaction == nullptr || transaction->rows.empty()) continue;
    const bool is_large = !transaction->first_part || !transaction->last_part;
    if (!is_large) {
      order.push_back(ChangeText(transaction->rows[0]));
      continue;
    }
    if (transaction->first_part) order.emplace_back("large");
    if (transaction->first_part) before = begin;
    begins_at = transaction->gtid;
    ++parts;
    EXPECT_LE(transaction->rows.size(), 20000u);
    EXPECT_EQ(transaction->end.empty(), !transaction->last_part);
    for (const model::RowChange& change : transaction->rows) {
      (change.kind == model::ChangeKind::kInsert ? inserts : updates) += 1;
      ASSERT_GE(change.after[0].i, 1);
      ASSERT_LE(change.after[0].i, 90000);
      seen.insert(change.after[0].i);
    }
  }
  if (rig_.version() >= 140000) {  // it came while it ran
    EXPECT_NE(
        sql.QueryOne("SELECT stream_txns FROM pg_stat_replication_slots WHERE slot_name = " + Literal(rig_.slot())),
        "0");
  }
  EXPECT_EQ(inserts, 90000u);
  EXPECT_EQ(updates, 10000u);
  EXPECT_EQ(seen.size(), 90000u);
  EXPECT_GE(parts, 5u);
  EXPECT_THAT(order, ElementsAre("I t (int:-1|small one, earlier)", "large", "I t (int:-2|small one, later)"));
  // Who judges the parts by where they begin asks about the place of the commit, behind the small transaction.
  EXPECT_EQ(FormatLsn(ParsePosition(before).lsn), begins_at);
}

// Read again in the middle of it, the whole transaction comes again under the same number.
TEST_P(PostgresqlLargeChanges, AreTheSameWhenReadAgain) {
  Connection& sql = rig_.sql();
  sql.Execute("CREATE TABLE shop.t (id int PRIMARY KEY, v text)");
  rig_.Prepare({"t"});
  sql.Execute("INSERT INTO shop.t VALUES (0, 'first')");
  sql.Execute("INSERT INTO shop.t SELECT g, 'x' FROM generate_series(1, 50000) g");
  std::map<uint64_t, size_t> rows[2];
  const model::Position start = rig_.position();
  const model::Position goal = ReadCurrentPosition(sql);
  for (int round = 0; round < 2; ++round) {
    rig_.Close();
    rig_.position() = start;
    rig_.ordinal() = 0;
    while (!PositionReached(rig_.position(), goal)) {
      model::TransactionPtr transaction = rig_.Next(milliseconds(1000));
      if (transaction == nullptr) continue;
      if (!transaction->rows.empty()) rows[round][transaction->ordinal] += transaction->rows.size();
      if (round == 0 && !transaction->last_part && rows[0][transaction->ordinal] < 30000 && !interrupted_) {
        // Once in the middle.
        interrupted_ = true;
        rows[0].erase(transaction->ordinal);
        rig_.Close();
      }
    }
    // What others do in between changes no number.
    sql.Execute("CREATE TABLE shop.other AS SELECT 1 AS a; DROP TABLE shop.other");
  }
  EXPECT_EQ(rows[0], rows[1]);
  ASSERT_EQ(rows[0].size(), 2u);
  EXPECT_EQ(rows[0].begin()->second, 1u);
  EXPECT_EQ(rows[0].rbegin()->second, 50000u);
}

TEST_P(PostgresqlLargeChanges, PreparedTransactionsComeWhenTheyCommit) {
  Connection& sql = rig_.sql();
  sql.Execute("CREATE TABLE shop.t (id int PRIMARY KEY, v text)");
  rig_.Prepare({"t"});
  sql.Execute("BEGIN; INSERT INTO shop.t VALUES (1, 'prepared'); PREPARE TRANSACTION 'sluice one'");
  sql.Execute(
      "BEGIN; INSERT INTO shop.t SELECT g, 'p' FROM generate_series(1000, 30999) g; "
      "PREPARE TRANSACTION 'sluice two'");
  sql.Execute("INSERT INTO shop.t VALUES (2, 'in between')");
  EXPECT_THAT(rig_.Read(), ElementsAre("begin", "I t (int:2|in between)", "commit"));
  rig_.Close();
  sql.Execute("COMMIT PREPARED 'sluice one'");
  sql.Execute("ROLLBACK PREPARED 'sluice two'");
  EXPECT_THAT(rig_.Read(), ElementsAre("begin", "I t (int:1|prepared)", "commit"));
}

}  // namespace
}  // namespace sluice::postgresql
