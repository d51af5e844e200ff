#include "task/load_phase.h"

#include <gtest/gtest.h>

namespace sluice::task {
namespace {

TaskTable MakeTable(const std::string& name, const std::vector<std::string>& parents, const std::string& cut) {
  auto table = std::make_shared<model::Table>();
  table->name = {"shop", name};
  for (const std::string& parent : parents) {
    model::ForeignKey key;
    key.referenced = {"shop", parent};
    table->foreign_keys.push_back(key);
  }
  TaskTable result;
  result.table = table;
  result.record.cut = cut;
  return result;
}

std::string Cut(const std::string& start, const std::string& end, bool late, bool replay) {
  const auto text = [](bool value) { return value ? "true" : "false"; };
  return R"({"start":{"engine":"mysql","json":")" + start + R"("},"end":{"engine":"mysql","json":")" + end +
         R"("},"late":)" + text(late) + R"(,"replay":)" + text(replay) + "}";
}

// Tables that foreign keys tie together must be read at one cut, also over several steps and in a circle.
TEST(LoadPhase, ForeignKeysTieTablesTogether) {
  std::vector<TaskTable> tables;
  tables.push_back(MakeTable("a", {}, ""));
  tables.push_back(MakeTable("b", {"a"}, ""));
  tables.push_back(MakeTable("c", {"b", "not_selected"}, ""));
  tables.push_back(MakeTable("lonely", {}, ""));
  tables.push_back(MakeTable("x", {"y"}, ""));
  tables.push_back(MakeTable("y", {"x"}, ""));
  std::vector<std::vector<size_t>> groups = ForeignKeyGroups(tables);
  std::sort(groups.begin(), groups.end());
  EXPECT_EQ(groups, (std::vector<std::vector<size_t>>{{0, 1, 2}, {3}, {4, 5}}));
}

// What a table's cut means for the changes: see the protocol in load_phase.h.
TEST(LoadPhase, WindowsFollowFromTheCuts) {
  std::vector<TaskTable> tables;
  tables.push_back(MakeTable("first_exact", {}, Cut("p1", "p1", false, false)));
  tables.push_back(MakeTable("first_inexact", {}, Cut("p1", "p2", false, false)));
  tables.push_back(MakeTable("late_whole", {}, Cut("p5", "p5", true, false)));
  tables.push_back(MakeTable("late_whole_inexact", {}, Cut("p5", "p6", true, false)));
  tables.push_back(MakeTable("late_rest", {}, Cut("p5", "p5", true, true)));
  const std::vector<pipeline::TableWindow> windows = MakeWindows(tables);
  ASSERT_EQ(windows.size(), 4u);
  EXPECT_EQ(windows[0].table.name, "first_inexact");
  EXPECT_TRUE(windows[0].skip_until.empty());
  EXPECT_EQ(windows[0].replay_until.json, "p2");
  EXPECT_EQ(windows[1].skip_until.json, "p5");
  EXPECT_TRUE(windows[1].replay_until.empty());
  EXPECT_EQ(windows[2].skip_until.json, "p5");
  EXPECT_EQ(windows[2].replay_until.json, "p6");
  EXPECT_TRUE(windows[3].skip_until.empty()) << "chunks of the first cut still need the changes between the cuts";
  EXPECT_EQ(windows[3].replay_until.json, "p5");
}

}  // namespace
}  // namespace sluice::task
