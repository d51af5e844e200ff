// The applier against real servers. Skipped unless SLUICE_TEST_PG10 and so on hold "host:port:user:password" of an
// account that may do all.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "connectors/postgresql/applier_test_rig.h"

namespace sluice::postgresql {
namespace {

using model::ChangeKind;

class ApplierServer : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto server = ServerOf(GetParam());
    if (!server) GTEST_SKIP() << GetParam() << " is not set";
    database_ = std::make_unique<AppliedDatabase>(*server);
    applier_ = MakeApplier(database_->endpoint(), {});
  }

  // One transaction.
  void Apply(std::initializer_list<const GroupMaker*> groups) {
    applier_->Begin();
    for (const GroupMaker* made : groups) applier_->Apply(made->group);
    applier_->Commit(Progress());
  }
  void Apply(const GroupMaker& made) { Apply({&made}); }
  connector::ApplyProgress Progress() {
    return {.task = "t",
            .lane = 1,
            .low_ordinal = ++ordinal_,
            .low = {"postgresql", "{}"},
            .done = "",
            .committed_micros = 7};
  }
  // The code of the error, "" when there is none; the transaction is rolled back.
  std::string CodeOf(const GroupMaker& made) {
    applier_->Begin();
    try {
      applier_->Apply(made.group);
    } catch (const Error& error) {
      error_ = error.info();
      applier_->Rollback();
      return error.info().code;
    }
    applier_->Rollback();
    return "";
  }
  // "1|x;2|NULL" of b.<name>, ordered by all columns.
  std::string Rows(const std::string& name, const std::string& columns = "*") {
    std::string text;
    for (const TextRow& row :
         database_->Query(fmt::format("SELECT {0} FROM b.{1} t ORDER BY (t.*)::text COLLATE \"C\"", columns, name))) {
      if (!text.empty()) text += ';';
      for (size_t i = 0; i < row.size(); ++i) text += (i == 0 ? "" : "|") + row[i].value_or("NULL");
    }
    return text;
  }

  std::unique_ptr<AppliedDatabase> database_;
  std::unique_ptr<connector::Applier> applier_;
  uint64_t ordinal_ = 0;
  ErrorInfo error_;
};

TEST_P(ApplierServer, RowsComeChangeAndGo) {
  const auto table = database_->Create("t", "id int PRIMARY KEY, a text, n numeric(10,2)");
  Apply(Inserts(table, {{"1", "x", "1.50"}, {"2", std::nullopt, std::nullopt}, {"3", "", "-7.00"}}));
  EXPECT_EQ(Rows("t"), "1|x|1.50;2|NULL|NULL;3||-7.00");
  GroupMaker updates(table, ChangeKind::kUpdate);
  updates.Add({"1", kAbsentText, kAbsentText}, {"1", "y", std::nullopt});
  updates.Add({"2", kAbsentText, kAbsentText}, {"20", "z", "2.00"});
  GroupMaker deletes(table, ChangeKind::kDelete);
  deletes.Add({"3", kAbsentText, kAbsentText}, {});
  Apply({&updates, &deletes});
  EXPECT_EQ(Rows("t"), "1|y|NULL;20|z|2.00");
  EXPECT_EQ(database_->One("SELECT low_ordinal FROM sluice.progress"), "2");
}

TEST_P(ApplierServer, ValuesThatTheLogLeavesOutStay) {
  const auto table = database_->Create("t", "id int PRIMARY KEY, a text, b text");
  Apply(Inserts(table, {{"1", "one", "x"}, {"2", "two", "y"}}));
  GroupMaker updates(table, ChangeKind::kUpdate);
  updates.Add({"1", kAbsentText, kAbsentText}, {"1", kAbsentText, "new"});
  updates.Add({"2", kAbsentText, kAbsentText}, {"3", "three", kAbsentText});
  Apply(updates);
  EXPECT_EQ(Rows("t"), "1|one|new;3|three|y");
}

