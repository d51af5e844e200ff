#include <gtest/gtest.h>

#include "connector/block_feed.h"
#include "connectors/mysql/codes.h"
#include "connectors/mysql/destination_table.h"
#include "connectors/mysql/insert_loader.h"
#include "connectors/mysql/loader_check.h"
#include "connectors/mysql/loader_columns.h"
#include "connectors/mysql/loader_watch.h"

namespace sluice::mysql {
namespace {

using model::Column;
using model::TypeKind;

Column MakeColumn(TypeKind kind, std::string charset = "") {
  Column column;
  column.name = "c";
  column.type.kind = kind;
  column.type.charset = std::move(charset);
  return column;
}

std::string Wrapped(const Column& source, const DestinationColumn& destination) {
  const LoadColumn column = MakeLoadColumn(source, "c", destination);
  return column.before + "v" + column.after;
}

TEST(LoadColumns, BytesAsTheyAreWhereverPossible) {
  EXPECT_EQ(Wrapped(MakeColumn(TypeKind::kInteger), {"int", ""}), "v");
  EXPECT_EQ(Wrapped(MakeColumn(TypeKind::kVarchar, "utf8mb4"), {"varchar", "utf8mb4"}), "v");
  EXPECT_EQ(Wrapped(MakeColumn(TypeKind::kVarchar, "utf8"), {"varchar", "utf8mb3"}), "v");
  EXPECT_EQ(Wrapped(MakeColumn(TypeKind::kBlob), {"longblob", ""}), "v");
  EXPECT_EQ(Wrapped(MakeColumn(TypeKind::kBit), {"bit", ""}), "v");
  EXPECT_EQ(Wrapped(MakeColumn(TypeKind::kInteger), {"varchar", "latin1"}), "v");
  EXPECT_EQ(Wrapped(MakeColumn(TypeKind::kJson), {"longtext", "utf8mb4"}), "v");
  EXPECT_EQ(Wrapped(MakeColumn(TypeKind::kVarchar, "latin1"), {"varbinary", ""}), "v");
}

TEST(LoadColumns, ConversionsOnTheWay) {
  EXPECT_EQ(Wrapped(MakeColumn(TypeKind::kJson), {"json", ""}), "CONVERT(v USING utf8mb4)");
  EXPECT_EQ(Wrapped(MakeColumn(TypeKind::kText, "latin1"), {"json", ""}), "CONVERT(v USING latin1)");
  EXPECT_EQ(Wrapped(MakeColumn(TypeKind::kVarchar, "latin1"), {"varchar", "utf8mb4"}), "CONVERT(v USING latin1)");
  EXPECT_EQ(Wrapped(MakeColumn(TypeKind::kUuid), {"uuid", ""}), "CONVERT(v USING ascii)");
  EXPECT_EQ(Wrapped(MakeColumn(TypeKind::kInteger), {"varchar", "utf16"}), "CONVERT(v USING ascii)");
  EXPECT_EQ(Wrapped(MakeColumn(TypeKind::kBit), {"tinyint", ""}), "CAST(CONV(HEX(v), 16, 10) AS UNSIGNED)");
}

LoadPlan TwoColumns() {
  LoadPlan plan;
  plan.table = "`d`.`t`";
  plan.columns = {{.name = "a"}, {.name = "j", .before = "CONVERT(", .after = " USING utf8mb4)"}};
  return plan;
}

TEST(LoadColumns, Statements) {
  EXPECT_EQ(TwoColumns().LoadDataColumns(), "(`a`,@v1) SET `j` = CONVERT(@v1 USING utf8mb4)");
  EXPECT_EQ(TwoColumns().InsertColumns(), "`a`,`j`");
  std::string sql;
  AppendInsertRow(sql, TwoColumns(), "it's\\t\t\\N");
  AppendInsertRow(sql, TwoColumns(), "\t[]");
  EXPECT_EQ(sql, "(_binary'it\\'s\\t',NULL)(_binary'',CONVERT(_binary'[]' USING utf8mb4))");
}

TEST(LoadCheck, ReadsTheServersWords) {
  EXPECT_EQ(RowOf("Data truncated for column 'a' at row 12"), 12u);
  EXPECT_EQ(RowOf("Duplicate entry '1' for key 'PRIMARY'"), std::nullopt);
  EXPECT_EQ(ColumnOf("Out of range value for column 'a' at row 1"), "a");
  EXPECT_EQ(ColumnOf("Incorrect string value: '\\xE9' for column `d`.`t`.`na me` at row 3"), "na me");
  EXPECT_EQ(ColumnOf("Column 'b' cannot be null"), "");
}

TEST(LoadCheck, WarningsBecomeErrorsThatNameThePlace) {
  const Error refused = ToLoadError({"Warning", 1265, "Data truncated for column 'a' at row 2"}, "destination",
                                    "table d.t", "row 2 of the chunk");
  EXPECT_EQ(refused.info().code, kValueRefused.id);
  EXPECT_EQ(refused.info().object, "table d.t, column a, row 2 of the chunk");
  EXPECT_EQ(refused.info().side, "destination");
  EXPECT_EQ(ToLoadError({"Warning", 1062, "Duplicate entry"}, "", "", "").info().code, kDuplicateKey.id);
  EXPECT_EQ(ToLoadError({"Warning", 1261, "Row 1 doesn't contain data for all columns"}, "", "", "").info().code,
            kValueRefused.id);
  EXPECT_TRUE(IsHarmless({"Warning", 1287, "deprecated"}));
  EXPECT_FALSE(IsHarmless({"Note", 1265, "Data truncated"}));
}

TEST(LoadWatch, ShowsRowsAndCountsErrorValues) {
  LoadPlan plan;
  plan.columns.resize(3);
  plan.columns[1].name = "e";
  plan.columns[1].may_be_error_value = true;
  LoadWatch watch(plan);
  watch.See("1\ta\tx\n2\t\ty\n");
  watch.See("3\t\t" + std::string(100, 'z') + "\n\\N\t\\N\t\n");
  EXPECT_EQ(watch.rows(), 4u);
  EXPECT_EQ(watch.DescribeRow(1), "row 1 (1, a, x)");
  EXPECT_EQ(watch.DescribeRow(3), "row 3 (3, , " + std::string(37, 'z') + "...)");
  EXPECT_EQ(watch.DescribeRow(4), "row 4 (NULL, NULL, )");
  EXPECT_EQ(watch.DescribeRow(5), "row 5");
  EXPECT_EQ(watch.EmptyEnums("e"), 2u);
  EXPECT_EQ(watch.EmptyEnums("x"), 0u);
  EXPECT_EQ(watch.AllEmptyEnums(), 2u);
  watch.SeeRow("");
  EXPECT_EQ(watch.rows(), 5u);
  watch.Clear();
  EXPECT_EQ(watch.rows() + watch.AllEmptyEnums(), 0u);
}

TEST(TakenForNumber, UnlessAnElementIsCalledSo) {
  const std::string definition = "enum('10','20','a','1'',2','x,''5''')";
  for (const char* text : {"1", "5", "2", " 10", "10 ", "+10", "010"}) {
    EXPECT_TRUE(TakenForNumber(text, definition)) << text;
  }
  for (const char* text : {"10", "20", "a", "b", "", "1',2", "1e1"}) {
    EXPECT_FALSE(TakenForNumber(text, definition)) << text;
  }
}

TEST(LoadWatch, RefusesTextsThatAnEnumTakesForNumbers) {
  LoadPlan plan;
  plan.object = "table d.t";
  plan.columns.resize(2);
  plan.columns[1].name = "e";
  plan.columns[1].enum_definition = "enum('10','20')";
  LoadWatch watch(plan);
  watch.See("1\t10\n2\t\\N\n");
  try {
    watch.See("3\t1\n");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, kValueRefused.id);
    EXPECT_EQ(error.info().object, "table d.t, column e");
  }
}

class FixedBlocks : public connector::BlockSource {
 public:
  explicit FixedBlocks(size_t count) : left_(count) {}
  std::optional<connector::Block> Next() override {
    if (left_ == 0) return std::nullopt;
    --left_;
    return connector::Block{.bytes = "x\n", .rows = 1};
  }

 private:
  size_t left_;
};

TEST(BlockFeed, KnowsSmallChunksBeforehand) {
  for (size_t count = 0; count < 5; ++count) {
    FixedBlocks blocks(count);
    connector::BlockFeed feed(blocks);
    EXPECT_EQ(feed.IsEmpty(), count == 0);
    EXPECT_EQ(feed.IsOneBlock(), count <= 1);
    EXPECT_EQ(feed.FirstRows(), count == 0 ? 0u : 1u);
    size_t seen = 0;
    while (feed.Next()) ++seen;
    EXPECT_EQ(seen, count);
    EXPECT_EQ(feed.rows(), count);
    EXPECT_EQ(feed.bytes(), 2 * count);
  }
}

}  // namespace
}  // namespace sluice::mysql
