// Snapshots and the log of changes.
#include <fmt/format.h>

#include <algorithm>

#include "tests/contract/rig.h"

namespace sluice::contract {
namespace {

using connector::Chunk;

class SnapshotTest : public SourceTest {};
class ChangesTest : public SourceTest {};

std::multiset<std::string> RowsOf(const Blocks& blocks, const std::string& encoding, const Fixture& server) {
  std::multiset<std::string> rows;
  for (const connector::Block& block : blocks.all) {
    const std::vector<std::string> some = server.Rows(encoding, block.bytes);
    EXPECT_EQ(some.size(), block.rows) << "rows are not split over blocks";
    rows.insert(some.begin(), some.end());
  }
  return rows;
}

TEST_P(SnapshotTest, ChunksCoverEachRowOnce) {
  for (const TableSpec& shape : side_.server->KeyShapes()) {
    SCOPED_TRACE(shape.name);
    side_.Make(shape);
    const model::TablePtr table = Describe(shape.name);
    const model::TableMappingPtr mapping = names_.MapTable(*table);
    const std::string encoding = source_->SnapshotEncodings().front();
    auto snapshot = Snapshot(false);
    Blocks whole;
    snapshot->ReadChunk(0, *table, *mapping, Chunk{}, encoding, whole);
    ASSERT_EQ(whole.rows(), shape.rows);
    const std::vector<Chunk> chunks = snapshot->PlanChunks(0, *table, *mapping, 16 * 1024);
    ASSERT_FALSE(chunks.empty());
    Blocks parts;
    for (size_t i = 0; i < chunks.size(); ++i) {
      EXPECT_EQ(chunks[i].number, i);
      snapshot->ReadChunk(0, *table, *mapping, chunks[i], encoding, parts);
    }
    EXPECT_EQ(parts.rows(), shape.rows);
    EXPECT_TRUE(RowsOf(parts, encoding, *side_.server) == RowsOf(whole, encoding, *side_.server));
    const bool splits = table->IdentityKey() != nullptr && shape.rows > 1000;
    if (splits) {
      EXPECT_GT(chunks.size(), 3u) << "200 kB were to be split into chunks of 16 kB";
    }
  }
}

TEST_P(SnapshotTest, ShowsTheRowsOfTheCut) {
  MakeItems("items");
  side_.server->Run("INSERT INTO " + side_.Name("items") + " VALUES (1, 'before')");
  const model::TablePtr table = Describe("items");
  auto snapshot = Snapshot(true);
  side_.server->Run("INSERT INTO " + side_.Name("items") + " VALUES (2, 'after')");
  side_.server->Run("DELETE FROM " + side_.Name("items") + " WHERE id = 1");
  Blocks blocks;
  snapshot->ReadChunk(0, *table, *names_.MapTable(*table), Chunk{}, source_->SnapshotEncodings().front(), blocks);
  EXPECT_EQ(blocks.rows(), 1u);
  EXPECT_NE(blocks.all.at(0).bytes.find("before"), std::string::npos);
  const connector::Cut& cut = snapshot->cut();
  EXPECT_TRUE(source_->Reached(cut.end, cut.start));
  auto stream = Changes(cut.start, 0);
  std::string all;
  for (const auto& transaction : ReadToEnd(*stream)) all += Text(*transaction);
  EXPECT_NE(all.find("insert items(2)"), std::string::npos) << all;
  EXPECT_NE(all.find("delete items(1)"), std::string::npos) << all;
  if (cut.exact) {
    EXPECT_EQ(all.find("insert items(1)"), std::string::npos) << all;
  }
}

TEST_P(SnapshotTest, StopEndsARead) {
  MakeItems("items");
  side_.server->Run("INSERT INTO " + side_.Name("items") + " VALUES (1, 'x')");
  const model::TablePtr table = Describe("items");
  auto mapping = std::make_shared<model::TableMapping>(*names_.MapTable(*table));
  mapping->filter = side_.server->SlowCondition();
  std::stop_source stop;
  auto snapshot = Snapshot(false, stop.get_token());
  Blocks blocks;
  const Ended ended = EndWhenBlocked(
      [&] { snapshot->ReadChunk(0, *table, *mapping, Chunk{}, source_->SnapshotEncodings().front(), blocks); },
      [&] { return side_.server->BusySessions() > 0; }, [&] { stop.request_stop(); });
  EXPECT_TRUE(ended.was_blocked);
  ASSERT_TRUE(ended.error.has_value());
  EXPECT_EQ(ended.error->code, kStopped.id);
  EXPECT_LT(ended.took, kStopMost);
}

TEST_P(SnapshotTest, KilledConnectionAsksForAnother) {
  MakeItems("items");
  const model::TablePtr table = Describe("items");
  auto snapshot = Snapshot(false);
  ASSERT_GT(side_.server->KillSessions(), 0u);
  Blocks blocks;
  const auto error = Thrown([&] {
    snapshot->ReadChunk(0, *table, *names_.MapTable(*table), Chunk{}, source_->SnapshotEncodings().front(), blocks);
  });
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->retry, RetryClass::kReconnect) << error->OneLine();
}

TEST_P(SnapshotTest, MissingRightIsNamed) {
  MakeItems("items");
  const model::TablePtr table = Describe("items");
  side_.server->TakeReadRight(kSourceDatabase);
  const auto error = Thrown([&] {
    Blocks blocks;
    auto snapshot = Snapshot(false);
    snapshot->ReadChunk(0, *table, *names_.MapTable(*table), Chunk{}, source_->SnapshotEncodings().front(), blocks);
  });
  ASSERT_EQ(Text(error), Text(side_.server->errors().missing_right));
  EXPECT_NE(error->object.find("items"), std::string::npos) << error->OneLine();
}

TEST_P(ChangesTest, ArriveInOrderWithTheirBorders) {
  for (const char* name : {"items", "lines", "other"}) MakeItems(name);
  const model::Position start = StartOfChanges();
  const std::string items = side_.Name("items");
  const std::string lines = side_.Name("lines");
  const auto commit = [&](const std::vector<std::string>& statements) {
    auto transaction = side_.server->Begin();
    for (const std::string& statement : statements) transaction->Run(statement);
    transaction->Run("COMMIT");
  };
  commit({"INSERT INTO " + items + " VALUES (1, 'a'), (2, 'b')", "INSERT INTO " + lines + " VALUES (10, 'x')"});
  auto undone = side_.server->Begin();
  undone->Run("INSERT INTO " + items + " VALUES (99, 'undone')");
  undone->Rollback();
  commit({"UPDATE " + items + " SET v = 'c' WHERE id = 1", "DELETE FROM " + lines + " WHERE id = 10"});
  for (int i = 0; i < 5; ++i) commit({fmt::format("INSERT INTO {} VALUES ({}, 'y')", side_.Name("other"), i)});
  commit({"INSERT INTO " + items + " VALUES (3, 'd')"});
  // Of two open at once the one that commits first comes first, whole.
  auto first = side_.server->Begin();
  auto second = side_.server->Begin();
  first->Run("INSERT INTO " + items + " VALUES (4, 'e')");
  second->Run("INSERT INTO " + items + " VALUES (5, 'f')");
  second->Run("COMMIT");
  first->Run("INSERT INTO " + lines + " VALUES (11, 'z')");
  first->Run("COMMIT");

  auto stream = Changes(start, 0);
  const auto all = ReadToEnd(*stream);
  std::vector<std::string> texts;
  uint64_t last = 0;
  for (const auto& transaction : all) {
    // What only tells how far the log is need not have a number of its own.
    EXPECT_TRUE(transaction->ordinal > last || (transaction->ordinal == last && transaction->rows.empty()));
    last = transaction->ordinal;
    EXPECT_TRUE(transaction->first_part && transaction->last_part);
    EXPECT_FALSE(transaction->end.empty());
    if (transaction->rows.empty()) continue;
    const std::string text = Text(*transaction);
    texts.push_back(text.substr(text.find(':') + 2));
  }
  EXPECT_EQ(texts, (std::vector<std::string>{"insert items(1) insert items(2) insert lines(10)",
                                             "update items(1) delete lines(10)", "insert items(3)", "insert items(5)",
                                             "insert items(4) insert lines(11)"}));
  if (side_.server->CountsUnselected()) {
    EXPECT_EQ(last, 10u);
  }
}

TEST_P(ChangesTest, RestartGivesTheRest) {
  MakeItems("items");
  MakeItems("other");
  const model::Position start = StartOfChanges();
  for (int i = 1; i <= 6; ++i) {
    auto transaction = side_.server->Begin();
    transaction->Run(fmt::format("INSERT INTO {} VALUES ({}, 'a')", side_.Name("items"), i));
    transaction->Run(fmt::format("UPDATE {} SET v = 'b' WHERE id = {}", side_.Name("items"), i));
    transaction->Run("COMMIT");
    if (i % 2 == 0) side_.server->Run(fmt::format("INSERT INTO {} VALUES ({}, 'c')", side_.Name("other"), i));
  }
  auto stream = Changes(start, 0);
  const auto all = ReadToEnd(*stream);
  const auto texts_from = [](const std::vector<model::TransactionPtr>& some, size_t from) {
    std::vector<std::string> texts;
    for (size_t i = from; i < some.size(); ++i) {
      if (!some[i]->rows.empty()) texts.push_back(Text(*some[i]));
    }
    return texts;
  };
  ASSERT_EQ(texts_from(all, 0).size(), 6u);
  stream.reset();  // a task has one at a time
  for (size_t i = 0; i + 1 < all.size(); ++i) {
    SCOPED_TRACE(Text(*all[i]));
    auto again = Changes(all[i]->end, all[i]->ordinal);
    EXPECT_EQ(texts_from(ReadToEnd(*again), 0), texts_from(all, i + 1));
    EXPECT_FALSE(source_->Reached(all[i]->end, all.back()->end));
    EXPECT_TRUE(source_->Reached(all.back()->end, all[i]->end));
    EXPECT_TRUE(source_->Reached(all[i]->end, all[i]->end));
  }
}

TEST_P(ChangesTest, NextReturnsAtItsDeadline) {
  MakeItems("items");
  auto stream = Changes(StartOfChanges(), 0);
  ReadToSilence(*stream);
  const auto began = Clock::now();
  const model::TransactionPtr nothing = stream->Next(Deadline::After(milliseconds(200)));
  EXPECT_TRUE(nothing == nullptr || nothing->rows.empty());
  EXPECT_LT(Clock::now() - began, milliseconds(5000));
  // And it goes on afterwards.
  side_.server->Run("INSERT INTO " + side_.Name("items") + " VALUES (1, 'x')");
  std::string text;
  for (const auto& transaction : ReadToEnd(*stream)) {
    if (!transaction->rows.empty()) text += Text(*transaction);
  }
  EXPECT_TRUE(text.ends_with(": insert items(1)")) << text;
}

TEST_P(ChangesTest, StopEndsAnIdleStream) {
  MakeItems("items");
  std::stop_source stop;
  auto stream = Changes(StartOfChanges(), 0, stop.get_token());
  ReadToSilence(*stream);  // it stands at the log's end
  std::atomic<bool> is_calling = false;
  const Ended ended = EndWhenBlocked(
      [&] {
        is_calling = true;
        while (true) stream->Next(Deadline::Never());
      },
      [&] { return is_calling.load(); }, [&] { stop.request_stop(); });
  ASSERT_TRUE(ended.error.has_value());
  EXPECT_EQ(ended.error->code, kStopped.id);
  EXPECT_LT(ended.took, kStopMost);
}

TEST_P(ChangesTest, StreamThatIsDroppedEndsItself) {
  MakeItems("items");
  auto stream = Changes(StartOfChanges(), 0);
  const auto began = Clock::now();
  stream.reset();
  EXPECT_LT(Clock::now() - began, kStopMost);
}

TEST_P(ChangesTest, KilledConnectionAsksForAnother) {
  MakeItems("items");
  auto stream = Changes(StartOfChanges(), 0);
  ReadToSilence(*stream);
  ASSERT_GT(side_.server->KillSessions(), 0u);
  const auto error = Thrown([&] {
    while (stream->Next(Deadline::After(milliseconds(60'000))) != nullptr) {
    }
  });
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->retry, RetryClass::kReconnect) << error->OneLine();
}

TEST_P(ChangesTest, CurrentPositionOutlivesItsConnection) {
  MakeItems("items");
  const model::Position before = source_->CurrentPosition({});
  ASSERT_GT(side_.server->KillSessions(), 0u);
  side_.server->Run("INSERT INTO " + side_.Name("items") + " VALUES (1, 'x')");
  const model::Position after = source_->CurrentPosition({});
  EXPECT_TRUE(source_->Reached(after, before));
  EXPECT_FALSE(source_->Reached(before, after));
}

TEST_P(ChangesTest, MissingRightIsNamed) {
  MakeItems("items");
  const model::Position start = StartOfChanges();
  side_.server->TakeLogRight();
  const auto error = Thrown([&] {
    auto stream = Changes(start, 0);
    stream->Next(Deadline::After(milliseconds(60'000)));
  });
  EXPECT_EQ(Text(error), Text(side_.server->errors().missing_log_right)) << (error ? error->OneLine() : "");
}

INSTANTIATE_TEST_SUITE_P(Servers, SnapshotTest, testing::ValuesIn(Sources()),
                         [](const auto& info) { return info.param->kind(); });
INSTANTIATE_TEST_SUITE_P(Servers, ChangesTest, testing::ValuesIn(Sources()),
                         [](const auto& info) { return info.param->kind(); });

}  // namespace
}  // namespace sluice::contract
