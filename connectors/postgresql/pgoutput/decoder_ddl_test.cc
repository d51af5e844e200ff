// Records of schema statements among the rows of a transaction.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/pgoutput/decoder.h"
#include "connectors/postgresql/pgoutput/messages_for_test.h"
#include "connectors/postgresql/pgoutput/text_for_test.h"

namespace sluice::postgresql::pgoutput {
namespace {

using ::testing::ElementsAre;

constexpr uint64_t kStart = 0x1000;
constexpr uint64_t kCommit = 0x2000;  // 8192
constexpr uint64_t kEnd = 0x2100;     // 8448
constexpr uint32_t kTable = 7;
constexpr uint32_t kRecords = 8;

class DecoderDdlTest : public ::testing::Test {
 protected:
  DecoderDdlTest() {
    options_.start = {.lsn = kStart, .system = "7", .timeline = 1};
    options_.records = {"sluice", "sluice_x"};
    options_.selected = [](const model::ObjectName&) { return true; };
    options_.emit = [this](model::TransactionPtr transaction) { Write(*transaction); };
    auto table = std::make_shared<model::Table>();
    table->name = {"shop", "t"};
    table->columns.resize(2);
    table->columns[0].name = "id";
    table->columns[0].type.kind = model::TypeKind::kInteger;
    table->columns[1].name = "v";
    table->columns[1].type.kind = model::TypeKind::kText;
    definitions_.Set(table->name, table);
    catalog_.places[kTable] = {table->name, false};
  }

  void Write(const model::Transaction& transaction) {
    std::string line = std::to_string(transaction.ordinal);
    if (transaction.ddl) line += " " + transaction.ddl->statement;
    for (const model::RowChange& change : transaction.rows) line += " " + ChangeText(change);
    if (transaction.last_part) line += fmt::format(" @{}", ParsePosition(transaction.end).part);
    lines_.push_back(line);
  }

  static std::string Relation(uint32_t oid, const std::string& schema, const std::string& name, uint32_t xid = 0) {
    MessageMaker message('R');
    if (xid != 0) message.U32(xid);
    message.U32(oid).Text(schema).Text(name).Raw("d").U16(2);
    message.U8(1).Text("id").U32(23).U32(~0u);
    return message.U8(0).Text("v").U32(25).U32(~0u);
  }
  static std::string Insert(uint32_t oid, int id, const std::string& v, uint32_t xid = 0) {
    MessageMaker message('I');
    if (xid != 0) message.U32(xid);
    return message.U32(oid).Raw("N").Row({std::to_string(id), v});
  }
  static std::string Removed(uint32_t oid) { return MessageMaker('D').U32(oid).Raw("K").Row({"1", ""}); }

  std::vector<std::string> Read(const std::vector<std::string>& messages) {
    lines_.clear();
    Decoder decoder(options_, definitions_, catalog_);
    decoder.Feed(std::string(MessageMaker('B').U64(kCommit).U64(0).U32(700)));
    decoder.Feed(Relation(kTable, "shop", "t"));
    decoder.Feed(Relation(kRecords, "sluice", "sluice_x"));
    for (const std::string& message : messages) decoder.Feed(message);
    decoder.Feed(std::string(MessageMaker('C').U8(0).U64(kCommit).U64(kEnd).U64(0)));
    return lines_;
  }

