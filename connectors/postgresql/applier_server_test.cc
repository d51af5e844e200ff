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

INSTANTIATE_TEST_SUITE_P(Servers, ApplierServer,
                         ::testing::Values("SLUICE_TEST_PG10", "SLUICE_TEST_PG15", "SLUICE_TEST_PG18"),
                         [](const auto& info) {
                           std::string name = info.param + std::string("SLUICE_TEST_").size();
                           std::transform(name.begin(), name.end(), name.begin(),
                                          [](char c) { return std::tolower(c); });
                           return name;
                         });

}  // namespace
}  // namespace sluice::postgresql
