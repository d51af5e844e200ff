#include "pipeline/dependency.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "pipeline/dependency_keys.h"

namespace sluice::pipeline {
namespace {

using model::Cell;
using model::CellKind;
using model::ChangeKind;
using model::TypeKind;

Cell Text(std::string_view text) {
  return Cell::Bytes(CellKind::kText, text);
}

bool FoldEqual(const Cell& a, const Cell& b, FoldMode mode, uint32_t prefix = 0) {
  std::string one;
  std::string two;
  EXPECT_TRUE(AppendFolded(a, mode, prefix, one));
  EXPECT_TRUE(AppendFolded(b, mode, prefix, two));
  return one == two;
}

TEST(Fold, TakesForEqualWhatServersTakeForEqual) {
  EXPECT_TRUE(FoldEqual(Text("Ann  "), Text("aNN"), FoldMode::kAscii));
  EXPECT_FALSE(FoldEqual(Text("ann"), Text("bob"), FoldMode::kAscii));
  EXPECT_TRUE(FoldEqual(Text("vy"), Text("WI"), FoldMode::kAscii));  // some languages
  EXPECT_TRUE(FoldEqual(Text("ann "), Text("ann"), FoldMode::kExact));
  EXPECT_FALSE(FoldEqual(Text("Ann"), Text("ann"), FoldMode::kExact));
  EXPECT_TRUE(FoldEqual(Text("abcdef"), Text("ABCxyz"), FoldMode::kAscii, 3));
  EXPECT_TRUE(FoldEqual(Cell::Int(5), Cell::Uint(5), FoldMode::kValue));
  EXPECT_FALSE(FoldEqual(Cell::Int(-1), Cell::Uint(~0ull), FoldMode::kValue));
  EXPECT_TRUE(FoldEqual(Cell::Float64(-0.0), Cell::Float64(0.0), FoldMode::kValue));
  EXPECT_TRUE(
      FoldEqual(Cell::Bytes(CellKind::kDecimal, "-0.00"), Cell::Bytes(CellKind::kDecimal, "0.00"), FoldMode::kValue));
  EXPECT_TRUE(
      FoldEqual(Cell::Bytes(CellKind::kDecimal, "1.50"), Cell::Bytes(CellKind::kDecimal, "1.5"), FoldMode::kValue));
  EXPECT_TRUE(
      FoldEqual(Cell::Bytes(CellKind::kDecimal, "10"), Cell::Bytes(CellKind::kDecimal, "10.0"), FoldMode::kValue));
  EXPECT_FALSE(
      FoldEqual(Cell::Bytes(CellKind::kDecimal, "10"), Cell::Bytes(CellKind::kDecimal, "1"), FoldMode::kValue));
  EXPECT_TRUE(FoldEqual(Cell::Bytes(CellKind::kBytes, std::string_view("a\0\0", 3)), Cell::Bytes(CellKind::kBytes, "a"),
                        FoldMode::kExact));
  std::string out;
  EXPECT_FALSE(AppendFolded(Text("\xc3\xa9va"), FoldMode::kAscii, 0, out));  // may equal "eva"
  EXPECT_FALSE(AppendFolded(Text("a\tb"), FoldMode::kAscii, 0, out));        // may be ignorable
  EXPECT_FALSE(AppendFolded(Text("aa"), FoldMode::kOpaque, 0, out));         // may equal a-ring
}

TEST(Fold, KnowsWhichCollationsKeepAsciiApart) {
  model::ColumnType type;
  type.kind = TypeKind::kVarchar;
  type.charset = "utf8mb4";
  const auto mode = [&](const char* collation) {
    type.collation = collation;
    return FoldModeOf(type);
  };
  EXPECT_EQ(mode("utf8mb4_bin"), FoldMode::kExact);
  EXPECT_EQ(mode("utf8mb4_0900_bin"), FoldMode::kExact);
  EXPECT_EQ(mode("utf8mb4_general_ci"), FoldMode::kAscii);
  EXPECT_EQ(mode("utf8mb4_0900_ai_ci"), FoldMode::kAscii);
  EXPECT_EQ(mode("utf8mb4_uca1400_ai_ci"), FoldMode::kAscii);
  EXPECT_EQ(mode("uca1400_ai_ci"), FoldMode::kAscii);
  EXPECT_EQ(mode("latin1_swedish_ci"), FoldMode::kAscii);
  EXPECT_EQ(mode("utf8mb4_danish_ci"), FoldMode::kOpaque);
  EXPECT_EQ(mode("utf8mb4_hu_0900_ai_ci"), FoldMode::kOpaque);
  EXPECT_EQ(mode("utf8mb4_uca1400_danish_ai_ci"), FoldMode::kOpaque);
}

TEST(Fold, TextThatIsEqualByItsBytesFoldsExactly) {
  model::ColumnType type;
  for (const TypeKind kind : {TypeKind::kText, TypeKind::kUuid, TypeKind::kInet}) {
    type.kind = kind;
    type.by_bytes = false;
    EXPECT_EQ(FoldModeOf(type), FoldMode::kOpaque);
    type.by_bytes = true;
    EXPECT_EQ(FoldModeOf(type), FoldMode::kExact);
  }
  type = {};
  type.kind = TypeKind::kInterval;  // one value, several texts
  EXPECT_EQ(FoldModeOf(type), FoldMode::kOpaque);
}

// ---------------------------------------------------------------- claims

model::TablePtr MakeTable(const std::string& name, size_t columns, bool has_key,
                          std::vector<model::ForeignKey> foreign_keys = {}) {
  auto table = std::make_shared<model::Table>();
  table->name = {"d", name};
  for (size_t i = 0; i < columns; ++i) {
    model::Column column;
    column.name = "c" + std::to_string(i);
    column.type.kind = TypeKind::kInteger;
    column.nullable = i != 0;
    table->columns.push_back(column);
  }
  if (has_key) table->keys.push_back({.name = "PRIMARY", .primary = true, .unique = true, .parts = {{0, 0}}});
  table->foreign_keys = std::move(foreign_keys);
  return table;
}

class ClaimsTest : public ::testing::Test {
 protected:
  std::vector<Claim> Claims(const std::string& table, ChangeKind kind, const std::vector<Cell>& before,
                            const std::vector<Cell>& after) {
    model::RowChange change;
    change.kind = kind;
    change.before = before;
    change.after = after;
    std::vector<Claim> claims;
    keys_.at({"d", table}).Collect(change, claims);
    return claims;
  }
  std::vector<Claim> Insert(const std::string& table, const std::vector<Cell>& row) {
    return Claims(table, ChangeKind::kInsert, {}, row);
  }
  std::vector<Claim> Delete(const std::string& table, const std::vector<Cell>& row) {
    return Claims(table, ChangeKind::kDelete, row, {});
  }
  static bool Conflict(const std::vector<Claim>& a, const std::vector<Claim>& b) {
    return std::any_of(a.begin(), a.end(), [&](Claim one) {
      return std::any_of(b.begin(), b.end(), [&](Claim two) {
        return ResourceOf(one) == ResourceOf(two) && (IsExclusive(one) || IsExclusive(two));
      });
    });
  }
  std::map<model::ObjectName, TableKeys> keys_;
};

TEST_F(ClaimsTest, RowsOfOneKeyConflictOthersDoNot) {
  keys_ = KeyCatalog::Compile({MakeTable("t", 2, true), MakeTable("keyless", 2, false)});
  EXPECT_TRUE(Conflict(Insert("t", {Cell::Int(1), Cell::Int(2)}), Delete("t", {Cell::Int(1), Cell::Int(9)})));
  EXPECT_FALSE(Conflict(Insert("t", {Cell::Int(1), Cell::Int(2)}), Delete("t", {Cell::Int(2), Cell::Int(2)})));
  const std::vector<Cell> row{Cell::Int(1), Cell::Int(2)};
  const std::vector<Cell> other{Cell::Int(3), Cell::Int(4)};
  EXPECT_TRUE(Conflict(Delete("keyless", row), Delete("keyless", other)));
  EXPECT_TRUE(Conflict(Insert("keyless", row), Delete("keyless", other)));
  EXPECT_TRUE(Conflict(Insert("keyless", row), Claims("keyless", ChangeKind::kUpdate, other, row)));
  EXPECT_FALSE(Conflict(Insert("keyless", row), Insert("keyless", other)));
  EXPECT_FALSE(Conflict(Insert("keyless", {Cell::Int(1), Cell::Int(2)}), Insert("t", {Cell::Int(3), Cell::Int(4)})));
  EXPECT_TRUE(Conflict(Insert("t", {Cell(), Cell::Int(2)}), Insert("t", {Cell::Int(3), Cell::Int(4)})));
}

TEST_F(ClaimsTest, ChildrenMeetTheirParentButNotEachOther) {
  model::ForeignKey key{"f", {1}, {"d", "parent"}, {"c0"}};
  keys_ = KeyCatalog::Compile({MakeTable("parent", 2, true), MakeTable("child", 2, true, {key})});
  const auto child = Insert("child", {Cell::Int(1), Cell::Int(7)});
  EXPECT_TRUE(Conflict(child, Insert("parent", {Cell::Int(7), Cell::Int(0)})));
  EXPECT_TRUE(Conflict(child, Delete("parent", {Cell::Int(7), Cell::Int(0)})));
  EXPECT_FALSE(Conflict(child, Insert("parent", {Cell::Int(8), Cell::Int(0)})));
  EXPECT_FALSE(Conflict(child, Insert("child", {Cell::Int(2), Cell::Int(7)})));
  EXPECT_FALSE(Conflict(Insert("child", {Cell::Int(1), Cell::Null()}), Delete("parent", {Cell::Int(7), Cell::Int(0)})));
}

TEST_F(ClaimsTest, CascadesOverSeveralKeysHoldTheWholeComponent) {
  using model::ReferentialAction;
  const auto refers = [](const char* table) {
    model::ForeignKey key{"f", {1}, {"d", table}, {"c0"}};
    key.on_delete = ReferentialAction::kCascade;
    return key;
  };
  keys_ = KeyCatalog::Compile({MakeTable("a", 2, true), MakeTable("b", 2, true, {refers("a")}),
                               MakeTable("c", 2, true, {refers("b")}), MakeTable("other", 2, true)});
  const auto leaf = Insert("c", {Cell::Int(1), Cell::Int(50)});
  EXPECT_TRUE(Conflict(leaf, Delete("a", {Cell::Int(1), Cell::Int(0)})));
  EXPECT_FALSE(Conflict(leaf, Insert("a", {Cell::Int(1), Cell::Int(0)})));
  EXPECT_FALSE(Conflict(Insert("other", {Cell::Int(1), Cell::Int(0)}), Delete("a", {Cell::Int(1), Cell::Int(0)})));
}

// ---------------------------------------------------------------- the index

TEST(DependencyIndex, FollowsTheLastThatMatters) {
  DependencyIndex index;
  const auto add = [&](uint64_t number, std::vector<Claim> claims) {
    std::vector<uint64_t> follows;
    index.Add(number, claims, follows);
    return follows;
  };
  using Numbers = std::vector<uint64_t>;
  EXPECT_EQ(add(1, {ExclusiveClaim(100)}), Numbers{});
  EXPECT_EQ(add(2, {SharedClaim(100)}), Numbers{1});
  EXPECT_EQ(add(3, {SharedClaim(100), ExclusiveClaim(200)}), Numbers{1});
  EXPECT_EQ(add(4, {ExclusiveClaim(100), ExclusiveClaim(200)}), (Numbers{1, 2, 3}));
  EXPECT_EQ(add(5, {SharedClaim(100), SharedClaim(100)}), Numbers{4});
  EXPECT_EQ(add(6, {ExclusiveClaim(100), SharedClaim(100)}), (Numbers{4, 5}));
  index.Forget(7);
  EXPECT_EQ(add(7, {ExclusiveClaim(100)}), Numbers{});
}

TEST(DependencyIndex, ForgetsWhatIsFinished) {
  DependencyIndex index;
  std::vector<uint64_t> follows;
  for (uint64_t number = 1; number <= 100'000; ++number) {
    const std::vector<Claim> claims = {ExclusiveClaim(number * 2), SharedClaim(2)};
    index.Add(number, claims, follows);
    if (number > 10) index.Forget(number - 10);
  }
  EXPECT_LT(index.size(), 10'000u);
}

}  // namespace
}  // namespace sluice::pipeline
