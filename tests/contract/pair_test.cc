// Rows and changes from one server to another.
#include <fmt/format.h>

#include "tests/contract/rig.h"

namespace sluice::contract {
namespace {

class LoadTest : public PairTest {};
class ApplyTest : public PairTest {};

inline constexpr ErrorCode kBroken{"SL-9999", "The reader broke"};

TEST_P(LoadTest, EveryTypeSurvives) {
  auto loader = destination_->OpenLoader({});
  for (const TableSpec& spec : from_.server->TablesOfEveryType()) {
    if (!Takes(spec)) continue;
    SCOPED_TRACE(spec.name);
    const model::TablePtr table = MakeTable(spec);
    const Blocks blocks = Read(table);
    Replay replay(blocks);
    const connector::LoadResult result = Load(*loader, table, replay);
    EXPECT_EQ(result.rows, spec.rows);
    EXPECT_FALSE(result.was_in);
    const Rows expected = SourceRows(table);
    EXPECT_EQ(expected.size(), spec.rows);
    EXPECT_EQ(Difference(DestinationRows(table), expected), "");
  }
}

TEST_P(LoadTest, ChunkLoadedTwiceIsInOnce) {
  const model::TablePtr table = MakeItems({"1, 'a'", "2, 'b'", "3, NULL"});
  const Blocks blocks = Read(table);
  for (const bool again : {false, true}) {
    auto loader = destination_->OpenLoader({});
    Replay replay(blocks);
    const connector::LoadResult result = Load(*loader, table, replay, 7);
    EXPECT_EQ(result.was_in, again);
    EXPECT_EQ(result.rows, 3u);
    EXPECT_EQ(DestinationValue(to_.Name("items")), "3");
  }
  const auto marks = Marks();
  ASSERT_EQ(marks.size(), 1u);
  EXPECT_EQ(marks[0].chunk, 7u);
  EXPECT_EQ(marks[0].rows, 3u);
  EXPECT_EQ(marks[0].table, table->name);
}

TEST_P(LoadTest, EmptyChunkIsMarkedToo) {
  const model::TablePtr table = MakeItems({});
  auto loader = destination_->OpenLoader({});
  const Blocks none;
  Replay replay(none);
  EXPECT_EQ(Load(*loader, table, replay).rows, 0u);
  ASSERT_EQ(Marks().size(), 1u);
  EXPECT_EQ(Marks()[0].rows, 0u);
}

TEST_P(LoadTest, FailedChunkLeavesNothing) {
  const model::TablePtr table = MakeItems({"1, 'a'", "2, 'b'", "3, NULL"});
  const Blocks blocks = Read(table);
  auto loader = destination_->OpenLoader({});
  to_.server->Run("INSERT INTO " + to_.Name("items") + " VALUES (3, 'in the way')");
  Replay replay(blocks);
  const auto error = Thrown([&] { Load(*loader, table, replay); });
  ASSERT_EQ(Text(error), Text(to_.server->errors().duplicate_key));
  EXPECT_NE(error->object.find("items"), std::string::npos) << error->OneLine();
  EXPECT_EQ(DestinationValue(to_.Name("items")), "1");
  EXPECT_TRUE(Marks().empty());
  // The same session goes on.
  to_.server->Run("DELETE FROM " + to_.Name("items"));
  Replay again(blocks);
  EXPECT_EQ(Load(*loader, table, again).rows, 3u);
  EXPECT_EQ(Difference(DestinationRows(table), SourceRows(table)), "");
}

TEST_P(LoadTest, BrokenReaderLeavesNothing) {
  const model::TablePtr table = MakeItems({"1, 'a'", "2, 'b'", "3, NULL"});
  Blocks blocks = Read(table);
  auto loader = destination_->OpenLoader({});
  Replay broken(blocks, Error(kBroken));
  const auto error = Thrown([&] { Load(*loader, table, broken); });
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, kBroken.id) << "the reader's own error is told";
  EXPECT_EQ(DestinationValue(to_.Name("items")), "0");
  EXPECT_TRUE(Marks().empty());
}

TEST_P(LoadTest, ValueThatDoesNotFitIsRefused) {
  const model::TablePtr table = MakeItems({"1, 'a'", "2, 'much too long for it'"});
  const Blocks blocks = Read(table);
  to_.server->Run("DROP TABLE " + to_.Name("items"));
  to_.server->Run("CREATE TABLE " + to_.Name("items") + " (id INT PRIMARY KEY, v VARCHAR(5))");
  auto loader = destination_->OpenLoader({});
  Replay replay(blocks);
  const auto error = Thrown([&] { Load(*loader, table, replay); });
  ASSERT_EQ(Text(error), Text(to_.server->errors().value_refused));
  EXPECT_NE(error->object.find("v"), std::string::npos) << error->OneLine();
  EXPECT_EQ(DestinationValue(to_.Name("items")), "0");
}

TEST_P(LoadTest, StopEndsAWaitForALock) {
  const model::TablePtr table = MakeItems({"1, 'a'"});
  const Blocks blocks = Read(table);
  std::stop_source stop;
  auto loader = destination_->OpenLoader({stop.get_token(), "contract"});
  auto other = to_.server->Begin();
  other->Run("INSERT INTO " + to_.Name("items") + " VALUES (1, 'locked')");
  Replay replay(blocks);
  const Ended ended = EndWhenBlocked([&] { Load(*loader, table, replay); },
                                     [&] { return to_.server->WaitingSessions() > 0; }, [&] { stop.request_stop(); });
  EXPECT_TRUE(ended.was_blocked);
  ASSERT_TRUE(ended.error.has_value());
  EXPECT_EQ(ended.error->code, kStopped.id) << ended.error->OneLine();
  EXPECT_LT(ended.took, kStopMost);
}

TEST_P(LoadTest, KilledConnectionAsksForAnotherAndLeavesNothing) {
  const model::TablePtr table = MakeItems({"1, 'a'"});
  const Blocks blocks = Read(table);
  auto loader = destination_->OpenLoader({{}, "contract"});
  auto other = to_.server->Begin();
  other->Run("INSERT INTO " + to_.Name("items") + " VALUES (1, 'locked')");
  Replay replay(blocks);
  const Ended ended =
      EndWhenBlocked([&] { Load(*loader, table, replay); }, [&] { return to_.server->WaitingSessions() > 0; },
                     [&] { EXPECT_GT(to_.server->KillSessions(), 0u); });
  EXPECT_TRUE(ended.was_blocked);
  ASSERT_TRUE(ended.error.has_value());
  EXPECT_EQ(ended.error->retry, RetryClass::kReconnect) << ended.error->OneLine();
  other->Rollback();
  auto next = destination_->OpenLoader({});
  Replay again(blocks);
  EXPECT_FALSE(Load(*next, table, again).was_in);
  EXPECT_EQ(Difference(DestinationRows(table), SourceRows(table)), "");
}

TEST_P(LoadTest, RowTooLargeForTheServerIsNamed) {
  const model::TablePtr table = MakeTable(from_.server->LargeRow());
  const Blocks blocks = Read(table);
  to_.server->LimitRows(1 << 20);
  const auto error = Thrown([&] {
    auto loader = destination_->OpenLoader({});
    Replay replay(blocks);
    Load(*loader, table, replay);
  });
  // A server that takes rows of any size in a load has no such limit.
  if (error) {
    EXPECT_EQ(Text(error), Text(to_.server->errors().packet_too_large)) << error->OneLine();
  }
  EXPECT_EQ(DestinationValue(to_.Name("large_row")), error ? "0" : "1");
  EXPECT_EQ(Marks().size(), error ? 0u : 1u);
}

TEST_P(LoadTest, MissingRightIsNamed) {
  const model::TablePtr table = MakeItems({"1, 'a'"});
  const Blocks blocks = Read(table);
  to_.server->TakeWriteRight(kDestinationDatabase);
  const auto error = Thrown([&] {
    auto loader = destination_->OpenLoader({});
    Replay replay(blocks);
    Load(*loader, table, replay);
  });
  ASSERT_EQ(Text(error), Text(to_.server->errors().missing_right)) << (error ? error->OneLine() : "");
  EXPECT_NE(error->object.find("items"), std::string::npos) << error->OneLine();
  EXPECT_TRUE(Marks().empty());
}

TEST_P(ApplyTest, EveryTypeSurvives) {
  std::vector<model::TablePtr> tables;
  for (TableSpec spec : from_.server->TablesOfEveryType()) {
    if (!Takes(spec)) continue;
    spec.statements.resize(1);  // the rows come by the log
    tables.push_back(MakeTable(spec));
  }
  const model::Position start = CutPosition(*source_, tables);
  for (TableSpec spec : from_.server->TablesOfEveryType()) {
    if (!Takes(spec)) continue;
    spec.statements.erase(spec.statements.begin());
    spec.needs.clear();
    from_.Make(spec);
    from_.server->Run("DELETE FROM " + from_.Name(spec.name) + " WHERE id = 2");
    from_.server->Run("UPDATE " + from_.Name(spec.name) + " SET id = 100 WHERE id = 1");
  }
  auto applier = destination_->OpenApplier(IsNeutral(), {});
  const auto changes = ChangesSince(start, tables);
  EXPECT_FALSE(changes.empty());
  for (const auto& transaction : changes) {
    applier->Begin();
    Apply(*applier, *transaction);
    applier->Commit(Progress(*transaction));
  }
  for (const model::TablePtr& table : tables) {
    SCOPED_TRACE(table->name.name);
    const Rows expected = SourceRows(table);
    EXPECT_FALSE(expected.empty());
    EXPECT_EQ(Difference(DestinationRows(table), expected), "");
  }
  const auto progress = destination_->OpenBookkeeping({})->LoadProgress(kTask);
  ASSERT_EQ(progress.size(), 1u);
  EXPECT_EQ(progress[0].low, changes.back()->end);
  EXPECT_EQ(progress[0].low_ordinal, changes.back()->ordinal);
}

TEST_P(ApplyTest, TransactionIsThereWithItsProgressOrNotAtAll) {
  const model::TablePtr table = MakeItems({});
  const model::Position start = CutPosition(*source_, {table});
  from_.server->Run("INSERT INTO " + from_.Name("items") + " VALUES (1, 'a'), (2, 'b')");
  const auto changes = ChangesSince(start, {table});
  ASSERT_EQ(changes.size(), 1u);
  {
    auto applier = destination_->OpenApplier(IsNeutral(), {});
    applier->Begin();
    Apply(*applier, *changes[0]);
    EXPECT_EQ(DestinationValue(to_.Name("items")), "0");
  }  // dropped without a commit
  EXPECT_EQ(DestinationValue(to_.Name("items")), "0");
  auto applier = destination_->OpenApplier(IsNeutral(), {});
  applier->Begin();
  Apply(*applier, *changes[0]);
  applier->Rollback();
  EXPECT_TRUE(destination_->OpenBookkeeping({})->LoadProgress(kTask).empty());
  applier->Begin();
  Apply(*applier, *changes[0]);
  applier->Commit(Progress(*changes[0]));
  EXPECT_EQ(Difference(DestinationRows(table), SourceRows(table)), "");
  EXPECT_EQ(destination_->OpenBookkeeping({})->LoadProgress(kTask).size(), 1u);
}

TEST_P(ApplyTest, RowsThatAreNotAsTheyWereAreErrorsUnlessReplayed) {
  const model::TablePtr table = MakeItems({"1, 'a'", "2, 'b'"});
  const model::Position start = CutPosition(*source_, {table});
  from_.server->Run("UPDATE " + from_.Name("items") + " SET v = 'c' WHERE id = 1");
  from_.server->Run("DELETE FROM " + from_.Name("items") + " WHERE id = 2");
  from_.server->Run("INSERT INTO " + from_.Name("items") + " VALUES (3, 'd')");
  const auto changes = ChangesSince(start, {table});
  ASSERT_EQ(changes.size(), 3u);
  to_.server->Run("INSERT INTO " + to_.Name("items") + " VALUES (3, 'in the way')");
  auto applier = destination_->OpenApplier(IsNeutral(), {});
  for (size_t i = 0; i < changes.size(); ++i) {
    SCOPED_TRACE(Text(*changes[i]));
    const auto error = Thrown([&] {
      applier->Begin();
      Apply(*applier, *changes[i]);
    });
    const ErrorInfo none;
    const Expected& expected = i == 2 ? to_.server->errors().duplicate_key : to_.server->errors().row_missing;
    EXPECT_EQ(Text(error), Text(expected));
    EXPECT_NE(error.value_or(none).object.find("items"), std::string::npos);
    applier->Rollback();
  }
  for (const auto& transaction : changes) {
    applier->Begin();
    Apply(*applier, *transaction, true);
    applier->Commit(Progress(*transaction));
  }
  EXPECT_EQ(Difference(DestinationRows(table), SourceRows(table)), "");
}

TEST_P(ApplyTest, StopEndsAWaitForALock) {
  const model::TablePtr table = MakeItems({});
  const model::Position start = CutPosition(*source_, {table});
  from_.server->Run("INSERT INTO " + from_.Name("items") + " VALUES (1, 'a')");
  const auto changes = ChangesSince(start, {table});
  ASSERT_EQ(changes.size(), 1u);
  std::stop_source stop;
  auto applier = destination_->OpenApplier(IsNeutral(), {stop.get_token(), "contract"});
  auto other = to_.server->Begin();
  other->Run("INSERT INTO " + to_.Name("items") + " VALUES (1, 'locked')");
  const Ended ended = EndWhenBlocked(
      [&] {
        applier->Begin();
        Apply(*applier, *changes[0]);
      },
      [&] { return to_.server->WaitingSessions() > 0; }, [&] { stop.request_stop(); });
  EXPECT_TRUE(ended.was_blocked);
  ASSERT_TRUE(ended.error.has_value());
  EXPECT_EQ(ended.error->code, kStopped.id) << ended.error->OneLine();
  EXPECT_LT(ended.took, kStopMost);
}

TEST_P(ApplyTest, KilledConnectionAsksForAnother) {
  const model::TablePtr table = MakeItems({});
  const model::Position start = CutPosition(*source_, {table});
  from_.server->Run("INSERT INTO " + from_.Name("items") + " VALUES (1, 'a')");
  const auto changes = ChangesSince(start, {table});
  ASSERT_EQ(changes.size(), 1u);
  auto applier = destination_->OpenApplier(IsNeutral(), {});
  ASSERT_GT(to_.server->KillSessions(), 0u);
  const auto error = Thrown([&] {
    applier->Begin();
    Apply(*applier, *changes[0]);
    applier->Commit(Progress(*changes[0]));
  });
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->retry, RetryClass::kReconnect) << error->OneLine();
  EXPECT_EQ(DestinationValue(to_.Name("items")), "0");
}