// Every type with its edges, in one row each; the text that comes back is the one that went.
const std::vector<std::pair<std::string, std::vector<std::string>>> kTypes{
    {"bool", {"t", "f"}},
    {"int2", {"-32768", "32767"}},
    {"int4", {"-2147483648", "2147483647"}},
    {"int8", {"-9223372036854775808", "9223372036854775807"}},
    {"oid", {"4294967295"}},
    {"numeric", {"NaN", "-0.000000000000000000001", "1e0", "123456789012345678901234567890.12"}},
    {"numeric(6,3)", {"-999.999", "0.000"}},
    {"float4", {"3.4028235e+38", "-Infinity", "NaN", "1e-45", "0.1", "-0"}},
    {"float8", {"1.7976931348623157e+308", "Infinity", "NaN", "5e-324", "0.1", "-0"}},
    {"money", {"-$92,233,720,368,547,758.08", "$1.50"}},
    {"text", {"", " x ", "a\\b\"c{},NULL'\n\t", "NULL", "ünïcödé 😀"}},
    {"varchar(5)", {"abc  ", "😀😀😀😀😀"}},
    {"char(5)", {"ab   "}},
    {"\"char\"", {"a", "", "\\"}},
    {"name", {"a name"}},
    {"bytea", {"\\x", "\\x00ff5c27"}},
    {"date", {"0044-03-15 BC", "infinity", "-infinity", "2024-02-29", "5874897-12-31"}},
    {"time(3)", {"00:00:00", "24:00:00", "12:34:56.789"}},
    {"timetz", {"12:00:00.000001+05:30"}},
    {"timestamp", {"2024-02-29 23:59:59.999999", "infinity", "4713-01-01 00:00:00 BC"}},
    {"timestamptz(0)", {"2024-02-29 23:59:59+00", "-infinity"}},
    {"interval", {"-1 years -2 mons +3 days -04:05:06.789", "00:00:00"}},
    {"bit(5)", {"10101", "00000"}},
    {"bit(70)", {"1111111111111111111111111111111111111111111111111111111111111111111111"}},
    {"varbit", {"", "101"}},
    {"uuid", {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}},
    {"inet", {"192.168.0.1/24", "::1"}},
    {"cidr", {"10.0.0.0/8"}},
    {"macaddr", {"08:00:2b:01:02:03"}},
    {"json", {"{\"b\": 1, \"a\": [1, 2.50]}", "null"}},
    {"jsonb", {"{\"a\": [1, 2.50], \"b\": 1}", "null"}},
    {"xml", {"<a b=\"c\">d</a>"}},
    {"point", {"(1,-2.5)"}},
    {"polygon", {"((0,0),(1,1),(1,0))"}},
    {"tsvector", {"'a':1 'b':2A"}},
    {"int4range", {"[1,10)", "empty"}},
    {"numeric[]", {"{1.0,NULL,{}}", "{}"}},
    {"text[]", {"{a,\"b c\",\"\\\"\\\\\",NULL,\"NULL\",\"\"}", "{{1,2},{3,4}}", "[0:1]={a,b}"}},
    {"a.mood", {"happy", "very sad"}},
    {"a.mood[]", {"{happy,\"very sad\"}"}},
    {"a.pair", {"(1,\"x y\")", "(,)"}},
    {"a.short", {"abc"}},
    {"a.price", {"1.50"}},
    {"a.shorts", {"{a,b}"}},
};

TEST_P(ApplierServer, EveryTypeArrivesAsItWas) {
  database_->Run(
      "CREATE TYPE a.mood AS ENUM ('happy', 'very sad'); CREATE TYPE a.pair AS (n int, t text); CREATE DOMAIN a.short "
      "AS varchar(3); CREATE DOMAIN a.price AS numeric(8,2) CHECK (VALUE > 0); CREATE DOMAIN a.shorts AS text[]");
  size_t number = 0;
  for (const auto& [type, values] : kTypes) {
    SCOPED_TRACE(type);
    const std::string name = fmt::format("t{}", number++);
    const auto keyed = database_->Create(name, fmt::format("id int PRIMARY KEY, v {}", type));
    const auto keyless = database_->Create(name + "x", fmt::format("v {}", type));
    GroupMaker inserts(keyed, ChangeKind::kInsert);
    GroupMaker updates(keyed, ChangeKind::kUpdate);
    GroupMaker alike(keyless, ChangeKind::kInsert);
    GroupMaker deletes(keyless, ChangeKind::kDelete);
    TextRows texts;
    for (const std::string& value : values) {
      if (type == "numeric[]" && value == "{1.0,NULL,{}}") continue;
      // As the server itself writes it.
      texts.push_back({database_->One(fmt::format("SELECT {}::{}", Literal(value), type))});
    }
    texts.push_back({std::nullopt});
    std::string wanted;
    for (size_t i = 0; i < texts.size(); ++i) {
      const std::string id = fmt::format("{}", 10 + i);
      inserts.Add({}, {id, texts[i][0]});
      updates.Add({id, kAbsentText}, {id, texts[texts.size() - 1 - i][0]});
      alike.Add({}, texts[i]);
      alike.Add({}, texts[i]);
      deletes.Add(texts[i], {});
      wanted += fmt::format("{}{}|{}", i == 0 ? "" : ";", id, texts[texts.size() - 1 - i][0].value_or("NULL"));
    }
    Apply(inserts);
    Apply(updates);
    EXPECT_EQ(Rows(name), wanted);
    Apply(alike);
    Apply(deletes);
    EXPECT_EQ(database_->One(fmt::format(
                  "SELECT count(*) || ' ' || count(DISTINCT coalesce(v::text, '(null)')) FROM b.{}x", name)),
              fmt::format("{0} {0}", texts.size()));
  }
}

