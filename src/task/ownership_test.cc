#include "task/ownership.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "task/task.h"

namespace sluice::task {
namespace {

using connector::Owner;

// The owner and the notes alone.
class FakeBookkeeping : public connector::Bookkeeping {
 public:
  std::optional<Owner> owner;
  std::map<std::string, std::string> notes;
  std::function<void()> before_take_over;  // may throw, as when the process dies there

  void Prepare() override {}
  std::optional<Owner> LoadOwner(const std::string&) override { return owner; }
  bool TakeOver(const std::string&, const Owner& wanted, const std::optional<Owner>& former) override {
    if (before_take_over) before_take_over();
    const auto token = [](const std::optional<Owner>& one) { return one ? one->token : "none"; };
    if (token(owner) != token(former)) return false;
    owner = wanted;
    return true;
  }
  std::optional<std::string> LoadNote(const std::string&, const std::string& name) override {
    const auto found = notes.find(name);
    return found == notes.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<connector::ChunkMark> ChunksDone(const std::string&) override { return {}; }
  void ResetTable(const std::string&, const model::ObjectName&, const model::ObjectName&) override {}
  std::vector<connector::ApplyProgress> LoadProgress(const std::string&) override { return {}; }
  void SaveProgress(const connector::ApplyProgress&) override {}
  std::vector<std::pair<std::string, std::string>> LoadNotes(const std::string&, const std::string&) override {
    return {};
  }
  void SaveNotes(const std::string&, const std::vector<Note>&, const connector::ApplyProgress*) override {}
  void RemoveTask(const std::string&) override {}
  Released Release(const std::string&) override { return {}; }
};

// A state directory, with what a run of it does first.
class State {
 public:
  explicit State(const std::string& directory) : directory_(directory), store_(store::Store::Open(directory)) {
    record.name = "shop";
    record.id = "shop_1";
    record.spec_hash = "begun";
  }

  store::Store& store() { return *store_; }
  // The code that it was refused with; empty: it is the owner.
  std::string Begin(FakeBookkeeping& destination, bool by_force = false) {
    try {
      const Owner owner = TakeOver(*store_, record, destination, by_force);
      EXPECT_EQ(destination.owner->token, owner.token);
      return "";
    } catch (const Error& error) {
      return error.info().code;
    }
  }
  std::unique_ptr<State> Copy(const std::string& name) {
    store_.reset();  // so that its file is whole
    std::filesystem::copy(directory_, directory_ + name, std::filesystem::copy_options::recursive);
    store_ = store::Store::Open(directory_);
    return std::make_unique<State>(directory_ + name);
  }

  store::TaskRecord record;

 private:
  std::string directory_;
  std::unique_ptr<store::Store> store_;
};

class OwnershipTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + "ownership_XXXXXX";
    ASSERT_NE(mkdtemp(root_.data()), nullptr);
    state = std::make_unique<State>(root_ + "/state");
  }
  void TearDown() override {
    state.reset();
    std::filesystem::remove_all(root_);
  }

  std::unique_ptr<State> state;
  FakeBookkeeping destination;

