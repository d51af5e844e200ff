// Goal: whatever the lanes, batches, faults and crashes, the destination ends as if every source transaction had been
// applied once, in order. Method: a random workload runs on a database in memory, which carries out cascades without
// logging them, as InnoDB does; its log goes through RunApply to a second one whose applier shuffles each group. Seeds
// are printed.
#include "pipeline/apply.h"

#include <gtest/gtest.h>

#include <thread>

#include "model/table_json.h"
#include "pipeline/apply_test_double.h"
#include "pipeline/codes.h"
#include "pipeline/ddl_barrier.h"

namespace sluice::pipeline::testing {
namespace {

using model::ChangeKind;
using model::ObjectName;
using model::ReferentialAction;
using model::TablePtr;

model::Column Int(const std::string& name, bool nullable = false) {
  model::Column column;
  column.name = name;
  column.type.kind = model::TypeKind::kInteger;
  column.nullable = nullable;
  return column;
}
model::Column Text(const std::string& name, bool nullable = false,
                   const std::string& collation = "utf8mb4_general_ci") {
  model::Column column;
  column.name = name;
  column.type.kind = model::TypeKind::kVarchar;
  column.type.charset = "utf8mb4";
  column.type.collation = collation;
  column.nullable = nullable;
  return column;
}
model::Key Unique(std::vector<uint32_t> columns, bool primary = false) {
  model::Key key;
  key.name = primary ? "PRIMARY" : "u";
  key.primary = primary;
  key.unique = true;
  for (const uint32_t column : columns) key.parts.push_back({column, 0});
  return key;
}
model::ForeignKey Refers(uint32_t column, const std::string& table, const std::string& referenced,
                         ReferentialAction on_delete, ReferentialAction on_update) {
  model::ForeignKey key;
  key.columns = {column};
  key.referenced = {"d", table};
  key.referenced_columns = {referenced};
  key.on_delete = on_delete;
  key.on_update = on_update;
  return key;
}
TablePtr MakeTable(const std::string& name, std::vector<model::Column> columns, std::vector<model::Key> keys,
                   std::vector<model::ForeignKey> foreign_keys = {}) {
  auto table = std::make_shared<model::Table>();
  table->name = {"d", name};
  table->columns = std::move(columns);
  table->keys = std::move(keys);
  table->foreign_keys = std::move(foreign_keys);
  return table;
}

constexpr auto kCascade = ReferentialAction::kCascade;
constexpr auto kSetNull = ReferentialAction::kSetNull;
constexpr auto kRestrict = ReferentialAction::kRestrict;

std::vector<TablePtr> Tables() {
  return {
      MakeTable("account", {Int("id"), Int("balance")}, {Unique({0}, true)}),
      MakeTable("user", {Int("id"), Text("name", true), Int("score", true), Int("n")},
                {Unique({0}, true), Unique({1}), Unique({2, 1})}),
      MakeTable("order", {Int("id"), Int("user_id"), Int("n")}, {Unique({0}, true)},
                {Refers(1, "user", "id", kCascade, kCascade)}),
      MakeTable("item", {Int("id"), Int("order_id", true), Int("n")}, {Unique({0}, true)},
                {Refers(1, "order", "id", kSetNull, kCascade)}),
      MakeTable("crew", {Text("code"), Int("n")}, {Unique({0}, true)}),
      MakeTable("member", {Int("id"), Text("code", true), Int("slot")}, {Unique({0}, true), Unique({2})},
                {Refers(1, "crew", "code", kSetNull, kCascade)}),
      MakeTable("tag", {Int("id"), Text("code", true)}, {Unique({0}, true)},
                {Refers(1, "crew", "code", kRestrict, kRestrict)}),
      MakeTable("log", {Int("a"), Int("b", true)}, {}),
      MakeTable("plain", {Text("code", false, "utf8mb4_danish_ci"), Int("n")}, {Unique({0}, true)}),
  };
}

constexpr int kAccounts = 6;
constexpr int kBalance = 1000;

// Runs random transactions and logs what a server would log of them.
class Workload {
 public:
  explicit Workload(unsigned seed) : random_(seed), database_(Tables()) {
    LoggedTransaction first;
    for (int i = 0; i < kAccounts; ++i) Do(first, "account", {}, {std::to_string(i), std::to_string(kBalance)});
    log_.push_back(std::move(first));
  }

