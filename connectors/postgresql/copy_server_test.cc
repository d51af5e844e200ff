// The full load between real servers: what was read at a snapshot is at the destination, to the last bit, or refused.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "connectors/postgresql/bookkeeping.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/copy_test_rig.h"
#include "connectors/postgresql/names.h"
#include "connectors/postgresql/position.h"
#include "connectors/postgresql/server_test_endpoint.h"
#include "connectors/postgresql/slot.h"

namespace sluice::postgresql {
namespace {

using testing::HasSubstr;

constexpr const char* kAllTypes = R"sql(
CREATE TYPE shop.mood AS ENUM ('sad', 'so so', 'glad');
CREATE TYPE shop.pair AS (a integer, b text);
CREATE DOMAIN shop.price AS numeric(8,2) CHECK (VALUE >= 0);
CREATE TABLE shop.plain (
  id bigint PRIMARY KEY, b boolean, i2 smallint, i4 integer, o oid, n numeric, n2 numeric(20,5), f4 real,
  f8 double precision, c char(5), v varchar(10), v0 varchar, t text, y bytea, d date, ti time, tz timetz, ts timestamp,
  tsz timestamptz, ts0 timestamp(0), iv interval, bi bit(5), bv bit varying(70), u uuid, ip inet, net cidr, j json,
  jb jsonb, m money, x xml, p point, pg polygon, r int4range, tr tstzrange, ai integer[], at text[], an numeric(6,2)[],
  ma macaddr, tsv tsvector, tsq tsquery, q "char", nm name);
CREATE TABLE shop.own (
  id integer PRIMARY KEY, e shop.mood, pr shop.price, c shop.pair, ae shop.mood[], rc regclass, ap shop.pair[]);
INSERT INTO shop.plain (id) VALUES (-9223372036854775808), (0);
INSERT INTO shop.plain VALUES (
  1, true, -32768, 2147483647, 4294967295, 'NaN', 123456789012345.67891, 'Infinity', '-0', 'ab', 'x y  ',
  E'tab\tand \\ and "', E'line\nfeed\r', '\x00ff0a5c', '0044-03-15 BC', '24:00:00', '12:34:56.789+05:30', '-infinity',
  '2024-02-29 12:00:00.123456+14', '1999-12-31 23:59:59', '1 year -2 mons +3 days -04:05:06.789', B'10101', B'1',
  'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '::1/64', '10.0.0.0/8', '{"b": 1.0, "a":1, "a":2}',
  '{"b": 1.50, "a": "\u00e9"}', 12.34, '<a b="c">x</a>', '(1.5,-2e300)', '((0,0),(1,1),(1,0))', '[1,)',
  '["2020-01-01 00:00:00+00",)', '{1,NULL,3}', '{"a,b",NULL,"","\"q\""}', '{{1.10,2.20},{NaN,0}}',
  '08:00:2b:01:02:03', 'a:1A fat:2', 'fat & (rat | cat)', 'x', 'a name');
INSERT INTO shop.plain (id, n, f4, f8, t, y, v0, iv, d, ts, at) VALUES
  (2, -0.000000000000000000000000000001, 1.17549435e-38, 5e-324, '', '', '\N', '-178000000 years', 'infinity',
   '294276-12-31 23:59:59.999999', '{}'),
  (3, 1e100, 'NaN', 1.7976931348623157e308, repeat('ä€😀', 5000), decode(repeat('00ff', 20000), 'hex'), '\.', '0',
   '4713-01-01 BC', '4713-01-01 00:00:00 BC', '[0:1]={a,b}');
INSERT INTO shop.own VALUES
  (1, 'so so', 12.34, '(5,"a ""b""")', '{glad,NULL}', 'shop.plain', '{"(1,x)"}'),
  (2, NULL, NULL, NULL, NULL, NULL, NULL);
)sql";

constexpr const char* kOwnTypesThere = R"sql(
CREATE TYPE shop.mood AS ENUM ('sad', 'so so', 'glad');
CREATE TYPE shop.pair AS (a integer, b text);
CREATE DOMAIN shop.price AS numeric(8,2) CHECK (VALUE >= 0);
CREATE TABLE shop.own (
  id integer PRIMARY KEY, e shop.mood, pr shop.price, c shop.pair, ae shop.mood[], rc regclass, ap shop.pair[]);
)sql";

