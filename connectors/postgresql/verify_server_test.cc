// What verification reads of real servers, how it cuts tables, and what its repairs do.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "connectors/postgresql/copy_test_rig.h"
#include "connectors/postgresql/server_test_endpoint.h"
#include "connectors/postgresql/verify_reader_sql.h"

namespace sluice::postgresql {
namespace {

using Rows = std::vector<connector::VerifyReader::TextRow>;

class VerifyServer : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto server = ServerOf(GetParam());
    if (!server) GTEST_SKIP() << GetParam() << " is not set";
    endpoint_ = FreshDatabase(*server, "sluice_verify");
    session_ = std::make_unique<Connection>(endpoint_, connector::SessionContext{});
    session_->Execute("CREATE SCHEMA shop");
    reader_ = MakeVerifyReader(endpoint_, {});
  }
  void TearDown() override {
    if (!session_) return;
    session_.reset();
    reader_.reset();
    endpoint_.database = "postgres";
    Connection(endpoint_, {}).Execute("DROP DATABASE sluice_verify");
  }
  // All columns; the first `key_columns` are the primary key.
  connector::VerifyTable Table(const std::string& name, size_t key_columns) {
    auto table = std::make_shared<model::Table>(*Describe(*session_, {"shop", name}));
    model::Key key{.name = "key", .primary = true, .unique = true};
    for (size_t i = 0; i < key_columns; ++i) key.parts.push_back({.column = static_cast<uint32_t>(i)});
    for (size_t i = 0; i < key_columns; ++i) table->columns[i].nullable = false;
    if (key_columns != 0) table->keys.push_back(key);
    connector::VerifyTable verified{.table = table, .key_columns = key_columns};
    for (uint32_t i = 0; i < table->columns.size(); ++i) verified.columns.push_back(i);
    verified.peer.engine = "postgresql";
    verified.peer.flavour = "postgresql";
    return verified;
  }
  Rows Read(const connector::VerifyTable& table, const connector::Chunk& chunk = {}) {
    Rows rows;
    reader_->ReadChunk(table, chunk, Into(&rows));
    return rows;
  }
  static connector::VerifyReader::RowSink Into(Rows* rows) {
    return [rows](model::Row row) {
      auto& texts = rows->emplace_back();
      for (const model::Cell& cell : row) {
        texts.push_back(cell.IsNull() ? std::nullopt : std::optional<std::string>(cell.text()));
      }
    };
  }

  connector::Endpoint endpoint_;
  std::unique_ptr<Connection> session_;
  std::unique_ptr<connector::VerifyReader> reader_;
};

TEST_P(VerifyServer, ValuesAreWhatTheServerSays) {
  session_->Execute(
      "CREATE TYPE shop.pair AS (a integer, b integer);"
      "CREATE TABLE shop.t (id integer PRIMARY KEY, n numeric, d date, ts timestamp, tz timestamptz, ti time, iv "
      "interval, "
      "ip inet, p shop.pair, c char(4), bo boolean, y bytea, u uuid, bi bit(9), j json, jb jsonb, a integer[], r4 "
      "real, "
      "r8 double precision, o oid, po point);"
      "INSERT INTO shop.t SELECT i, (random() * 1e9)::numeric(20,6) * power(10::numeric, i % 40 - 20), "
      "'2000-01-01'::date + i * 977 - 500000, "
      "'2000-01-01'::timestamp + (i * 8123456789.123) * interval '1 second' - interval '4000 years', "
      "'2000-01-01 00:00:00+00'::timestamptz + (i * 123456789.5) * interval '1 second', '00:00'::time + i * interval "
      "'1.25 s', "
      "i * interval '1 day 1.5 s', ('10.0.0.' || i % 256)::inet, ROW(i, NULL)::shop.pair, i::text, i % 2 = 0, "
      "decode(md5(i::text), 'hex'), md5(i::text)::uuid, (i % 512)::bit(9), '{\"b\": 1.0, \"a\": 2}', '{\"b\": 1.0, "
      "\"a\": 2}', ARRAY[i, NULL], "
      "i / 3.0, i / 7.0, i, point(i, 0.5) FROM generate_series(1, 500) i;"
      "INSERT INTO shop.t (id, p) VALUES (0, (NULL, NULL))");
  const connector::VerifyTable table = Table("t", 1);
  const Rows rows = Read(table);
  ASSERT_EQ(rows.size(), 501U);
  const TextRows said = session_->Query(
      "SELECT id, n::text, d, ts, regexp_replace(tz::text, '\\+00', ''), ti, iv, ip, p, c, "
      "bo::int, "
      "'', u, bi::int, '', '', a, '', '', o, po, r4::float8, r8 FROM shop.t ORDER BY id");
  std::map<std::string, connector::VerifyReader::TextRow> by_id;
  for (const auto& row : rows) by_id[*row[0]] = row;
  for (const TextRow& expected : said) {
    const auto& row = by_id.at(*expected[0]);
    for (const size_t i : {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 13, 16, 19, 20}) {
      EXPECT_EQ(row[i], expected[i]) << "column " << i << " of row " << *expected[0];
    }
    if (*expected[0] == "0") continue;
    EXPECT_EQ(row[9], *expected[0]);
    EXPECT_EQ(row[14], "{\"a\":2,\"b\":1}");
    EXPECT_EQ(row[15], "{\"a\":2,\"b\":1}");
    EXPECT_EQ(std::stod(*row[17]), std::stod(*expected[21]));
    EXPECT_EQ(std::stod(*row[18]), std::stod(*expected[22]));
  }
  EXPECT_EQ(by_id.at("0")[8], "(,)");
  EXPECT_EQ(by_id.at("0")[7], std::nullopt);
}

