#include "connectors/postgresql/test_decoding/encoding.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/error_for_test.h"
#include "connectors/postgresql/codes.h"

namespace sluice::postgresql::test_decoding {
namespace {

// All that a database can have (documentation, "Character Set Support") but MULE_INTERNAL.
TEST(TestDecodingEncoding, IsKnownOfEveryDatabase) {
  for (const char* name : {"EUC_CN",     "EUC_JP",     "EUC_JIS_2004", "EUC_KR",  "EUC_TW",  "ISO_8859_5", "ISO_8859_6",
                           "ISO_8859_7", "ISO_8859_8", "KOI8R",        "KOI8U",   "LATIN1",  "LATIN2",     "LATIN3",
                           "LATIN4",     "LATIN5",     "LATIN6",       "LATIN7",  "LATIN8",  "LATIN9",     "LATIN10",
                           "SQL_ASCII",  "UTF8",       "WIN866",       "WIN874",  "WIN1250", "WIN1251",    "WIN1252",
                           "WIN1253",    "WIN1254",    "WIN1255",      "WIN1256", "WIN1257", "WIN1258"}) {
    EXPECT_TRUE(Encoding::Make(name)) << name;
  }
  EXPECT_FALSE(Encoding::Make("MULE_INTERNAL"));
}

TEST(TestDecodingEncoding, IsConvertedOrAnError) {
  std::optional<Encoding> latin = Encoding::Make("LATIN1");
  ASSERT_TRUE(latin);
  EXPECT_EQ(latin->Convert("M\xfcller"), "Müller");
  EXPECT_EQ(latin->Convert("plain"), "plain");
  std::optional<Encoding> japanese = Encoding::Make("EUC_JP");
  ASSERT_TRUE(japanese);
  EXPECT_EQ(CodeOf([&] { japanese->Convert("\xc6"); }), kBadMessage.id);
}

}  // namespace
}  // namespace sluice::postgresql::test_decoding
