// What the text of test_decoding does not say, against real servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_for_test.h"
#include "connectors/postgresql/changes_test_rig.h"
#include "connectors/postgresql/codes.h"

namespace sluice::postgresql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TestDecoding : public ::testing::TestWithParam<const char*> {
 protected:
  explicit TestDecoding(const char* encoding = "UTF8") : rig_(GetParam(), kTestDecoding, encoding) {}
  void SetUp() override {
    if (!rig_.there()) GTEST_SKIP() << GetParam() << " is not set";
  }
  std::string CodeOf(const std::function<void()>& call) { return sluice::CodeOf(call, &text_); }
  void ReadUntilItFails() {
    const Deadline deadline = Deadline::After(milliseconds(20000));
    while (!deadline.Passed()) rig_.Next(milliseconds(1000));
  }

  ChangesRig rig_;
  std::string text_;  // of the last error
};

INSTANTIATE_TEST_SUITE_P(Servers, TestDecoding, ::testing::ValuesIn(kServersThatDecode),
                         [](const auto& info) { return ServerName(info.param); });

class TestDecodingInJapanese : public TestDecoding {
 protected:
  TestDecodingInJapanese() : TestDecoding("EUC_JP") {}
};
INSTANTIATE_TEST_SUITE_P(Servers, TestDecodingInJapanese, ::testing::ValuesIn(kServersThatDecode),
                         [](const auto& info) { return ServerName(info.param); });

TEST_P(TestDecoding, NamesAndTypesThatLookLikeTheText) {
  rig_.sql().Execute(R"(CREATE TYPE shop."t]: x" AS ENUM ('it''s', ' new-tuple: '))");
  rig_.sql().Execute(R"(CREATE TABLE shop."a: INSERT:" ("id" int PRIMARY KEY, "old-key:" shop."t]: x", "q""[int]:" text,
                       a shop."t]: x"[], "Ü" varchar(3)))");
  rig_.sql().Execute(R"(CREATE TABLE shop.other (id int); CREATE TABLE shop."T" (id int PRIMARY KEY))");
  rig_.Prepare({"a: INSERT:", "T"});
  rig_.sql().Execute("INSERT INTO shop.other VALUES (1); DELETE FROM shop.other; INSERT INTO shop.\"T\" VALUES (7)");
  rig_.sql().Execute(R"(INSERT INTO shop."a: INSERT:" VALUES (1, ' new-tuple: ', E'''a''\nb\\', '{"it''s"}', 'ü'))");
  rig_.sql().Execute(R"(UPDATE shop."a: INSERT:" SET id = 2)");
  EXPECT_THAT(rig_.Read(), ElementsAre("begin", "I T (int:7)", "commit", "begin",
                                       "I a: INSERT: (int:1| new-tuple: |'a'\nb\\|{it's}|ü)", "commit", "begin",
                                       "U a: INSERT: (int:1|-|-|-|-)(int:2| new-tuple: |'a'\nb\\|{it's}|ü)", "commit"));
}

TEST_P(TestDecodingInJapanese, TextIsConverted) {
  rig_.sql().Execute("CREATE TABLE shop.\"日\" (id int PRIMARY KEY, v text)");
  rig_.Prepare({"日"});
  rig_.sql().Execute("INSERT INTO shop.\"日\" VALUES (1, '日本')");
  EXPECT_THAT(rig_.Read(), ElementsAre("begin", "I 日 (int:1|日本)", "commit"));
}

TEST_P(TestDecoding, ATypeThatIsNarrowedIsNoticed) {
  rig_.sql().Execute("CREATE TABLE shop.t (id int PRIMARY KEY, v numeric(12,4))");
  rig_.Prepare({"t"});
  rig_.sql().Execute("ALTER TABLE shop.t ALTER v TYPE numeric(12,2)");
  rig_.sql().Execute("INSERT INTO shop.t VALUES (1, 1.005)");
  EXPECT_EQ(CodeOf([&] { ReadUntilItFails(); }), kSchemaDrift.id);
  EXPECT_THAT(text_, HasSubstr("column v is numeric(12,2) at the source now, and was numeric(12,4)"));
}

TEST_P(TestDecoding, ATableThatIsRenamedIsNoticed) {
  rig_.sql().Execute("CREATE TABLE shop.t (id int PRIMARY KEY)");
  rig_.Prepare({"t"});
  rig_.Open();
  rig_.sql().Execute("ALTER TABLE shop.t RENAME TO w; INSERT INTO shop.w VALUES (1)");
  EXPECT_EQ(CodeOf([&] { ReadUntilItFails(); }), kSchemaDrift.id);
  EXPECT_THAT(text_, HasSubstr("shop.t was renamed to shop.w"));
}

TEST_P(TestDecoding, ATableWithoutAnIdentityIsRefused) {
  rig_.sql().Execute("CREATE TABLE shop.t (id int)");
  EXPECT_EQ(CodeOf([&] { rig_.Prepare({"t"}); }), kNoReplicaIdentity.id);
}

// A slot of the other plugin is no slot of this task.
TEST_P(TestDecoding, TheSlotsPluginIsTheTasks) {
  rig_.sql().Execute("CREATE TABLE shop.t (id int PRIMARY KEY)");
  rig_.Prepare({"t"});
  EXPECT_EQ(rig_.sql().QueryOne("SELECT plugin FROM pg_replication_slots WHERE slot_name = " + Literal(rig_.slot())),
            kTestDecoding);
  connector::Endpoint other = rig_.endpoint();
  other.plugin = kPgoutput;
  connector::ChangeRequest request;
  request.task = kTestTask;
  request.start = rig_.position();
  request.selected = [](const model::ObjectName&) { return false; };
  EXPECT_EQ(CodeOf([&] { MakeChangeStream(other, request, {}); }), kSlotUnfit.id);
}

TEST_P(TestDecoding, APluginThatIsNotInstalledIsNamed) {
  connector::Endpoint endpoint = rig_.endpoint();
  endpoint.plugin = "none_such";
  Connection replication(endpoint, {}, {.replication = true});
  EXPECT_EQ(CodeOf([&] { CreateSlot(replication, rig_.slot(), false); }), kUnsupported.id);
  EXPECT_THAT(text_, HasSubstr("output plugin none_such"));
  EXPECT_THAT(text_, HasSubstr("postgresql-contrib"));
}

}  // namespace
}  // namespace sluice::postgresql