// From the first server to the second.
class CopyServer : public testing::TestWithParam<std::pair<const char*, const char*>> {
 protected:
  void SetUp() override {
    const auto source = ServerOf(GetParam().first);
    const auto destination = ServerOf(GetParam().second);
    if (!source || !destination) GTEST_SKIP() << GetParam().first << " or " << GetParam().second << " is not set";
    source_ = FreshDatabase(*source, "sluice_copy_source");
    destination_ = FreshDatabase(*destination, "sluice_copy_destination");
    source_.side = "source";
    destination_.side = "destination";
    from_ = std::make_unique<Connection>(source_, connector::SessionContext{});
    to_ = std::make_unique<Connection>(destination_, connector::SessionContext{});
    from_->Execute("CREATE SCHEMA shop");
    to_->Execute("CREATE SCHEMA shop");
    PrepareBookkeeping(*to_);
  }
  void TearDown() override {
    from_.reset();
    to_.reset();
    for (const auto& [endpoint, name] :
         {std::pair{&source_, "sluice_copy_source"}, {&destination_, "sluice_copy_destination"}}) {
      if (endpoint->database.empty()) continue;
      connector::Endpoint admin = *endpoint;
      admin.database = "postgres";
      Connection(admin, {}).Execute(fmt::format("DROP DATABASE IF EXISTS {}", name));
    }
  }

  // The statement that makes the same table, by its columns alone.
  std::string CreateLike(const model::Table& table) {
    std::string columns;
    for (const model::Column& column : table.columns) {
      columns += (columns.empty() ? "" : ", ") + Quote(column.name) + " " + column.type.native;
    }
    return "CREATE TABLE " + Quote(table.name.database, table.name.name) + " (" + columns + ")";
  }
  std::string Digest(Connection& connection, const std::string& table) {
    return connection
        .QueryOne(fmt::format(
            "SELECT count(*) || ' ' || md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE \"C\"), '')) "
            "FROM {} t",
            table))
        .value_or("");
  }
  std::unique_ptr<connector::Snapshot> Open(const std::vector<model::TablePtr>& tables, size_t readers = 2) {
    return MakeSnapshot(source_, {.task = "copy", .readers = readers, .with_position = false, .tables = tables}, {});
  }
  std::string Choose(const model::Table& table, const model::TableMapping& mapping) {
    return ChooseLoadEncoding(*to_, table, mapping, {kCopyBinary, kCopyText});
  }
  uint64_t Copy(const model::TablePtr& table, uint64_t chunk_bytes = 1 << 24) {
    const model::TableMapping mapping = MapAll(*table, table->name);
    const auto snapshot = Open({table});
    const auto loader = MakeLoader(destination_, {});
    return CopyTable(*snapshot, *loader, *table, mapping, Choose(*table, mapping), chunk_bytes);
  }
  // The error of copying a table with this column at both sides.
  ErrorInfo Refusal(const std::string& source_type, const std::string& destination_type, const std::string& value) {
    from_->Execute("DROP TABLE IF EXISTS shop.narrow");
    to_->Execute("DROP TABLE IF EXISTS shop.narrow");
    from_->Execute(fmt::format("CREATE TABLE shop.narrow (id integer, x {})", source_type));
    to_->Execute(fmt::format("CREATE TABLE shop.narrow (id integer, x {})", destination_type));
    from_->Execute(fmt::format("INSERT INTO shop.narrow VALUES (1, {})", value));
    to_->Execute("DELETE FROM sluice.chunk");
    try {
      Copy(Describe(*from_, {"shop", "narrow"}));
    } catch (const Error& error) {
      return error.info();
    }
    return {};
  }

  connector::Endpoint source_;
  connector::Endpoint destination_;
  std::unique_ptr<Connection> from_;
  std::unique_ptr<Connection> to_;
};