  void Run(size_t transactions) {
    while (log_.size() < transactions) {
      LoggedTransaction transaction;
      const int count = 1 + Pick(4);
      for (int i = 0; i < count; ++i) Step(transaction);
      if (transaction.changes.size() >= 3 && Pick(20) == 0) transaction.parts = 3;
      log_.push_back(std::move(transaction));  // some are empty: filtered out at the source
    }
  }

  const std::vector<LoggedTransaction>& log() const { return log_; }
  const MemoryDatabase& database() const { return database_; }

 private:
  int Pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  std::string Number(int below) { return std::to_string(Pick(below)); }
  Value Name(int below, bool may_be_null) {
    if (may_be_null && Pick(5) == 0) return std::nullopt;
    static const std::vector<std::string> kNames = {"ann", "Ann", "ANN ", "bob", "Bob",
                                                    "éva", "eva", "x-1",  "x-2", "zoë"};
    return kNames[static_cast<size_t>(Pick(std::min<int>(below, static_cast<int>(kNames.size()))))];
  }

  // An insert without `before`, a delete without `after`. Keeps the log as it is when the database refuses.
  bool Do(LoggedTransaction& transaction, const std::string& table, Values before, Values after) {
    const ObjectName name{"d", table};
    const MemoryDatabase saved = database_;
    try {
      LoggedChange change{ChangeKind::kUpdate, database_.Describe(name), before, after};
      if (before.empty()) {
        change.kind = ChangeKind::kInsert;
        database_.Insert(name, after);
      } else if (after.empty()) {
        change.kind = ChangeKind::kDelete;
        database_.Delete(name, before);
      } else {
        database_.Update(name, before, after);
      }
      transaction.changes.push_back(std::move(change));
      return true;
    } catch (const Error&) {
      database_ = saved;
      return false;
    }
  }

  Values MakeValues(const std::string& table) {
    if (table == "user") return {Number(12), Name(10, true), Pick(3) == 0 ? Value() : Value(Number(5)), Number(100)};
    if (table == "order") return {Number(20), Number(12), Number(100)};
    if (table == "item") return {Number(20), Pick(4) == 0 ? Value() : Value(Number(20)), Number(100)};
    if (table == "crew") return {Name(10, false), Number(100)};
    if (table == "member") return {Number(20), Name(10, true), Number(15)};
    if (table == "tag") return {Number(20), Name(10, true)};
    if (table == "log") return {Number(4), Pick(3) == 0 ? Value() : Value(Number(3))};
    return {Name(10, false), Number(100)};
  }

  void Transfer(LoggedTransaction& transaction) {
    const ObjectName name{"d", "account"};
    const int amount = 1 + Pick(50);
    const auto from = static_cast<size_t>(Pick(kAccounts));
    const size_t to = (from + 1 + static_cast<size_t>(Pick(kAccounts - 1))) % kAccounts;
    for (const auto& [account, change] : {std::pair(from, -amount), std::pair(to, amount)}) {
      const Values before = database_.Rows(name)[account];
      Do(transaction, "account", before, {before[0], std::to_string(std::stoi(*before[1]) + change)});
    }
  }

  // Two rows exchange their unique values by way of a free one.
  void Swap(LoggedTransaction& transaction) {
    const ObjectName name{"d", "member"};
    const auto& rows = database_.Rows(name);
    if (rows.size() < 2) return;
    const Values one = rows[0];
    const Values two = rows[1 + static_cast<size_t>(Pick(static_cast<int>(rows.size()) - 1))];
    const auto with_slot = [](Values row, const Value& slot) {
      row[2] = slot;
      return row;
    };
    if (!Do(transaction, "member", one, with_slot(one, "99"))) return;
    Do(transaction, "member", two, with_slot(two, one[2]));
    Do(transaction, "member", with_slot(one, "99"), with_slot(one, two[2]));
  }