TEST_P(ApplierServer, ARowThatIsNotThereIsTold) {
  const auto table = database_->Create("t", "id int PRIMARY KEY, a text");
  const auto keyless = database_->Create("k", "a text, b json");
  Apply(Inserts(table, {{"1", "x"}}));
  Apply(Inserts(keyless, {{"x", "{}"}}));
  GroupMaker updates(table, ChangeKind::kUpdate);
  updates.Add({"1", kAbsentText}, {"1", "y"}).Add({"2", kAbsentText}, {"2", "y"});
  EXPECT_EQ(CodeOf(updates), "PG-0501");
  EXPECT_NE(error_.cause.find("of 2 rows to change 1 were found"), std::string::npos) << error_.cause;
  GroupMaker deletes(table, ChangeKind::kDelete);
  deletes.Add({"2", kAbsentText}, {});
  EXPECT_EQ(CodeOf(deletes), "PG-0501");
  GroupMaker others(keyless, ChangeKind::kDelete);
  others.Add({"x", "{ }"}, {});
  EXPECT_EQ(CodeOf(others), "PG-0501");
  GroupMaker nothing(keyless, ChangeKind::kDelete);
  nothing.Add({kAbsentText, kAbsentText}, {});
  EXPECT_EQ(CodeOf(nothing), "PG-0504");
  EXPECT_EQ(CodeOf(Inserts(table, {{"1", "z"}})), "PG-0116");
  deletes.group.lenient = true;
  EXPECT_EQ(CodeOf(deletes), "");
  updates.group.lenient = true;
  Apply(updates);
  EXPECT_EQ(Rows("t"), "1|y");  // and the session goes on after all these errors
}

TEST_P(ApplierServer, RowsWithoutAKeyAreFoundByAllTheirValues) {
  const auto table = database_->Create("k", "n numeric, i interval, j json");
  Apply(Inserts(table, {{"1.0", "1 day", "{}"},
                        {"1.00", "24:00:00", "{}"},
                        {"1.00", "24:00:00", "{}"},
                        {std::nullopt, std::nullopt, std::nullopt}}));
  GroupMaker updates(table, ChangeKind::kUpdate);
  updates.Add({"1.00", "24:00:00", "{}"}, {"2", "24:00:00", "{}"});
  updates.Add({std::nullopt, std::nullopt, std::nullopt}, {std::nullopt, std::nullopt, "{\"a\": 1}"});
  Apply(updates);
  GroupMaker deletes(table, ChangeKind::kDelete);
  deletes.Add({"1.0", "1 day", "{}"}, {});
  Apply(deletes);
  EXPECT_EQ(Rows("k"), "NULL|NULL|{\"a\": 1};1.00|24:00:00|{};2|24:00:00|{}");
}

TEST_P(ApplierServer, PartitionsAreWrittenThroughTheirRoot) {
  database_->Run(
      "CREATE TABLE a.p (a int, b text) PARTITION BY RANGE (a); CREATE TABLE b.p (a int, b text) PARTITION BY "
      "RANGE (a); CREATE TABLE b.p1 PARTITION OF b.p FOR VALUES FROM (0) TO (10); CREATE TABLE b.p2 PARTITION "
      "OF b.p FOR VALUES FROM (10) TO (20)");
  const auto table = database_->Describe("p");
  Apply(Inserts(table, {{"1", "x"}, {"1", "x"}, {"11", "x"}, {"11", "x"}}));
  GroupMaker updates(table, ChangeKind::kUpdate);
  updates.Add({"1", "x"}, {"1", "y"}).Add({"11", "x"}, {"11", "y"});
  GroupMaker deletes(table, ChangeKind::kDelete);
  deletes.Add({"11", "x"}, {});
  Apply({&updates, &deletes});
  EXPECT_EQ(Rows("p"), "1|x;1|y;11|y");
}

