// The decoder over logs that servers wrote, whole, cut and damaged.
#include "connectors/mysql/binlog/decoder.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "connectors/mysql/binlog/bytes.h"
#include "connectors/mysql/binlog/samples_for_test.h"
#include "connectors/mysql/ddl.h"
#include "connectors/mysql/types.h"

namespace sluice::mysql::binlog {
namespace {

model::TablePtr TableOf(const std::vector<std::pair<const char*, const char*>>& columns) {
  auto table = std::make_shared<model::Table>();
  table->name = {"s", "t"};
  for (const auto& [name, type] : columns) {
    model::Column column;
    column.name = name;
    column.type = ParseColumnType(type);
    table->columns.push_back(column);
  }
  return table;
}

model::TablePtr MysqlTable() {
  return TableOf({{"id", "int unsigned"},
                  {"d", "decimal(10,2)"},
                  {"j", "json"},
                  {"ts", "timestamp(3)"},
                  {"e", "enum('a','b')"},
                  {"b", "binary(4)"},
                  {"v", "varchar(300)"}});
}

model::TablePtr MariadbTable() {
  return TableOf({{"id", "int(10) unsigned"},
                  {"d", "decimal(10,2)"},
                  {"u", "uuid"},
                  {"ts", "timestamp(3)"},
                  {"e", "enum('a','b')"},
                  {"b", "binary(4)"},
                  {"v", "varchar(300)"}});
}

// Cells joined by spaces; texts as they are.
std::string RowText(model::Row row) {
  std::string text;
  for (const model::Cell& cell : row) {
    if (!text.empty()) text += ' ';
    switch (cell.kind) {
      case model::CellKind::kAbsent:
        text += "-";
        break;
      case model::CellKind::kNull:
        text += "NULL";
        break;
      case model::CellKind::kInt:
        text += std::to_string(cell.i);
        break;
      case model::CellKind::kUint:
        text += std::to_string(cell.u);
        break;
      default:
        for (const char c : cell.text()) text += c == '\0' ? '0' : (c == '\1' ? '1' : c);
    }
  }
  return text;
}

std::vector<std::string> Events(std::string_view sample) {
  const std::string log = FromHex(sample);
  std::vector<std::string> events;
  for (size_t at = 4; at < log.size();) {
    const uint32_t length = ParseHeader(std::string_view(log).substr(at)).length;
    events.push_back(log.substr(at, length));
    at += length;
  }
  return events;
}

struct Reader {
  explicit Reader(model::TablePtr table, bool is_mariadb, LogPosition start = {}, uint64_t ordinal = 0)
      : definitions({std::move(table)}) {
    if (start.file.empty()) start.file = "log.000001";
    if (start.offset == 0) start.offset = 4;
    DecoderOptions options;
    options.traits = {is_mariadb, is_mariadb ? 101119u : 90700u};
    options.checksums = true;
    options.start = start;
    options.ordinal = ordinal;
    options.server = "server";
    options.selected = [](const model::ObjectName& name) { return name.database == "s"; };
    options.classify = [](std::string_view statement, std::string_view database, std::string_view sql_mode) {
      return ClassifyDdl(statement, database, sql_mode);
    };
    options.emit = [this](model::TransactionPtr transaction) { out.push_back(std::move(transaction)); };
    options.part_rows_max = part_rows_max;
    decoder = std::make_unique<Decoder>(std::move(options), definitions);
  }
  void Feed(const std::vector<std::string>& events) {
    for (const std::string& event : events) decoder->Feed(event);
    decoder->Flush();
  }
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    for (const auto& transaction : out) {
      for (const model::RowChange& row : transaction->rows) {
        const char* kind = row.kind == model::ChangeKind::kInsert   ? "+"
                           : row.kind == model::ChangeKind::kUpdate ? "~"
                                                                    : "-";
        lines.push_back(kind + RowText(row.before) + (row.kind == model::ChangeKind::kUpdate ? " => " : "") +
                        RowText(row.after));
      }
      if (transaction->ddl) lines.push_back(transaction->ddl->statement);
    }
    return lines;
  }