TEST_P(VerifyServer, ChunksHoldEveryRowOnce) {
  const std::pair<const char*, const char*> keys[] = {
      {"text", "md5(i::text) || chr(39) || chr(92) || ','"},
      {"uuid", "md5(i::text)::uuid"},
      {"timestamptz", "'2000-01-01 00:00:00+00'::timestamptz + i * interval '7 hours' - interval '2005 years'"},
      {"bytea", "decode(md5(i::text), 'hex')"},
      {"numeric", "i / 3.0"},
      {"numeric(40,2)", "i * 1e30"},
      {"bit(16)", "(i * 31)::bit(16)"},
      {"double precision", "i / 3.0"},
      {"date", "'2000-01-01'::date + i - 731000"},
      {"inet", "('10.0.' || i / 256 || '.' || i % 256)::inet"},
      {"bigint", "i * 1000000007::bigint"},
      {"integer", "i - 500"},
      {"interval", "i * interval '1 hour'"},
      {"char(8)", "i"},
  };
  for (const auto& [type, expression] : keys) {
    session_->Execute("DROP TABLE IF EXISTS shop.t");
    session_->Execute(fmt::format("CREATE TABLE shop.t (k {} PRIMARY KEY, v integer)", type));
    session_->Execute(fmt::format("INSERT INTO shop.t SELECT {}, i FROM generate_series(1, 1000) i", expression));
    const connector::VerifyTable table = Table("t", 1);
    const auto chunks = reader_->PlanChunks(table, 90);
    EXPECT_GE(chunks.size(), 11U) << type;
    std::multiset<std::string> seen;
    for (const connector::Chunk& chunk : chunks) {
      for (const auto& row : Read(table, chunk)) seen.insert(row[1].value_or(""));
    }
    EXPECT_EQ(seen.size(), 1000U) << type;
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 1000U) << type;
    Rows some;
    std::vector<std::vector<std::string>> wanted;
    for (const auto& row : Read(table, chunks[3])) wanted.push_back({*row[0]});
    reader_->ReadKeys(table, wanted, Into(&some));
    EXPECT_EQ(some.size(), wanted.size()) << type;
  }
}

TEST_P(VerifyServer, KeysOfSeveralColumns) {
  session_->Execute(
      "CREATE TABLE shop.t (a text, b integer, v text, PRIMARY KEY (a, b));"
      "INSERT INTO shop.t SELECT 'x' || i / 10, i % 10, i::text FROM generate_series(1, 1000) i");
  const connector::VerifyTable table = Table("t", 2);
  size_t rows = 0;
  for (const connector::Chunk& chunk : reader_->PlanChunks(table, 73)) rows += Read(table, chunk).size();
  EXPECT_EQ(rows, 1000U);
  Rows some;
  reader_->ReadKeys(table, {{"x1", "5"}, {"x99", "9"}, {"x1", "50"}}, Into(&some));
  EXPECT_EQ(some.size(), 2U);
}