TEST_P(ApplierServer, ColumnsThatTheServerNumbersKeepTheSourcesNumbers) {
  const auto table = database_->Create("t", "k int PRIMARY KEY, id bigint GENERATED ALWAYS AS IDENTITY UNIQUE, a text");
  Apply(Inserts(table, {{"1", "100", "x"}, {"2", "200", "y"}}));
  GroupMaker updates(table, ChangeKind::kUpdate);
  updates.Add({"1", kAbsentText, kAbsentText}, {"1", "100", "z"});    // an ordinary one
  updates.Add({"2", kAbsentText, kAbsentText}, {"2", "300", "new"});  // SET id = DEFAULT
  Apply(updates);
  GroupMaker kept(table, ChangeKind::kUpdate);
  kept.Add({"2", kAbsentText, kAbsentText}, {"3", "400", kAbsentText});
  Apply(kept);
  EXPECT_EQ(Rows("t"), "1|100|z;3|400|new");
}

TEST_P(ApplierServer, ValuesChangePlacesWhereConstraintsWait) {
  const auto table = database_->Create("t", "id int PRIMARY KEY, place int UNIQUE DEFERRABLE");
  Apply(Inserts(table, {{"1", "1"}, {"2", "2"}}));
  GroupMaker first(table, ChangeKind::kUpdate);
  first.Add({"1", kAbsentText}, {"1", "2"});
  GroupMaker second(table, ChangeKind::kUpdate);
  second.Add({"2", kAbsentText}, {"2", "1"});
  Apply({&first, &second});
  EXPECT_EQ(Rows("t"), "1|2;2|1");
}

TEST_P(ApplierServer, ReplayedRowsReplaceWhatIsInTheirWay) {
  const auto table = database_->Create("t", "id int PRIMARY KEY, u text UNIQUE, v text, w text");
  database_->Run("CREATE UNIQUE INDEX ON b.t (lower(v)) WHERE w IS NOT NULL");
  Apply(Inserts(table,
                {{"1", "a", "A", "x"}, {"2", "b", "B", "x"}, {"3", "c", "C", std::nullopt}, {"4", "d", "D", "x"}}));
  auto inserts = Inserts(table, {{"1", "b", "n", "new"}, {"9", std::nullopt, "d", "new"}, {"10", "e", "c", "new"}});
  inserts.group.idempotent = true;
  Apply(inserts);
  EXPECT_EQ(Rows("t"), "1|b|n|new;10|e|c|new;3|c|C|NULL;9|NULL|d|new");
  GroupMaker updates(table, ChangeKind::kUpdate);
  updates.Add({"1", kAbsentText, kAbsentText, kAbsentText}, {"3", "c", "C", "moved"});
  updates.Add({"77", kAbsentText, kAbsentText, kAbsentText}, {"77", "z", "Z", "was not there"});
  updates.group.idempotent = true;
  GroupMaker deletes(table, ChangeKind::kDelete);
  deletes.Add({"5", kAbsentText, kAbsentText, kAbsentText}, {});
  deletes.Add({"9", kAbsentText, kAbsentText, kAbsentText}, {});
  deletes.group.idempotent = true;
  EXPECT_EQ(CodeOf(updates), "");
  GroupMaker gone(table, ChangeKind::kDelete);
  gone.Add({"10", kAbsentText, kAbsentText, kAbsentText}, {});
  Apply({&gone, &updates, &deletes});
  EXPECT_EQ(Rows("t"), "3|c|C|moved;77|z|Z|was not there");
}

TEST_P(ApplierServer, ReplayedRowsWithoutUnchangedValuesKeepThem) {
  const auto table = database_->Create("t", "id int PRIMARY KEY, a text, big text");
  Apply(Inserts(table, {{"1", "a", "one"}, {"2", "b", "two"}, {"3", "c", "three"}}));
  GroupMaker updates(table, ChangeKind::kUpdate);
  updates.Add({"1", kAbsentText, kAbsentText}, {"2", "moved", kAbsentText});  // both are there: read at different times
  updates.Add({"3", kAbsentText, kAbsentText}, {"4", "new", kAbsentText});
  updates.Add({"8", kAbsentText, kAbsentText}, {"9", "gone", kAbsentText});
  updates.group.idempotent = true;
  Apply(updates);
  EXPECT_EQ(Rows("t"), "2|moved|two;4|new|three");
}

