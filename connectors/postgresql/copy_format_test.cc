#include "connectors/postgresql/copy_format.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace sluice::postgresql {
namespace {

using namespace std::string_literals;  // NOLINT: rows hold zero bytes

TEST(PostgresqlCopyFormat, TheFrameOfBinaryRowsIsTakenOff) {
  const std::string header(kCopyHeader);
  const std::string row = "\0\1\0\0\0\1x"s;
  CopyUnframer joined(true);  // the header in the first row's message
  EXPECT_EQ(joined.Row(header + row), row);
  EXPECT_EQ(joined.Row(row), row);
  EXPECT_EQ(joined.Row("\377\377"s), "");
  CopyUnframer apart(true);  // and in one of its own
  EXPECT_EQ(apart.Row(header), "");
  EXPECT_EQ(apart.Row(row), row);
  CopyUnframer none(true);  // no rows at all
  EXPECT_EQ(none.Row(header + "\377\377"s), "");
  CopyUnframer extended(true);
  EXPECT_EQ(extended.Row("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\2ab"s + row), row);
  CopyUnframer text(false);
  EXPECT_EQ(text.Row("a\tb\n"), "a\tb\n");
}

TEST(PostgresqlCopyFormat, AnotherFormatIsAnError) {
  for (const std::string& message :
       {""s, "PGCOPY"s, "1\tabc and more of the text format\n"s, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\7ab"s}) {
    CopyUnframer unframer(true);
    EXPECT_THROW(unframer.Row(message), Error);
  }
}

}  // namespace
}  // namespace sluice::postgresql
