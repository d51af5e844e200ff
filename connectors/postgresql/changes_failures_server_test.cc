// Against real servers: what stops the stream, and that it stops; what the source is told, and so may forget.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
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
using ::testing::UnorderedElementsAre;

class PostgresqlChangesFail : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!rig_.there()) GTEST_SKIP() << GetParam() << " is not set";
    rig_.sql().Execute("CREATE TABLE shop.t (id int PRIMARY KEY, v text)");
  }
  std::string CodeOf(const std::function<void()>& call) { return sluice::CodeOf(call, &text_); }
  // Of the slot, as the server has it.
  uint64_t Confirmed() {
    return ParseLsn(rig_.sql()
                        .QueryOne("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = " +
                                  Literal(rig_.slot()))
                        .value_or(""))
        .value_or(0);
  }
  void ReadUntilItFails(std::vector<std::string>& lines) {
    const Deadline deadline = Deadline::After(milliseconds(20000));
    while (!deadline.Passed()) {
      if (const auto transaction = rig_.Next(milliseconds(1000))) ChangesRig::Write(*transaction, lines);
    }
  }
  static bool Within(milliseconds most, const std::function<bool()>& holds) {
    const Deadline deadline = Deadline::After(most);
    while (!holds()) {
      if (deadline.Passed()) return false;
      SleepFor({}, milliseconds(50));
    }
    return true;
  }

  ChangesRig rig_{GetParam()};
  std::string text_;  // of the last error
};

INSTANTIATE_TEST_SUITE_P(Servers, PostgresqlChangesFail, ::testing::ValuesIn(kServers),
                         [](const auto& info) { return ServerName(info.param); });

TEST_P(PostgresqlChangesFail, WithoutTheirSlot) {
  rig_.Prepare({"t"});
  ASSERT_TRUE(DropSlot(rig_.sql(), rig_.slot()));
  EXPECT_EQ(CodeOf([&] { rig_.Open(); }), kSlotMissing.id);
  EXPECT_THAT(text_, HasSubstr("--restart"));
  // Nor is one taken that was made later, or by someone else.
  rig_.sql().Execute("INSERT INTO shop.t VALUES (1, 'lost')");
  {
    Connection replication(rig_.endpoint(), {}, {.replication = true});
    CreateSlot(replication, rig_.slot(), false);
  }
  EXPECT_EQ(CodeOf([&] { rig_.Open(); }), kSlotAhead.id);
  DropSlot(rig_.sql(), rig_.slot());
  rig_.sql().Execute(
      fmt::format("SELECT pg_create_logical_replication_slot({}, 'test_decoding')", Literal(rig_.slot())));
  EXPECT_EQ(CodeOf([&] { rig_.Open(); }), kSlotUnfit.id);
}

TEST_P(PostgresqlChangesFail, AtAnotherServerOrHistory) {
  rig_.Prepare({"t"});
  const LogPosition right = ParsePosition(rig_.position());
  LogPosition wrong = right;
  wrong.system = "1";
  rig_.position() = FormatPosition(wrong);
  EXPECT_EQ(CodeOf([&] { rig_.Open(); }), kOtherServer.id);
  wrong = right;
  wrong.timeline = 99;
  rig_.position() = FormatPosition(wrong);
  EXPECT_EQ(CodeOf([&] { rig_.Open(); }), kHistoryDiverged.id);
  wrong = right;
  wrong.lsn += 1ull << 40;
  rig_.position() = FormatPosition(wrong);
  EXPECT_EQ(CodeOf([&] { rig_.Open(); }), kHistoryDiverged.id);
  EXPECT_THAT(text_, HasSubstr("ends at"));
}

TEST_P(PostgresqlChangesFail, WhenATableIsAltered) {
  rig_.Prepare({"t"});
  rig_.sql().Execute("INSERT INTO shop.t VALUES (1, 'before')");
  rig_.sql().Execute("ALTER TABLE shop.t ALTER v TYPE varchar(10)");
  rig_.sql().Execute("INSERT INTO shop.t VALUES (2, 'after')");
  std::vector<std::string> lines;
  EXPECT_EQ(CodeOf([&] { ReadUntilItFails(lines); }), kSchemaDrift.id);
  EXPECT_THAT(text_, HasSubstr("shop.t"));
  EXPECT_THAT(text_, HasSubstr("column v is character varying(10) in the log, and was text"));
  EXPECT_THAT(lines, ElementsAre("begin", "I t (int:1|before)", "commit"));
}

TEST_P(PostgresqlChangesFail, WhenATableIsRenamed) {
  rig_.Prepare({"t"});
  rig_.Open();
  rig_.sql().Execute("ALTER TABLE shop.t RENAME TO w");
  rig_.sql().Execute("INSERT INTO shop.w VALUES (1, 'a')");
  std::vector<std::string> lines;
  EXPECT_EQ(CodeOf([&] { ReadUntilItFails(lines); }), kSchemaDrift.id);
  EXPECT_THAT(text_, HasSubstr("shop.t was renamed to shop.w"));
  // Nor are the rows left out when the name is not known any more.
  rig_.Close();
  EXPECT_EQ(CodeOf([&] { ReadUntilItFails(lines); }), kSchemaDrift.id);
  EXPECT_THAT(text_, HasSubstr("shop.w"));
  EXPECT_THAT(lines, IsEmpty());
}

