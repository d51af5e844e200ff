// The store in one process: what is kept, modes of files, damaged and full files.
#include "store/store.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "store/sqlite.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "sluice-store-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    directory_ = root_ + "/a/state";
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string file() const { return directory_ + "/sluice.db"; }
  static mode_t Mode(const std::string& path) {
    struct stat status = {};
    stat(path.c_str(), &status);
    return status.st_mode & 0777;
  }
  ErrorInfo OpenError() {
    try {
      Store::Open(directory_);
    } catch (const Error& error) {
      return error.info();
    }
    return {};
  }

  std::string root_;
  std::string directory_;
};

TaskRecord Task(std::string name) {
  TaskRecord task;
  task.name = std::move(name);
  task.id = "id-1";
  return task;
}

TEST_F(StoreTest, MakesItsDirectoryAndFilesPrivate) {
  const mode_t before = umask(0);
  const auto store = Store::Open(directory_);
  store->SaveTask(Task("a"));
  const auto lock = store->Lock("a");
  umask(before);
  EXPECT_EQ(Mode(directory_), 0700u);
  for (const auto& entry : fs::directory_iterator(directory_)) EXPECT_EQ(Mode(entry.path()), 0600u) << entry.path();
}

TEST_F(StoreTest, KeepsTasks) {
  TaskRecord task = Task("shop");
  task.state = TaskState::kPrecheckFailed;
  task.phase = "full";
  task.spec_hash = "h";
  task.error = std::string("line\nwith a zero\0byte", 21);
  task.position = R"({"file":"binlog.000003"})";
  task.created_micros = 1'700'000'000'000'000;
  task.updated_micros = -1;
  task.final_stop = true;
  Store::Open(directory_)->SaveTask(task);
  const auto store = Store::Open(directory_);
  const TaskRecord found = store->FindTask("shop").value();
  EXPECT_EQ(found.id, task.id);
  EXPECT_EQ(found.state, task.state);
  EXPECT_EQ(found.phase, task.phase);
  EXPECT_EQ(found.spec_hash, task.spec_hash);
  EXPECT_EQ(found.error, task.error);
  EXPECT_EQ(found.position, task.position);
  EXPECT_EQ(found.created_micros, task.created_micros);
  EXPECT_EQ(found.updated_micros, task.updated_micros);
  EXPECT_TRUE(found.final_stop);
  task.state = TaskState::kCompleted;
  task.final_stop = false;
  store->SaveTask(task);
  EXPECT_EQ(store->FindTask("shop")->state, TaskState::kCompleted);
  EXPECT_FALSE(store->FindTask("shop")->final_stop);
  EXPECT_FALSE(store->FindTask("Shop").has_value());
  store->SaveTask(Task("another"));
  ASSERT_EQ(store->Tasks().size(), 2u);
  EXPECT_EQ(store->Tasks()[0].name, "another");
}

TEST_F(StoreTest, KnowsEveryState) {
  const auto store = Store::Open(directory_);
  for (int i = 0; i <= static_cast<int>(TaskState::kCompleted); ++i) {
    TaskRecord task = Task("t");
    task.state = static_cast<TaskState>(i);
    store->SaveTask(task);
    EXPECT_EQ(store->FindTask("t")->state, task.state);
  }
  EXPECT_EQ(Name(TaskState::kPrecheckFailed), "precheck failed");
}

TEST_F(StoreTest, KeepsObjectsInTheirOrder) {
  const auto store = Store::Open(directory_);
  store->SaveObjects("t", {{"z", "before_load", "table", "o", "CREATE", "{}", "pending", ""},
                           {"a", "objects", "view", "v", "CREATE", "{}", "pending", ""}});
  store->SaveObjects("t", {{"z", "before_load", "table", "o", "ALTER", "{}", "failed", "why"}});
  store->SaveObjects("other", {{"z", "", "", "", "", "", "done", ""}});
  const std::vector<ObjectRecord> objects = store->Objects("t");
  ASSERT_EQ(objects.size(), 2u);
  EXPECT_EQ(objects[0].label, "z");
  EXPECT_EQ(objects[0].sql, "ALTER");
  EXPECT_EQ(objects[0].state, "failed");
  EXPECT_EQ(objects[0].error, "why");
  EXPECT_EQ(objects[1].label, "a");
}

TEST_F(StoreTest, KeepsTables) {
  const auto store = Store::Open(directory_);
  TableRecord table{"shop.orders", "{}", "CREATE", "[1]", "loading", "", ~0ull >> 1, 7, "cut"};
  store->SaveTables("t", {table, {"shop.lines"}});
  table.state = "loaded";
  store->SaveTables("t", {table});
  const std::vector<TableRecord> tables = store->Tables("t");
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables[0].table, "shop.orders");
  EXPECT_EQ(tables[0].state, "loaded");
  EXPECT_EQ(tables[0].rows, ~0ull >> 1);
  EXPECT_EQ(tables[0].bytes, 7u);
  EXPECT_EQ(tables[0].chunks, "[1]");
  EXPECT_EQ(tables[0].cut, "cut");
}

TEST_F(StoreTest, KeepsTexts) {
  const auto store = Store::Open(directory_);
  EXPECT_EQ(store->Text("t", "progress"), std::nullopt);
  store->SaveText("t", "progress", "1");
  store->SaveText("t", "progress", "");
  EXPECT_EQ(store->Text("t", "progress"), "");
  store->RemoveText("t", "progress");
  EXPECT_EQ(store->Text("t", "progress"), std::nullopt);
}

