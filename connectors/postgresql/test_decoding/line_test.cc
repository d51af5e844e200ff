#include "connectors/postgresql/test_decoding/line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_for_test.h"
#include "connectors/postgresql/codes.h"

namespace sluice::postgresql::test_decoding {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Columns(const std::vector<LineColumn>& columns) {
  std::vector<std::string> text;
  for (const LineColumn& column : columns) {
    std::string value;
    AppendValue(column, value);
    text.push_back(ReadIdentifier(column.name) + " " + std::string(column.type) + " " + column.kind + " " + value);
  }
  return text;
}

Line Read(std::string_view text) {
  Line line;
  ReadLine(text, line);
  return line;
}

std::string CodeOf(std::string_view text) {
  return sluice::CodeOf([&] { Read(text); });
}

TEST(TestDecodingLine, Transactions) {
  EXPECT_EQ(Read("BEGIN 693").xid, 693u);
  const Line commit = Read("COMMIT 693 (at 2026-11-26 12:00:00.1234+00)");
  EXPECT_EQ(commit.kind, LineKind::kCommit);
  EXPECT_EQ(commit.xid, 693u);
  EXPECT_EQ(commit.committed_micros, 1'795'694'400'123'400);
  EXPECT_EQ(Read("COMMIT 1 (at 1999-12-31 23:59:59+00)").committed_micros, 946'684'799'000'000);
}

TEST(TestDecodingLine, AnInsertWithEveryKindOfValue) {
  const Line line = Read(
      "table shop.t: INSERT: id[integer]:-1 n[numeric]:NaN b[boolean]:true v[character varying]:'it''s: a[b]' "
      "x[bit]:B'101' a[integer[]]:'{1,2}' \"o\"\"dd [x]:\"[\"My\".\"t]:y\"\"pe\"[]]:null "
      "big[text]:unchanged-toast-datum e[text]:'' l[text]:'two\nlines'");
  EXPECT_EQ(line.kind, LineKind::kInsert);
  EXPECT_TRUE(line.has_row);
  EXPECT_THAT(line.tables, ElementsAre("shop.t"));
  EXPECT_THAT(line.before, IsEmpty());
  EXPECT_THAT(Columns(line.after),
              ElementsAre("id integer t -1", "n numeric t NaN", "b boolean t t", "v character varying t it's: a[b]",
                          "x bit t 101", "a integer[] t {1,2}", "o\"dd [x]: \"My\".\"t]:y\"\"pe\"[] n ", "big text u ",
                          "e text t ", "l text t two\nlines"));
}

TEST(TestDecodingLine, UpdatesAndDeletes) {
  const Line plain = Read("table \"S h\".\"a: INSERT:\": UPDATE: id[integer]:1 v[text]:'x'");
  EXPECT_EQ(ReadName(plain.tables[0]), (model::ObjectName{"S h", "a: INSERT:"}));
  EXPECT_FALSE(plain.has_before);
  EXPECT_THAT(Columns(plain.after), ElementsAre("id integer t 1", "v text t x"));
  const Line keyed =
      Read("table s.t: UPDATE: old-key: id[integer]:1 \"new-tuple:\"[text]:' new-tuple:' new-tuple: id[integer]:2");
  EXPECT_TRUE(keyed.has_before);
  EXPECT_THAT(Columns(keyed.before), ElementsAre("id integer t 1", "new-tuple: text t  new-tuple:"));
  EXPECT_THAT(Columns(keyed.after), ElementsAre("id integer t 2"));
  const Line nulls = Read("table s.t: UPDATE: old-key: new-tuple: id[integer]:2");
  EXPECT_TRUE(nulls.has_before);
  EXPECT_THAT(nulls.before, IsEmpty());
  const Line gone = Read("table s.t: DELETE: id[integer]:1");
  EXPECT_TRUE(gone.has_row);
  EXPECT_THAT(Columns(gone.before), ElementsAre("id integer t 1"));
  EXPECT_FALSE(Read("table s.t: DELETE: (no-tuple-data)").has_row);
}

TEST(TestDecodingLine, TruncatesAndMessages) {
  const Line line = Read("table s.a, \"s, t\".b: TRUNCATE: restart_seqs cascade");
  EXPECT_EQ(line.kind, LineKind::kTruncate);
  EXPECT_TRUE(line.restart_identity);
  EXPECT_THAT(line.tables, ElementsAre("s.a", "\"s, t\".b"));
  EXPECT_FALSE(Read("table s.a: TRUNCATE: (no-flags)").restart_identity);
  EXPECT_EQ(Read("message: transactional: 1 prefix: x, sz: 3 content:COMMIT 1").kind, LineKind::kMessage);
}

// What an earlier line left is not in the next one.
TEST(TestDecodingLine, IsFilledAnew) {
  Line line;
  ReadLine("table s.t: UPDATE: old-key: id[integer]:1 new-tuple: id[integer]:2", line);
  ReadLine("table s.t: INSERT: id[integer]:3", line);
  EXPECT_FALSE(line.has_before);
  EXPECT_THAT(line.before, IsEmpty());
  EXPECT_THAT(line.tables, ElementsAre("s.t"));
}

TEST(TestDecodingLine, CutOffOrDifferentIsAnError) {
  const std::string whole =
      "table s.t: UPDATE: old-key: id[integer]:1 \"b\"[text]:'o''ld' new-tuple: id[integer]:2 \"b\"[text]:'n'";
  ASSERT_EQ(CodeOf(whole), "");
  for (size_t length = 0; length < whole.size(); ++length) {
    const std::string cut = whole.substr(0, length);
    if (cut.ends_with("new-tuple:") || cut.ends_with(":2") || cut.ends_with("UPDATE:"))
      continue;  // where a column ends the row may
    EXPECT_EQ(CodeOf(cut), kBadMessage.id) << cut;
  }
  for (const char* text : {"", "BEGIN", "BEGIN x", "COMMIT 1", "COMMIT 1 (at 2026-11-26 12:00:00+01)", "table",
                           "table t: INSERT: a[integer]:1", "table s.t, s.u: INSERT: a[integer]:1",
                           "table s.t: MERGE: a[integer]:1", "table s.t: INSERT: a[integer]: b[integer]:1",
                           "opening a streamed block for transaction TXN 1", "PREPARE TRANSACTION 'x', txid 1"}) {
    EXPECT_EQ(CodeOf(text), kBadMessage.id) << text;
  }
}

}  // namespace
}  // namespace sluice::postgresql::test_decoding
