#include "connectors/postgresql/schema_table_difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "connectors/postgresql/schema_server_test_names.h"

namespace sluice::postgresql {
namespace {

using ::testing::HasSubstr;

constexpr uint32_t kVersion = 150000;

ColumnDefinition Column(int number, const std::string& name, const std::string& type) {
  ColumnDefinition column;
  column.number = number;
  column.name = name;
  column.type = type;
  return column;
}

class TableDifferenceTest : public ::testing::Test {
 protected:
  TableDifferenceTest() {
    before_.name = {"shop", "t"};
    before_.columns = {Column(1, "a", "integer"), Column(2, "b", "text")};
    before_.checks = {{"a_positive", "CHECK ((a > 0))", true, ""}};
    before_.references.relations.insert(before_.name);
    after_ = before_;
    ddl_.kind = model::DdlKind::kAlterTable;
    ddl_.statement = "ALTER TABLE t x";
    ddl_.objects = {before_.name};
  }

  model::TableMapping Mapping(const Definition& table) const {
    model::TableMapping mapping;
    mapping.source = mapping.destination = table.name;
    for (const ColumnDefinition& column : table.columns) mapping.columns.push_back({column.name, column.name});
    return mapping;
  }
  std::string Sql() const {
    const model::TableMapping was = Mapping(before_), is = Mapping(after_);
    const TableDifferenceSql sql = TableDifference(before_, was, after_, is, ddl_, SameNames(), kVersion).Run();
    return sql.before + "|" + sql.table + "|" + sql.after;
  }
  std::string Refused() const {
    try {
      return "not refused: " + Sql();
    } catch (const Error& error) {
      return error.info().cause;
    }
  }

  Definition before_;
  Definition after_;
  model::DdlChange ddl_;
};

TEST_F(TableDifferenceTest, NothingIsDoneForNothing) {
  EXPECT_EQ(Sql(), "||");
}

TEST_F(TableDifferenceTest, ColumnsThatChangePlacesKeepTheirChecks) {
  after_.columns[0].name = "b";
  after_.columns[1].name = "a";
  after_.checks[0].definition = "CHECK ((b > 0))";
  EXPECT_EQ(Sql(),
            "|ALTER TABLE \"shop\".\"t\" RENAME COLUMN \"a\" TO \"sluice moves 0\";\n"
            "ALTER TABLE \"shop\".\"t\" RENAME COLUMN \"b\" TO \"sluice moves 1\";\n"
            "ALTER TABLE \"shop\".\"t\" RENAME COLUMN \"sluice moves 0\" TO \"b\";\n"
            "ALTER TABLE \"shop\".\"t\" RENAME COLUMN \"sluice moves 1\" TO \"a\"|");
}

TEST_F(TableDifferenceTest, AColumnThatWasDroppedAndMadeAgainIsAnotherOne) {
  after_.columns[1] = Column(3, "b", "text");
  EXPECT_EQ(Sql(),
            "|ALTER TABLE \"shop\".\"t\" DROP COLUMN IF EXISTS \"b\";\n"
            "ALTER TABLE \"shop\".\"t\" ADD COLUMN \"b\" text|");
}

TEST_F(TableDifferenceTest, OlderRowsGetWhatTheyGotAtTheSource) {
  after_.columns.push_back(Column(3, "at", "timestamp with time zone"));
  after_.columns[2].default_value = "now()";
  EXPECT_THAT(Refused(), HasSubstr("differs from row to row"));
  after_.columns[2].missing = "2026-11-26 01:02:03+00";
  EXPECT_EQ(Sql(),
            "|ALTER TABLE \"shop\".\"t\" ADD COLUMN \"at\" timestamp with time zone DEFAULT "
            "'2026-11-26 01:02:03+00'::timestamp with time zone;\n"
            "ALTER TABLE \"shop\".\"t\" ALTER COLUMN \"at\" SET DEFAULT now()|");
}

// It begins as a constant does.
TEST_F(TableDifferenceTest, ATextWithSomethingRandomBehindItIsNoConstant) {
  after_.columns.push_back(Column(3, "c", "text"));
  after_.columns[2].default_value = "('a'::text || (random())::text)";
  EXPECT_THAT(Refused(), HasSubstr("differs from row to row"));
}

TEST_F(TableDifferenceTest, ADefaultThatWasSetBesideIsNotTakenForTheFirst) {
  after_.columns.push_back(Column(3, "c", "integer"));
  after_.columns[2].default_value = "2";
  EXPECT_THAT(Sql(), HasSubstr("ADD COLUMN \"c\" integer DEFAULT 2|"));
  ddl_.statement = "ALTER TABLE t ADD COLUMN c integer DEFAULT 1, ALTER c SET DEFAULT 2";
  EXPECT_THAT(Refused(), HasSubstr("a default was set"));
  ddl_.statement = "SELECT migrate()";
  EXPECT_THAT(Refused(), HasSubstr("cannot be seen"));
}

TEST_F(TableDifferenceTest, ConversionsAreDoneOverOnlyWhereTheyShow) {
  after_.columns[0].type = "bigint";
  EXPECT_THAT(Sql(), HasSubstr("ALTER COLUMN \"a\" TYPE bigint|"));
  after_.rewritten = kRewrittenByType;
  EXPECT_THAT(Sql(), HasSubstr("ALTER COLUMN \"a\" TYPE bigint|"));
  for (const char* hidden : {"DO $$ x $$", "ALTER TABLE t x; SELECT f()", "UPDATE t SET a = 1; ALTER TABLE t x", ""}) {
    ddl_.statement = hidden;
    EXPECT_THAT(Refused(), HasSubstr("cannot be seen")) << hidden;
  }
  ddl_.statement = "ALTER TABLE t ALTER a TYPE bigint USING a * 2";
  EXPECT_THAT(Refused(), HasSubstr("USING"));
  after_.columns[0].type = before_.columns[0].type;
  EXPECT_THAT(Refused(), HasSubstr("USING"));
  after_.empty = true;
  EXPECT_EQ(Sql(), "||");
  ddl_.statement = "ALTER TABLE t ALTER a TYPE timestamptz";
  after_.empty = false;
  after_.columns[0].type = "timestamp with time zone";
  EXPECT_THAT(Refused(), HasSubstr("settings of the session"));
}

TEST_F(TableDifferenceTest, ConstraintsThatOnlyHaveAnotherNameAreRenamed) {
  after_.checks[0].name = "positive";
  EXPECT_EQ(Sql(), "|ALTER TABLE \"shop\".\"t\" RENAME CONSTRAINT \"a_positive\" TO \"positive\"|");
  after_.checks[0].definition = "CHECK ((a > 1))";
  EXPECT_EQ(Sql(),
            "|ALTER TABLE \"shop\".\"t\" DROP CONSTRAINT IF EXISTS \"a_positive\";\n"
            "ALTER TABLE \"shop\".\"t\" ADD CONSTRAINT \"positive\" CHECK ((a > 1))|");
}

TEST_F(TableDifferenceTest, WhatItCannotFollowIsRefused) {
  after_.persistence = 'u';
  EXPECT_THAT(Refused(), HasSubstr("logged"));
  after_ = before_;
  after_.columns[0].number = 0;
  EXPECT_THAT(Refused(), HasSubstr("older version of Sluice"));
}

}  // namespace
}  // namespace sluice::postgresql