  void Step(LoggedTransaction& transaction) {
    const int dice = Pick(10);
    if (dice < 2) return Transfer(transaction);
    if (dice == 2) return Swap(transaction);
    static const std::vector<std::string> kTables = {"user", "order", "item", "crew", "member", "tag", "log", "plain"};
    const std::string& table = kTables[static_cast<size_t>(Pick(static_cast<int>(kTables.size())))];
    const auto& rows = database_.Rows({"d", table});
    const int what = rows.size() < 4 ? 0 : Pick(4);
    if (what == 0) {
      Do(transaction, table, {}, MakeValues(table));
      return;
    }
    const Values before = rows[static_cast<size_t>(Pick(static_cast<int>(rows.size())))];
    if (what == 1) {
      Do(transaction, table, before, {});
      return;
    }
    Values after = MakeValues(table);
    const bool keeps_key = what == 2;
    if (keeps_key) after[0] = before[0];
    if (after != before) Do(transaction, table, before, after);
  }

  std::minstd_rand random_;
  MemoryDatabase database_;
  std::vector<LoggedTransaction> log_;
};

// One source, one destination, runs of the applier between them.
class Rig {
 public:
  explicit Rig(std::vector<TablePtr> tables = Tables()) : destination(tables) {
    request.task = "t";
    request.source = &source;
    request.destination = &destination;
    request.names = &names;
    request.tables = std::move(tables);
    for (const TablePtr& table : request.tables) request.mappings.push_back(names.MapTable(*table));
    request.progress = &progress;
    request.stop_when_caught_up = true;
    request.not_delayed_within = milliseconds(1);
    request.limits.writers = 3;
    request.start = {At(0), 0, ""};
  }

  // From what the destination recorded.
  ApplyOutcome Run(std::stop_token stop = {}) {
    std::vector<connector::ApplyProgress> lanes;
    for (const auto& [lane, recorded] : destination.progress) lanes.push_back(recorded);
    if (!lanes.empty()) request.start = JoinProgress(lanes);
    return RunApply(request, stop);
  }

  void CheckBalanceAtCommits() {
    destination.on_commit = [this] {
      int64_t sum = 0;
      for (const Values& row : destination.database.Rows({"d", "account"})) sum += std::stoll(*row[1]);
      EXPECT_TRUE(sum == 0 || sum == kAccounts * kBalance) << sum;
    };
  }

  FakeSource source;
  FakeDestination destination;
  SameNames names;
  Progress progress;
  ApplyRequest request;
};

class ApplyTest : public ::testing::TestWithParam<unsigned> {};

TEST_P(ApplyTest, RandomWorkloadEndsLikeTheSource) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  Workload workload(GetParam());
  workload.Run(400);
  Rig rig;
  rig.CheckBalanceAtCommits();
  rig.source.log = workload.log();
  rig.request.limits.writers = 1 + GetParam() % 4;
  rig.request.transactions_per_commit = GetParam() % 3 == 0 ? 1 : GetParam() % 3 == 1 ? 7 : 500;
  const ApplyOutcome outcome = rig.Run();
  EXPECT_LE(rig.destination.refused, 3u);  // of some 1,000 changes
  EXPECT_TRUE(outcome.caught_up);
  EXPECT_EQ(outcome.ordinal, workload.log().size());
  EXPECT_EQ(rig.destination.database.Dump(), workload.database().Dump());
  ASSERT_EQ(rig.destination.progress.size(), 1u);
  EXPECT_EQ(rig.destination.progress[0].low_ordinal, workload.log().size());
  EXPECT_EQ(rig.destination.progress[0].done, "");
}

TEST_P(ApplyTest, FaultsAndCrashesLoseAndDoubleNothing) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  Workload workload(GetParam() + 1000);
  workload.Run(300);
  Rig rig;
  rig.CheckBalanceAtCommits();
  rig.source.log = workload.log();
  rig.source.lose_every = 50 + static_cast<int>(GetParam() % 7) * 10;
  rig.request.limits.writers = 1 + GetParam() % 4;
  rig.request.transactions_per_commit = 20;
  std::minstd_rand random(GetParam());
  std::mutex random_mutex;
  rig.destination.fault = [&](bool commit) {
    std::lock_guard lock(random_mutex);
    const unsigned dice = random() % 200;
    if (dice == 0) return Fault::kDeadlock;
    if (dice == 1) return Fault::kLost;
    if (dice == 2) return Fault::kCrash;
    if (commit && dice < 8) return Fault::kLostAfterCommit;
    if (commit && dice < 12) return Fault::kLostBeforeCommit;
    if (commit && dice < 16) return Fault::kCrashAfterCommit;
    return Fault::kNone;
  };
  for (int runs = 0; runs < 1000; ++runs) {
    try {
      if (rig.Run().caught_up) break;
    } catch (const Error& error) {
      ASSERT_EQ(error.info().code, kTestCrash.id) << error.what();
    }
    rig.destination.dead = false;
    rig.request.limits.writers = 1 + static_cast<uint32_t>(runs) % 4;
  }
  EXPECT_EQ(rig.destination.database.Dump(), workload.database().Dump());
}

