#include "connectors/postgresql/pgoutput/decoder.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>

#include "base/error.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/pgoutput/messages_for_test.h"
#include "connectors/postgresql/pgoutput/samples_for_test.h"
#include "connectors/postgresql/pgoutput/text_for_test.h"
#include "connectors/postgresql/sessions.h"

namespace sluice::postgresql::pgoutput {
namespace {

using model::TypeKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint64_t kStart = 0x1000;

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

model::Column Make(const std::string& name, TypeKind kind, const std::string& native = "") {
  model::Column column;
  column.name = name;
  column.type.kind = kind;
  column.type.native = native;
  return column;
}

class DecoderTest : public ::testing::Test {
 protected:
  DecoderTest() {
    options_.start = {.lsn = kStart, .system = "7", .timeline = 1};
    options_.selected = [this](const model::ObjectName& name) { return selected_.contains(name); };
    options_.emit = [this](model::TransactionPtr transaction) { Write(*transaction); };
    Define("t", {Make("id", TypeKind::kInteger), Make("v", TypeKind::kText)});
  }

  void Define(const std::string& name, std::vector<model::Column> columns) {
    auto table = std::make_shared<model::Table>();
    table->name = {"shop", name};
    table->columns = std::move(columns);
    selected_.insert(table->name);
    definitions_.Set(table->name, table);
  }
  void Write(const model::Transaction& transaction) {
    EXPECT_GT(transaction.ordinal, last_ordinal_ - (transaction.first_part ? 0 : 1));
    last_ordinal_ = transaction.ordinal;
    if (transaction.ddl) {
      lines_.push_back(fmt::format("{} {}", transaction.ordinal, transaction.ddl->statement));
      ends_.push_back(transaction.end);
      return;
    }
    std::string line = fmt::format("{}{}", transaction.ordinal, transaction.first_part ? "" : " part");
    for (const model::RowChange& change : transaction.rows) line += " " + ChangeText(change);
    lines_.push_back(line);
    ends_.push_back(transaction.end);
  }
  Decoder& decoder() {
    if (decoder_ == nullptr) decoder_ = std::make_unique<Decoder>(options_, definitions_, catalog_);
    return *decoder_;
  }
  void Feed(const std::string& message) { decoder().Feed(message); }
  std::string CodeOf(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      cause_ = error.info().cause;
      return error.info().code;
    }
    return "";
  }

  static std::string Begin(uint64_t lsn) { return MessageMaker('B').U64(lsn).U64(0).U32(700); }
  static std::string Commit(uint64_t lsn, uint64_t end) { return MessageMaker('C').U8(0).U64(lsn).U64(end).U64(0); }
  // Of columns id (the key) and v; `xid` in a stream.
  static std::string Relation(uint32_t oid, const std::string& name, std::optional<uint32_t> xid = {},
                              char identity = 'd') {
    MessageMaker message('R');
    if (xid) message.U32(*xid);
    return message.U32(oid)
        .Text("shop")
        .Text(name)
        .Raw(std::string(1, identity))
        .U16(2)
        .U8(1)
        .Text("id")
        .U32(23)
        .U32(~0u)
        .U8(identity == 'f')
        .Text("v")
        .U32(25)
        .U32(~0u);
  }
  static std::string Insert(uint32_t oid, int id, const std::string& v, std::optional<uint32_t> xid = {}) {
    MessageMaker message('I');
    if (xid) message.U32(*xid);
    return message.U32(oid).Raw("N").Row({std::to_string(id), v});
  }
  static std::string Truncate(const std::vector<uint32_t>& oids, std::optional<uint32_t> xid = {}) {
    MessageMaker message('T');
    if (xid) message.U32(*xid);
    message.U32(static_cast<uint32_t>(oids.size())).U8(0);
    for (const uint32_t oid : oids) message.U32(oid);
    return message;
  }
  static std::string StreamStart(uint32_t xid) { return MessageMaker('S').U32(xid).U8(1); }
  static std::string StreamStop() { return MessageMaker('E'); }
  static std::string StreamCommit(uint32_t xid, uint64_t lsn, uint64_t end) {
    return MessageMaker('c').U32(xid).U8(0).U64(lsn).U64(end).U64(0);
  }
  static std::string StreamAbort(uint32_t xid, uint32_t subxid) { return MessageMaker('A').U32(xid).U32(subxid); }