  DecoderOptions options_;
  connector::Definitions definitions_{{}};
  FakeCatalog catalog_;
  std::vector<std::string> lines_;
};

TEST_F(DecoderDdlTest, PartsComeInTheOrderOfTheTransaction) {
  const std::vector<std::string> lines =
      Read({Insert(kTable, 1, "a"), Insert(kRecords, 1, "t"), Removed(kRecords), Insert(kTable, 2, "b"),
            Insert(kTable, 3, "c"), Insert(kRecords, 2, "t"), Removed(kRecords)});
  EXPECT_THAT(lines, ElementsAre("8193 I t (int:1|a) @1", "8194 changes t @2", "8195 I t (int:2|b) I t (int:3|c) @3",
                                 "8196 changes t @4"));
  EXPECT_EQ(catalog_.changed, 2);
}

TEST_F(DecoderDdlTest, PartsHaveTheSameNumbersWhateverIsInThem) {
  // A record that changes nothing that is followed, and a statement before the first row.
  EXPECT_THAT(Read({Insert(kRecords, 1, ""), Insert(kTable, 1, "a"), Insert(kRecords, 2, "t"), Insert(kTable, 2, "b")}),
              ElementsAre("8195 I t (int:1|a) @3", "8196 changes t @4", "8197 I t (int:2|b) @0"));
}

TEST_F(DecoderDdlTest, GoesOnBehindThePartThatWasDone) {
  const std::vector<std::string> messages = {Insert(kTable, 1, "a"), Insert(kRecords, 1, "t"), Insert(kTable, 2, "b")};
  options_.start.lsn = kCommit;
  options_.start.part = 1;
  options_.ordinal = kCommit + 1;
  EXPECT_THAT(Read(messages), ElementsAre("8194 changes t @2", "8195 I t (int:2|b) @0"));
  options_.start.part = 2;
  options_.ordinal = kCommit + 2;
  EXPECT_THAT(Read(messages), ElementsAre("8195 I t (int:2|b) @0"));
  options_.start.lsn = kEnd;
  options_.start.part = 0;
  options_.ordinal = kCommit + 3;
  EXPECT_THAT(Read(messages), ElementsAre());
}

TEST_F(DecoderDdlTest, TruncateKeepsItsPlace) {
  EXPECT_THAT(Read({Insert(kTable, 1, "a"), MessageMaker('T').U32(1).U8(0).U32(kTable), Insert(kTable, 2, "b"),
                    Insert(kRecords, 1, "t")}),
              ElementsAre("8193 I t (int:1|a) @1", "8194 TRUNCATE TABLE ONLY \"shop\".\"t\" @2",
                          "8195 I t (int:2|b) @3", "8196 changes t @4"));
}

TEST_F(DecoderDdlTest, LargePartsAreHandedOnInPieces) {
  options_.part_rows_max = 2;
  EXPECT_THAT(Read({Insert(kTable, 1, "a"), Insert(kTable, 2, "b"), Insert(kTable, 3, "c"), Insert(kRecords, 1, "t"),
                    Insert(kTable, 4, "d")}),
              ElementsAre("8192 @0", "8193 I t (int:1|a) I t (int:2|b)", "8193 I t (int:3|c) @1", "8194 changes t @2",
                          "8195 I t (int:4|d) @0"));
}

TEST_F(DecoderDdlTest, StatementsThatWereRolledBackAreLeftOut) {
  Decoder decoder(options_, definitions_, catalog_);
  decoder.Feed(std::string(MessageMaker('S').U32(700).U8(1)));
  decoder.Feed(Relation(kTable, "shop", "t", 700));
  decoder.Feed(Relation(kRecords, "sluice", "sluice_x", 700));
  decoder.Feed(Insert(kTable, 1, "a", 700));
  decoder.Feed(Insert(kRecords, 1, "t", 701));
  decoder.Feed(Insert(kTable, 2, "b", 700));
  decoder.Feed(std::string(MessageMaker('E')));
  decoder.Feed(std::string(MessageMaker('A').U32(700).U32(701)));
  decoder.Feed(std::string(MessageMaker('c').U32(700).U8(0).U64(kCommit).U64(kEnd).U64(0)));
  EXPECT_THAT(lines_, ElementsAre("8193 I t (int:1|a) I t (int:2|b) @0"));
}

TEST_F(DecoderDdlTest, MoreStatementsThanNumbersStopTheTask) {
  std::vector<std::string> messages(200, Insert(kRecords, 1, "t"));
  try {
    Read(messages);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, kSchemaDrift.id);
  }
}

}  // namespace
}  // namespace sluice::postgresql::pgoutput
