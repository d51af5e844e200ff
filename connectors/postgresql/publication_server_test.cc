// Against real servers: what the publication is limited to, that the application never notices, and that whoever limits
// it further is found out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/error_for_test.h"
#include "connectors/postgresql/changes_test_rig.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/publication.h"
#include "connectors/postgresql/publication_limits.h"

namespace sluice::postgresql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class PostgresqlPublication : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!rig_.there()) GTEST_SKIP() << GetParam() << " is not set";
  }
  bool Limits() { return rig_.version() >= kPublishesLimits; }
  void Run(const std::string& sql) { rig_.sql().Execute(sql); }
  std::string CodeOf(const std::function<void()>& call) { return sluice::CodeOf(call, &text_); }

  // As the catalog describes it; its mapping carries all but these columns.
  void Follow(const std::string& table, const std::set<std::string>& excluded, const std::string& filter = "") {
    rig_.Follow(table);
    rig_.tables().back() = MakeCatalog(rig_.endpoint(), {})->DescribeTables({{"shop", table}}).at(0);
    auto mapping = std::make_shared<model::TableMapping>();
    mapping->source = mapping->destination = {"shop", table};
    mapping->excluded = excluded;
    mapping->filter = filter;
    mappings_.push_back(mapping);
  }
  void Publish(bool with_records = false) {
    PreparePublication(rig_.sql(), rig_.slot(), rig_.tables(), mappings_, with_records);
  }
  void Begin() {
    Publish();
    Connection replication(rig_.endpoint(), {}, {.replication = true});
    rig_.position() = FormatPosition(CreateSlot(replication, rig_.slot(), false).position);
  }
  // What the publication tells of each table: "columns 1 2 rows all".
  std::map<std::string, std::string> Limited() {
    std::map<std::string, std::string> found;
    for (const LimitedTable& table : ReadPublicationState(rig_.sql(), rig_.slot()).limited) {
      EXPECT_TRUE(table.is_ours && table.is_identified) << table.name.Text();
      found[table.name.name] = table.limit;
    }
    return found;
  }
  void ReadUntilItFails() {
    const Deadline deadline = Deadline::After(milliseconds(40000));
    while (!deadline.Passed()) rig_.Next(milliseconds(1000));
  }

  ChangesRig rig_{GetParam()};
  std::vector<model::TableMappingPtr> mappings_;
  std::string text_;  // of the last error
};

INSTANTIATE_TEST_SUITE_P(Servers, PostgresqlPublication, ::testing::ValuesIn(kServers),
                         [](const auto& info) { return ServerName(info.param); });

TEST_P(PostgresqlPublication, WhoNarrowsItIsFoundAtTheStartAndMeanwhile) {
  const std::string alter = "ALTER PUBLICATION " + Quote(rig_.slot());
  std::vector<std::string> narrowed{alter + " SET (publish = 'insert')", alter + " SET (publish = 'update, delete')"};
  if (rig_.version() >= 110000) narrowed.push_back(alter + " SET (publish = 'insert, update, delete')");
  if (rig_.version() >= 130000) narrowed.push_back(alter + " SET (publish_via_partition_root = true)");
  if (Limits()) {
    narrowed.push_back(alter + " SET TABLE shop.t WHERE (id > 5)");
    narrowed.push_back(alter + " SET TABLE shop.t (id, v)");
    narrowed.push_back(alter + " SET TABLE shop.t (id, v) WHERE (id > 5)");
  }
  Run("CREATE TABLE shop.t (id int PRIMARY KEY, v text, w text)");
  Follow("t", {});
  Begin();
  for (const std::string& statement : narrowed) {
    SCOPED_TRACE(statement);
    Publish();
    EXPECT_TRUE(PublicationFits(rig_.sql(), rig_.slot(), rig_.tables()));
    EXPECT_EQ(CodeOf([&] { rig_.Open(); }), "");
    rig_.Close();
    Run(statement);
    EXPECT_FALSE(PublicationFits(rig_.sql(), rig_.slot(), rig_.tables()));
    EXPECT_EQ(CodeOf([&] { rig_.Open(); }), kPublicationChanged.id);
    EXPECT_THAT(text_, HasSubstr("--restart"));
  }
  Publish();
  rig_.Open();
  Run(narrowed.back());
  EXPECT_EQ(CodeOf([&] { ReadUntilItFails(); }), kPublicationChanged.id);
}