  static inline size_t part_rows_max = 20'000;
  connector::Definitions definitions;
  std::vector<model::TransactionPtr> out;
  std::unique_ptr<Decoder> decoder;
};

TEST(Decoder, MysqlSample) {
  Reader reader(MysqlTable(), false);
  reader.Feed(Events(kMysqlSample));
  EXPECT_EQ(
      reader.Lines(),
      (std::vector<std::string>{
          "+4000000000 -12.50 {\"a\": [1, 2.5, \"x\"], \"bb\": null} 2024-02-29 12:13:14.567 2 1000 hi",
          "+2 NULL NULL NULL NULL NULL NULL",
          "~4000000000 -12.50 {\"a\": [1, 2.5, \"x\"], \"bb\": null} 2024-02-29 12:13:14.567 2 1000 hi => "
          "4000000000 -12.50 {\"a\": [1, 7, \"x\"], \"bb\": null} 2024-02-29 12:13:14.567 2 1000 hi",
          "+3 0.05 [] 1970-01-01 00:00:01.000 1 0000 z", "-2 NULL NULL NULL NULL NULL NULL", "truncate table s.t"}));
  ASSERT_EQ(reader.out.size(), 5u);  // the new file counts where only files tell the way
  EXPECT_NE(reader.out[3]->gtid.find(":"), std::string::npos);
  EXPECT_NE(reader.out[4]->gtid.find(":tg:"), std::string::npos);
  EXPECT_GT(reader.out[1]->committed_micros, 1'700'000'000'000'000);
  EXPECT_EQ(ParsePosition(reader.out[3]->end).value().offset, 1352u);
  EXPECT_EQ(reader.decoder->offset(), 4u);  // the rotate at its end
}

TEST(Decoder, MariadbSample) {
  Reader reader(MariadbTable(), true);
  reader.Feed(Events(kMariadbSample));
  const std::string q(100, 'q');
  EXPECT_EQ(
      reader.Lines(),
      (std::vector<std::string>{
          "+4000000000 -12.50 123e4567-e89b-12d3-a456-426614174000 2024-02-29 12:13:14.567 2 1000 hi",
          "+2 NULL NULL NULL NULL NULL NULL", "~2 NULL NULL NULL NULL NULL NULL => 2 NULL NULL NULL NULL NULL " + q,
          "-4000000000 -12.50 123e4567-e89b-12d3-a456-426614174000 2024-02-29 12:13:14.567 2 1000 hi",
          "truncate table s.t"}));
}

// Reading from any position that was handed out gives what followed it, under the same ordinals.
TEST(Decoder, GoesOnFromEveryPosition) {
  for (const bool is_mariadb : {false, true}) {
    const std::vector<std::string> events = Events(is_mariadb ? kMariadbSample : kMysqlSample);
    const model::TablePtr table = is_mariadb ? MariadbTable() : MysqlTable();
    Reader all(table, is_mariadb);
    all.Feed(events);
    for (size_t i = 0; i < all.out.size(); ++i) {
      const LogPosition start = ParsePosition(all.out[i]->end).value();
      std::vector<std::string> rest = {events[0]};
      uint64_t offset = 4;
      for (const std::string& event : events) {
        if (offset >= start.offset) rest.push_back(event);
        offset += event.size();
      }
      // What the server sends first then is not a part of the file.
      std::fill(rest[0].begin() + 13, rest[0].begin() + 17, '\0');
      Reader reader(table, is_mariadb, start, all.out[i]->ordinal);
      for (size_t k = 1; k < rest.size(); ++k) reader.decoder->Feed(rest[k]);
      reader.decoder->Flush();
      ASSERT_EQ(reader.out.size(), all.out.size() - i - 1);
      for (size_t k = 0; k < reader.out.size(); ++k) {
        EXPECT_EQ(reader.out[k]->ordinal, all.out[i + 1 + k]->ordinal);
        EXPECT_EQ(ParsePosition(reader.out[k]->end).value().offset,
                  ParsePosition(all.out[i + 1 + k]->end).value().offset);
      }
    }
  }
}

TEST(Decoder, PartsOfALargeTransaction) {
  Reader::part_rows_max = 1;
  Reader reader(MariadbTable(), true);
  Reader::part_rows_max = 20'000;
  const std::vector<std::string> events = Events(kMariadbSample);
  reader.Feed(events);
  std::vector<const model::Transaction*> parts;
  for (const auto& transaction : reader.out) {
    if (transaction->ordinal == reader.out[reader.out.size() - 2]->ordinal) parts.push_back(transaction.get());
  }
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_TRUE(parts[0]->first_part);
  EXPECT_FALSE(parts[0]->last_part);
  EXPECT_FALSE(parts[1]->first_part);
  EXPECT_FALSE(parts[1]->last_part);
  EXPECT_TRUE(parts[2]->last_part);
  EXPECT_TRUE(parts[0]->end.empty());
  EXPECT_FALSE(parts[2]->end.empty());
}

// The source stops within a transaction and goes on in a new file: nothing was handed on, so nothing happened; parts
// that were have to be rolled back.
TEST(Decoder, LogEndsWithinATransaction) {
  const std::vector<std::string> events = Events(kMariadbSample);
  std::vector<std::string> cut(events.begin(), events.begin() + 8);  // up to the first rows
  cut.push_back(events[0]);
  Reader reader(MariadbTable(), true);
  reader.Feed(cut);
  EXPECT_TRUE(reader.Lines().empty());

  Reader::part_rows_max = 1;
  Reader parts(MariadbTable(), true);
  Reader::part_rows_max = 20'000;
  try {
    parts.Feed(cut);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, "MY-0212");
    EXPECT_EQ(error.info().retry, RetryClass::kReconnect);
  }
}

// The log says 32 bits of every offset; a file with one very large transaction is longer.
TEST(Decoder, OffsetsBeyondFourGigabytes) {
  std::vector<std::string> events = Events(kMysqlSample);
  events[0][events[0].size() - 5] = 0;  // no checksums from here on
  std::fill(events[0].begin() + 13, events[0].begin() + 17, '\0');
  LogPosition start;
  start.file = "log.000001";
  start.offset = (uint64_t{1} << 32) - 100;
  Reader reader(MysqlTable(), false, start);
  uint32_t offset = static_cast<uint32_t>(start.offset);
  for (const size_t i : {0, 7, 8}) {
    if (i != 0) {
      events[i].resize(events[i].size() - kChecksumBytes);
      const auto length = static_cast<uint32_t>(events[i].size());
      offset += length;
      for (size_t k = 0; k < 4; ++k) {
        events[i][9 + k] = static_cast<char>(length >> (8 * k));
        events[i][13 + k] = static_cast<char>(offset >> (8 * k));
      }
    }
    reader.decoder->Feed(events[i]);
  }
  EXPECT_EQ(reader.decoder->offset(), (uint64_t{1} << 32) - 100 + events[7].size() + events[8].size());
  EXPECT_GT(reader.decoder->offset(), uint64_t{1} << 32);
}

TEST(Decoder, WrongChecksum) {
  std::vector<std::string> events = Events(kMysqlSample);
  events[5][40] ^= 1;
  Reader reader(MysqlTable(), false);
  try {
    reader.Feed(events);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, "MY-0204");
    EXPECT_NE(error.info().object.find("log.000001:512"), std::string::npos) << error.info().object;
  }
}

