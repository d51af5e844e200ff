#include "connectors/postgresql/neutral.h"

#include <gtest/gtest.h>

namespace sluice::postgresql {
namespace {

std::string Mended(std::string_view row) {
  std::string out = "before ";
  AppendNeutralRow(out, row);
  return out.substr(7);
}

TEST(NeutralTest, LeavesWhatEveryEngineReads) {
  EXPECT_EQ(Mended("1\ta\\tb\\nc\\rd\\\\e\t\\N\n"), "1\ta\\tb\\nc\\rd\\\\e\t\\N\n");
  EXPECT_EQ(Mended(""), "");
  EXPECT_EQ(Mended("\\"), "\\");
}

TEST(NeutralTest, UndoesEscapesOfOwn) {
  EXPECT_EQ(Mended("a\\bb\\fc\\v\n"), "a\bb\fc\v\n");
  // An escaped backslash before a letter is no escape of the letter.
  EXPECT_EQ(Mended("\\\\b\\\\\\b\n"), "\\\\b\\\\\b\n");
}

TEST(NeutralTest, SelectsByKind) {
  model::Column column{.name = "a\"b", .type = {.kind = model::TypeKind::kBoolean}};
  EXPECT_EQ(SelectNeutral(column), "\"a\"\"b\"::pg_catalog.int4");
  column.type.kind = model::TypeKind::kText;
  EXPECT_EQ(SelectNeutral(column), "\"a\"\"b\"");
}

}  // namespace
}  // namespace sluice::postgresql