// Nothing of it is in the log: the new table is not in the publication.
TEST_P(PostgresqlChangesFail, WhenAnotherTableTakesTheName) {
  rig_.Prepare({"t"});
  rig_.Open();
  rig_.sql().Execute("CREATE TABLE shop.n (LIKE shop.t INCLUDING ALL); ALTER TABLE shop.t RENAME TO old");
  rig_.sql().Execute("ALTER TABLE shop.n RENAME TO t; INSERT INTO shop.t VALUES (1, 'not in the log')");
  std::vector<std::string> lines;
  EXPECT_EQ(CodeOf([&] { ReadUntilItFails(lines); }), kSchemaDrift.id);
  EXPECT_THAT(text_, HasSubstr("renamed to shop.old"));
  EXPECT_EQ(CodeOf([&] { rig_.Open(); }), kPublicationChanged.id);
}

TEST_P(PostgresqlChangesFail, WhenThePublicationIsAltered) {
  rig_.Prepare({"t"});
  rig_.sql().Execute("ALTER PUBLICATION " + Quote(rig_.slot()) + " DROP TABLE shop.t");
  EXPECT_EQ(CodeOf([&] { rig_.Open(); }), kPublicationChanged.id);
  EXPECT_THAT(text_, HasSubstr("shop.t"));
  rig_.sql().Execute("DROP PUBLICATION " + Quote(rig_.slot()));
  EXPECT_EQ(CodeOf([&] { rig_.Open(); }), kPublicationChanged.id);
}

// What is not in the publication cannot be updated by the application: it must never be put there without an identity.
TEST_P(PostgresqlChangesFail, BeforeAnApplicationWouldFail) {
  rig_.sql().Execute("CREATE TABLE shop.n (id int); INSERT INTO shop.n VALUES (1)");
  rig_.sql().Execute("CREATE UNLOGGED TABLE shop.fast (id int)");
  rig_.Follow("t");
  rig_.Follow("fast");
  rig_.Follow("n");
  EXPECT_EQ(CodeOf([&] { PreparePublication(rig_.sql(), rig_.slot(), rig_.tables()); }), kNoReplicaIdentity.id);
  EXPECT_THAT(text_, HasSubstr("ALTER TABLE \"shop\".\"n\" REPLICA IDENTITY FULL;"));
  rig_.sql().Execute("UPDATE shop.n SET id = 2");
  rig_.Deselect("n");
  PreparePublication(rig_.sql(), rig_.slot(), rig_.tables());
  const auto published = [&] {
    std::vector<std::string> names;
    for (const TextRow& row : rig_.sql().Query("SELECT tablename FROM pg_publication_tables")) names.push_back(*row[0]);
    return names;
  };
  EXPECT_THAT(published(), ElementsAre("t"));
  rig_.sql().Execute("ALTER TABLE shop.n REPLICA IDENTITY FULL");
  rig_.Follow("n");
  PreparePublication(rig_.sql(), rig_.slot(), rig_.tables());
  EXPECT_THAT(published(), UnorderedElementsAre("t", "n"));
}

TEST_P(PostgresqlChangesFail, StopEndsAWaitAtOnce) {
  rig_.Prepare({"t"});
  rig_.Open();
  rig_.Read();
  const Clock::time_point begun = Clock::now();
  std::atomic<bool> asked{false};
  std::jthread stopper([&] {
    asked.wait(false);
    rig_.stop().request_stop();
  });
  EXPECT_EQ(CodeOf([&] {
              while (Clock::now() - begun < milliseconds(20000)) {
                asked = true;
                asked.notify_all();
                rig_.stream().Next(Deadline::After(milliseconds(5000)));
              }
            }),
            kStopped.id);
  rig_.Close();
  EXPECT_LT(Clock::now() - begun, milliseconds(2000));
}

// The slot keeps what was not confirmed, and only that; a quiet database moves on with the rest of the server.
TEST_P(PostgresqlChangesFail, OnlyWhatIsConfirmedIsForgotten) {
  rig_.Prepare({"t"});
  rig_.Open();
  const uint64_t begin = Confirmed();
  rig_.sql().Execute("INSERT INTO shop.t VALUES (1, 'a')");
  rig_.Read();
  const model::Position first = rig_.position();
  EXPECT_EQ(Confirmed(), begin);
  rig_.stream().Confirm(first);
  EXPECT_TRUE(Within(milliseconds(10000), [&] { return Confirmed() >= ParsePosition(first).lsn; }));

  rig_.sql().Execute("CREATE TABLE shop.other AS SELECT g FROM generate_series(1, 1000) g");
  EXPECT_THAT(rig_.Read(), IsEmpty());  // positions without rows
  EXPECT_GT(ParsePosition(rig_.position()).lsn, ParsePosition(first).lsn);
  rig_.stream().Confirm(rig_.position());
  EXPECT_TRUE(Within(milliseconds(10000), [&] { return Confirmed() >= ParsePosition(rig_.position()).lsn; }));
  rig_.Close();
  EXPECT_EQ(CodeOf([&] {
              rig_.position() = first;
              rig_.Open();
            }),
            kSlotAhead.id);
}

