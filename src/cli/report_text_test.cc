#include "cli/report_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/json_text.h"
#include "cli/progress_facts.h"

namespace sluice::cli {
namespace {

using connector::PrecheckStatus;
using ::testing::HasSubstr;
using ::testing::Not;

const Accounts kAccounts = {"dts at old:3306", "dts at new:3306"};

TextStyle Style() {
  TextStyle style;
  style.terminal.utf8 = true;
  style.program_line = style.file_line = "shop.yaml";
  return style;
}

TEST(ShellWord, QuotesOnlyWhatItMust) {
  EXPECT_EQ(ShellWord("/srv/shop.yaml"), "/srv/shop.yaml");
  EXPECT_EQ(ShellWord("indexes of table a.b"), "'indexes of table a.b'");
  EXPECT_EQ(ShellWord("it's"), "'it'\\''s'");
  EXPECT_EQ(ShellWord(""), "''");
}

TEST(PrecheckText, FailuresFirstWithTheStatementAloneOnItsLine) {
  task::PrecheckReport report;
  report.items = {
      {"mysql.connect", "Connected to mariadb 10.11.6", "source", PrecheckStatus::kPassed, "", "", ""},
      {"mysql.key", "Table has a key", "source", PrecheckStatus::kWarning, "table shop.log", "slower",
       "ALTER TABLE a;"},
      {"mysql.key", "Table has a key", "source", PrecheckStatus::kWarning, "table shop.audit", "slower",
       "ALTER TABLE b;"},
      {"mysql.format", "Binary log has row format", "source", PrecheckStatus::kFailed, "", "it is STATEMENT",
       "SET GLOBAL binlog_format = 'ROW';"},
      {"mysql.version", "Version is supported", "source", PrecheckStatus::kPassed, "", "", ""},
      {"mysql.connect", "Connected to mysql 9.1.0", "destination", PrecheckStatus::kPassed, "", "", ""},
  };
  EXPECT_EQ(PrecheckText(report, Style()),
            "Source\n"
            "  FAILED   Binary log has row format\n"
            "           cause:  it is STATEMENT\n"
            "           to do:\n"
            "             SET GLOBAL binlog_format = 'ROW';\n"
            "  warning  Table has a key\n"
            "           object: table shop.log\n"
            "           object: table shop.audit\n"
            "           cause:  slower\n"
            "           to do:\n"
            "             ALTER TABLE a;\n"
            "             ALTER TABLE b;\n"
            "  passed   Connected to mariadb 10.11.6; Version is supported\n"
            "\n"
            "Destination\n"
            "  passed   Connected to mysql 9.1.0\n"
            "\n"
            "The precheck failed: 1 item to mend, 2 warnings.\n");
}

TEST(PrecheckText, ManyObjectsAreCounted) {
  task::PrecheckReport report;
  for (int i = 0; i < 50; ++i) {
    report.items.push_back(
        {"k", "Table has a key", "source", PrecheckStatus::kWarning, "table " + std::to_string(i), "c", "R"});
  }
  const std::string text = PrecheckText(report, Style());
  EXPECT_THAT(text, HasSubstr("object: table 19\n"));
  EXPECT_THAT(text, Not(HasSubstr("object: table 20\n")));
  EXPECT_THAT(text, HasSubstr("and 30 more"));
  EXPECT_THAT(text, HasSubstr("The precheck passed: 50 items looked at, 50 warnings."));
}

TEST(PreviewText, ShowsRenamesAndWhatIsLeftOut) {
  EXPECT_EQ(PreviewText({{"table", "shop.orders", "shop_new.orders2", "rows where id > 100"},
                         {"column", "shop.orders.note", "", "excluded"}},
                        Style()),
            "kind    source            destination       note\n"
            "------  ----------------  ----------------  -------------------\n"
            "table   shop.orders       shop_new.orders2  rows where id > 100\n"
            "column  shop.orders.note  —                 excluded\n"
            "\n"
            "2 objects (1 table), 1 under another name, 1 left out.\n");
}

pipeline::VerifyTableResult Result(const std::string& name, uint64_t rows) {
  pipeline::VerifyTableResult result;
  result.source = {"shop", name};
  result.destination = {"shop_new", name};
  result.rows_source = result.rows_destination = rows;
  return result;
}

TEST(VerifyText, EqualAndDifferent) {
  const pipeline::VerifyTableResult equal = Result("items", 500'000);
  pipeline::VerifyTableResult different = Result("orders", 100);
  different.missing = 1;
  different.different = 1;
  different.differences = {{pipeline::DifferenceKind::kMissing, {"17", "a"}, "", "INSERT"},
                           {pipeline::DifferenceKind::kDifferent, {"18", "b"}, "price,note", "UPDATE"}};
  EXPECT_EQ(VerifyLine(equal, Style()), "equal         shop.items → shop_new.items: 500,000 rows");
  EXPECT_EQ(VerifyLine(different, Style()),
            "DIFFERENT     shop.orders → shop_new.orders: 1 missing, 0 extra, 1 different (source "
            "100, destination 100 rows)");
  EXPECT_EQ(VerifySummary({{equal}}, "", Style()), "Both sides are equal: 1 table, 500,000 rows.\n");
  EXPECT_EQ(VerifySummary({{equal, different}}, "", Style()),
            "\nshop.orders\n"
            "  missing    key 17, a\n"
            "  different  key 18, b: price,note\n"
            "\n"
            "2 differences: 1 missing, 0 extra, 1 different at the destination; 1 of 2 tables equal.\n"
            "Write what would mend the destination: sluice verify --repair-sql repair.sql shop.yaml\n");
  EXPECT_THAT(VerifySummary({{different}}, "repair.sql", Style()),
              HasSubstr("Statements that mend the destination: repair.sql"));
  different.note = "the task has applied nothing for 600 s";
  EXPECT_THAT(VerifySummary({{different}, true}, "", Style()),
              AllOf(HasSubstr("shop.orders\n  the task has applied nothing for 600 s\n  missing"),
                    HasSubstr("of 1 table equal.\nNo process applies the task's changes now: ")));
  EXPECT_EQ(VerifySummary({{equal}, true}, "", Style()), "Both sides are equal: 1 table, 500,000 rows.\n");
}

task::StatusReport Report() {
  task::StatusReport report;
  report.task.name = "shop-move";
  report.task.state = store::TaskState::kMigrating;
  report.task.phase = "incremental";
  report.task.position = R"({"file":"binlog.000003","offset":4711,"gtid":"0-1-100"})";
  report.task.updated_micros = 1'700'000'000'000'000;
  report.running = true;
  report.progress_json = R"({"caught_up":true,"delay_ms":12,"transactions":5})";
  store::ObjectRecord view;
  view.label = "view shop.v";
  view.kind = "view";
  view.object = "shop.v";
  view.state = "failed";
  view.sql = "CREATE VIEW v AS SELECT 1";
  view.error = "[MY-0115] An object does not exist";
  report.objects = {view};
  store::TableRecord table;
  table.table = "shop.orders";
  table.state = "loaded";
  table.rows = 100;
  table.bytes = 2000;
  report.tables = {table};
  return report;
}

TEST(StatusText, TellsStateDelayFailuresAndWhatToDo) {
  const std::string text = StatusText(Report(), 1'700'000'003'000'000, Style());
  EXPECT_THAT(text, HasSubstr("state        migrating (incremental), running\n"));
  EXPECT_THAT(text, HasSubstr("delay        not delayed\n"));
  EXPECT_THAT(text, HasSubstr("position     binlog.000003:4711, gtid 0-1-100\n"));
  EXPECT_THAT(text, HasSubstr("(0:03 ago)"));
  EXPECT_THAT(text, HasSubstr("sluice schema retry shop.yaml 'view shop.v'"));
  EXPECT_THAT(text, HasSubstr("next         sluice verify shop.yaml\n"));
}

TEST(StatusText, ShowsPositionAndCountsOfTheRunningProcess) {
  task::StatusReport report = Report();
  report.progress_json = R"({"caught_up":false,"delay_ms":2500,"transactions":12,"inserts":7,"updates":1200,"deletes":1,
    "updated_micros":1700000002000000,
    "position":{"file":"b.000004","offset":100,"gtid":"0-1-120"},
    "source_position":{"file":"b.000004","offset":900,"gtid":"0-1-140"}})";
  report.limits = {.known = true, .running = true, .limits = {.rows_per_second = 500, .readers = 4, .writers = 1}};
  const std::string text = StatusText(report, 1'700'000'003'000'000, Style());
  EXPECT_THAT(text, HasSubstr("changes      this run: 12 transactions: 7 inserted, 1,200 updated, 1 deleted\n"));
  EXPECT_THAT(text, HasSubstr("position     b.000004:100, gtid 0-1-120\n"));
  EXPECT_THAT(text, HasSubstr("source at    b.000004:900, gtid 0-1-140\n"));
  EXPECT_THAT(text, HasSubstr("(0:01 ago)"));
  EXPECT_THAT(text, HasSubstr("limits       500 rows/s, 4 readers, 1 writer\n"));
  const std::string json = JsonDocument(ToJson(report));
  EXPECT_THAT(json, HasSubstr(R"("offset": 100)"));
  EXPECT_THAT(json, HasSubstr(R"("offset": 900)"));
  EXPECT_THAT(json, HasSubstr(R"("rows_per_second": 500)"));
}

TEST(StatusText, FailedObjectsComeFirstAndHoldUpTheCutover) {
  const std::string failed = StatusText(Report(), 0, Style());
  EXPECT_LT(failed.find("attention    1 object failed"), failed.find("delay"));
  EXPECT_THAT(failed, Not(HasSubstr("sluice cutover")));
  task::StatusReport report = Report();
  report.objects[0].state = "skipped";
  const std::string mended = StatusText(report, 0, Style());
  EXPECT_THAT(mended, Not(HasSubstr("attention")));
  EXPECT_THAT(mended, HasSubstr("sluice cutover shop.yaml"));
}

TEST(StatusText, TellsHowATaskHasEnded) {
  task::StatusReport report = Report();
  report.running = false;
  report.task.state = store::TaskState::kCompleted;
  report.task.final_stop = true;
  report.ended = "switched over";
  EXPECT_THAT(StatusText(report, 0, Style()), HasSubstr("not running, switched over\n"));
  EXPECT_THAT(StatusText(report, 0, Style()), HasSubstr("sluice release shop.yaml"));
  report.ended = "released";
  EXPECT_THAT(StatusText(report, 0, Style()), HasSubstr("not running, released\n"));
  EXPECT_THAT(StatusText(report, 0, Style()), Not(HasSubstr("next ")));
}

TEST(Reminders, NameTheAccountsAndWhatInvokersNeed) {
  store::ObjectRecord trigger;
  trigger.kind = "trigger";
  trigger.state = "done";
  store::ObjectRecord routine = trigger;
  routine.kind = "procedure";
  const std::vector<std::string> reminders = Reminders(kAccounts, {trigger, routine});
  EXPECT_THAT(reminders, testing::Contains(HasSubstr("DROP USER for dts at old:3306 (source)")));
  EXPECT_THAT(reminders, testing::Contains(HasSubstr("triggers run as dts at new:3306 (destination): keep it")));
  EXPECT_THAT(reminders, testing::Contains(HasSubstr("SQL SECURITY INVOKER")));
  routine.state = "failed";
  EXPECT_THAT(Reminders(kAccounts, {routine}), Not(testing::Contains(HasSubstr("INVOKER"))));
}

TEST(Reminders, WhatAnAccountOwnsIsGivenAwayFirst) {
  store::ObjectRecord trigger;
  trigger.kind = "trigger";
  trigger.state = "done";
  Accounts accounts = kAccounts;
  accounts.source_drop = accounts.destination_drop = "DROP ROLE";
  accounts.reassign_objects = "REASSIGN OWNED BY role TO new_owner;";
  const std::vector<std::string> reminders = Reminders(accounts, {trigger});
  EXPECT_THAT(reminders, testing::Contains(HasSubstr("DROP ROLE for dts at old:3306 (source)")));
  EXPECT_THAT(reminders, testing::Contains(HasSubstr("REASSIGN OWNED BY role TO new_owner; Then DROP ROLE")));
  EXPECT_THAT(reminders, Not(testing::Contains(HasSubstr("triggers run as"))));
}

TEST(LimitsText, TellsWhatHoldsAndWhatDoesNotYet) {
  task::LimitsReport report = {.known = true,
                               .running = true,
                               .limits = {.bytes_per_second = 2'500'000, .readers = 4, .writers = 2},
                               .wanted = {.bytes_per_second = 2'500'000, .readers = 8, .writers = 2},
                               .file = {},
                               .changed = {"bytes_per_second", "readers", "writers"},
                               .notes = {{"readers", "4 at work"}, {"writers", "later"}}};
  EXPECT_EQ(LimitsText("shop-move", report, {}),
            "shop-move, in force now\n"
            "  rows/s       no limit\n"
            "  MB/s         2.5  (changed here; the task file says no limit)\n"
            "  readers      4  (changed here; the task file says 4)\n"
            "  writers      2  (changed here; the task file says 4)\n"
            "  memory       268 MB  (of the task file; what it says holds from the next run on)\n"
            "  readers: 4 at work.\n");
  EXPECT_THAT(LimitsText("shop-move", report, {.writers = 2}), HasSubstr("  writers: later.\n"));
  report.running = false;
  EXPECT_THAT(LimitsText("shop-move", report, {}), HasSubstr("does not run; in force from the next run on\n"));
  EXPECT_THAT(LimitsText("shop-move", {}, {}), HasSubstr("was never run"));
}

TEST(ReleaseText, SaysWhatWentAndWhatStays) {
  task::ReleaseOutcome outcome = {.was_running = true, .records = 3, .database_removed = true, .objects_left = 2};
  const std::string text = ReleaseText("shop-move", "db:3306", "database", outcome);
  EXPECT_THAT(text, HasSubstr("shop-move is released, its process has ended: `run` refuses it from now on.\n"));
  EXPECT_THAT(text, HasSubstr("3 records at db:3306; nothing of Sluice is left there (database sluice is gone)\n"));
  EXPECT_THAT(text, HasSubstr("what was migrated: 2 objects and their rows\n"));
  outcome.database_removed = false;
  outcome.other_tasks = {"other_0123"};
  EXPECT_THAT(ReleaseText("shop-move", "db:3306", "database", outcome), HasSubstr("it holds records of other_0123\n"));
}

TEST(RunSummary, ShowsWhatFailedAlsoWhenTheDataIsThere) {
  task::RunOutcome outcome;
  outcome.end = task::RunEnd::kCaughtUp;
  Sample sample;
  sample.phase = 3;
  const std::string text = RunSummary(outcome, Report(), sample, {true, true, true}, kAccounts, Style());
  EXPECT_THAT(text, HasSubstr("failed       view shop.v\n"));
  EXPECT_THAT(text, HasSubstr("sluice schema skip shop.yaml 'view shop.v'"));
  EXPECT_THAT(text, Not(HasSubstr("sluice cutover")));
}

TEST(RunSummary, SaysHowToGoOn) {
  task::RunOutcome outcome;
  outcome.end = task::RunEnd::kStopped;
  Sample sample;
  sample.phase = 2;
  sample.rows_now = 1000;
  sample.bytes_now = 50'000;
  sample.load_seconds = 2;
  const std::string text = RunSummary(outcome, Report(), sample, {true, true, true}, kAccounts, Style());
  EXPECT_THAT(text, HasSubstr("shop-move is stopped, its checkpoint is written. `sluice run shop.yaml` goes on.\n"));
  EXPECT_THAT(text, HasSubstr("this run: 1,000 rows in 0:02, 500 rows/s, 25.0 kB/s"));
  outcome.end = task::RunEnd::kCompleted;
  outcome.not_migrated = {"view shop.v"};
  const std::string completed = RunSummary(outcome, Report(), sample, {true, true, false}, kAccounts, Style());
  EXPECT_THAT(completed, HasSubstr("not migrated view shop.v"));
  EXPECT_THAT(completed, HasSubstr("DROP USER for dts at old:3306 (source) and dts at new:3306 (destination)\n"));
  EXPECT_THAT(completed, Not(HasSubstr("INVOKER")));
}

TEST(StatusJson, HasWhatScriptsNeed) {
  const std::string json = JsonDocument(ToJson(Report()));
  for (const char* part :
       {R"("name": "shop-move")", R"("state": "migrating")", R"("phase": "incremental")", R"("running": true)",
        R"("caught_up": true)", R"("delay_ms": 12)", R"("offset": 4711)", R"("error": null)", R"("transactions": 5)"}) {
    EXPECT_THAT(json, HasSubstr(part));
  }
}

TEST(StatusJson, SurvivesWhatIsNotJsonAndNotUtf8) {
  task::StatusReport report = Report();
  report.progress_json = "{broken";
  report.task.position = "not json \xff";
  report.task.error = "[MY-0106] The connection was lost\n";
  const std::string json = JsonDocument(ToJson(report));
  EXPECT_THAT(json, HasSubstr(R"("caught_up": false)"));
  EXPECT_THAT(json, HasSubstr(R"("error_code": "MY-0106")"));
  EXPECT_FALSE(ReadProgressFacts("{broken").not_delayed);
}

TEST(PositionText, KnowsTheShapesOfPositions) {
  EXPECT_EQ(PositionText(R"({"file":"b.3","offset":4,"gtid":""})"), "b.3:4");
  EXPECT_EQ(PositionText(R"({"gtid":"0-1-5"})"), "gtid 0-1-5");
  EXPECT_EQ(PositionText("odd"), "odd");
  EXPECT_EQ(PositionText(""), "");
}

TEST(ErrorText, IsReadable) {
  const ErrorInfo error = Error(ErrorCode{"MY-0110", "The server refused a statement"})
                              .Object("view shop.v")
                              .Cause("a table is missing")
                              .Native(1146, "no such table")
                              .Remedy("CREATE TABLE a;\nCREATE TABLE b;")
                              .Side("destination")
                              .info();
  EXPECT_EQ(ErrorText(error, Style()),
            "[MY-0110] The server refused a statement\n"
            "  where:  destination\n"
            "  object: view shop.v\n"
            "  cause:  a table is missing\n"
            "  server: 1146 no such table\n"
            "  to do:\n"
            "    CREATE TABLE a;\n"
            "    CREATE TABLE b;\n");
}

TEST(CleanupText, TellsWhatIsOfNoTaskAndHowToRemoveIt) {
  task::CleanupReport report;
  EXPECT_EQ(CleanupText("db:5432", report), "Nothing of Sluice's stands at db:5432.\n");
  report.entries.push_back({{"replication slot", "sluice_a", "a", true, 0}, "shop"});
  EXPECT_THAT(CleanupText("db:5432", report), Not(HasSubstr("--remove")));
  report.entries.push_back({{"replication slot", "sluice_b", "b", false, 5'000'000'000}, ""});
  const std::string text = CleanupText("db:5432", report);
  EXPECT_THAT(text, HasSubstr("sluice_a, in use: of task shop\n"));
  EXPECT_THAT(text, HasSubstr("sluice_b, holds back 5.0 GB of log: of no task of this state directory\n"));
  EXPECT_THAT(text, HasSubstr("sluice cleanup TASK.yaml --remove NAME\n"));
}

}  // namespace
}  // namespace sluice::cli