INSTANTIATE_TEST_SUITE_P(Seeds, ApplyTest, ::testing::Range(1u, 25u));

TEST(Apply, NamesTheChangeThatFails) {
  Workload workload(5);
  workload.Run(60);
  Rig rig;
  rig.source.log = workload.log();
  LoggedTransaction bad;
  bad.changes.push_back({ChangeKind::kUpdate, rig.request.tables[0], {"77", "1"}, {"77", "2"}});
  rig.source.log.insert(rig.source.log.begin() + 30, bad);
  try {
    rig.Run();
    FAIL() << "the missing row was not noticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, kTestRowMissing.id);
    EXPECT_NE(error.info().object.find("update of row id=77 in table d.account"), std::string::npos) << error.what();
  }
  EXPECT_EQ(JoinProgress({rig.destination.progress.begin()->second}).low_ordinal <= 30, true);
}

// Another run owns the task: no change is at fault, and none is tried again by itself.
TEST(Apply, EndsWhenAnotherRunHasTakenOver) {
  for (const bool at_commit : {true, false}) {
    Workload workload(5);
    workload.Run(60);
    Rig rig;
    rig.source.log = workload.log();
    rig.destination.fault = [&](bool commit) {
      return rig.destination.commits > 0 && commit == at_commit ? Fault::kTakenOver : Fault::kNone;
    };
    try {
      rig.Run();
      FAIL() << "went on";
    } catch (const Error& error) {
      EXPECT_EQ(error.info().code, connector::kTakenOver.id);
      EXPECT_EQ(error.info().object, connector::TakenOver("").info().object);
    }
  }
}

TEST(Apply, StopsSoonAndGoesOn) {
  Workload workload(6);
  workload.Run(300);
  Rig rig;
  rig.source.log = workload.log();
  rig.request.stop_when_caught_up = false;
  std::stop_source stop;
  {
    std::jthread stopper([&] {
      while (rig.destination.commits == 0) std::this_thread::yield();
      stop.request_stop();
    });
    const ApplyOutcome outcome = rig.Run(stop.get_token());
    EXPECT_FALSE(outcome.caught_up);
  }
  rig.request.stop_when_caught_up = true;
  rig.Run();
  EXPECT_EQ(rig.destination.database.Dump(), workload.database().Dump());
}

// The position says that nothing is missing; that the log has left something out is seen when it is opened.
TEST(Apply, IsNotCaughtUpBeforeTheLogWasOpened) {
  Rig rig;
  rig.source.on_open = [&] {
    const Deadline deadline = Deadline::After(milliseconds(5000));
    while (rig.source.asked < 6 && !deadline.Passed()) std::this_thread::yield();
    if (rig.source.asked >= 6) throw Error(kTestRowMissing);  // else nobody waits for it any more
  };
  EXPECT_THROW(rig.Run(), Error);
}

// The network to the destination is dead while the position of an idle source is written down.
TEST(Apply, StopsSoonWhenTheRecordOfThePositionIsStuck) {
  Rig rig;
  rig.request.stop_when_caught_up = false;
  rig.source.log = {LoggedTransaction()};
  rig.source.on_open = [&] { rig.destination.stuck = true; };
  std::stop_source stop;
  const std::jthread stopper([&] {
    while (!rig.destination.waiting) std::this_thread::yield();
    stop.request_stop();
  });
  EXPECT_FALSE(rig.Run(stop.get_token()).caught_up);
}

