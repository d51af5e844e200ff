#include "task/yaml_tree.h"

#include <gtest/gtest.h>

namespace sluice::task {
namespace {

YamlValue Parse(const std::string& text) {
  YamlValue root;
  YamlProblem problem;
  EXPECT_TRUE(ParseYaml(text, &root, &problem)) << problem.line << ":" << problem.column << " " << problem.message;
  return root;
}

// "line:column message"
std::string Fails(const std::string& text) {
  YamlValue root;
  YamlProblem problem;
  if (ParseYaml(text, &root, &problem)) return "";
  return std::to_string(problem.line) + ":" + std::to_string(problem.column) + " " + problem.message;
}

TEST(YamlTree, KeepsPlacesOfKeysAndValues) {
  const YamlValue root = Parse("a: 1\nb:\n  - x\n  - {c: 'y z'}\n");
  ASSERT_EQ(root.kind, YamlValue::Kind::kMap);
  ASSERT_EQ(root.entries.size(), 2u);
  EXPECT_EQ(root.entries[1].key, "b");
  EXPECT_EQ(root.entries[1].line, 2);
  EXPECT_EQ(root.entries[1].column, 1);
  const YamlValue& list = *root.Find("b");
  ASSERT_EQ(list.items.size(), 2u);
  const YamlEntry& entry = list.items[1].entries.at(0);
  EXPECT_EQ(entry.line, 4);
  EXPECT_EQ(entry.column, 6);
  EXPECT_EQ(entry.value.text, "y z");
  EXPECT_EQ(entry.value.column, 9);
  EXPECT_EQ(root.Find("nothing"), nullptr);
}

TEST(YamlTree, KeepsRepeatedKeys) {
  EXPECT_EQ(Parse("a: 1\na: 2\n").entries.size(), 2u);
}

TEST(YamlTree, TellsNullFromText) {
  const YamlValue root = Parse("a:\nb: ~\nc: null\nd: ''\ne: 'null'\nf: \"~\"\n");
  for (const char* key : {"a", "b", "c"}) EXPECT_EQ(root.Find(key)->kind, YamlValue::Kind::kNull) << key;
  for (const char* key : {"d", "e", "f"}) EXPECT_EQ(root.Find(key)->kind, YamlValue::Kind::kScalar) << key;
}

TEST(YamlTree, WritesAliasesOut) {
  const YamlValue root = Parse("a: &x {k: v}\nb: *x\n");
  EXPECT_EQ(root.Find("b")->Find("k")->text, "v");
  EXPECT_EQ(root.Find("b")->line, 2);
}

TEST(YamlTree, RefusesAliasBombs) {
  std::string text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int n = 0; n < 9; ++n) text += "," + before;
    text += "]\n";
  }
  EXPECT_NE(Fails(text).find("too many values"), std::string::npos);
}

TEST(YamlTree, RefusesWhatAliasesNestTooDeeply) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 60; ++i) {
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  }
  EXPECT_NE(Fails(text).find("too deeply"), std::string::npos);
}

TEST(YamlTree, RefusesDepth) {
  EXPECT_NE(Fails(std::string(40, '[') + std::string(40, ']')).find("too deeply"), std::string::npos);
  EXPECT_NE(Fails(std::string(100'000, '[')).find("too many brackets"), std::string::npos);
  std::string text;
  for (int i = 0; i < 200; ++i) text += std::string(static_cast<size_t>(i), ' ') + "a:\n";
  EXPECT_NE(Fails(text).find("too deeply"), std::string::npos);
  text.clear();
  for (int i = 0; i < 2000; ++i) text += "- ";
  EXPECT_NE(Fails(text), "");
}

TEST(YamlTree, RefusesWhatIsNoTaskFile) {
  EXPECT_EQ(Fails(""), "1:1 the file is empty");
  EXPECT_EQ(Fails("# nothing\n"), "1:1 the file is empty");
  EXPECT_NE(Fails("a: 1\n---\nb: 2\n").find("several documents"), std::string::npos);
  EXPECT_NE(Fails(std::string("a: \0b", 5)).find("1:4 a zero byte"), std::string::npos);
  EXPECT_NE(Fails("a: x\nb: \xff\n").find("2:4 not valid UTF-8"), std::string::npos);
  EXPECT_NE(Fails("a: &x [*x]\n").find("inside what it names"), std::string::npos);
  EXPECT_NE(Fails("[a]: b\n").find("a key must be"), std::string::npos);
  EXPECT_NE(Fails("a: b: c\n").find("1:"), std::string::npos);
  EXPECT_NE(Fails("a: [1, 2\nb: 3\n").find("not YAML"), std::string::npos);
  EXPECT_NE(Fails(std::string(kYamlBytesMax + 1, ' ')).find("larger than"), std::string::npos);
}

// A password without its quotes must not come back in a message.
TEST(YamlTree, RepeatsNothingOfTheFile) {
  for (const char* text :
       {"p: *hunter2\n", "p: !hunter2\n", "p: !<hunter2> x\n", "p: @hunter2\n", "p: `hunter2\n", "p: %hunter2\n",
        "p: \"\\hunter2\"\n", "p: 'hunter2\n", "p: {hunter2\n", "p: hunter2: x\n", "p: | hunter2\n"}) {
    const std::string message = Fails(text);
    EXPECT_EQ(message.find("hunter"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace sluice::task