// A task that is limited by Sluice: what somebody else makes of that is found just so.
TEST_P(PostgresqlPublication, WhoAltersOurLimitsIsFound) {
  if (!Limits()) return;  // before 15 there are none
  Run("CREATE TABLE shop.t (id int PRIMARY KEY, v varchar(10), w varchar(10))");
  Follow("t", {"w"}, "id < 100");
  Begin();
  EXPECT_EQ(CodeOf([&] { rig_.Open(); }), "");
  const std::string alter = "ALTER PUBLICATION " + Quote(rig_.slot());
  for (const char* table : {"shop.t (id, v) WHERE (id < 99)", "shop.t (id) WHERE (id < 100)", "shop.t (id, v, w)"}) {
    Run(alter + " SET TABLE ONLY " + table);
    EXPECT_EQ(CodeOf([&] { rig_.Open(); }), kPublicationChanged.id) << table;
    EXPECT_THAT(text_, HasSubstr("shop.t")) << table;
  }
  // Nothing is lost by a table that is whole, nor by one that is limited as it was.
  for (const char* table : {"shop.t", "shop.t (id, v) WHERE (id < 100)"}) {
    Run(alter + " SET TABLE ONLY " + table);
    EXPECT_EQ(CodeOf([&] { rig_.Open(); }), "") << table;
  }
}

struct Kind {
  const char* name;
  const char* columns;
  const char* altered;  // by ALTER TABLE; empty: not at all
  const char* a;        // a value of its column a
  std::set<std::string> excluded;
  const char* filter;
  const char* limit;  // what is published of it; empty: all
};

std::vector<Kind> Kinds(uint32_t version) {
  std::vector<Kind> kinds{
      {"plain", "id int PRIMARY KEY, a int, b text", "", "5", {"b"}, "", "columns 1 2 rows all"},
      {"whole", "id int PRIMARY KEY, a int, b text", "REPLICA IDENTITY FULL", "5", {"b"}, "", ""},
      {"keyed",
       "id int PRIMARY KEY, a int NOT NULL UNIQUE, b text",
       "REPLICA IDENTITY USING INDEX keyed_a_key",
       "5",
       {"b"},
       "",
       "columns 1 2 rows all"},
      {"key_left_out", "id int, a int, b text, PRIMARY KEY (id, a)", "", "5", {"a"}, "", ""},
      {"unique_left_out", "id int PRIMARY KEY, a int UNIQUE, b text", "", "5", {"a"}, "", ""},
      {"exclusion_left_out",
       "id int PRIMARY KEY, a int, b text, EXCLUDE USING btree (b WITH =)",
       "",
       "5",
       {"b"},
       "",
       ""},
      {"child",
       "id int PRIMARY KEY, a int REFERENCES shop.plain, b text",
       "",
       "NULL",
       {"a", "b"},
       "",
       "columns 1 2 rows all"},
      {"rows_whole",
       "id int PRIMARY KEY, a int, b text",
       "REPLICA IDENTITY FULL",
       "5",
       {},
       "a < 10",
       "columns all rows (a < 10)"},
      {"rows_no_key",
       "id int, a int, b text",
       "REPLICA IDENTITY FULL",
       "5",
       {"b"},
       "a < 10 AND b IS NULL",
       "columns all rows ((a < 10) AND (b IS NULL))"},
      {"rows_by_key",
       "id int, a int, b varchar(10), PRIMARY KEY (id, a)",
       "",
       "5",
       {},
       "a < 10 -- not more",
       "columns all rows (a < 10)"},
      {"rows_and_list",
       "id int, a int, b int, PRIMARY KEY (id, a)",
       "",
       "5",
       {"b"},
       "a < 10",
       "columns 1 2 rows (a < 10)"},
      {"rows_large", "id int, a int, b text, PRIMARY KEY (id, a)", "", "5", {}, "a < 10", ""},
      {"rows_plain", "id int, a int, b text, PRIMARY KEY (id, a)", "ALTER b SET STORAGE PLAIN", "5", {}, "a < 10", ""},
      {"rows_other", "id int PRIMARY KEY, a int", "", "5", {}, "a < 10", ""},
      {"rows_other_list", "id int PRIMARY KEY, a int, b int", "", "5", {"a", "b"}, "a < 10", "columns 1 2 rows all"},
      {"rows_referred",
       "id int PRIMARY KEY, a int REFERENCES shop.rows_referred",
       "REPLICA IDENTITY FULL",
       "NULL",
       {},
       "a < 10",
       ""},
      {"rows_refused", "id int PRIMARY KEY, a timestamptz", "REPLICA IDENTITY FULL", "now()", {}, "a < now()", ""},
      {"rows_enum", "id int PRIMARY KEY, a shop.mood", "REPLICA IDENTITY FULL", "'sad'", {}, "a = 'sad'", ""},
      {"refused_both", "id int, a int, b int, PRIMARY KEY (id, a)", "", "5", {"b"}, "a < shop.ten()", ""},
  };
  if (version >= 120000) {
    kinds.push_back({"computed",
                     "id int PRIMARY KEY, a int, b text, c int GENERATED ALWAYS AS (id + 1) STORED",
                     "",
                     "5",
                     {"b"},
                     "",
                     version >= 180000 ? "columns 1 2 4 rows all" : "columns 1 2 rows all"});
    kinds.push_back({"rows_computed",
                     "id int PRIMARY KEY, a int, c int GENERATED ALWAYS AS (id + 1) STORED",
                     "REPLICA IDENTITY FULL",
                     "5",
                     {},
                     "c < 10",
                     ""});
  }
  return kinds;
}

