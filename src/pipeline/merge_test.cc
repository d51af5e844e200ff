#include "pipeline/merge.h"

#include <gtest/gtest.h>

#include <array>

namespace sluice::pipeline {
namespace {

using model::Cell;
using model::ChangeKind;
using model::RowChange;

// A table of two columns whose first is the key; rows as a log writes them that keeps of old rows only the key.
class Merging : public ::testing::Test {
 protected:
  Merging() { plan_.identity = {0}; }

  static RowChange Change(ChangeKind kind, model::Row before, model::Row after) {
    RowChange change;
    change.kind = kind;
    change.foreign_keys_off = true;
    change.before = before;
    change.after = after;
    return change;
  }
  bool CanMergeRow(const RowChange& change) const { return CanMerge({.row = &change, .plan = &plan_}); }

  TablePlan plan_;
  const std::array<Cell, 2> key_{Cell::Int(1), Cell()};
  const std::array<Cell, 2> one_{Cell::Int(1), Cell::Int(10)};
  const std::array<Cell, 2> two_{Cell::Int(1), Cell::Int(20)};
};

TEST_F(Merging, OldValuesBesideTheKeyMayBeMissing) {
  const RowChange first = Change(ChangeKind::kUpdate, key_, one_);
  const RowChange second = Change(ChangeKind::kUpdate, key_, two_);
  const RowChange removal = Change(ChangeKind::kDelete, key_, {});
  EXPECT_TRUE(CanMergeRow(first));
  EXPECT_TRUE(CanMergeRow(removal));
  const auto updated = Merge(plan_, {.change = first}, second);
  ASSERT_TRUE(updated);
  EXPECT_EQ(updated->change.kind, ChangeKind::kUpdate);
  EXPECT_TRUE(updated->change.before[1].IsAbsent());
  EXPECT_EQ(updated->change.after[1].i, 20);
  const auto removed = Merge(plan_, *updated, removal);
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->change.kind, ChangeKind::kDelete);
  const auto again = Merge(plan_, *removed, Change(ChangeKind::kInsert, {}, one_));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->change.kind, ChangeKind::kUpdate);
  EXPECT_EQ(again->change.after[1].i, 10);
}

TEST_F(Merging, WithoutItsKeyOrItsNewValuesAChangeStaysApart) {
  const std::array<Cell, 2> no_key{Cell(), Cell::Int(10)};
  EXPECT_FALSE(CanMergeRow(Change(ChangeKind::kUpdate, no_key, one_)));
  EXPECT_FALSE(CanMergeRow(Change(ChangeKind::kUpdate, key_, key_)));  // an unchanged large value
  plan_.excluded = {false, true};
  EXPECT_TRUE(CanMergeRow(Change(ChangeKind::kUpdate, key_, key_)));  // a column that is not carried
}

}  // namespace
}  // namespace sluice::pipeline
