#include "pipeline/apply_cascades.h"

#include <gtest/gtest.h>

#include <deque>

namespace sluice::pipeline {
namespace {

using model::Cell;
using model::ChangeKind;
using model::ReferentialAction;

// parent (id) <- child (id, p) <- grandchild (id, c), all of numbers.
class Cascades : public ::testing::Test {
 protected:
  Cascades() {
    Add("parent", {"id"}, "", ReferentialAction::kRestrict);
    Add("child", {"id", "p"}, "parent", ReferentialAction::kCascade);
    Add("grandchild", {"id", "c"}, "child", ReferentialAction::kSetNull);
    Add("witness", {"id", "p"}, "parent", ReferentialAction::kRestrict);
  }

  void Add(const std::string& name, const std::vector<std::string>& columns, const std::string& referenced,
           ReferentialAction on_delete) {
    auto table = std::make_shared<model::Table>();
    table->name = {"d", name};
    for (const std::string& column : columns) table->columns.emplace_back().name = column;
    if (!referenced.empty()) {
      table->foreign_keys.push_back(
          {.columns = {1}, .referenced = {"d", referenced}, .referenced_columns = {"id"}, .on_delete = on_delete});
    }
    plans_[name].table = table;
  }

  PlannedChange Change(ChangeKind kind, const std::string& table, std::vector<int64_t> before, bool logged = true) {
    auto& cells = cells_.emplace_back();
    for (const int64_t value : before) cells.push_back(Cell::Int(value));
    model::RowChange& row = rows_.emplace_back();
    row.kind = kind;
    row.foreign_keys_off = logged;
    row.table = plans_[table].table;
    row.before = cells;
    if (kind == ChangeKind::kUpdate) {  // the last column becomes null
      auto& after = cells_.emplace_back(cells);
      after.back() = Cell::Null();
      row.after = after;
    }
    return {.row = &row, .plan = &plans_[table]};
  }

  static std::string Text(const std::vector<PlannedChange>& changes) {
    std::string text;
    for (const PlannedChange& change : changes) {
      text += change.plan->table->name.name + std::to_string(change.row->before[0].i) + " ";
    }
    return text;
  }

  std::map<std::string, TablePlan> plans_;
  std::deque<model::RowChange> rows_;
  std::deque<std::vector<Cell>> cells_;
};

TEST_F(Cascades, FollowTheChangeThatIsCarriedInTheSourcesOrder) {
  std::vector<PlannedChange> kept = {Change(ChangeKind::kDelete, "parent", {1}),
                                     Change(ChangeKind::kDelete, "parent", {2})};
  std::vector<LeftOut> left_out = {{Change(ChangeKind::kUpdate, "grandchild", {100, 10}), 0},
                                   {Change(ChangeKind::kDelete, "child", {10, 1}), 0},
                                   {Change(ChangeKind::kDelete, "child", {30, 3}), 1},
                                   {Change(ChangeKind::kUpdate, "grandchild", {300, 30}), 1},
                                   {Change(ChangeKind::kDelete, "child", {20, 2}), 2}};
  for (const LeftOut& one : left_out) EXPECT_TRUE(MayBeCascade(one.change));
  KeepCascades(kept, left_out);
  EXPECT_EQ(Text(kept), "grandchild100 child10 parent1 parent2 child20 ");
}

TEST_F(Cascades, OnlyWhereTheLogHasThemAndTheKeyCascades) {
  EXPECT_FALSE(MayBeCascade(Change(ChangeKind::kDelete, "child", {10, 1}, false)));
  EXPECT_FALSE(MayBeCascade(Change(ChangeKind::kDelete, "witness", {10, 1})));
  EXPECT_FALSE(MayBeCascade(Change(ChangeKind::kInsert, "child", {10, 1})));
  std::vector<PlannedChange> kept = {Change(ChangeKind::kDelete, "parent", {1}, false)};
  KeepCascades(kept, {{Change(ChangeKind::kDelete, "child", {10, 1}), 1}});
  EXPECT_EQ(Text(kept), "parent1 ");
}

}  // namespace
}  // namespace sluice::pipeline