TEST_P(PostgresqlPublication, IsLimitedWhereTheServerTakesAllChanges) {
  Run("CREATE TYPE shop.mood AS ENUM ('sad', 'ok')");
  Run("CREATE FUNCTION shop.ten() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 10'");
  const std::vector<Kind> kinds = Kinds(rig_.version());
  std::map<std::string, std::string> wanted;
  for (const Kind& kind : kinds) {
    const std::string table = std::string("shop.") + kind.name;
    Run(fmt::format("CREATE TABLE {} ({})", table, kind.columns));
    if (*kind.altered != '\0') Run(fmt::format("ALTER TABLE {} {}", table, kind.altered));
    if (*kind.limit != '\0' && Limits()) wanted[kind.name] = kind.limit;
    Follow(kind.name, kind.excluded, kind.filter);
  }
  Begin();
  EXPECT_EQ(Limited(), wanted);
  for (const Kind& kind : kinds) {
    SCOPED_TRACE(kind.name);
    Run(fmt::format("INSERT INTO shop.{} (id, a) VALUES (1, {})", kind.name, kind.a));
    Run(fmt::format("UPDATE shop.{} SET id = 2", kind.name));
    Run(fmt::format("UPDATE shop.{} SET a = a", kind.name));
    Run(fmt::format("DELETE FROM shop.{}", kind.name));
  }
  EXPECT_EQ(CodeOf([&] {
              rig_.Open();
              rig_.Read();
            }),
            "")
      << text_;
  // Nothing of it stays in one that follows statements, whose records have to be in it.
  Run(fmt::format("CREATE SCHEMA sluice; CREATE TABLE sluice.{} (id int PRIMARY KEY)", Quote(rig_.slot())));
  EXPECT_EQ(CodeOf([&] { rig_.Open(); }), kPublicationChanged.id);
  Publish(true);
  EXPECT_THAT(Limited(), IsEmpty());
}

TEST_P(PostgresqlPublication, PartitionsAreNotLimited) {
  Run("CREATE TABLE shop.p (id int, a int, b text) PARTITION BY LIST (id)");
  Run("CREATE TABLE shop.p1 PARTITION OF shop.p FOR VALUES IN (1)");
  Run("ALTER TABLE shop.p1 ADD PRIMARY KEY (id)");
  Follow("p", {"b"}, "id < 10");
  Publish();
  EXPECT_THAT(Limited(), IsEmpty());
}

TEST_P(PostgresqlPublication, OneThatIsThereStaysWhole) {
  Run("CREATE TABLE shop.t (id int PRIMARY KEY, a int, b text)");
  Follow("t", {"b"}, "id < 10");
  Run(PublicationStatement(rig_.sql(), rig_.slot(), rig_.tables()));
  Publish();
  EXPECT_THAT(Limited(), IsEmpty());
}

TEST_P(PostgresqlPublication, WhatIsNotCarriedDoesNotTravel) {
  if (!Limits()) return;  // before 15 there are none
  Run("CREATE TABLE shop.t (id int PRIMARY KEY, a int, b text)");
  Run("CREATE TABLE shop.f (id int PRIMARY KEY, a int, b text); ALTER TABLE shop.f REPLICA IDENTITY FULL");
  Follow("t", {"b"});
  Follow("f", {}, "a < 10");
  Begin();
  Run("SELECT pg_create_logical_replication_slot('spy', 'pgoutput')");
  Run("INSERT INTO shop.t VALUES (1, 1, 'left out'); UPDATE shop.t SET b = 'left out, too', a = 2");
  Run("INSERT INTO shop.f VALUES (1, 50, 'left out'), (2, 5, 'told'); UPDATE shop.f SET b = 'left out' WHERE id = 1");
  Run("UPDATE shop.f SET a = 6 WHERE id = 1; UPDATE shop.f SET a = 60, b = 'left out' WHERE id = 2");
  Run("UPDATE shop.f SET a = 7 WHERE id = 1; DELETE FROM shop.f");
  const OptionalText told = rig_.sql().QueryOne(
      fmt::format("SELECT string_agg(encode(data, 'escape'), '') FROM pg_logical_slot_get_binary_changes('spy', NULL, "
                  "NULL, 'proto_version', '1', 'publication_names', {})",
                  Literal(rig_.slot())));
  Run("SELECT pg_drop_replication_slot('spy')");
  EXPECT_THAT(told.value_or(""), HasSubstr("told"));
  EXPECT_THAT(told.value_or(""), Not(HasSubstr("left out, too")));
  EXPECT_THAT(rig_.Read(), ElementsAre("begin", "I t (int:1|int:1|-)", "U t (int:1|-|-)(int:1|int:2|-)", "commit",  //
                                       "begin", "I f (int:2|int:5|told)", "commit",                                 //
                                       "begin", "I f (int:1|int:6|left out)", "D f (int:2|int:5|told)", "commit",   //
                                       "begin", "U f (int:1|int:6|left out)(int:1|int:7|left out)",
                                       "D f (int:1|int:7|left out)", "commit"));
}

