#include "connectors/mysql/binlog/json.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "connectors/mysql/binlog/samples_for_test.h"

namespace sluice::mysql::binlog {
namespace {

std::string Text(std::string_view hex) {
  std::string out;
  AppendJsonText(out, FromHex(hex));
  return out;
}

// {"a": [1, 2.5, "x"], "bb": null} as MySQL stores it.
constexpr std::string_view kDocument =
    "00"
    "0200"
    "2c00"
    "1200"
    "0100"
    "1300"
    "0200"
    "021500"
    "040000"
    "61"
    "6262"
    "0300"
    "1700"
    "050100"
    "0b0d00"
    "0c1500"
    "0000000000000440"
    "0178";

TEST(Json, Scalars) {
  EXPECT_EQ(Text(""), "null");
  EXPECT_EQ(Text("0400"), "null");
  EXPECT_EQ(Text("0401"), "true");
  EXPECT_EQ(Text("0402"), "false");
  EXPECT_EQ(Text("05ffff"), "-1");
  EXPECT_EQ(Text("06ffff"), "65535");
  EXPECT_EQ(Text("0700000080"), "-2147483648");
  EXPECT_EQ(Text("08ffffffff"), "4294967295");
  EXPECT_EQ(Text("090000000000000080"), "-9223372036854775808");
  EXPECT_EQ(Text("0affffffffffffffff"), "18446744073709551615");
  EXPECT_EQ(Text("0c0561220a5c01"), "\"a\\\"\\n\\\\\\u0001\"");
}

TEST(Json, DoublesAsTheServerWritesThem) {
  EXPECT_EQ(Text("0b000000000000f03f"), "1.0");
  EXPECT_EQ(Text("0b0000000000000080"), "-0.0");
  EXPECT_EQ(Text("0b7dc39425ad49b254"), "1e100");
  EXPECT_EQ(Text("0b48afbc9af2d77a3e"), "0.0000001");
  EXPECT_EQ(Text("0b00003426f56b0c43"), "1e15");
  EXPECT_THROW(Text("0b000000000000f07f"), Error);
}

TEST(Json, OpaqueValues) {
  EXPECT_EQ(Text("0ff604"
                 "0301"
                 "8c05"),
            "12.5");
  EXPECT_EQ(Text("0f0a08"
                 "0000000000bab219"),
            "\"2024-02-29\"");
  EXPECT_EQ(Text("0f0c08"
                 "0000000000bab219"),
            "\"2024-02-29 00:00:00.000000\"");
  EXPECT_EQ(Text("0f0b08"
                 "e05ef84737ffffff"),
            "\"-12:34:56.500000\"");
  EXPECT_EQ(Text("0f0f03"
                 "616263"),
            "\"base64:type15:YWJj\"");
  EXPECT_EQ(Text("0f1001"
                 "61"),
            "\"base64:type16:YQ==\"");
}

TEST(Json, Containers) {
  EXPECT_EQ(Text("0000000400"), "{}");
  EXPECT_EQ(Text("0200000400"), "[]");
  EXPECT_EQ(Text(kDocument), "{\"a\": [1, 2.5, \"x\"], \"bb\": null}");
}

// Whatever is cut off: an error, never a crash.
TEST(Json, Truncated) {
  const std::string document = FromHex(kDocument);
  for (size_t size = 1; size + 1 < document.size(); ++size) {
    std::string out;
    try {
      AppendJsonText(out, std::string_view(document).substr(0, size));
    } catch (const Error&) {
    }
  }
}

// An array whose members are the array itself: ends with an error, and soon.
TEST(Json, RefersToItself) {
  std::string document = FromHex("02ff000105");
  for (int i = 0; i < 255; ++i) document += FromHex("020000");
  document.resize(1 + 0x0501);
  std::string out;
  EXPECT_THROW(AppendJsonText(out, document), Error);
  EXPECT_LT(out.size(), 100'000u);
}

std::string Patched(std::string_view differences) {
  std::string out;
  AppendPatchedJsonText(out, FromHex(kDocument), differences);
  return out;
}

std::string Difference(char operation, std::string_view path, std::string_view value_hex) {
  std::string out(1, operation);
  out += static_cast<char>(path.size());
  out += path;
  if (operation == 2) return out;
  const std::string value = FromHex(value_hex);
  out += static_cast<char>(value.size());
  return out + value;
}

TEST(Json, Patches) {
  EXPECT_EQ(Patched(""), "{\"a\": [1, 2.5, \"x\"], \"bb\": null}");
  EXPECT_EQ(Patched(Difference(0, "$.a[1]", "050700")), "{\"a\": [1, 7, \"x\"], \"bb\": null}");
  EXPECT_EQ(Patched(Difference(1, "$.a[1]", "0c0179")), "{\"a\": [1, \"y\", 2.5, \"x\"], \"bb\": null}");
  EXPECT_EQ(Patched(Difference(1, "$.\"b \\\"\"", "0401")), "{\"a\": [1, 2.5, \"x\"], \"bb\": null, \"b \\\"\": true}");
  EXPECT_EQ(Patched(Difference(1, "$.b", "0401")), "{\"a\": [1, 2.5, \"x\"], \"b\": true, \"bb\": null}");
  EXPECT_EQ(Patched(Difference(2, "$.a", "") + Difference(0, "$.bb", "0000000400")), "{\"bb\": {}}");
}

TEST(Json, PatchesThatDoNotFit) {
  EXPECT_THROW(Patched(Difference(0, "$.c", "0401")), Error);
  EXPECT_THROW(Patched(Difference(2, "$.a[3]", "")), Error);
  EXPECT_THROW(Patched(Difference(1, "$.bb.x", "0401")), Error);
  EXPECT_THROW(Patched(Difference(9, "$.a", "0401")), Error);
  EXPECT_THROW(Patched(Difference(0, "a", "0401")), Error);
  EXPECT_THROW(Patched(Difference(2, "$", "")), Error);
  EXPECT_THROW(Patched(std::string("\0\x05$.a", 5)), Error);
}

}  // namespace
}  // namespace sluice::mysql::binlog
