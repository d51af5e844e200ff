#include "cli/format.h"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

TEST(Format, CountsAreGroupedByThousands) {
  EXPECT_EQ(Count(0), "0");
  EXPECT_EQ(Count(999), "999");
  EXPECT_EQ(Count(1000), "1,000");
  EXPECT_EQ(Count(1203400), "1,203,400");
  EXPECT_EQ(Count(18446744073709551615ull), "18,446,744,073,709,551,615");
  EXPECT_EQ(CountOf(1, "table", "tables"), "1 table");
  EXPECT_EQ(CountOf(1200, "table", "tables"), "1,200 tables");
}

TEST(Format, BytesTakeTheUnitThatFits) {
  EXPECT_EQ(Bytes(0), "0 B");
  EXPECT_EQ(Bytes(999), "999 B");
  EXPECT_EQ(Bytes(1500), "1.5 kB");
  EXPECT_EQ(Bytes(99'949), "99.9 kB");
  EXPECT_EQ(Bytes(384'000'000), "384 MB");
  EXPECT_EQ(Bytes(999'999'999), "1.0 GB");
  EXPECT_EQ(BytesPerSecond(34'120'000), "34.1 MB/s");
  EXPECT_EQ(BytesPerSecond(-1), "0 B/s");
}

TEST(Format, Rates) {
  EXPECT_EQ(PerSecond(0), "0");
  EXPECT_EQ(PerSecond(0.25), "0.2");
  EXPECT_EQ(PerSecond(9.94), "9.9");
  EXPECT_EQ(PerSecond(9.96), "10");
  EXPECT_EQ(PerSecond(182000.4), "182,000");
}

TEST(Format, DurationsAndDelays) {
  EXPECT_EQ(Duration(-5), "0:00");
  EXPECT_EQ(Duration(4), "0:04");
  EXPECT_EQ(Duration(59.6), "1:00");
  EXPECT_EQ(Duration(3753), "1:02:33");
  EXPECT_EQ(Duration(86400 + 3 * 3600), "1 day 3:00:00");
  EXPECT_EQ(Duration(3 * 86400 + 4 * 3600 + 306), "3 days 4:05:06");
  EXPECT_EQ(Delay(-7), "0 ms");
  EXPECT_EQ(Delay(120'400), "120 ms");
  EXPECT_EQ(Delay(1'250'000), "1.2 s");
  EXPECT_EQ(Delay(185'000'000), "3:05");
}

TEST(Format, PercentReachesOneHundredOnlyAtTheEnd) {
  EXPECT_EQ(Percent(0), "0 %");
  EXPECT_EQ(Percent(0.4349), "43 %");
  EXPECT_EQ(Percent(0.9999), "99 %");
  EXPECT_EQ(Percent(1), "100 %");
  EXPECT_EQ(Percent(0.0 / 1e-300 * 0), "0 %");
}

TEST(Format, LengthsOfTimeAreParsed) {
  EXPECT_EQ(ParseDuration("90"), milliseconds(90'000));
  EXPECT_EQ(ParseDuration("90s"), milliseconds(90'000));
  EXPECT_EQ(ParseDuration("250ms"), milliseconds(250));
  EXPECT_EQ(ParseDuration("15m"), milliseconds(900'000));
  EXPECT_EQ(ParseDuration("2h"), milliseconds(7'200'000));
  EXPECT_EQ(ParseDuration("1d"), milliseconds(86'400'000));
  for (const char* wrong : {"", "s", "-1", "1.5h", "3x", "9999999999999999d", " 1"}) {
    EXPECT_FALSE(ParseDuration(wrong)) << wrong;
  }
}

TEST(Format, BarsAreExactlyAsWideAsAsked) {
  EXPECT_EQ(Bar(0, 4, true), "░░░░");
  EXPECT_EQ(Bar(0.5, 4, true), "██░░");
  EXPECT_EQ(Bar(0.53125, 4, true), "██▏░");
  EXPECT_EQ(Bar(1, 4, true), "████");
  EXPECT_EQ(Bar(7, 4, true), "████");
  EXPECT_EQ(Bar(0.5, 4, false), "##..");
  for (int i = 0; i <= 1000; ++i) {
    EXPECT_EQ(DisplayWidth(Bar(i / 1000.0, 17, true)), 17u) << i;
    EXPECT_EQ(Bar(i / 1000.0, 17, false).size(), 17u) << i;
  }
}

TEST(Format, WidthsCountColumnsNotBytes) {
  EXPECT_EQ(DisplayWidth("orders"), 6u);
  EXPECT_EQ(DisplayWidth("größe"), 5u);
  EXPECT_EQ(DisplayWidth("客户"), 4u);
  EXPECT_EQ(DisplayWidth("e\xcc\x81"), 1u);
  EXPECT_EQ(DisplayWidth("\x1b[31mred\x1b[0m"), 3u);
  EXPECT_EQ(DisplayWidth("\xff\xfe"), 2u);
}

TEST(Format, NothingFromAServerSteersTheTerminal) {
  EXPECT_EQ(Printable("a\x1b[2Jb"), "a?[2Jb");
  EXPECT_EQ(Printable("line\nnext\ttab\x7f"), "line next tab?");
  EXPECT_EQ(PrintableLines("line\nnext"), "line\nnext");
  EXPECT_EQ(Printable("\xc2\x9b"
                      "31m"),
            "?31m");  // C1 control sequence introducer
  EXPECT_EQ(Printable("a\xe2\x80\xae"
                      "b"),
            "a?b");  // right-to-left override
  EXPECT_EQ(Printable("broken \xe4\xb8"), "broken ??");
  EXPECT_EQ(Printable("客户 größe"), "客户 größe");
}

TEST(Format, CutKeepsTheWidth) {
  EXPECT_EQ(Cut("orders", 6), "orders");
  EXPECT_EQ(Cut("orders", 5), "orde…");
  EXPECT_EQ(Cut("orders", 5, false), "orde~");
  EXPECT_EQ(Cut("orders", 0), "");
  EXPECT_EQ(Cut("客户表", 5), "客户…");
  EXPECT_EQ(Cut("客户表", 4), "客…");
  EXPECT_EQ(Cut("\x1b[31mred line\x1b[0m", 4), "\x1b[31mred…\x1b[0m");
}

TEST(Format, TablesAreAligned) {
  const std::string text =
      AlignedTable({{"kind", "name", "rows"}, {"table", "shop.客户", "7"}, {"view", "v", "12,345"}},
                   {Align::kLeft, Align::kLeft, Align::kRight});
  EXPECT_EQ(text,
            "kind   name         rows\n"
            "-----  ---------  ------\n"
            "table  shop.客户       7\n"
            "view   v          12,345\n");
}

TEST(Format, IndentLeavesEmptyLinesEmpty) {
  EXPECT_EQ(Indent("a\n\nb", 2), "  a\n\n  b\n");
}

TEST(Format, LongTextsAreWrapped) {
  EXPECT_EQ(Wrap("short", 20, 4, 4), "short");
  EXPECT_EQ(Wrap("one two three four", 12, 4, 4), "one two\n    three\n    four");
  EXPECT_EQ(Wrap("a_word_longer_than_the_line b", 10, 2, 0), "a_word_longer_than_the_line\n  b");
  EXPECT_EQ(Wrap("", 10, 2, 0), "");
}

TEST(Format, EditDistances) {
  EXPECT_EQ(EditDistance("run", "run"), 0u);
  EXPECT_EQ(EditDistance("rnu", "run"), 2u);
  EXPECT_EQ(EditDistance("verfy", "verify"), 1u);
  EXPECT_EQ(EditDistance("", "stop"), 4u);
}

}  // namespace
}  // namespace sluice::cli
