// The fixtures themselves: what they say of their tables holds, so that the other tests prove what they claim.
#include <cstdlib>

#include "tests/contract/rig.h"

namespace sluice::contract {
namespace {

class FixtureTest : public testing::TestWithParam<FixturePtr> {
 protected:
  void SetUp() override {
    const char* address = std::getenv(GetParam()->variable().c_str());
    if (address == nullptr) GTEST_SKIP() << GetParam()->variable() << " is not set";
    side_.server = GetParam();
    side_.database = kSourceDatabase;
    side_.server->Open(address);
    side_.server->MakeDatabase(kSourceDatabase);
  }
  void TearDown() override {
    if (side_.server != nullptr) side_.server->DropDatabase(kSourceDatabase);
  }

  void Expect(const TableSpec& table) {
    SCOPED_TRACE(table.name);
    side_.Make(table);
    EXPECT_EQ(side_.server->Value("SELECT COUNT(*) FROM " + table.only + side_.Name(table.name)),
              std::to_string(table.rows));
  }

  Side side_;
};

TEST_P(FixtureTest, TablesHaveTheRowsThatTheySay) {
  for (const TableSpec& table : side_.server->TablesOfEveryType()) Expect(table);
  for (const TableSpec& table : side_.server->KeyShapes()) Expect(table);
  Expect(side_.server->LargeRow());
}

INSTANTIATE_TEST_SUITE_P(Servers, FixtureTest, testing::ValuesIn(Fixtures()),
                         [](const auto& info) { return info.param->kind(); });

}  // namespace
}  // namespace sluice::contract