  DecoderOptions options_;
  FakeCatalog catalog_;
  connector::Definitions definitions_{{}};
  std::set<model::ObjectName> selected_;
  std::unique_ptr<Decoder> decoder_;
  std::vector<std::string> lines_;
  std::vector<model::Position> ends_;
  uint64_t last_ordinal_ = 0;
  std::string cause_;
};

// BEGIN; INSERT INTO shop.t VALUES (1, 'one', 'sad', '2024-02-29 12:00:00.5+00', 'b'), (2, NULL, NULL, NULL, NULL);
// UPDATE shop.t SET name = 'seven' WHERE id = 7 (whose `big` is stored out of line); UPDATE shop.t SET id = 3 WHERE
// id = 2; DELETE FROM shop.t WHERE id = 1; COMMIT; INSERT INTO shop.f VALUES (1, 2.5); UPDATE shop.f SET b = 3;
// DELETE FROM shop.f; TRUNCATE shop.f RESTART IDENTITY (not in the log of 10).
TEST_F(DecoderTest, MessagesOfServers) {
  Define("t", {Make("id", TypeKind::kInteger), Make("name", TypeKind::kVarchar), Make("m", TypeKind::kEnum),
               Make("at", TypeKind::kTimestamp), Make("big", TypeKind::kText)});
  Define("f", {Make("a", TypeKind::kInteger), Make("b", TypeKind::kDecimal)});
  const auto check = [&](std::span<const char* const> messages, bool truncates) {
    lines_.clear();
    decoder_.reset();
    last_ordinal_ = 0;
    for (const char* message : messages) Feed(FromHex(message));
    for (std::string& line : lines_) line = line.substr(line.find(' ') + 1);
    std::vector<std::string> expected = {
        "I t (int:1|one|sad|datetime:2024-02-29 12:00:00.5|b) I t (int:2|NULL|NULL|NULL|NULL) "
        "U t (int:7|-|-|-|-)(int:7|seven|ok|NULL|-) U t (int:2|-|-|-|-)(int:3|NULL|NULL|NULL|NULL) "
        "D t (int:1|-|-|-|-)",
        "I f (int:1|dec:2.50)", "U f (int:1|dec:2.50)(int:1|dec:3.00)", "D f (int:1|dec:3.00)"};
    if (truncates) expected.emplace_back("TRUNCATE TABLE ONLY \"shop\".\"f\" RESTART IDENTITY");
    EXPECT_EQ(lines_, expected);
  };
  options_.start.lsn = 0;
  check(kServer10, false);
  check(kServer15, true);
  check(kServer18, true);
}

TEST_F(DecoderTest, NumbersAreWhereTransactionsEnd) {
  Feed(Begin(0x1000));
  Feed(Relation(1, "t"));
  Feed(Insert(1, 1, "a"));
  Feed(Commit(0x1000, 0x1030));
  decoder().Flush();  // nothing new
  Feed(Begin(0x1100));
  Feed(Commit(0x1100, 0x1130));  // empty
  decoder().Reached(0x1200);
  decoder().Flush();
  decoder().Reached(0x1180);  // an answer that comes late says nothing
  decoder().Flush();
  EXPECT_THAT(lines_, ElementsAre("4144 I t (int:1|a)", "4608"));
  EXPECT_EQ(ends_[0].json, R"({"lsn":"0/1030","system":"7","timeline":1})");
  EXPECT_EQ(ends_[1].json, R"({"lsn":"0/1200","system":"7","timeline":1})");
}

TEST_F(DecoderTest, WhatEndsBeforeThePositionIsNotWanted) {
  Feed(Begin(0xf00));
  Feed(Relation(1, "t"));
  Feed(Insert(1, 1, "a"));
  Feed(Commit(0xf00, 0x1000));
  decoder().Flush();
  EXPECT_THAT(lines_, ElementsAre());
}

TEST_F(DecoderTest, LargeOnesComeInPartsBehindAMarkOfWhereTheyCommit) {
  options_.part_rows_max = 2;
  options_.memory_max = 64;  // into a file
  Feed(Begin(0x2000));
  Feed(Relation(1, "t"));
  for (int i = 1; i <= 5; ++i) Feed(Insert(1, i, "a"));
  Feed(Commit(0x2000, 0x2030));
  EXPECT_THAT(lines_, ElementsAre("8192", "8240 I t (int:1|a) I t (int:2|a)", "8240 part I t (int:3|a) I t (int:4|a)",
                                  "8240 part I t (int:5|a)"));
  EXPECT_EQ(ends_[0].json, R"({"lsn":"0/2000","system":"7","timeline":1})");
  EXPECT_TRUE(ends_[1].empty());
  EXPECT_TRUE(ends_[2].empty());
  EXPECT_EQ(ends_[3].json, R"({"lsn":"0/2030","system":"7","timeline":1})");
}

TEST_F(DecoderTest, StreamedTransactionsInterleaveAndLoseWhatWasRolledBack) {
  options_.streamed_memory_max = 64;
  Feed(StreamStart(10));
  Feed(Relation(1, "t", 10));
  Feed(Insert(1, 1, "ten", 10));
  Feed(Insert(1, 2, "sub", 11));
  Feed(StreamStop());
  Feed(Begin(0x2000));
  Feed(Relation(1, "t"));
  Feed(Insert(1, 3, "whole"));
  Feed(Commit(0x2000, 0x2030));
  Feed(StreamStart(20));
  Feed(Relation(1, "t", 20));
  Feed(Insert(1, 4, "twenty", 20));
  Feed(StreamStop());
  Feed(StreamAbort(10, 11));
  Feed(StreamStart(10));
  Feed(Relation(1, "t", 12));
  Feed(Insert(1, 5, "kept", 12));
  Feed(StreamStop());
  Feed(StreamAbort(20, 20));
  Feed(StreamCommit(10, 0x3000, 0x3030));
  EXPECT_THAT(lines_, ElementsAre("8240 I t (int:3|whole)", "12336 I t (int:1|ten) I t (int:5|kept)"));
  EXPECT_EQ(CodeOf([&] { Feed(StreamCommit(20, 0x4000, 0x4030)); }), kBadMessage.id);
}

TEST_F(DecoderTest, StreamedTransactionsOfOtherTablesAreEmpty) {
  Feed(StreamStart(10));
  Feed(StreamStop());
  Feed(StreamStart(10));
  Feed(StreamStop());
  Feed(StreamStart(20));
  Feed(StreamStop());
  Feed(StreamAbort(20, 20));
  Feed(StreamCommit(10, 0x3000, 0x3030));
  decoder().Flush();
  EXPECT_THAT(lines_, ElementsAre("12336"));
  EXPECT_EQ(ends_[0].json, R"({"lsn":"0/3030","system":"7","timeline":1})");
}

TEST_F(DecoderTest, TruncateStandsFirstAndAtAPlaceOfItsOwn) {
  Define("u", {Make("id", TypeKind::kInteger), Make("v", TypeKind::kText)});
  Feed(Begin(0x2000));
  Feed(Relation(1, "t"));
  Feed(Relation(2, "u"));
  Feed(Insert(1, 1, "before"));
  Feed(Insert(2, 1, "other"));
  Feed(Truncate({1}));
  Feed(Insert(1, 2, "after"));
  Feed(Commit(0x2000, 0x2030));
  EXPECT_THAT(lines_,
              ElementsAre("8193 TRUNCATE TABLE ONLY \"shop\".\"t\"", "8240 I u (int:1|other) I t (int:2|after)"));
  EXPECT_EQ(ends_[0].json, R"({"lsn":"0/2000","part":1,"system":"7","timeline":1})");
  // A place where the transaction is not in yet is not behind the TRUNCATE; one behind its commit is.
  EXPECT_FALSE(PositionReached(FormatPosition({.lsn = 0x2000, .system = "7", .timeline = 1}), ends_[0]));
  EXPECT_TRUE(PositionReached(ends_[1], ends_[0]));

  lines_.clear();
  last_ordinal_ = 0;
  decoder_.reset();
  options_.start = ParsePosition(ends_[0]);
  options_.ordinal = 8193;
  Feed(Begin(0x2000));
  Feed(Relation(1, "t"));
  Feed(Relation(2, "u"));
  Feed(Insert(1, 1, "before"));
  Feed(Truncate({1}));
  Feed(Insert(1, 2, "after"));
  Feed(Commit(0x2000, 0x2030));
  EXPECT_THAT(lines_, ElementsAre("8240 I t (int:2|after)"));
}

TEST_F(DecoderTest, TruncatesThatWereRolledBackAreNone) {
  Feed(StreamStart(10));
  Feed(Relation(1, "t", 10));
  Feed(Insert(1, 1, "kept", 10));
  Feed(Truncate({1}, 11));
  Feed(StreamStop());
  Feed(StreamAbort(10, 11));
  Feed(StreamCommit(10, 0x3000, 0x3030));
  EXPECT_THAT(lines_, ElementsAre("12336 I t (int:1|kept)"));
}

TEST_F(DecoderTest, PartitionsBelongToTheirTable) {
  catalog_.places[5] = {{"shop", "t"}, false};
  catalog_.places[6] = {{"shop", "t"}, false};
  Feed(Begin(0x2000));
  Feed(Relation(5, "t_5"));
  Feed(Relation(6, "t_6"));
  Feed(Insert(5, 1, "a"));
  Feed(Commit(0x2000, 0x2030));
  Feed(Begin(0x3000));
  Feed(Truncate({5}));
  Feed(Commit(0x3000, 0x3030));
  Feed(Begin(0x4000));
  Feed(Truncate({5, 6}));
  Feed(Commit(0x4000, 0x4030));
  EXPECT_THAT(lines_, ElementsAre("8240 I t (int:1|a)", "12289 TRUNCATE TABLE ONLY \"shop\".\"t_5\"",
                                  "16385 TRUNCATE TABLE \"shop\".\"t\""));
}

TEST_F(DecoderTest, TellsHowATableDiffersFromItsDescription) {
  const auto drift = [&](std::vector<model::Column> columns) {
    Define("t", std::move(columns));
    decoder_.reset();
    Feed(Begin(0x2000));
    Feed(Relation(1, "t"));
    Feed(Insert(1, 1, "a"));
    EXPECT_EQ(CodeOf([&] { Feed(Commit(0x2000, 0x2030)); }), kSchemaDrift.id);
    return cause_;
  };
  catalog_.types = {{23, "integer"}, {25, "text"}};
  EXPECT_THAT(drift({Make("id", TypeKind::kInteger)}), HasSubstr("column v is new"));
  EXPECT_THAT(drift({Make("id", TypeKind::kInteger), Make("v", TypeKind::kText), Make("w", TypeKind::kText)}),
              HasSubstr("column w is gone"));
  EXPECT_THAT(drift({Make("id", TypeKind::kInteger, "bigint"), Make("v", TypeKind::kText)}),
              HasSubstr("column id is integer in the log, and was bigint"));
  EXPECT_THAT(lines_, ElementsAre());
}

TEST_F(DecoderTest, ColumnsThatSluiceLeftOutMayBeMissing) {
  Define("t", {Make("id", TypeKind::kInteger), Make("w", TypeKind::kText), Make("v", TypeKind::kText)});
  catalog_.unlisted = {"w"};
  Feed(Begin(0x2000));
  Feed(Relation(1, "t"));
  Feed(Insert(1, 1, "a"));
  Feed(Commit(0x2000, 0x2030));
  EXPECT_THAT(lines_, ElementsAre("8240 I t (int:1|-|a)"));
}

TEST_F(DecoderTest, AnInsertThatIsNotWholeIsRefused) {
  Feed(Begin(0x2000));
  Feed(Relation(1, "t"));
  Feed(MessageMaker('I').U32(1).Raw("N").U16(2).Raw("t").U32(1).Raw("2").Raw("u"));
  EXPECT_EQ(CodeOf([&] { Feed(Commit(0x2000, 0x2030)); }), kNoReplicaIdentity.id);
}

TEST_F(DecoderTest, RowsWithoutADescription) {
  const auto read = [&](const std::string& name) {
    decoder_.reset();
    Feed(Begin(0x2000));
    Feed(Relation(9, name));
    Feed(Insert(9, 1, "a"));
    return CodeOf([&] { Feed(Commit(0x2000, 0x2030)); });
  };
  catalog_.places[9] = {{"shop", "skipped"}, false};
  EXPECT_EQ(read("skipped"), "");  // it is not selected, and nothing is missing
  catalog_.missing = {{"shop", "old"}};
  EXPECT_EQ(read("skipped"), kSchemaDrift.id);  // it may be `old` under another name
  EXPECT_THAT(cause_, HasSubstr("shop.old"));
  catalog_.missing.clear();
  catalog_.followed[9] = {"shop", "old"};
  EXPECT_EQ(read("skipped"), kSchemaDrift.id);
  EXPECT_THAT(cause_, HasSubstr("renamed to shop.skipped"));
  catalog_.followed.clear();
  selected_.insert({"shop", "skipped"});
  EXPECT_EQ(read("skipped"), kSchemaDrift.id);  // selected, and made after the task began
  catalog_.places.clear();
  EXPECT_EQ(read("gone"), "");  // a partition that came and went
}

TEST_F(DecoderTest, WholeRowsFillWhatWasNotSent) {
  Feed(Begin(0x2000));
  Feed(Relation(1, "t", {}, 'f'));
  Feed(MessageMaker('U').U32(1).Raw("O").Row({"1", "old"}).Raw("N").U16(2).Raw("t").U32(1).Raw("2").Raw("u"));
  Feed(Commit(0x2000, 0x2030));
  EXPECT_THAT(lines_, ElementsAre("8240 U t (int:1|old)(int:2|old)"));
  // The key itself is missing: an old server's mistake that must not become a lost update.
  Feed(Begin(0x3000));
  Feed(Relation(1, "t"));
  Feed(MessageMaker('U').U32(1).Raw("N").U16(2).Raw("u").Raw("t").U32(1).Raw("v"));
  EXPECT_EQ(CodeOf([&] { Feed(Commit(0x3000, 0x3030)); }), kNoReplicaIdentity.id);
}

TEST_F(DecoderTest, RefusesWhatIsNoMessage) {
  const auto code = [&](const std::vector<std::string>& messages) {
    decoder_.reset();
    return CodeOf([&] {
      for (const std::string& message : messages) Feed(message);
    });
  };
  EXPECT_EQ(code({""}), kBadMessage.id);
  EXPECT_EQ(code({"?"}), kUnknownMessage.id);
  EXPECT_EQ(code({MessageMaker('b').U64(1)}), kUnknownMessage.id);  // two_phase
  EXPECT_EQ(code({Insert(1, 1, "a")}), kBadMessage.id);             // outside of any transaction
  EXPECT_EQ(code({Begin(0x2000), Begin(0x2000)}), kBadMessage.id);
  EXPECT_EQ(code({Commit(0x2000, 0x2030)}), kBadMessage.id);
  EXPECT_EQ(code({Begin(0x2000), Commit(0x2001, 0x2030)}), kBadMessage.id);
  EXPECT_EQ(code({Begin(0x2000), Insert(77, 1, "a"), Commit(0x2000, 0x2030)}), kBadMessage.id);
  // Every message cut at every place.
  for (const std::string& message : {Begin(0x2000), Relation(1, "t"), Insert(1, 1, "abc"), Truncate({1})}) {
    for (size_t size = 1; size < message.size(); ++size) {
      std::vector<std::string> messages = {Begin(0x2000), Relation(1, "t"), message.substr(0, size),
                                           Commit(0x2000, 0x2030)};
      EXPECT_EQ(code(messages), kBadMessage.id) << size << " of " << message[0];
    }
  }
}

}  // namespace
}  // namespace sluice::postgresql::pgoutput