// A column that its list lacks is not in the log: the catalog tells of it.
TEST_P(PostgresqlPublication, AColumnThatIsAddedIsSeen) {
  Run("CREATE TABLE shop.t (id int PRIMARY KEY, a int, b text)");
  Follow("t", {"b"});
  Begin();
  rig_.Open();
  Run("ALTER TABLE shop.t ADD c int; INSERT INTO shop.t VALUES (1, 1, 'b', 1)");
  EXPECT_EQ(CodeOf([&] { ReadUntilItFails(); }), kSchemaDrift.id);
  EXPECT_THAT(text_, HasSubstr("column c is new"));
  rig_.Close();
  if (Limits()) {
    EXPECT_EQ(CodeOf([&] { rig_.Open(); }), kSchemaDrift.id);
  }
  // Given back its form it goes on; a column that is not carried may go.
  Run("ALTER TABLE shop.t DROP c");
  if (!Limits()) return;
  Run("ALTER TABLE shop.t DROP b; INSERT INTO shop.t VALUES (2, 2)");
  EXPECT_EQ(CodeOf([&] { rig_.Open(); }), "");
  EXPECT_THAT(rig_.Read(), ElementsAre("begin", "I t (int:2|int:2|-)", "commit"));
}

// The server would refuse the application's changes under the old limits.
TEST_P(PostgresqlPublication, ATableWithAnotherIdentityIsPublishedWhole) {
  Run("CREATE TABLE shop.t (id int PRIMARY KEY, a int, b text)");
  Run("CREATE TABLE shop.f (id int PRIMARY KEY, a int, b text); ALTER TABLE shop.f REPLICA IDENTITY FULL");
  Follow("t", {"b"});
  Follow("f", {}, "a < 10");
  Begin();
  Run("INSERT INTO shop.t VALUES (1, 1, 'early'); INSERT INTO shop.f VALUES (1, 1, 'x'), (2, 20, 'early')");
  Run("ALTER TABLE shop.t REPLICA IDENTITY FULL; ALTER TABLE shop.f REPLICA IDENTITY DEFAULT");
  const std::vector<std::string> changes{"UPDATE shop.t SET a = 2", "UPDATE shop.f SET a = 2 WHERE id = 1"};
  for (const std::string& change : changes) EXPECT_EQ(CodeOf([&] { Run(change); }) != "", Limits());
  rig_.Open();
  for (const std::string& change : changes) EXPECT_EQ(CodeOf([&] { Run(change); }), "");
  EXPECT_EQ(CodeOf([&] { rig_.Read(); }), "") << text_;
  // So it is when the log before that is read once more.
  rig_.Open();
  EXPECT_EQ(CodeOf([&] { rig_.Read(); }), "") << text_;
  EXPECT_THAT(Limited(), IsEmpty());
}

// A large value that is left alone is in no row of the log: an update that brings its row in must not lose it.
TEST_P(PostgresqlPublication, RowsThatComeInAreWholeOrRefused) {
  if (!Limits()) return;  // before 15 there are none
  Run("CREATE TABLE shop.f (id int, a int, b text, PRIMARY KEY (id, a)); ALTER TABLE shop.f REPLICA IDENTITY FULL");
  Run("ALTER TABLE shop.f ALTER b SET STORAGE EXTERNAL");
  Run("INSERT INTO shop.f SELECT i, 20, repeat('x', 9000) FROM generate_series(1, 2) i");
  Follow("f", {}, "a < 10");
  Begin();
  rig_.Open();
  Run("UPDATE shop.f SET a = 1 WHERE id = 1");
  EXPECT_THAT(rig_.Read(), ElementsAre("begin", "I f (int:1|int:1|" + std::string(9000, 'x') + ")", "commit"));
  Run("ALTER TABLE shop.f REPLICA IDENTITY DEFAULT; UPDATE shop.f SET a = 1 WHERE id = 2");
  EXPECT_EQ(CodeOf([&] { ReadUntilItFails(); }), kNoReplicaIdentity.id);
  EXPECT_THAT(text_, HasSubstr("column b"));
}

}  // namespace
}  // namespace sluice::postgresql