TEST(Decoder, AnotherShapeOfTable) {
  const std::pair<model::TablePtr, const char*> cases[] = {
      {TableOf({{"id", "int unsigned"}}), "number of columns"},
      {TableOf({{"id", "bigint unsigned"},
                {"d", "decimal(10,2)"},
                {"j", "json"},
                {"ts", "timestamp(3)"},
                {"e", "enum('a','b')"},
                {"b", "binary(4)"},
                {"v", "varchar(300)"}}),
       "Column id"},
      {TableOf({{"id", "int"},
                {"d", "decimal(10,2)"},
                {"j", "json"},
                {"ts", "timestamp(3)"},
                {"e", "enum('a','b')"},
                {"b", "binary(4)"},
                {"v", "varchar(300)"}}),
       "Column id"},
      {TableOf({{"id", "int unsigned"},
                {"d", "decimal(11,2)"},
                {"j", "json"},
                {"ts", "timestamp(3)"},
                {"e", "enum('a','b')"},
                {"b", "binary(4)"},
                {"v", "varchar(300)"}}),
       "Column d"},
  };
  for (const auto& [table, cause] : cases) {
    Reader reader(table, false);
    try {
      reader.Feed(Events(kMysqlSample));
      FAIL() << cause;
    } catch (const Error& error) {
      EXPECT_EQ(error.info().code, "MY-0205");
      EXPECT_NE(error.info().cause.find(cause), std::string::npos) << error.info().cause;
      EXPECT_NE(error.info().object.find("table s.t"), std::string::npos);
    }
  }
}

TEST(Decoder, TableWithoutDescription) {
  const std::vector<std::string> events = Events(kMysqlSample);
  auto other = std::make_shared<model::Table>();
  other->name = {"x", "y"};
  Reader reader(other, false);
  EXPECT_THROW(reader.Feed(events), Error);

  Reader gone(other, false);
  gone.definitions.Set({"s", "t"}, nullptr);
  gone.Feed(events);
  EXPECT_EQ(gone.Lines(), std::vector<std::string>{"truncate table s.t"});
  EXPECT_EQ(gone.out.back()->ordinal, 5u);  // those without rows are counted all the same
}

// Damaged events with a checksum that fits: an error or some rows, never a crash, never a read outside.
TEST(Decoder, Damaged) {
  for (const bool is_mariadb : {false, true}) {
    std::vector<std::string> events = Events(is_mariadb ? kMariadbSample : kMysqlSample);
    events[0][events[0].size() - 5] = 0;  // no checksums from here on
    for (size_t i = 1; i < events.size(); ++i) {
      for (size_t at = 4; at < events[i].size(); ++at) {
        for (const int flip : {0x01, 0x80, 0xff}) {
          std::vector<std::string> damaged(events.begin(), events.begin() + static_cast<ptrdiff_t>(i) + 1);
          damaged[i][at] = static_cast<char>(damaged[i][at] ^ flip);
          Reader reader(is_mariadb ? MariadbTable() : MysqlTable(), is_mariadb);
          try {
            reader.Feed(damaged);
          } catch (const Error&) {
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace sluice::mysql::binlog