TEST_F(StoreTest, HandsRequestsOverOnceAndInOrder) {
  const auto store = Store::Open(directory_);
  EXPECT_TRUE(store->TakeRequests("t").empty());
  store->Request("t", "stop");
  store->Request("t", "cutover");
  store->Request("u", "stop");
  EXPECT_EQ(store->TakeRequests("t"), (std::vector<std::string>{"stop", "cutover"}));
  EXPECT_TRUE(store->TakeRequests("t").empty());
  EXPECT_EQ(store->TakeRequests("u").size(), 1u);
}

TEST_F(StoreTest, RemovesATaskWithAllThatIsItsOwn) {
  const auto store = Store::Open(directory_);
  for (const char* name : {"t", "u"}) {
    store->SaveTask(Task(name));
    store->SaveObjects(name, {{"l", "", "", "", "", "", "", ""}});
    store->SaveTables(name, {{"a.b"}});
    store->SaveText(name, "x", "y");
    store->Request(name, "stop");
  }
  store->RemoveTask("t");
  EXPECT_FALSE(store->FindTask("t").has_value());
  EXPECT_TRUE(store->Objects("t").empty());
  EXPECT_TRUE(store->Tables("t").empty());
  EXPECT_EQ(store->Text("t", "x"), std::nullopt);
  EXPECT_TRUE(store->TakeRequests("t").empty());
  EXPECT_EQ(store->Tasks().size(), 1u);
  EXPECT_EQ(store->Objects("u").size(), 1u);
  EXPECT_EQ(store->TakeRequests("u").size(), 1u);
}

TEST_F(StoreTest, LockHoldsUntilItIsDropped) {
  const auto store = Store::Open(directory_);
  EXPECT_FALSE(store->IsLocked("a/b *"));
  auto lock = store->Lock("a/b *");
  EXPECT_TRUE(store->IsLocked("a/b *"));
  EXPECT_TRUE(Store::Open(directory_)->IsLocked("a/b *"));
  EXPECT_FALSE(store->IsLocked("a"));
  try {
    store->Lock("a/b *");
    FAIL() << "locked twice";
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, kTaskRuns.id);
    EXPECT_NE(error.info().cause.find(std::to_string(getpid())), std::string::npos) << error.info().cause;
  }
  lock.reset();
  EXPECT_FALSE(store->IsLocked("a/b *"));
  EXPECT_NO_THROW(store->Lock("a/b *"));
}

TEST_F(StoreTest, NoSqliteFile) {
  fs::create_directories(directory_);
  std::ofstream(file()) << std::string(5000, 'x');
  const ErrorInfo error = OpenError();
  EXPECT_EQ(error.code, kStoreFailed.id);
  EXPECT_NE(error.object.find(file()), std::string::npos);
  EXPECT_NE(error.cause.find("damaged"), std::string::npos);
  EXPECT_FALSE(error.remedy.empty());
}

TEST_F(StoreTest, DamagedPages) {
  {
    const auto store = Store::Open(directory_);
    for (int i = 0; i < 60; ++i) store->SaveText("t", std::to_string(i), std::string(2000, 'x'));
  }
  {
    std::fstream stream(file(), std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(4096);
    stream << std::string(static_cast<size_t>(fs::file_size(file())) - 4096, '\x7f');
  }
  try {
    const auto store = Store::Open(directory_);
    for (int i = 0; i < 60; ++i) store->Text("t", std::to_string(i));
    FAIL() << "damage was not seen";
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, kStoreFailed.id);
    EXPECT_NE(error.info().cause.find("damaged"), std::string::npos) << error.what();
  }
}

TEST_F(StoreTest, NewerFile) {
  Store::Open(directory_);
  Database(file(), 1000).Execute("PRAGMA user_version = 99");
  EXPECT_NE(OpenError().cause.find("newer"), std::string::npos);
}

TEST_F(StoreTest, DirectoryThatIsAFile) {
  fs::create_directories(root_ + "/a");
  std::ofstream stream(directory_);
  stream.close();
  const ErrorInfo error = OpenError();
  EXPECT_EQ(error.code, kStoreFailed.id);
  EXPECT_NE(error.object.find(directory_), std::string::npos);
}

TEST_F(StoreTest, DirectoryThatCannotBeMade) {
  directory_ = "/proc/no/such/state";
  EXPECT_EQ(OpenError().code, kStoreFailed.id);
}

// A limit on the size of files stands in for a full disk: the write fails half-way, what was there
// stays.
TEST_F(StoreTest, FullDisk) {
  const auto store = Store::Open(directory_);
  store->SaveText("t", "small", "kept");
  struct rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  struct rlimit limit = before;
  limit.rlim_cur = 300'000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  ErrorInfo failed;
  try {
    store->SaveText("t", "large", std::string(2'000'000, 'x'));
  } catch (const Error& error) {
    failed = error.info();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  EXPECT_EQ(failed.code, kStoreFailed.id);
  EXPECT_EQ(failed.retry, RetryClass::kBackoff);
  EXPECT_EQ(store->Text("t", "large"), std::nullopt);
  EXPECT_EQ(store->Text("t", "small"), "kept");
  store->SaveText("t", "large", std::string(2'000'000, 'x'));
  EXPECT_EQ(Store::Open(directory_)->Text("t", "large")->size(), 2'000'000u);
}

}  // namespace
}  // namespace sluice::store