TEST_P(ApplyTest, NotesComeBackAsTheyWere) {
  auto bookkeeping = destination_->OpenBookkeeping({});
  bookkeeping->Prepare();  // again: nothing to do
  const std::string text = "{\"ü\": \"\\\\ ' \\n 😀\"}\n" + std::string(100'000, 'x');
  EXPECT_FALSE(bookkeeping->LoadNote(kTask, "definition:a.b").has_value());
  connector::ApplyProgress progress{
      .task = kTask, .lane = 0, .low_ordinal = 9, .low = source_->CurrentPosition({}), .done = "12-40,44"};
  bookkeeping->SaveNotes(kTask, {{"definition:a.b", text}, {"definition:a.c", ""}, {"cut", "x"}}, &progress);
  auto other = destination_->OpenBookkeeping({});
  EXPECT_EQ(other->LoadNote(kTask, "definition:a.b"), text);
  EXPECT_EQ(other->LoadNotes(kTask, "definition:"),
            (std::vector<std::pair<std::string, std::string>>{{"definition:a.b", text}, {"definition:a.c", ""}}));
  const auto loaded = other->LoadProgress(kTask);
  ASSERT_EQ(loaded.size(), 1u);
  EXPECT_EQ(loaded[0].low_ordinal, 9u);
  EXPECT_EQ(loaded[0].low, progress.low);
  EXPECT_EQ(loaded[0].done, "12-40,44");
  other->SaveNotes(kTask, {{"definition:a.b", std::nullopt}}, nullptr);
  EXPECT_FALSE(bookkeeping->LoadNote(kTask, "definition:a.b").has_value());
  bookkeeping->RemoveTask(kTask);
  EXPECT_FALSE(other->LoadNote(kTask, "cut").has_value());
  EXPECT_TRUE(other->LoadProgress(kTask).empty());
}

// Sessions that were opened before, and by a run that does not know yet.
TEST_P(ApplyTest, OnlyTheTasksOwnerWrites) {
  const model::TablePtr table = MakeItems({"1, 'a'", "2, 'b'"});
  const model::TableMappingPtr mapping = names_.MapTable(*table);
  const Blocks blocks = Read(table);
  const model::Position start = CutPosition(*source_, {table});
  from_.server->Run("INSERT INTO " + from_.Name("items") + " VALUES (3, 'c')");
  const auto changes = ChangesSince(start, {table});
  ASSERT_EQ(changes.size(), 1u);
  const connector::Owner first{.token = "1", .host = "here", .process = 1, .since = "today"};
  const connector::Owner second{.token = "2", .host = "the other's \"host\"", .process = 2, .since = "today"};
  auto of_second = destination_->OpenBookkeeping({});
  EXPECT_FALSE(of_second->LoadOwner(kTask).has_value());
  ASSERT_TRUE(of_second->TakeOver(kTask, first, std::nullopt));
  EXPECT_FALSE(of_second->TakeOver(kTask, second, std::nullopt)) << "somebody has come in between";
  EXPECT_EQ(of_second->LoadOwner(kTask).value_or(second).token, "1");

  destination_->WriteAs({kTask, connector::ToNote(first)});
  auto loader = destination_->OpenLoader({});
  auto applier = destination_->OpenApplier(IsNeutral(), {});
  auto bookkeeping = destination_->OpenBookkeeping({});
  auto writer = destination_->OpenSchemaWriter({});
  connector::SchemaStatement statement;
  statement.kind = model::ObjectKind::kTable;
  statement.object = {to_.database, "other"};
  statement.label = "table other";
  statement.sql = "CREATE TABLE " + to_.Name("other") + " (id INT)";
  const auto load = [&](uint64_t chunk) {
    Replay replay(blocks);
    Load(*loader, table, replay, chunk);
  };
  const auto apply = [&] {
    applier->Begin();
    Apply(*applier, *changes[0]);
    applier->Commit(Progress(*changes[0]));
  };
  load(7);
  apply();
  bookkeeping->SaveNotes(kTask, {{"cut", "x"}}, nullptr);
  EXPECT_EQ(DestinationValue(to_.Name("items")), "3");
  to_.server->Run("DELETE FROM " + to_.Name("items"));

  ASSERT_TRUE(of_second->TakeOver(kTask, second, first));
  // What it has written stands in the way of the first: that is not what ails it.
  to_.server->Run("INSERT INTO " + to_.Name("items") + " VALUES (1, 'x'), (3, 'x')");
  const std::vector<std::pair<std::string, std::function<void()>>> calls = {
      {"load", [&] { load(8); }},
      {"apply", apply},
      {"progress alone", [&] { applier->Commit(Progress(*changes[0])); }},
      {"notes",
       [&] {
         bookkeeping->SaveNotes(kTask, {{"cut", "y"}}, nullptr);
       }},
      {"nothing", [&] { bookkeeping->SaveNotes(kTask, {}, nullptr); }},
      {"reset", [&] { bookkeeping->ResetTable(kTask, table->name, mapping->destination); }},
      {"all records", [&] { bookkeeping->RemoveTask(kTask); }},
      {"statement", [&] { writer->Execute(statement); }},
      {"drop", [&] { writer->Drop(statement); }},
  };
  for (const auto& [what, call] : calls) {
    SCOPED_TRACE(what);
    const auto error = Thrown(call);
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(Text(error), Text(Expected{connector::kTakenOver.id, RetryClass::kNever})) << error->OneLine();
    EXPECT_NE(error->cause.find("process 2 on the other's \"host\", since today"), std::string::npos) << error->cause;
    applier->Rollback();
  }
  EXPECT_EQ(DestinationValue(to_.Name("items")), "2");
  EXPECT_EQ(Marks().size(), 1u);
  EXPECT_EQ(of_second->LoadNote(kTask, "cut"), "x");
  EXPECT_FALSE(destination_->OpenCatalog({})->Exists(model::ObjectKind::kTable, statement.object));
  // What the owner forgets of the task is not that it owns it.
  of_second->RemoveTask(kTask);
  EXPECT_EQ(of_second->LoadOwner(kTask).value_or(first).token, "2");
  of_second->Release(kTask);
  EXPECT_FALSE(of_second->LoadOwner(kTask).has_value());
}

std::string NameOf(const testing::TestParamInfo<Pair>& info) {
  return info.param.first->kind() + "_" + info.param.second->kind();
}
INSTANTIATE_TEST_SUITE_P(Pairs, LoadTest, testing::ValuesIn(OfferedPairs()), NameOf);
INSTANTIATE_TEST_SUITE_P(Pairs, ApplyTest, testing::ValuesIn(OfferedPairs()), NameOf);

}  // namespace
}  // namespace sluice::contract