// A server ends sessions that are silent for long: what such a session would be asked first is lost with it.
TEST(Apply, SessionsThatWereIdleForTooLongAreReplaced) {
  for (const bool are_replaced : {false, true}) {
    Workload workload(9);
    workload.Run(30);
    Rig rig;
    rig.source.log = workload.log();
    rig.request.limits.writers = 1;
    rig.request.transactions_per_commit = 1;
    if (are_replaced) rig.request.idle_most = milliseconds(-1);  // any pause is longer
    rig.Run();
    EXPECT_GT(rig.destination.commits, 10u);
    EXPECT_EQ(rig.destination.appliers, are_replaced ? rig.destination.commits.load() : 1u);
    EXPECT_EQ(rig.destination.database.Dump(), workload.database().Dump());
  }
}

TEST(Apply, WhatMakesNoSenseIsReadOnceMore) {
  constexpr ErrorCode kNonsense{"XX-0002", "nonsense"};
  Workload workload(10);
  workload.Run(30);
  // Where it makes no sense each time that the stream is opened; empty: it does.
  const auto run = [&](std::vector<std::string> places) {
    Rig rig;
    rig.source.log = workload.log();
    size_t opened = 0;
    rig.source.on_open = [&] {
      const size_t at = opened++;
      if (at < places.size()) throw Error(kNonsense).Object(places[at]).Retry(RetryClass::kOnce);
    };
    rig.Run();
    EXPECT_EQ(rig.destination.database.Dump(), workload.database().Dump());
  };
  run({"event at 1"});
  run({"event at 1", "event at 2"});
  EXPECT_THROW(run({"event at 1", "event at 1"}), Error);
}

TEST(Apply, RowFilterTurnsUpdatesIntoInsertsAndDeletes) {
  Rig rig;
  const TablePtr table = rig.request.tables[0];
  rig.names.adjust = [](model::TableMapping& mapping) {
    if (mapping.source.name == "account") mapping.filter = "balance > 10";
  };
  rig.request.mappings[0] = rig.names.MapTable(*table);
  rig.source.filter = [](const Values& row) { return std::stoi(*row[1]) > 10; };
  const auto change = [&](ChangeKind kind, Values before, Values after) {
    LoggedTransaction transaction;
    transaction.changes.push_back({kind, table, std::move(before), std::move(after)});
    rig.source.log.push_back(std::move(transaction));
  };
  change(ChangeKind::kInsert, {}, {"1", "5"});  // stays out
  change(ChangeKind::kInsert, {}, {"2", "50"});
  change(ChangeKind::kUpdate, {"1", "5"}, {"1", "11"});  // comes in
  change(ChangeKind::kUpdate, {"2", "50"}, {"2", "6"});  // goes out
  change(ChangeKind::kUpdate, {"2", "6"}, {"2", "7"});
  change(ChangeKind::kDelete, {"2", "7"}, {});
  change(ChangeKind::kUpdate, {"1", "11"}, {"1", "12"});
  rig.Run();
  EXPECT_EQ(rig.destination.database.Rows(table->name), (std::vector<Values>{{"1", "12"}}));
}

TEST(Apply, OperationFilterLeavesOut) {
  Rig rig;
  const TablePtr table = rig.request.tables[0];
  rig.names.adjust = [](model::TableMapping& mapping) { mapping.operations.remove = false; };
  rig.request.mappings[0] = rig.names.MapTable(*table);
  LoggedTransaction transaction;
  transaction.changes.push_back({ChangeKind::kInsert, table, {}, {"1", "5"}});
  transaction.changes.push_back({ChangeKind::kDelete, table, {"1", "5"}, {}});
  transaction.changes.push_back({ChangeKind::kInsert, table, {}, {"1", "6"}});
  rig.source.log = {transaction};
  rig.Run();
  EXPECT_EQ(rig.destination.database.Rows(table->name), (std::vector<Values>{{"1", "6"}}));
}

