#include "cli/task_reference.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/commands.h"
#include "store/store.h"

namespace sluice::cli {
namespace {

class TaskReferenceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "sluice-cli-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    file_ = directory_ + "/shop.yaml";
    std::ofstream(file_) << "version: 1\nname: shop-move\n"
                            "source: {engine: mysql, host: a, user: u, password: "
                            "\"${env:SLUICE_NOT_SET_ANYWHERE}\"}\n"
                            "destination: {engine: mysql, host: b, user: u}\n"
                            "types: [schema, full]\nobjects:\n  - database: shop\n";
    invocation_.state_directory = directory_ + "/state";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void AddTask(const std::string& name) {
    store::TaskRecord record;
    record.name = name;
    record.id = name;
    store::Store::Open(invocation_.state_directory)->SaveTask(record);
  }
  ObjectReference Resolve(std::vector<std::string> operands, const std::string& task = "") {
    invocation_.operands = std::move(operands);
    invocation_.task = task;
    return ResolveObject(invocation_, true);
  }
  std::string CodeOf(std::vector<std::string> operands) {
    try {
      Resolve(std::move(operands));
    } catch (const Error& error) {
      return error.info().code;
    }
    return "none";
  }

  std::string directory_;
  std::string file_;
  Invocation invocation_;
};

TEST_F(TaskReferenceTest, AFileOrAName) {
  EXPECT_EQ(TaskNameOf(file_), "shop-move");  // its password is not there, and not needed
  EXPECT_EQ(TaskNameOf("shop-move"), "shop-move");
  EXPECT_THROW(TaskNameOf(directory_ + "/missing.yaml"), Error);
}

TEST_F(TaskReferenceTest, TaskAndObjectInEitherOrder) {
  AddTask("shop-move");
  AddTask("other");
  for (const auto& operands : std::vector<std::vector<std::string>>{
           {file_, "shop.v"}, {"shop.v", file_}, {"shop-move", "shop.v"}, {"shop.v", "shop-move"}}) {
    const ObjectReference reference = Resolve(operands);
    EXPECT_EQ(reference.name, "shop-move") << operands[0];
    EXPECT_EQ(reference.object, "shop.v") << operands[0];
  }
  EXPECT_EQ(Resolve({"view shop.v"}, "shop-move").object, "view shop.v");
}

TEST_F(TaskReferenceTest, TheOnlyTaskNeedsNoName) {
  EXPECT_EQ(CodeOf({"shop.v"}), "CL-0102");
  EXPECT_FALSE(std::filesystem::exists(invocation_.state_directory)) << "looking must not create it";
  AddTask("shop-move");
  EXPECT_EQ(Resolve({"shop.v"}).name, "shop-move");
  AddTask("other");
  EXPECT_EQ(CodeOf({"shop.v"}), "CL-0102");
}

TEST_F(TaskReferenceTest, AnObjectMustBeNamed) {
  AddTask("shop-move");
  EXPECT_EQ(CodeOf({}), "CL-0101");
  EXPECT_EQ(CodeOf({file_}), "CL-0101");
}

TEST(ExitStatus, FollowsTheCode) {
  const auto status = [](const ErrorCode& code, Command command) { return ExitStatusOf(Error(code).info(), command); };
  EXPECT_EQ(status(task::kTaskFileInvalid, Command::kRun), 2);
  EXPECT_EQ(status(task::kFrozenChanged, Command::kRun), 2);
  EXPECT_EQ(status(store::kTaskRuns, Command::kRun), 2);
  EXPECT_EQ(status(task::kNoSuchTask, Command::kStatus), 2);
  EXPECT_EQ(status(task::kPrecheckFailed, Command::kRun), 3);
  EXPECT_EQ(status(task::kTablesFailed, Command::kRun), 4);
  EXPECT_EQ(status(ErrorCode{"MY-0101", "x"}, Command::kRun), 4);
  EXPECT_EQ(status(ErrorCode{"MY-0101", "x"}, Command::kVerify), 4);
  EXPECT_EQ(status(ErrorCode{"MY-0101", "x"}, Command::kPrecheck), 3);
  EXPECT_EQ(status(kStopped, Command::kRun), 0);
  EXPECT_EQ(status(kStopped, Command::kVerify), 130);
  // The checkpoint is gone: that is no usage error.
  EXPECT_EQ(ExitStatusOf(Error(task::kWrongState).Side("destination").info(), Command::kRun), 4);
}

}  // namespace
}  // namespace sluice::cli
