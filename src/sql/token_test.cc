#include "sql/token.h"

#include <gtest/gtest.h>

#include "sql/cursor.h"

namespace sluice::sql {
namespace {

std::string Kinds(const Tokens& tokens) {
  std::string out;
  for (const Token& token : tokens) {
    if (!out.empty()) out += ' ';
    switch (token.kind) {
      case TokenKind::kWord:
        out += "w:" + token.value;
        break;
      case TokenKind::kQuotedName:
        out += "q:" + token.value;
        break;
      case TokenKind::kString:
        out += "s:" + token.value;
        break;
      case TokenKind::kNumber:
        out += "n:" + token.text;
        break;
      case TokenKind::kSymbol:
        out += token.text;
        break;
    }
  }
  return out;
}

Dialect MySql(uint32_t version) {
  return {Family::kMySql, version, false, false};
}
Dialect MariaDb(uint32_t version) {
  return {Family::kMariaDb, version, false, false};
}

TEST(Tokenize, NamesNumbersAndStrings) {
  EXPECT_EQ(Kinds(Tokenize("SELECT `a``b`, \"c\" FROM t", {})), "w:SELECT q:a`b , s:c w:FROM w:t");
  EXPECT_EQ(Kinds(Tokenize("\"c\"\"d\"", {.ansi_quotes = true})), "q:c\"d");
  EXPECT_EQ(Kinds(Tokenize("1 1.5 .5 1e5 1.e-3 0x1F 0b01 x'4d' b'1' 1a db.1b 1.5e", {})),
            "n:1 n:1.5 n:.5 n:1e5 n:1.e-3 n:0x1F n:0b01 n:x'4d' n:b'1' w:1a w:db . w:1b n:1.5 w:e");
  EXPECT_EQ(Kinds(Tokenize(R"('a''b\'c\\d\n\%' N'x' _utf8mb4'y')", {})), "s:a'b'c\\d\n\\% s:x w:_utf8mb4 s:y");
  EXPECT_EQ(Kinds(Tokenize(R"('a\' 'b')", {.no_backslash_escapes = true})), "s:a\\ s:b");
  EXPECT_EQ(Kinds(Tokenize("数据 é$1", {})), "w:数据 w:é$1");
}

TEST(Tokenize, OperatorsAreTheLongest) {
  EXPECT_EQ(Kinds(Tokenize("a->>'$.x' <=>b:=c||d->e@@f", {})), "w:a ->> s:$.x <=> w:b := w:c || w:d -> w:e @@ w:f");
}

TEST(Tokenize, CommentsAreGaps) {
  const std::string_view text = "a /* x */ b -- y\n c # z\n d--1";
  const Tokens tokens = Tokenize(text, {});
  EXPECT_EQ(Kinds(tokens), "w:a w:b w:c w:d - - n:1");
  EXPECT_EQ(Render(tokens), text);
  EXPECT_EQ(Kinds(Tokenize("a--1", {Family::kPostgreSql})), "w:a");
  EXPECT_EQ(Kinds(Tokenize("/* a /* b */ c", {})), "w:c");
  EXPECT_EQ(Kinds(Tokenize("/* a /* b */ c */ d", {Family::kPostgreSql})), "w:d");
}

TEST(Tokenize, ExecutableComments) {
  const std::string_view text = "a /*!50701 b */ /*!100100 c */ /*M!100300 d */ /*!40000 e */ /*! f */ g";
  EXPECT_EQ(Kinds(Tokenize(text, {})), "w:a w:b w:c w:d w:e w:f w:g");
  EXPECT_EQ(Kinds(Tokenize(text, MySql(80400))), "w:a w:b w:e w:f w:g");
  EXPECT_EQ(Kinds(Tokenize(text, MySql(50600))), "w:a w:e w:f w:g");
  EXPECT_EQ(Kinds(Tokenize(text, MariaDb(101100))), "w:a w:c w:d w:e w:f w:g");
  // What is skipped must not come back at a server that would run it, and no mark may stay open.
  EXPECT_EQ(Render(Tokenize("a /*!99999 b /* c */ d */ e", MySql(80400))), "a e");
  EXPECT_EQ(Kinds(Tokenize("a /*!40000 b /* c */ d */ e", MySql(80400))), "w:a w:b w:d w:e");
}

TEST(Tokenize, EndsAnywhere) {
  for (const std::string_view text :
       {"'abc", "\"a\\", "`a", "/* a", "/*!50000 a", "/*!", "/*M!", "x'4", "$", "1e", "--", "@", "", "\\", "'a''"}) {
    Render(Tokenize(text, {}));
    Render(Tokenize(text, {Family::kPostgreSql}));
  }
}

TEST(Tokenize, PostgreSql) {
  const Dialect dialect{Family::kPostgreSql};
  EXPECT_EQ(Kinds(Tokenize("\"A\" 'b\\' E'c\\'d' $$e'f$$ $x$g$$h$x$ i::text", dialect)),
            "q:A s:b\\ s:c'd s:e'f s:g$$h w:i :: w:text");
}

TEST(Token, QuotedOnTheWayOut) {
  EXPECT_EQ(BacktickName("a`b").text, "`a``b`");
  EXPECT_EQ(StringToken("a'b\\c").text, "'a''b\\\\c'");
  EXPECT_EQ(StringToken("a'b\\c", {.no_backslash_escapes = true}).text, "'a''b\\c'");
  EXPECT_EQ(Kinds(Tokenize(StringToken("a'b\\c\n").text, {})), "s:a'b\\c\n");
}

TEST(Cursor, NamesAccountsAndParentheses) {
  const Tokens tokens = Tokenize("`d` . t u .v 'a'@10.0.0.1 CURRENT_USER() (a,(b)),c", {});
  Cursor cursor(tokens);
  model::ObjectName name;
  ASSERT_TRUE(cursor.TakeName(name, "x"));
  EXPECT_EQ(name.Text(), "d.t");
  ASSERT_TRUE(cursor.TakeName(name, "x"));
  EXPECT_EQ(name.Text(), "u.v");
  cursor.SkipAccount();
  EXPECT_TRUE(cursor.SeesWord("CURRENT_USER"));
  cursor.SkipAccount();
  cursor.SkipPast(",");
  EXPECT_TRUE(cursor.SeesWord("c"));
  cursor.Skip(5);
  EXPECT_TRUE(cursor.AtEnd());
  EXPECT_FALSE(cursor.TakeName(name, "x"));
}

}  // namespace
}  // namespace sluice::sql
