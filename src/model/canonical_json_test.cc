#include "model/canonical_json.h"

#include <gtest/gtest.h>

namespace sluice::model {
namespace {

std::string Json(std::string_view text) {
  return CanonicalJson(text).value_or("(invalid)");
}

TEST(CanonicalJsonTest, SortsKeysAndDropsSpace) {
  EXPECT_EQ(Json(R"( { "b" : 1 , "a" : [ true , false , null ] } )"), R"({"a":[true,false,null],"b":1})");
  EXPECT_EQ(Json(R"({"aa":1,"b":2})"), Json(R"({"b":2,"aa":1})"));
  EXPECT_EQ(Json("{}"), "{}");
  EXPECT_EQ(Json("[]"), "[]");
}

TEST(CanonicalJsonTest, LastOfEqualKeysCounts) {
  EXPECT_EQ(Json(R"({"a":1,"b":2,"a":3})"), R"({"a":3,"b":2})");
}

TEST(CanonicalJsonTest, StringsAreUnescaped) {
  EXPECT_EQ(Json(R"("\u00fc\/\ud83d\ude00\u0001\n\"\\")"), "\"ü/😀\\u0001\\n\\\"\\\\\"");
  EXPECT_EQ(Json("\"ü\""), Json(R"("\u00FC")"));
  EXPECT_EQ(Json(R"({"\u0061":1})"), R"({"a":1})");
}

TEST(CanonicalJsonTest, NumbersKeepEveryDigit) {
  EXPECT_EQ(Json("18446744073709551615"), "18446744073709551615");
  EXPECT_NE(Json("18446744073709551615"), Json("18446744073709551614"));
  EXPECT_EQ(Json("0.12345678901234567890123"), "0.12345678901234567890123");
}

TEST(CanonicalJsonTest, RefusesWhatIsNone) {
  for (const char* text : {"", "{", "[1,]", "{\"a\":}", "nul", "1 2", "\"x", "{a:1}", "\"\\u12\"", "-", "1.", "[1"}) {
    EXPECT_FALSE(CanonicalJson(text)) << text;
  }
  EXPECT_FALSE(CanonicalJson(std::string(5000, '[')));
}

TEST(CanonicalNumberTest, OneFormForOneNumber) {
  const std::pair<const char*, const char*> cases[] = {{"1.0", "1"},
                                                       {"10e-1", "1"},
                                                       {"1e2", "100"},
                                                       {"100.00", "100"},
                                                       {"-0.0", "0"},
                                                       {"0e5", "0"},
                                                       {"1.50", "1.5"},
                                                       {"15e-1", "1.5"},
                                                       {"0.00123", "0.00123"},
                                                       {"123e-5", "0.00123"},
                                                       {"-12.50e1", "-125"},
                                                       {"1e300", "1e300"},
                                                       {"10e299", "1e300"},
                                                       {"1.25E-300", "1.25e-300"},
                                                       {"1e+20", "100000000000000000000"},
                                                       {"1e99999999999999999999", "1e99999999999999999999"}};
  for (const auto& [text, canonical] : cases) EXPECT_EQ(CanonicalNumber(text), canonical) << text;
}

TEST(CanonicalNumberTest, IsAgainItsOwnForm) {
  for (const char* text : {"1", "1.5", "1e300", "1.25e-300", "-7", "0.00123", "100000000000000000000"}) {
    EXPECT_EQ(CanonicalNumber(CanonicalNumber(text)), CanonicalNumber(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::model
