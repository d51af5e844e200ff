// The small parts: letters, patterns and suggestions.
#include <gtest/gtest.h>

#include "selection/letters.h"
#include "selection/pattern.h"
#include "selection/suggest.h"

namespace sluice::selection {
namespace {

TEST(Letters, KnowAsciiLatinGreekAndCyrillic) {
  EXPECT_EQ(ToUpper("t_orders9"), "T_ORDERS9");
  EXPECT_EQ(ToLower("T_Orders9"), "t_orders9");
  EXPECT_EQ(ToUpper("größe_é"), "GRÖßE_É");  // there is no single capital ß
  EXPECT_EQ(ToLower("ÀÖØÞ"), "àöøþ");
  EXPECT_EQ(ToUpper("αβγως"), "ΑΒΓΩς");
  EXPECT_EQ(ToUpper("заказы_ёъ"), "ЗАКАЗЫ_ЁЪ");
  EXPECT_EQ(ToLower("ЗАКАЗЫ_ЁЪ"), "заказы_ёъ");
  EXPECT_EQ(ToUpper("订单×÷ÿ😀"), "订单×÷ÿ😀");
}

TEST(Letters, LeaveWhatIsNoUtf8) {
  const std::string broken = "a\xC3";
  EXPECT_EQ(ToUpper(broken), "A\xC3");
  EXPECT_EQ(ToLower("\xFF\x80 Z"), "\xFF\x80 z");
}

TEST(Letters, CompareWithoutCase) {
  EXPECT_TRUE(EqualIgnoringCase("Größe", "gRÖßE"));
  EXPECT_FALSE(EqualIgnoringCase("a", "ab"));
  EXPECT_FALSE(EqualIgnoringCase("a", "b"));
}

TEST(Pattern, NamesMatchExactly) {
  const Pattern name("orders");
  EXPECT_TRUE(name.IsName());
  EXPECT_EQ(name.name(), "orders");
  EXPECT_TRUE(name.Matches("orders"));
  EXPECT_FALSE(name.Matches("Orders"));
  EXPECT_FALSE(name.Matches("orders2"));
  EXPECT_FALSE(name.Matches(""));
}

TEST(Pattern, Wildcards) {
  EXPECT_TRUE(Pattern("*").Matches(""));
  EXPECT_TRUE(Pattern("*").Matches("any"));
  EXPECT_TRUE(Pattern("t_*").Matches("t_"));
  EXPECT_TRUE(Pattern("t_*_*x").Matches("t_a_b_cx"));
  EXPECT_FALSE(Pattern("t_*_*x").Matches("t_ax"));
  EXPECT_TRUE(Pattern("log_????").Matches("log_2024"));
  EXPECT_FALSE(Pattern("log_????").Matches("log_202"));
  EXPECT_TRUE(Pattern("??").Matches("订单"));
  EXPECT_FALSE(Pattern("?").Matches("订单"));
  EXPECT_TRUE(Pattern().Matches("anything"));
  EXPECT_FALSE(Pattern("t_*").IsName());
  EXPECT_FALSE(Pattern("").Matches("a"));
}

TEST(Pattern, BackslashTakesTheNextCharacterAsItIs) {
  const Pattern name("a\\*b\\?\\\\");
  EXPECT_TRUE(name.IsName());
  EXPECT_EQ(name.name(), "a*b?\\");
  EXPECT_TRUE(name.Matches("a*b?\\"));
  EXPECT_FALSE(name.Matches("axb?\\"));
  EXPECT_TRUE(Pattern("\\**").Matches("*x"));
  EXPECT_FALSE(Pattern("\\**").Matches("x"));
  EXPECT_EQ(Pattern("a\\").name(), "a\\");
}

TEST(Pattern, IgnoresCaseWhenAsked) {
  EXPECT_TRUE(Pattern("Größe_*", Pattern::Case::kIgnore).Matches("GRÖßE_x"));
  EXPECT_FALSE(Pattern("note", Pattern::Case::kIgnore).Matches("notes"));
}

TEST(Pattern, ManyStarsStayFast) {
  std::string text;
  for (int i = 0; i < 50; ++i) text += "a*";
  EXPECT_FALSE(Pattern(text + "b").Matches(std::string(5000, 'a')));
}

TEST(SplitAtDots, LeavesEscapedDots) {
  EXPECT_EQ(SplitAtDots("shop.orders"), (std::vector<std::string>{"shop", "orders"}));
  EXPECT_EQ(SplitAtDots("a\\.b.c"), (std::vector<std::string>{"a\\.b", "c"}));
  EXPECT_EQ(SplitAtDots(""), std::vector<std::string>{""});
  EXPECT_EQ(SplitAtDots("a."), (std::vector<std::string>{"a", ""}));
}

TEST(Suggestion, FindsTheNearestWord) {
  const std::vector<std::string> keys = {"tables", "table", "types", "rename", "filter"};
  EXPECT_EQ(Nearest("tabels", keys), "tables");
  EXPECT_EQ(Nearest("TABLE", keys), "table");
  EXPECT_EQ(Nearest("fliter", keys), "filter");
  EXPECT_EQ(Nearest("renam", keys), "rename");
  EXPECT_EQ(Nearest("something", keys), "");
  EXPECT_EQ(Nearest("", keys), "");
  EXPECT_EQ(Nearest("x", {}), "");
  EXPECT_EQ(Suggestion("tabels", keys), ", did you mean `tables`?");
  EXPECT_EQ(Suggestion("zzz", keys), "");
  EXPECT_EQ(Nearest(std::string(100'000, 'a'), keys), "");
}

}  // namespace
}  // namespace sluice::selection