TEST(Apply, WindowsSkipAndReplay) {
  Rig rig;
  const TablePtr account = rig.request.tables[0];
  const TablePtr crew = rig.request.tables[4];
  LoggedTransaction one;
  one.changes.push_back({ChangeKind::kInsert, account, {}, {"1", "5"}});
  one.changes.push_back({ChangeKind::kInsert, crew, {}, {"a", "5"}});
  LoggedTransaction two;
  two.changes.push_back({ChangeKind::kUpdate, account, {"1", "5"}, {"1", "6"}});
  two.changes.push_back({ChangeKind::kUpdate, crew, {"a", "5"}, {"a", "6"}});
  LoggedTransaction three;
  three.changes.push_back({ChangeKind::kUpdate, account, {"1", "6"}, {"1", "7"}});
  three.changes.push_back({ChangeKind::kUpdate, crew, {"a", "6"}, {"a", "7"}});
  rig.source.log = {one, two, three};
  // The accounts were read after two; of the crews nothing is known but that they were read before three.
  rig.destination.database.Insert(account->name, {"1", "6"});
  rig.destination.database.Insert(crew->name, {"a", "6"});
  rig.request.windows = {{account->name, At(2), {}}, {crew->name, {}, At(2)}};
  rig.Run();
  EXPECT_EQ(rig.destination.database.Rows(account->name), (std::vector<Values>{{"1", "7"}}));
  EXPECT_EQ(rig.destination.database.Rows(crew->name), (std::vector<Values>{{"a", "7"}}));
}

// The process dies at that call of the destination, and is begun again.
void RunOverACrash(Rig& rig, int crash_at) {
  std::atomic<int> calls{0};
  rig.destination.fault = [&](bool commit) {
    if (calls++ != crash_at) return Fault::kNone;
    return commit ? Fault::kCrashAfterCommit : Fault::kCrash;
  };
  for (int runs = 0; runs < 3; ++runs) {
    try {
      if (rig.Run().caught_up) break;
    } catch (const Error& error) {
      ASSERT_TRUE(error.info().code == kTestCrash.id || error.info().code == kDdlFailed.id) << error.what();
    }
    rig.destination.dead = false;
  }
  rig.destination.fault = [](bool) { return Fault::kNone; };
}

TEST(Apply, SchemaStatementRunsOnceWhateverCrashes) {
  for (int crash_at = 0; crash_at < 12; ++crash_at) {
    SCOPED_TRACE(crash_at);
    Rig rig;
    const TablePtr account = rig.request.tables[0];
    LoggedTransaction one;
    one.changes.push_back({ChangeKind::kInsert, account, {}, {"1", "5"}});
    LoggedTransaction ddl;
    ddl.ddl.emplace();
    ddl.ddl->kind = model::DdlKind::kAlterTable;
    ddl.ddl->statement = "ALTER TABLE account COMMENT 'x'";
    ddl.ddl->objects = {account->name};
    LoggedTransaction three;
    three.changes.push_back({ChangeKind::kUpdate, account, {"1", "5"}, {"1", "6"}});
    rig.source.log = {one, ddl, three};
    rig.destination.describe_after = [&](const model::DdlChange&) {
      auto after = std::make_shared<model::Table>(*account);
      after->create_statement = "CREATE TABLE account COMMENT 'x'";
      return after;
    };
    RunOverACrash(rig, crash_at);
    EXPECT_EQ(rig.destination.executed.size(), 1u);
    EXPECT_EQ(rig.destination.database.Rows(account->name), (std::vector<Values>{{"1", "6"}}));
    EXPECT_EQ(model::TableFromJson(rig.destination.notes["definition:d.account"])->create_statement,
              "CREATE TABLE account COMMENT 'x'");
    EXPECT_FALSE(rig.destination.notes.contains("ddl"));
  }
}

