// What the text of test_decoding does not say, against real servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/postgresql/changes_test_rig.h"
#include "connectors/postgresql/codes.h"

namespace sluice::postgresql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TestDecoding : public ::testing::TestWithParam<const char*> {
 protected:
  std::string CodeOf(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      text_ = error.info().Block();
      return error.info().code;
    }
    return "";
  }
  static void ReadUntilItFails(ChangesRig& rig) {
    const Deadline deadline = Deadline::After(milliseconds(20000));
    while (!deadline.Passed()) rig.Next(milliseconds(1000));
  }
  std::string text_;  // of the last error
};

INSTANTIATE_TEST_SUITE_P(Servers, TestDecoding, ::testing::ValuesIn(kServersThatDecode),
                         [](const auto& info) { return ServerName(info.param); });

TEST_P(TestDecoding, NamesAndTypesThatLookLikeTheText) {
  ChangesRig rig(GetParam(), kTestDecoding);
  if (!rig.there()) GTEST_SKIP() << GetParam() << " is not set";
  rig.sql().Execute(R"(CREATE TYPE shop."t]: x" AS ENUM ('it''s', ' new-tuple: '))");
  rig.sql().Execute(R"(CREATE TABLE shop."a: INSERT:" ("id" int PRIMARY KEY, "old-key:" shop."t]: x", "q""[int]:" text,
                       a shop."t]: x"[], "Ü" varchar(3)))");
  rig.sql().Execute(R"(CREATE TABLE shop.other (id int); CREATE TABLE shop."T" (id int PRIMARY KEY))");
  rig.Prepare({"a: INSERT:", "T"});
  rig.sql().Execute("INSERT INTO shop.other VALUES (1); DELETE FROM shop.other; INSERT INTO shop.\"T\" VALUES (7)");
  rig.sql().Execute(R"(INSERT INTO shop."a: INSERT:" VALUES (1, ' new-tuple: ', E'''a''\nb\\', '{"it''s"}', 'ü'))");
  rig.sql().Execute(R"(UPDATE shop."a: INSERT:" SET id = 2)");
  EXPECT_THAT(rig.Read(), ElementsAre("begin", "I T (int:7)", "commit", "begin",
                                      "I a: INSERT: (int:1| new-tuple: |'a'\nb\\|{it's}|ü)", "commit", "begin",
                                      "U a: INSERT: (int:1|-|-|-|-)(int:2| new-tuple: |'a'\nb\\|{it's}|ü)", "commit"));
}

TEST_P(TestDecoding, AnotherEncodingThanUtf8) {
  ChangesRig rig(GetParam(), kTestDecoding, "EUC_JP");
  if (!rig.there()) GTEST_SKIP() << GetParam() << " is not set";
  rig.sql().Execute("CREATE TABLE shop.\"日\" (id int PRIMARY KEY, v text)");
  rig.Prepare({"日"});
  rig.sql().Execute("INSERT INTO shop.\"日\" VALUES (1, '日本')");
  EXPECT_THAT(rig.Read(), ElementsAre("begin", "I 日 (int:1|日本)", "commit"));
}

TEST_P(TestDecoding, ATypeThatIsNarrowedIsNoticed) {
  ChangesRig rig(GetParam(), kTestDecoding);
  if (!rig.there()) GTEST_SKIP() << GetParam() << " is not set";
  rig.sql().Execute("CREATE TABLE shop.t (id int PRIMARY KEY, v numeric(12,4))");
  rig.Prepare({"t"});
  rig.sql().Execute("ALTER TABLE shop.t ALTER v TYPE numeric(12,2)");
  rig.sql().Execute("INSERT INTO shop.t VALUES (1, 1.005)");
  EXPECT_EQ(CodeOf([&] { ReadUntilItFails(rig); }), kSchemaDrift.id);
  EXPECT_THAT(text_, HasSubstr("column v is numeric(12,2) at the source now, and was numeric(12,4)"));
}

TEST_P(TestDecoding, ATableThatIsRenamedIsNoticed) {
  ChangesRig rig(GetParam(), kTestDecoding);
  if (!rig.there()) GTEST_SKIP() << GetParam() << " is not set";
  rig.sql().Execute("CREATE TABLE shop.t (id int PRIMARY KEY)");
  rig.Prepare({"t"});
  rig.Open();
  rig.sql().Execute("ALTER TABLE shop.t RENAME TO w; INSERT INTO shop.w VALUES (1)");
  EXPECT_EQ(CodeOf([&] { ReadUntilItFails(rig); }), kSchemaDrift.id);
  EXPECT_THAT(text_, HasSubstr("shop.t was renamed to shop.w"));
}

TEST_P(TestDecoding, ATableWithoutAnIdentityIsRefused) {
  ChangesRig rig(GetParam(), kTestDecoding);
  if (!rig.there()) GTEST_SKIP() << GetParam() << " is not set";
  rig.sql().Execute("CREATE TABLE shop.t (id int)");
  EXPECT_EQ(CodeOf([&] { rig.Prepare({"t"}); }), kNoReplicaIdentity.id);
}

// A slot of the other plugin is no slot of this task.
TEST_P(TestDecoding, TheSlotsPluginIsTheTasks) {
  ChangesRig rig(GetParam(), kTestDecoding);
  if (!rig.there()) GTEST_SKIP() << GetParam() << " is not set";
  rig.sql().Execute("CREATE TABLE shop.t (id int PRIMARY KEY)");
  rig.Prepare({"t"});
  EXPECT_EQ(rig.sql().QueryOne("SELECT plugin FROM pg_replication_slots WHERE slot_name = " + Literal(rig.slot())),
            kTestDecoding);
  connector::Endpoint other = rig.endpoint();
  other.plugin = kPgoutput;
  connector::ChangeRequest request;
  request.task = kTestTask;
  request.start = rig.position();
  request.selected = [](const model::ObjectName&) { return false; };
  EXPECT_EQ(CodeOf([&] { MakeChangeStream(other, request, {}); }), kSlotUnfit.id);
}

}  // namespace
}  // namespace sluice::postgresql
