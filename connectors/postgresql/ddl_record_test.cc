#include "connectors/postgresql/ddl_record.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "base/error_for_test.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/definition.h"

namespace sluice::postgresql {
namespace {

using ::testing::ElementsAre;

// With single quotes for double ones.
std::string Json(std::string text) {
  std::replace(text.begin(), text.end(), '\'', '"');
  return text;
}

// Of a table with the number 5 and these columns.
std::string Record(const std::string& tag, const std::vector<std::string>& names, const std::string& more = "") {
  std::string columns;
  for (const std::string& name : names) {
    const size_t number = static_cast<size_t>(&name - names.data()) + 1;
    columns += fmt::format("{}'(5,{},text,25,-1,f,,,,,,t,,,,,t,{})'", number == 1 ? "" : ", ", name, number);
  }
  return Json(
      fmt::format("{{'tag': '{}', 'query': 'said so', 'answers': {{'relations': ['(5,0,shop,t,r,p,0,0,,,,d,,,,,f)'],"
                  "'columns': [{}]}}{}}}",
                  tag, columns, more));
}

model::TablePtr TableOf(const std::vector<std::string>& names) {
  const auto ddl = ReadDdlRecord(Record("CREATE TABLE", names), {}, KnownNames());
  return ddl->after.front();
}

TEST(DdlRecord, RowsAreReadAsTheServerWritesThem) {
  EXPECT_THAT(ParseRowText(Json("(1,,'','a ''b''','c\\\\d',(e)")),
              ElementsAre("1", std::nullopt, "", "a \"b\"", "c\\d", "(e"));
  EXPECT_THAT(ParseRowText("()"), ElementsAre(std::nullopt));
  EXPECT_EQ(CodeOf([] { ParseRowText("1,2"); }), kBadMessage.id);
  EXPECT_EQ(CodeOf([] { ParseRowText("(\"1,2)"); }), kBadMessage.id);
}

TEST(DdlRecord, WhatChangedIsToldFromWhatDidNot) {
  const model::TablePtr before = TableOf({"a", "b"});
  EXPECT_EQ(before->name.Text(), "shop.t");
  EXPECT_EQ(IdOf(*before), 5u);
  EXPECT_FALSE(ReadDdlRecord(Record("ALTER TABLE", {"a", "b"}), {before}, KnownNames()));
  const auto ddl = ReadDdlRecord(Record("ALTER TABLE", {"a", "c"}), {before}, KnownNames());
  ASSERT_TRUE(ddl);
  EXPECT_EQ(ddl->kind, model::DdlKind::kAlterTable);
  EXPECT_EQ(ddl->statement, "said so");
  EXPECT_TRUE(ddl->rows_need_it);
  EXPECT_EQ(ddl->after.at(0)->columns.at(1).name, "c");
  // Values that were written anew are a change that no definition shows.
  const std::string anew = ", 'rewritten': ' 5:4', 'sizes': [['5', 8192, true]]";
  EXPECT_TRUE(ReadDdlRecord(Record("ALTER TABLE", {"a", "b"}, anew), {before}, KnownNames()));
}

TEST(DdlRecord, DroppedTablesAreToldByNumberAndIndexesByName) {
  const model::TablePtr before = TableOf({"a"});
  const auto record = [](const char* type, const char* id, const char* name) {
    return Json(
        fmt::format("{{'tag': 'DROP TABLE', 'query': 'q', 'gone': [{{'type': '{}', 'id': '{}', 'schema': 'shop', "
                    "'name': '{}'}}]}}",
                    type, id, name));
  };
  const auto ddl = ReadDdlRecord(record("table", "5", "t"), {before}, KnownNames());
  ASSERT_TRUE(ddl);
  EXPECT_EQ(ddl->kind, model::DdlKind::kDropTable);
  EXPECT_EQ(ddl->after.at(0), nullptr);
  EXPECT_FALSE(ReadDdlRecord(record("table", "6", "t"), {before}, KnownNames()));
  EXPECT_FALSE(ReadDdlRecord(record("index", "9", "i"), {before}, KnownNames()));
}

TEST(DdlRecord, WhatTheSourceCouldNotTellIsAnError) {
  const auto code = [](const std::string& record) {
    return CodeOf([&] { ReadDdlRecord(Json(record), {}, KnownNames()); });
  };
  EXPECT_EQ(code("{'tag': 'X', 'query': 'q', 'error': 'why'}"), kSchemaDrift.id);
  EXPECT_EQ(code("nonsense"), kBadMessage.id);
  EXPECT_EQ(code("{'answers': {'relations': ['(1']}}"), kBadMessage.id);
  EXPECT_EQ(code("{'answers': {'relations': ['(1,0)']}}"), kBadMessage.id);
}

}  // namespace
}  // namespace sluice::postgresql