// What may be refused does not stop the task; what is worth another try is kept until the destination takes it, and
// done again where a crash left it open.
TEST(Apply, StatementsThatMayBeRefused) {
  using connector::SchemaStatement;
  const auto statement = [](const std::string& sql, SchemaStatement::IfRefused if_refused) {
    SchemaStatement one;
    one.label = "the " + sql;
    one.sql = sql;
    one.if_refused = if_refused;
    return one;
  };
  for (int crash_at = 0; crash_at < 12; ++crash_at) {
    SCOPED_TRACE(crash_at);
    Rig rig;
    const TablePtr account = rig.request.tables[0];
    LoggedTransaction ddl;
    ddl.ddl.emplace();
    ddl.ddl->kind = model::DdlKind::kAlterTable;
    ddl.ddl->statement = "ALTER TABLE account";
    ddl.ddl->objects = {account->name};
    LoggedTransaction insert;
    insert.changes.push_back({ChangeKind::kInsert, account, {}, {"1", "5"}});
    rig.source.log = {ddl, insert};
    rig.destination.describe_after = [&](const model::DdlChange&) { return account; };
    rig.destination.translate = [&](const model::DdlChange&) {
      std::vector<SchemaStatement> list = {statement("table", SchemaStatement::IfRefused::kStop),
                                           statement("key", SchemaStatement::IfRefused::kGoOn),
                                           statement("check", SchemaStatement::IfRefused::kTryLater)};
      list[0].notes = {"a key waits"};
      return list;
    };
    rig.destination.refused_statements = {"key", "check"};
    std::string told;
    rig.request.on_notice = [&](const std::string& note) { told += note + "\n"; };
    RunOverACrash(rig, crash_at);
    EXPECT_EQ(rig.destination.executed, std::vector<std::string>{"table"});
    EXPECT_NE(told.find("the table: a key waits\n"), std::string::npos) << told;
    EXPECT_NE(told.find("the key is refused"), std::string::npos) << told;
    EXPECT_NE(told.find("the check is refused"), std::string::npos) << told;
    EXPECT_EQ(rig.destination.database.Rows(account->name), (std::vector<Values>{{"1", "5"}}));
    EXPECT_EQ(rig.destination.notes["later:the check"], "check");
    EXPECT_FALSE(rig.destination.notes.contains("later:the key"));

    const auto again = [&] {
      told.clear();
      RunLater(rig.destination, rig.request.task, {{}, "test"}, rig.request.on_notice);
      return told;
    };
    EXPECT_NE(again().find("the check is refused"), std::string::npos) << told;
    rig.destination.refused_statements.clear();
    EXPECT_EQ(again(), "applied: check\n");
    EXPECT_FALSE(rig.destination.notes.contains("later:the check"));
    EXPECT_EQ(again(), "");
  }
}

// The description goes on from the note, without a statement at the destination: what the log changed is not asked
// twice.
TEST(Apply, GoesOnWithTheDescriptionsThatTheLogMade) {
  Rig rig;
  const TablePtr account = rig.request.tables[0];
  const TablePtr crew = rig.request.tables[4];
  auto wider = std::make_shared<model::Table>(*account);
  wider->create_statement = "not a statement that any server would run";
  wider->columns[1].type.native = "bigint(20) of the log";
  const auto ddl = [](model::DdlKind kind, const TablePtr& table) {
    LoggedTransaction one;
    one.ddl.emplace();
    one.ddl->kind = kind;
    one.ddl->statement = "changes " + table->name.Text();
    one.ddl->objects = {table->name};
    return one;
  };
  int described = 0;
  rig.destination.describe_after = [&](const model::DdlChange& change) -> TablePtr {
    ++described;
    return change.kind == model::DdlKind::kDropTable ? nullptr : wider;
  };
  rig.source.log = {ddl(model::DdlKind::kAlterTable, account), ddl(model::DdlKind::kDropTable, crew)};
  ASSERT_TRUE(rig.Run().caught_up);
  EXPECT_EQ(described, 2);
  EXPECT_EQ(rig.destination.notes["definition:" + crew->name.Text()], "");

  LoggedTransaction later;
  later.changes.push_back({ChangeKind::kInsert, account, {}, {"1", "5"}});
  rig.source.log.push_back(later);
  ASSERT_TRUE(rig.Run().caught_up);
  EXPECT_EQ(described, 2);
  EXPECT_EQ(rig.destination.database.Rows(account->name), (std::vector<Values>{{"1", "5"}}));
  std::map<std::string, TablePtr> opened;
  for (const TablePtr& table : rig.source.opened_with) opened[table->name.Text()] = table;
  EXPECT_FALSE(opened.contains(crew->name.Text()));
  ASSERT_TRUE(opened.contains(account->name.Text()));
  EXPECT_EQ(opened[account->name.Text()]->columns[1].type.native, "bigint(20) of the log");

  rig.destination.notes["definition:" + account->name.Text()] = "{no JSON";
  try {
    rig.Run();
    FAIL() << "a note that cannot be read was passed over";
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, kBadProgress.id) << error.what();
  }
}