TEST_P(CopyServer, EveryTypeArrivesAsItWas) {
  from_->Execute(kAllTypes);
  to_->Execute(kOwnTypesThere);
  const model::TablePtr plain = Describe(*from_, {"shop", "plain"});
  const model::TablePtr own = Describe(*from_, {"shop", "own"});
  to_->Execute(CreateLike(*plain));
  // An empty tsquery has no binary form that a server takes.
  EXPECT_EQ(Choose(*plain, MapAll(*plain, plain->name)), kCopyText);
  EXPECT_EQ(Choose(*own, MapAll(*own, own->name)), kCopyText);
  EXPECT_EQ(Copy(plain), 5U);
  EXPECT_EQ(Copy(own), 2U);
  EXPECT_EQ(Digest(*to_, "shop.plain"), Digest(*from_, "shop.plain"));
  EXPECT_EQ(Digest(*to_, "shop.own"), Digest(*from_, "shop.own"));
  // The same rows as text.
  to_->Execute("TRUNCATE shop.plain; DELETE FROM sluice.chunk");
  const auto loader = MakeLoader(destination_, {});
  CopyTable(*Open({plain}), *loader, *plain, MapAll(*plain, plain->name), kCopyText, 1 << 24);
  EXPECT_EQ(Digest(*to_, "shop.plain"), Digest(*from_, "shop.plain"));
}

TEST_P(CopyServer, ManyChunksMakeTheTable) {
  from_->Execute("CREATE TABLE shop.big AS SELECT i AS id, md5(i::text) AS t FROM generate_series(1, 50000) i");
  from_->Execute("DELETE FROM shop.big WHERE id % 7 = 0; UPDATE shop.big SET t = 'x' WHERE id % 100 = 1");
  const model::TablePtr big = Describe(*from_, {"shop", "big"});
  to_->Execute(CreateLike(*big));
  const auto snapshot = Open({big});
  from_->Execute("UPDATE shop.big SET t = 'later'; INSERT INTO shop.big VALUES (-1, 'later')");
  const model::TableMapping mapping = MapAll(*big, big->name);
  EXPECT_GT(snapshot->PlanChunks(0, *big, mapping, 200000).size(), 10U);
  const auto loader = MakeLoader(destination_, {});
  CopyTable(*snapshot, *loader, *big, mapping, kCopyBinary, 200000);
  from_->Execute("DELETE FROM shop.big WHERE id = -1");
  const char* facts =
      "SELECT count(*) || ' ' || sum(id) || ' ' || count(DISTINCT id) || ' ' || count(*) FILTER (WHERE t "
      "= 'x') || ' ' || count(*) FILTER (WHERE t = 'later') FROM shop.big";
  EXPECT_EQ(to_->QueryOne(facts), "42858 1071471429 42858 429 0");
}

TEST_P(CopyServer, PartitionsComeThroughTheirRootAndChildrenByThemselves) {
  from_->Execute(
      "CREATE TABLE shop.part (id integer, k text) PARTITION BY RANGE (id);"
      "CREATE TABLE shop.\"part 1\" PARTITION OF shop.part FOR VALUES FROM (0) TO (10000);"
      "CREATE TABLE shop.part2 (k text, gone integer, id integer);"
      "ALTER TABLE shop.part2 DROP COLUMN gone;"
      "ALTER TABLE shop.part ATTACH PARTITION shop.part2 FOR VALUES FROM (10000) TO (20000);"
      "CREATE TABLE shop.part3 PARTITION OF shop.part FOR VALUES FROM (20000) TO (30000) PARTITION BY LIST (k);"
      "CREATE TABLE shop.part3a PARTITION OF shop.part3 FOR VALUES IN ('x');"
      "INSERT INTO shop.part SELECT i, md5(i::text) FROM generate_series(0, 19999) i;"
      "INSERT INTO shop.part SELECT 20000 + i, 'x' FROM generate_series(0, 9) i;"
      "CREATE TABLE shop.parent (id integer); CREATE TABLE shop.child () INHERITS (shop.parent);"
      "INSERT INTO shop.parent VALUES (1); INSERT INTO shop.child VALUES (2)");
  const model::TablePtr part = Describe(*from_, {"shop", "part"});
  const model::TablePtr parent = Describe(*from_, {"shop", "parent"});
  const model::TablePtr child = Describe(*from_, {"shop", "child"});
  for (const model::TablePtr& table : {part, parent, child}) to_->Execute(CreateLike(*table));
  EXPECT_EQ(Copy(part, 100000), 20010U);
  EXPECT_EQ(Digest(*to_, "shop.part"), Digest(*from_, "shop.part"));
  to_->Execute("TRUNCATE shop.part; DELETE FROM sluice.chunk");
  EXPECT_EQ(Copy(part), 20010U);  // in one piece
  EXPECT_EQ(Copy(parent), 1U);
  EXPECT_EQ(Copy(child), 1U);
  EXPECT_EQ(to_->QueryOne("SELECT id FROM ONLY shop.parent"), "1");
}

