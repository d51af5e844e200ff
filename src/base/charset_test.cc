#include "base/charset.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Utf8Converter, ConvertsOrSaysThatItCannot) {
  std::optional<Utf8Converter> latin = Utf8Converter::Make("ISO-8859-1");
  ASSERT_TRUE(latin);
  EXPECT_EQ(latin->Convert("M\xfcller"), "Müller");
  EXPECT_EQ(latin->Convert(""), "");
  std::optional<Utf8Converter> japanese = Utf8Converter::Make("EUC-JP");
  ASSERT_TRUE(japanese);
  EXPECT_EQ(japanese->Convert("\xc6\xfc"), "日");
  EXPECT_EQ(japanese->Convert("\xc6"), std::nullopt);
  EXPECT_EQ(japanese->Convert("\xc6\xfc"), "日");  // the failure before leaves nothing behind
  EXPECT_FALSE(Utf8Converter::Make("no such one"));
}

}  // namespace
}  // namespace sluice