TEST_P(ApplierServer, ValuesThatAColumnWouldChangeAreRefused) {
  const auto table =
      database_->Create("t", "id int PRIMARY KEY, n numeric(10,4), s varchar(10), ts timestamp, d float8",
                        "id int PRIMARY KEY, n numeric(10,2), s varchar(3), ts timestamp(0), d real");
  const TextRow fits{"1", "1.5000", "abc", "2024-01-01 00:00:00", "0.5"};
  Apply(Inserts(table, {fits}));
  EXPECT_EQ(Rows("t"), "1|1.50|abc|2024-01-01 00:00:00|0.5");
  const std::pair<size_t, const char*> changed[] = {
      {1, "1.5001"}, {2, "abc "}, {2, "abcd"}, {3, "2024-01-01 00:00:00.5"}, {4, "0.1"}};
  for (const auto& [column, value] : changed) {
    TextRow row = fits;
    row[0] = "2";
    row[column] = value;
    EXPECT_EQ(CodeOf(Inserts(table, {row})), "PG-0118") << value;
    EXPECT_NE(error_.object.find("b.t"), std::string::npos) << error_.object;
  }
}

TEST_P(ApplierServer, ColumnsHaveOtherNamesOrStayOut) {
  database_->Run(
      "CREATE TABLE a.t (id int PRIMARY KEY, a text, b text); CREATE TABLE b.t (\"new \"\"id\" int PRIMARY KEY, "
      "a2 text, extra text DEFAULT 'own')");
  const auto table = database_->Describe("t");
  auto mapping = std::make_shared<model::TableMapping>();
  mapping->source = table->name;
  mapping->destination = {"b", "t"};
  mapping->columns = {{"id", "new \"id"}, {"a", "a2"}};
  GroupMaker inserts(table, ChangeKind::kInsert, mapping);
  inserts.Add({}, {"1", "x", "left out"});
  Apply(inserts);
  GroupMaker updates(table, ChangeKind::kUpdate, mapping);
  updates.Add({"1", "x", "left out"}, {"1", "y", "left out"});
  GroupMaker nothing(table, ChangeKind::kUpdate, mapping);
  nothing.Add({"1", "x", "left out"}, {"1", "x", "changed"});  // of what is carried
  Apply({&nothing, &updates});
  Apply(nothing);
  EXPECT_EQ(Rows("t"), "1|y|own");
}

TEST_P(ApplierServer, FiltersAreTheSourcesOwn) {
  database_->Run("CREATE TYPE a.mood AS ENUM ('sad', 'happy')");
  const auto table = database_->Create("t", "id int PRIMARY KEY, n numeric(10,2), m a.mood, c char(5), tags text[]");
  const auto filter = MakeFilterEvaluator(database_->endpoint(), {});
  const auto made = Inserts(table, {{"1", "1.50", "happy", "x    ", "{a,b}"},
                                    {"2", std::nullopt, "sad", std::nullopt, "{}"},
                                    {"3", "-7.00", "happy", "y    ", std::nullopt}});
  std::vector<model::Row> rows;
  for (const model::RowChange* change : made.group.rows) rows.push_back(change->after);
  const auto keep = [&](const std::string& condition) { return filter->Evaluate(*table, condition, rows); };
  EXPECT_EQ(keep("id > 1"), (std::vector<bool>{false, true, true}));
  EXPECT_EQ(keep("n > 0"), (std::vector<bool>{true, false, false}));  // NULL does not fit
  EXPECT_EQ(keep("m > 'sad' AND c = 'y'"), (std::vector<bool>{false, false, true}));
  EXPECT_EQ(keep("'a' = ANY (t.tags) -- a remark"), (std::vector<bool>{true, false, false}));
  EXPECT_EQ(keep("true"), (std::vector<bool>{true, true, true}));
  EXPECT_THROW(keep("no_such > 1"), Error);
  const std::vector<model::Cell> key{model::Cell::Int(1), {}, {}, {}, {}};
  rows = {key};
  EXPECT_EQ(keep("id = 1"), (std::vector<bool>{true}));
  try {
    keep("n = 1");
    ADD_FAILURE() << "the value is not known";
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, "PG-0503");
    EXPECT_NE(error.info().remedy.find("REPLICA IDENTITY FULL"), std::string::npos) << error.info().remedy;
  }
}

INSTANTIATE_TEST_SUITE_P(Servers, ApplierServer, ::testing::ValuesIn(kServers),
                         [](const auto& info) { return ServerName(info.param); });

}  // namespace
}  // namespace sluice::postgresql