TEST_P(CopyServer, WhatAColumnWouldChangeIsRefused) {
  EXPECT_EQ(Refusal("numeric(10,2)", "numeric(10,2)", "1.25").code, "");
  EXPECT_EQ(Refusal("numeric", "numeric(10,2)", "1.250").code, "");
  EXPECT_EQ(Refusal("varchar(20)", "varchar(5)", "'abcde'").code, "");
  EXPECT_EQ(Refusal("text", "char(5)", "'abc'").code, "");
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"numeric(10,4)", "numeric(10,2)", "1.2345"},
      {"numeric", "numeric(10,2)", "1.234"},
      {"numeric", "integer", "1.5"},
      {"timestamp", "timestamp(0)", "'2024-01-01 00:00:00.5'"},
      {"timestamptz", "timestamptz(3)", "'2024-01-01 00:00:00.0005'"},
      {"time", "time(0)", "'12:00:00.5'"},
      {"timetz", "timetz(0)", "'12:00:00.5+01'"},
      {"interval", "interval(0)", "'0.5 s'"},
      {"interval", "interval year to month", "'1 month 3 days'"},
      {"varchar(20)", "varchar(5)", "'abcde  '"},
      {"text", "varchar(5)", "'abcde  '"},
      {"text", "char(5)", "'ab '"},
      {"text", "varchar(5)", "'abcdefg'"},
      {"double precision", "real", "0.1"},
      {"bigint", "double precision", "9007199254740993"},
      {"bigint", "integer", "3000000000"},
      {"bit(8)", "bit(4)", "B'10101010'"},
      {"bit varying", "bit varying(4)", "B'10101010'"},
      {"text", "name", "repeat('n', 100)"},
  };
  for (const auto& [source, destination, value] : cases) {
    const ErrorInfo error = Refusal(source, destination, value);
    EXPECT_EQ(error.code, kValueRefused.id) << source << " to " << destination << ": " << error.OneLine();
    EXPECT_THAT(error.object, HasSubstr("shop.narrow")) << source << " to " << destination;
    EXPECT_EQ(to_->QueryOne("SELECT count(*) FROM shop.narrow"), "0") << source << " to " << destination;
  }
  const ErrorInfo error = Refusal("numeric(10,4)", "numeric(10,2)", "1.2345");
  EXPECT_EQ(error.object, "table shop.narrow, column x");
  EXPECT_THAT(error.cause, HasSubstr("1.2345"));
}

TEST_P(CopyServer, AnErrorNamesRowAndColumn) {
  from_->Execute("CREATE TABLE shop.t AS SELECT i AS id, i::text AS x FROM generate_series(1, 100) i");
  from_->Execute("UPDATE shop.t SET x = 'not a number' WHERE id = 1");
  const model::TablePtr table = Describe(*from_, {"shop", "t"});
  to_->Execute("CREATE TABLE shop.t (id integer PRIMARY KEY, x text)");
  to_->Execute("INSERT INTO shop.t VALUES (70, '')");
  try {
    Copy(table);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, kDuplicateKey.id);
    EXPECT_THAT(error.info().object, HasSubstr("table shop.t"));
    EXPECT_THAT(error.info().object, HasSubstr("row "));
  }
  EXPECT_EQ(to_->QueryOne("SELECT count(*) FROM shop.t"), "1");
}

TEST_P(CopyServer, AChunkThatIsInIsNotWrittenAgain) {
  from_->Execute("CREATE TABLE shop.t AS SELECT i AS id FROM generate_series(1, 10) i");
  to_->Execute("CREATE TABLE shop.t (id integer)");
  const model::TablePtr table = Describe(*from_, {"shop", "t"});
  const model::TableMapping mapping = MapAll(*table, table->name);
  const auto snapshot = Open({table});
  const auto loader = MakeLoader(destination_, {});
  for (const bool again : {false, true}) {
    KeptBlocks blocks;
    snapshot->ReadChunk(0, *table, mapping, {}, kCopyBinary, blocks);
    const auto result = loader->Load(*table, mapping, kCopyBinary, blocks, {.task = "copy", .table = table->name});
    EXPECT_EQ(result.rows, 10U);
    EXPECT_EQ(result.was_in, again);
  }
  EXPECT_EQ(to_->QueryOne("SELECT count(*) FROM shop.t"), "10");
}

