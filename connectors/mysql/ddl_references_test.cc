#include "connectors/mysql/ddl_references.h"

#include <gmock/gmock.h>

#include "connectors/mysql/catalog_describe.h"

namespace sluice::mysql {
namespace {

using ::testing::ElementsAre;

model::TablePtr Child() {
  return DescribeTable({"d", "c"}, {},
                       "CREATE TABLE `c` (\n  `id` int,\n  `up` int,\n  `a` int,\n  `b` int,\n"
                       "  CONSTRAINT `f` FOREIGN KEY (`a`,`b`) REFERENCES `p` (`a`,`b`) ON DELETE CASCADE,\n"
                       "  CONSTRAINT `g` FOREIGN KEY (`b`) REFERENCES `other`.`p` (`a`),\n"
                       "  CONSTRAINT `h` FOREIGN KEY (`up`) REFERENCES `c` (`id`)\n) COMMENT='REFERENCES `p` (`a`)'",
                       {}, {});
}

TEST(Followed, ATable) {
  const model::TablePtr now = FollowNames(Child(), {{"d", "p"}, {"e", "q`"}, {}}, {});
  EXPECT_EQ(now->foreign_keys[0].referenced.Text(), "e.q`");
  EXPECT_EQ(now->foreign_keys[1].referenced.Text(), "other.p");
  EXPECT_EQ(now->foreign_keys[2].referenced.Text(), "d.c");
  EXPECT_NE(now->create_statement.find("FOREIGN KEY (`a`,`b`) REFERENCES `e`.`q``` (`a`,`b`) ON DELETE CASCADE"),
            std::string::npos)
      << now->create_statement;
  EXPECT_NE(now->create_statement.find("COMMENT='REFERENCES `p` (`a`)'"), std::string::npos) << now->create_statement;
  // Read again it says the same.
  const model::TablePtr again = DescribeTable({"d", "c"}, {}, now->create_statement, {}, {});
  ASSERT_EQ(again->foreign_keys.size(), 3u);
  EXPECT_EQ(again->foreign_keys[0].referenced.Text(), "e.q`");
  EXPECT_EQ(again->foreign_keys[0].on_delete, model::ReferentialAction::kCascade);
}

TEST(Followed, Columns) {
  // Two that change their names in turn, in whatever letters the key has them.
  const model::TablePtr now = FollowNames(Child(), {{"d", "p"}, {"d", "p"}, {{"a", "b"}, {"b", "a"}}}, {});
  EXPECT_THAT(now->foreign_keys[0].referenced_columns, ElementsAre("b", "a"));
  EXPECT_THAT(now->foreign_keys[1].referenced_columns, ElementsAre("a"));
  EXPECT_NE(now->create_statement.find("FOREIGN KEY (`a`,`b`) REFERENCES `p` (`b`,`a`)"), std::string::npos)
      << now->create_statement;
}

TEST(Followed, NothingElse) {
  const model::TablePtr child = Child();
  EXPECT_EQ(FollowNames(child, {{"d", "x"}, {"d", "y"}, {}}, {}), child);
  EXPECT_EQ(FollowNames(child, {{"d", "c"}, {"d", "e"}, {}}, {})->foreign_keys[2].referenced.Text(), "d.e");
}

}  // namespace
}  // namespace sluice::mysql