// Where rows behind a statement would not fit, not carrying it is no way to go on.
TEST(Apply, StopsAtAStatementThatRowsNeedAndThatIsNotCarried) {
  Rig rig;
  LoggedTransaction one;
  one.ddl.emplace();
  one.ddl->kind = model::DdlKind::kRenameTable;  // not among the kinds of the test's mappings
  one.ddl->statement = "ALTER TABLE account RENAME";
  one.ddl->objects = {rig.request.tables[0]->name};
  one.ddl->rows_need_it = true;
  rig.source.log = {one};
  try {
    rig.Run();
    FAIL() << "it was passed over";
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, kDdlRefused.id) << error.what();
    EXPECT_NE(error.info().cause.find(one.ddl->statement), std::string::npos);
  }
  rig.source.log[0].ddl->rows_need_it = false;
  EXPECT_TRUE(rig.Run().caught_up);
}

TEST(Apply, StopsWhereADatabaseIsDroppedThatHasItsTables) {
  Rig rig;
  LoggedTransaction one;
  one.ddl.emplace();
  one.ddl->statement = "DROP DATABASE of the task";
  one.ddl->objects = {{rig.request.tables[0]->name.database, ""}};
  one.ddl->rows_need_it = true;
  rig.source.log = {one};
  try {
    rig.Run();
    FAIL() << "it was passed over";
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, kDdlRefused.id) << error.what();
    EXPECT_EQ(error.info().object, "database " + rig.request.tables[0]->name.database);
  }
  rig.source.log[0].ddl->objects[0].database = "another one";
  EXPECT_TRUE(rig.Run().caught_up);
}

// The cascade frees a unique value without a trace in the log: what takes it next must not come first.
TEST(Apply, DoesAgainInOrderWhatClaimsDidNotSee) {
  const TablePtr parent = MakeTable("parent", {Int("id")}, {Unique({0}, true)});
  const TablePtr child = MakeTable("child", {Int("id"), Int("parent"), Int("slot")}, {Unique({0}, true), Unique({2})},
                                   {Refers(1, "parent", "id", kCascade, kCascade)});
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    Rig rig({parent, child});
    rig.destination.random.seed(seed);
    LoggedTransaction setup;
    for (int i = 0; i < 10; ++i) {
      const std::string id = std::to_string(i);
      setup.changes.push_back({ChangeKind::kInsert, parent, {}, {id}});
      setup.changes.push_back({ChangeKind::kInsert, child, {}, {id, id, id}});
    }
    rig.source.log = {setup};
    for (int i = 0; i < 9; ++i) {
      LoggedTransaction remove;
      remove.changes.push_back({ChangeKind::kDelete, parent, {std::to_string(i)}, {}});
      LoggedTransaction take;
      take.changes.push_back({ChangeKind::kInsert, child, {}, {std::to_string(i + 100), "9", std::to_string(i)}});
      rig.source.log.push_back(remove);
      rig.source.log.push_back(take);
    }
    rig.Run();
    EXPECT_EQ(rig.destination.database.Rows(parent->name), (std::vector<Values>{{"9"}}));
    EXPECT_EQ(rig.destination.database.Rows(child->name).size(), 10u);
  }
}

TEST(Apply, MergesWhatHitsOneRow) {
  Rig rig;
  const TablePtr account = rig.request.tables[0];
  LoggedTransaction many;
  many.changes.push_back({ChangeKind::kInsert, account, {}, {"1", "0"}});
  for (int i = 0; i < 100; ++i) {
    many.changes.push_back({ChangeKind::kUpdate, account, {"1", std::to_string(i)}, {"1", std::to_string(i + 1)}});
  }
  many.changes.push_back({ChangeKind::kInsert, account, {}, {"2", "0"}});
  many.changes.push_back({ChangeKind::kDelete, account, {"2", "0"}, {}});
  rig.source.log = {many};
  rig.Run();
  EXPECT_EQ(rig.destination.groups, 1u);
  EXPECT_EQ(rig.destination.database.Rows(account->name), (std::vector<Values>{{"1", "100"}}));
}

}  // namespace
}  // namespace sluice::pipeline::testing