// A reader whose rows nobody wants any more goes on with other tables at the same snapshot.
TEST_P(CopyServer, AnAbandonedChunkLeavesTheSnapshotAlive) {
  class Refusing : public connector::BlockSink {
   public:
    void Put(connector::Block) override { throw std::runtime_error("enough"); }
  };
  from_->Execute("CREATE TABLE shop.big AS SELECT i AS id, repeat('x', 500) AS t FROM generate_series(1, 100000) i");
  const model::TablePtr table = Describe(*from_, {"shop", "big"});
  const model::TableMapping mapping = MapAll(*table, table->name);
  const auto snapshot = Open({table});
  from_->Execute("DELETE FROM shop.big");
  Refusing refusing;
  EXPECT_THROW(snapshot->ReadChunk(0, *table, mapping, {}, kCopyBinary, refusing), std::runtime_error);
  model::TableMapping wrong = mapping;
  wrong.filter = "no_such_column = 1";
  KeptBlocks none;
  EXPECT_THROW(snapshot->ReadChunk(0, *table, wrong, {}, kCopyBinary, none), Error);
  model::TableMapping filtered = mapping;
  filtered.filter = "id <= 100 -- the first";
  KeptBlocks blocks;
  snapshot->ReadChunk(0, *table, filtered, {}, kCopyBinary, blocks);
  EXPECT_EQ(blocks.rows(), 100U);
}

// Emptied at this moment it would look empty at the snapshot.
// The plan of an interrupted load says nothing of pages that were written anew.
TEST_P(CopyServer, ChunksOfATableThatWasWrittenAnewAreRefused) {
  from_->Execute("CREATE TABLE shop.big AS SELECT i AS id, repeat('x', 500) AS t FROM generate_series(1, 5000) i");
  const model::TablePtr table = Describe(*from_, {"shop", "big"});
  const model::TableMapping mapping = MapAll(*table, table->name);
  const auto chunks = Open({table})->PlanChunks(0, *table, mapping, 1 << 20);
  ASSERT_GT(chunks.size(), 1U);
  KeptBlocks before;
  Open({table})->ReadChunk(0, *table, mapping, chunks[1], kCopyBinary, before);
  EXPECT_GT(before.rows(), 0U);
  from_->Execute("VACUUM FULL shop.big");
  KeptBlocks after;
  try {
    Open({table})->ReadChunk(0, *table, mapping, chunks[1], kCopyBinary, after);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, kTableChanged.id);
    EXPECT_EQ(error.info().object, "table shop.big");
  }
}

TEST_P(CopyServer, TablesCannotBeTruncatedUnderASnapshot) {
  from_->Execute("CREATE TABLE shop.t AS SELECT i AS id FROM generate_series(1, 10) i");
  const model::TablePtr table = Describe(*from_, {"shop", "t"});
  const auto snapshot = Open({table});
  from_->Execute("SET lock_timeout = 200");
  EXPECT_THROW(from_->Execute("TRUNCATE shop.t"), Error);
}