// Makes the rows of `wrong` those of `right` by repairs alone.
TEST_P(VerifyServer, RepairsMakeTheRowsEqual) {
  const char* columns =
      "id integer PRIMARY KEY, u integer UNIQUE, n numeric, ts timestamptz, c char(4), y bytea, j json, bi bit(5), "
      "p point, a text[]";
  const char* identity = "id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY";
  session_->Execute(fmt::format("CREATE TABLE shop.right_one ({});", columns));
  session_->Execute(fmt::format("CREATE TABLE shop.wrong_one ({}{});", identity, std::string(columns).substr(22)));
  session_->Execute(
      "INSERT INTO shop.right_one SELECT i, i, i / 4.0, '2024-01-01 00:00:00+00'::timestamptz + i * interval '1.5 s', "
      "i::text, decode(md5(i::text), 'hex'), '{\"b\": 1}', i::bit(5), point(i, 1), ARRAY['it''s', NULL, '\\'] FROM "
      "generate_series(1, 20) i;"
      "INSERT INTO shop.wrong_one OVERRIDING SYSTEM VALUE SELECT * FROM shop.right_one WHERE id <= 15;"
      "UPDATE shop.wrong_one SET u = -u WHERE id <= 2; UPDATE shop.wrong_one SET u = 3 - id WHERE id <= 2;"
      "UPDATE shop.wrong_one SET n = 0, ts = NULL, y = NULL WHERE id = 5;"
      "INSERT INTO shop.wrong_one (id, u) OVERRIDING SYSTEM VALUE VALUES (30, 18), (31, NULL)");
  const connector::VerifyTable right = Table("right_one", 1);
  connector::VerifyTable wrong = Table("wrong_one", 1);
  auto described = std::make_shared<model::Table>(*wrong.table);
  described->keys.push_back({.name = "u", .unique = true, .parts = {{.column = 1}}});
  wrong.table = described;
  std::map<std::string, connector::VerifyReader::TextRow> want;
  std::map<std::string, connector::VerifyReader::TextRow> have;
  for (auto& row : Read(right)) want[*row[0]] = row;
  for (auto& row : Read(wrong)) have[*row[0]] = row;
  std::string script = reader_->RepairPreamble();
  using Repair = connector::VerifyReader::Repair;
  for (const auto& [id, row] : want) {
    if (!have.contains(id)) script += reader_->RepairStatement(wrong, Repair::kInsert, {}, row) + "\n";
    if (have.contains(id) && have[id] != row) {
      script += reader_->RepairStatement(wrong, Repair::kUpdate, have[id], row) + "\n";
    }
  }
  for (const auto& [id, row] : have) {
    if (!want.contains(id)) script += reader_->RepairStatement(wrong, Repair::kDelete, row, {}) + "\n";
  }
  session_->Execute(script);
  std::map<std::string, connector::VerifyReader::TextRow> now;
  for (auto& row : Read(wrong)) now[*row[0]] = row;
  EXPECT_EQ(now, want);
}

TEST_P(VerifyServer, ARepairWithoutKeyMeansOneRow) {
  session_->Execute(
      "CREATE TABLE shop.t (a text, j json, p point, n numeric, f real);"
      "INSERT INTO shop.t SELECT 'x', '{\"a\": 1}', '(1,2)', 1.50, 0.1 FROM generate_series(1, 3);"
      "INSERT INTO shop.t (n) VALUES (NULL), (NULL)");
  const connector::VerifyTable table = Table("t", 0);
  const Rows rows = Read(table);
  ASSERT_EQ(rows.size(), 5U);
  for (const size_t i : {0, 4}) {
    session_->Execute(reader_->RepairStatement(table, connector::VerifyReader::Repair::kDelete, rows[i], {}));
  }
  session_->Execute(reader_->RepairStatement(table, connector::VerifyReader::Repair::kInsert, {}, rows[4]));
  EXPECT_EQ(session_->QueryOne("SELECT count(a) || ' ' || count(*) FROM shop.t"), "2 4");
}

TEST_P(VerifyServer, RowsOfPartitionsAndChildren) {
  session_->Execute(
      "CREATE TABLE shop.part (id integer) PARTITION BY RANGE (id);"
      "CREATE TABLE shop.part1 PARTITION OF shop.part FOR VALUES FROM (0) TO (10);"
      "INSERT INTO shop.part SELECT generate_series(0, 9);"
      "CREATE TABLE shop.parent (id integer); CREATE TABLE shop.child () INHERITS (shop.parent);"
      "INSERT INTO shop.parent VALUES (1); INSERT INTO shop.child VALUES (2)");
  EXPECT_EQ(Read(Table("part", 0)).size(), 10U);
  EXPECT_EQ(Read(Table("parent", 0)).size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Servers, VerifyServer, ::testing::ValuesIn(kServers),
                         [](const auto& info) { return ServerName(info.param); });

}  // namespace
}  // namespace sluice::postgresql