 private:
  std::string root_;
};

constexpr ErrorCode kDied{"TS-0001", "The process died here"};

TEST_F(OwnershipTest, RunsOfOneDirectoryFollowEachOther) {
  EXPECT_EQ(state->Begin(destination), "");
  const std::string first = destination.owner->token;
  EXPECT_EQ(state->Begin(destination), "");
  EXPECT_NE(destination.owner->token, first);
  EXPECT_FALSE(destination.owner->host.empty());
  EXPECT_GT(destination.owner->process, 0);
}

// Also over and over.
TEST_F(OwnershipTest, ADeathBetweenStoreAndDestinationIsNoMatter) {
  const auto die = [&] {
    destination.before_take_over = [] { throw Error(kDied); };
    EXPECT_EQ(state->Begin(destination), kDied.id);
    EXPECT_EQ(state->Begin(destination), kDied.id);
    destination.before_take_over = {};
  };
  die();
  EXPECT_EQ(state->Begin(destination), "") << "of the first run";
  die();
  EXPECT_EQ(state->Begin(destination), "") << "of a later one";
}

TEST_F(OwnershipTest, TheNewestRunWinsAndAnOlderCopyIsRefused) {
  EXPECT_EQ(state->Begin(destination), "");
  const auto copy = state->Copy("copy");
  EXPECT_EQ(copy->Begin(destination), "") << "the task was not run since it was made";
  EXPECT_EQ(state->Begin(destination), kRunElsewhere.id);
  EXPECT_EQ(copy->Begin(destination), "");
  EXPECT_EQ(state->Begin(destination, true), "") << "--restart";
  EXPECT_EQ(copy->Begin(destination), kRunElsewhere.id);
}

// Before the task has begun, and where the store is of a version that knew no owners.
TEST_F(OwnershipTest, AStoreThatKnowsNothing) {
  const auto copy = state->Copy("copy");
  copy->record.spec_hash.clear();
  EXPECT_EQ(state->Begin(destination), "") << "nobody has it";
  EXPECT_EQ(copy->Begin(destination), kRunElsewhere.id);
}

TEST_F(OwnershipTest, ADestinationThatWasRestoredHasAnOlderOwner) {
  EXPECT_EQ(state->Begin(destination), "");
  const auto backup = destination.owner;
  EXPECT_EQ(state->Begin(destination), "");
  EXPECT_EQ(state->Begin(destination), "");
  destination.owner = backup;
  EXPECT_EQ(state->Begin(destination), "");
}

TEST_F(OwnershipTest, RecordsThatAreGone) {
  EXPECT_EQ(state->Begin(destination), "");
  destination.owner.reset();
  EXPECT_EQ(state->Begin(destination), kWrongState.id);
  state->record.spec_hash.clear();
  EXPECT_EQ(state->Begin(destination), "") << "what has not begun misses nothing";
}

TEST_F(OwnershipTest, SomebodyElseComesInBetween) {
  EXPECT_EQ(state->Begin(destination), "");
  const auto copy = state->Copy("copy");
  destination.before_take_over = [&] {
    destination.before_take_over = {};
    EXPECT_EQ(copy->Begin(destination), "");
  };
  EXPECT_EQ(state->Begin(destination), kRunElsewhere.id);
  destination.before_take_over = [&] {
    destination.before_take_over = {};
    EXPECT_EQ(copy->Begin(destination), "");
  };
  EXPECT_EQ(state->Begin(destination, true), "") << "by force it is tried again";
}

// What was added to the plan up to the cut is not in such a copy.
TEST_F(OwnershipTest, ACopyOfBeforeTheFirstCut) {
  EXPECT_EQ(state->Begin(destination), "");
  store::TableRecord table;
  table.table = "shop.orders";
  table.state = "pending";
  state->store().SaveTables("shop", {table});
  const auto copy = state->Copy("copy");
  table.cut = "{}";
  state->store().SaveTables("shop", {table});
  const std::string owner = destination.owner->token;
  destination.notes["cut"] = "{}";
  EXPECT_EQ(copy->Begin(destination), kRunElsewhere.id);
  EXPECT_EQ(destination.owner->token, owner);
  EXPECT_EQ(state->Begin(destination), "");
}

TEST_F(OwnershipTest, WhatIsForeignIsNotReleased) {
  EXPECT_NO_THROW(RefuseForeign(state->store(), state->record, destination)) << "nobody has it";
  EXPECT_EQ(state->Begin(destination), "");
  const auto copy = state->Copy("copy");
  EXPECT_NO_THROW(RefuseForeign(state->store(), state->record, destination));
  EXPECT_EQ(copy->Begin(destination), "");
  EXPECT_THROW(RefuseForeign(state->store(), state->record, destination), Error);
}

}  // namespace
}  // namespace sluice::task