// Single transactions of one row each go on while cuts are taken: each is in the snapshot or in the log, never in both.
TEST_P(CopyServer, EachTransactionIsInTheSnapshotOrInTheLog) {
  from_->Execute("CREATE TABLE shop.t (id serial PRIMARY KEY)");
  const model::TablePtr table = Describe(*from_, {"shop", "t"});
  std::vector<std::jthread> writers;
  for (int i = 0; i < 3; ++i) {
    writers.emplace_back([&](std::stop_token stop) {
      Connection writer(source_, {});
      while (!stop.stop_requested()) writer.Execute("INSERT INTO shop.t DEFAULT VALUES");
    });
  }
  const auto cut = [&](bool first) {
    const Deadline deadline = Deadline::After(milliseconds(20'000));
    const auto count = [&] { return std::stoull(*from_->QueryOne("SELECT count(*) FROM shop.t")); };
    const uint64_t before = count();
    while (count() < before + 100 && !deadline.Passed()) {
    }
    const auto snapshot = MakeSnapshot(
        source_, {.task = "copy test", .first = first, .readers = 3, .with_position = true, .tables = {table}}, {});
    std::vector<uint64_t> rows;
    for (size_t reader = 0; reader < snapshot->readers(); ++reader) {
      KeptBlocks blocks;
      snapshot->ReadChunk(reader, *table, MapAll(*table, table->name), {}, kCopyBinary, blocks);
      rows.push_back(blocks.rows());
    }
    EXPECT_EQ(rows, std::vector<uint64_t>(3, rows[0]));
    EXPECT_TRUE(snapshot->cut().exact);
    EXPECT_EQ(snapshot->cut().start, snapshot->cut().end);
    return std::pair(rows[0], ParsePosition(snapshot->cut().start).lsn);
  };
  const auto [rows_first, place_first] = cut(true);
  const auto [rows_later, place_later] = cut(false);
  EXPECT_GT(rows_later, rows_first);
  writers.clear();
  const std::string name = SourceObjectName("copy test");
  // Begin messages hold the place of their transaction's commit.
  const auto logged = [&](const std::string& condition) {
    return std::stoull(
        *from_->QueryOne(fmt::format("SELECT count(*) FROM (SELECT '0/0'::pg_lsn + ('x' || encode(substring(data FROM "
                                     "2 FOR 8), 'hex'))::bit(64)::bigint "
                                     "AS place FROM pg_logical_slot_peek_binary_changes('{}', NULL, NULL, "
                                     "'proto_version', '1', 'publication_names', "
                                     "'{}') WHERE get_byte(data, 0) = 66) begun WHERE {}",
                                     name, name, condition)));
  };
  if (from_->version() >= 140000) {  // pg_lsn + number
    EXPECT_EQ(logged(fmt::format("place < '{}'", FormatLsn(place_first))), 0U);
    EXPECT_EQ(rows_first + logged(fmt::format("place < '{}'", FormatLsn(place_later))), rows_later);
    EXPECT_EQ(rows_first + logged("true"), std::stoull(*from_->QueryOne("SELECT count(*) FROM shop.t")));
  }
  EXPECT_EQ(from_->QueryOne("SELECT count(*) FROM pg_replication_slots WHERE temporary"), "0");
  EXPECT_TRUE(DropSlot(*from_, name));
  EXPECT_THROW(
      MakeSnapshot(source_, {.task = "copy test", .first = false, .with_position = true, .tables = {table}}, {}),
      Error);
}

TEST_P(CopyServer, MarksWaitForALoadThatIsStillCommitting) {
  to_->Execute("CREATE TABLE shop.t (id integer)");
  const auto books = MakeBookkeeping(destination_, {});
  const connector::ChunkMark mark{.task = "copy", .table = {"shop", "t"}, .chunk = 3, .rows = 5};
  to_->Execute("BEGIN");
  to_->Query(ShareTaskLockStatement("copy"));
  EXPECT_EQ(to_->Query(InsertMarkStatement(mark)).size(), 1U);
  std::vector<connector::ChunkMark> done;
  std::jthread asks([&] { done = books->ChunksDone("copy"); });
  Connection other(destination_, {});
  const Deadline deadline = Deadline::After(milliseconds(20'000));
  while (other.QueryOne("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") != "1") {
    ASSERT_FALSE(deadline.Passed());
  }
  to_->Execute("COMMIT");
  asks.join();
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].chunk, 3U);
  EXPECT_EQ(done[0].rows, 5U);
  books->ResetTable("copy", {"shop", "t"}, {"shop", "t"});
  EXPECT_TRUE(books->ChunksDone("copy").empty());
}

INSTANTIATE_TEST_SUITE_P(Servers, CopyServer,
                         testing::Values(std::pair{"SLUICE_TEST_PG10", "SLUICE_TEST_PG18"},
                                         std::pair{"SLUICE_TEST_PG18", "SLUICE_TEST_PG10"},
                                         std::pair{"SLUICE_TEST_PG15", "SLUICE_TEST_PG15"},
                                         std::pair{"SLUICE_TEST_PG12", "SLUICE_TEST_PG17"},
                                         std::pair{"SLUICE_TEST_PG17", "SLUICE_TEST_PG12"},
                                         std::pair{"SLUICE_TEST_PG14", "SLUICE_TEST_PG16"},
                                         std::pair{"SLUICE_TEST_PG16", "SLUICE_TEST_PG14"}),
                         [](const auto& info) {
                           return ServerName(info.param.first) + "_" + ServerName(info.param.second);
                         });

}  // namespace
}  // namespace sluice::postgresql
