#include "pipeline/levels.h"

#include <gtest/gtest.h>

namespace sluice::pipeline {
namespace {

using model::Cell;
using model::ChangeKind;

// A table with a key, another unique column and one that refers to a parent; the log keeps of old rows only the key.
class Levels : public ::testing::Test {
 protected:
  Levels() {
    auto parent = std::make_shared<model::Table>();
    parent->name = {"d", "parent"};
    AddColumns(*parent, 1);
    auto child = std::make_shared<model::Table>();
    child->name = {"d", "child"};
    AddColumns(*child, 3);
    model::Key other;
    other.name = "other";
    other.unique = true;
    other.parts.push_back({1, 0});
    child->keys.push_back(other);
    model::ForeignKey refers;
    refers.name = "refers";
    refers.columns = {2};
    refers.referenced = parent->name;
    refers.referenced_columns = {"c0"};
    child->foreign_keys.push_back(refers);
    plan_.table = child;
    plan_.identity = {0};
    plan_.keys = KeyCatalog::Compile({parent, child}).at(child->name);
  }

  static void AddColumns(model::Table& table, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      model::Column column;
      column.name = "c" + std::to_string(i);
      column.type.kind = model::TypeKind::kInteger;
      column.nullable = i != 0;
      table.columns.push_back(column);
    }
    model::Key key;
    key.name = "primary";
    key.primary = key.unique = true;
    key.parts.push_back({0, 0});
    table.keys.push_back(key);
  }

  void Add(ChangeKind kind, std::vector<Cell> before, std::vector<Cell> after) {
    model::RowChange& row = rows_.emplace_back();
    row.kind = kind;
    row.foreign_keys_off = true;
    row.before = images_.emplace_back(std::move(before));
    row.after = images_.emplace_back(std::move(after));
    PlannedChange change{.row = &row, .plan = &plan_};
    change.claims_begin = static_cast<uint32_t>(unit_.claims.size());
    change.gives_up_unknown = plan_.keys.Collect(row, unit_.claims);
    change.claims_end = static_cast<uint32_t>(unit_.claims.size());
    unit_.changes.push_back(change);
  }
  bool ClaimsTable() const {
    return std::find(unit_.claims.begin(), unit_.claims.end(), plan_.keys.WholeTable()) != unit_.claims.end();
  }

  TablePlan plan_;
  ApplyUnit unit_;
  std::deque<model::RowChange> rows_;
  std::deque<std::vector<Cell>> images_;
};

TEST_F(Levels, UnknownOldUniqueValuesKeepTransactionsInOrderButNotTheRowsOfABatch) {
  for (int i = 0; i < 10; ++i) {
    Add(ChangeKind::kUpdate, {Cell::Int(i), Cell(), Cell()}, {Cell::Int(i), Cell::Int(i), Cell::Int(7)});
  }
  EXPECT_TRUE(ClaimsTable());
  const LeveledBatch batch = Level({&unit_}, OnRefusal::kOneByOne);
  EXPECT_EQ(batch.levels, 1u);
  ASSERT_EQ(batch.groups.size(), 1u);
  EXPECT_EQ(batch.groups[0].rows.size(), 10u);
  EXPECT_EQ(Level({&unit_}, OnRefusal::kGiveUp).levels, 10u);
}

TEST_F(Levels, ChangesOfOneRowStayInOrder) {
  Add(ChangeKind::kUpdate, {Cell::Int(1), Cell(), Cell()}, {Cell::Int(1), Cell::Int(1), Cell()});
  Add(ChangeKind::kUpdate, {Cell::Int(1), Cell(), Cell()}, {Cell::Int(1), Cell::Int(2), Cell()});
  EXPECT_EQ(Level({&unit_}, OnRefusal::kOneByOne).levels, 2u);  // an image that lacks a value cannot be merged
}

TEST_F(Levels, DeletesComeFirst) {
  Add(ChangeKind::kDelete, {Cell::Int(1), Cell(), Cell()}, {});
  Add(ChangeKind::kInsert, {}, {Cell::Int(2), Cell::Int(5), Cell::Int(7)});
  const LeveledBatch batch = Level({&unit_}, OnRefusal::kOneByOne);
  ASSERT_EQ(batch.groups.size(), 2u);
  EXPECT_EQ(batch.groups[0].kind, ChangeKind::kDelete);
}

TEST_F(Levels, InsertsIntoATableWithoutAKeyGoTogetherAndStayApartFromItsOtherChanges) {
  auto keyless = std::make_shared<model::Table>();
  keyless->name = {"d", "keyless"};
  AddColumns(*keyless, 1);
  keyless->keys.clear();
  plan_.table = keyless;
  plan_.identity.clear();
  plan_.keys = KeyCatalog::Compile({keyless}).at(keyless->name);
  for (int i = 0; i < 5; ++i) Add(ChangeKind::kInsert, {}, {Cell::Int(1)});
  EXPECT_EQ(Level({&unit_}, OnRefusal::kOneByOne).groups.size(), 1u);
  Add(ChangeKind::kDelete, {Cell::Int(1)}, {});
  Add(ChangeKind::kDelete, {Cell::Int(1)}, {});
  Add(ChangeKind::kInsert, {}, {Cell::Int(1)});
  EXPECT_EQ(Level({&unit_}, OnRefusal::kOneByOne).levels, 4u);
}

TEST_F(Levels, AnUnknownOldParentIsNoReasonWhereForeignKeysAreOff) {
  Add(ChangeKind::kUpdate, {Cell::Int(1), Cell::Int(1), Cell()}, {Cell::Int(1), Cell::Int(1), Cell::Int(7)});
  EXPECT_FALSE(ClaimsTable());
}

}  // namespace
}  // namespace sluice::pipeline