// Nobody takes what was read for longer than the server waits for an answer.
TEST_P(PostgresqlChangesFail, NothingWhenTheReaderIsBusy) {
  if (rig_.version() >= 120000) rig_.sql().Execute("ALTER DATABASE sluice_changes SET wal_sender_timeout = '1s'");
  rig_.Prepare({"t"});
  rig_.Open();
  rig_.sql().Execute("INSERT INTO shop.t SELECT g, repeat('x', 1000) FROM generate_series(1, 60000) g");
  const auto active = [&] {
    return rig_.sql().QueryOne("SELECT active FROM pg_replication_slots WHERE slot_name = " + Literal(rig_.slot())) ==
           "t";
  };
  EXPECT_FALSE(Within(milliseconds(3500), [&] { return !active(); }));
  size_t rows = 0;
  while (rows < 60000) {
    const auto transaction = rig_.Next(milliseconds(20000));
    ASSERT_NE(transaction, nullptr);
    rows += transaction->rows.size();
  }
  EXPECT_EQ(rows, 60000u);
}

TEST_P(PostgresqlChangesFail, ReleaseLeavesNothing) {
  rig_.Prepare({"t"});
  rig_.Open();
  EXPECT_EQ(CodeOf([&] { DropSlot(rig_.sql(), rig_.slot()); }), kInUse.id);
  const auto objects = ListSourceObjects(rig_.endpoint(), {});
  ASSERT_EQ(objects.size(), 2u);
  EXPECT_EQ(objects[0].kind, "replication slot");
  EXPECT_EQ(objects[0].name, rig_.slot());
  EXPECT_TRUE(objects[0].in_use);
  EXPECT_EQ(objects[1].kind, "publication");
  rig_.Close();
  EXPECT_THAT(ReleaseSourceObjects(rig_.endpoint(), kTestTask, {}),
              ElementsAre("replication slot " + rig_.slot(), "publication " + rig_.slot()));
  EXPECT_THAT(ListSourceObjects(rig_.endpoint(), {}), IsEmpty());
  EXPECT_THAT(ReleaseSourceObjects(rig_.endpoint(), kTestTask, {}), IsEmpty());
}

// The precheck looks for a free one; another task may be faster.
TEST_P(PostgresqlChangesFail, WhenNoSlotIsFree) {
  rig_.Follow("t");
  PreparePublication(rig_.sql(), rig_.slot(), rig_.tables());
  rig_.sql().Execute(
      "SELECT pg_create_physical_replication_slot('filler_' || n) FROM generate_series(1, "
      "current_setting('max_replication_slots')::int - (SELECT count(*)::int FROM pg_replication_slots)) n");
  Connection replication(rig_.endpoint(), {}, {.replication = true});
  EXPECT_EQ(CodeOf([&] { CreateSlot(replication, rig_.slot(), false); }), kNoSlotFree.id);
  EXPECT_THAT(text_, HasSubstr("SELECT pg_drop_replication_slot("));
  EXPECT_THAT(text_, HasSubstr("ALTER SYSTEM SET max_replication_slots"));
  rig_.sql().Execute(
      "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name LIKE 'filler%'");
  EXPECT_EQ(CodeOf([&] { CreateSlot(replication, rig_.slot(), false); }), "");
}

// A slot waits for transactions that run, and lets itself be stopped meanwhile.
TEST_P(PostgresqlChangesFail, ASlotThatWaitsCanBeStopped) {
  rig_.Follow("t");
  PreparePublication(rig_.sql(), rig_.slot(), rig_.tables());
  Connection open(rig_.endpoint(), {});
  open.Execute("BEGIN; INSERT INTO shop.t VALUES (1, 'open')");
  std::stop_source stop;
  Connection replication(rig_.endpoint(), {.stop = stop.get_token(), .purpose = "slot"}, {.replication = true});
  std::jthread stopper([&] {
    const std::string waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE pid = " + std::to_string(replication.pid()) +
        " AND wait_event_type = 'Lock'";
    EXPECT_TRUE(Within(milliseconds(20000), [&] { return rig_.sql().QueryOne(waiting) == "1"; }));
    stop.request_stop();
  });
  EXPECT_EQ(CodeOf([&] { CreateSlot(replication, rig_.slot(), false); }), kStopped.id);
  stopper.join();
  EXPECT_TRUE(Within(milliseconds(10000), [&] {
    return rig_.sql().QueryOne("SELECT count(*) FROM pg_replication_slots WHERE slot_name = " + Literal(rig_.slot())) ==
           "0";
  }));
}

}  // namespace
}  // namespace sluice::postgresql
