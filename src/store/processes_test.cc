// The store between processes: opened at once, written at once, its writer killed.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>

#include "store/store.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

class ProcessesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "sluice-store-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { fs::remove_all(directory_); }

  // Runs `work` in a process of its own; its exit status is 0 unless it threw.
  static pid_t Start(const std::function<void()>& work) {
    const pid_t child = fork();
    if (child != 0) return child;
    try {
      work();
    } catch (const std::exception& error) {
      fprintf(stderr, "%s\n", error.what());
      _exit(1);
    }
    _exit(0);
  }
  static int Wait(pid_t child) {
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return status;
  }

  std::string directory_;
};

TEST_F(ProcessesTest, OpenANewStoreAtOnce) {
  for (int round = 0; round < 4; ++round) {
    const std::string directory = directory_ + "/" + std::to_string(round);
    std::vector<pid_t> children;
    for (int i = 0; i < 6; ++i) {
      children.push_back(Start([&] { Store::Open(directory)->SaveText("t", std::to_string(getpid()), "x"); }));
    }
    for (const pid_t child : children) EXPECT_EQ(Wait(child), 0);
    for (const pid_t child : children) EXPECT_EQ(Store::Open(directory)->Text("t", std::to_string(child)), "x");
  }
}

TEST_F(ProcessesTest, WriteAtOnceWithoutLoss) {
  Store::Open(directory_);
  constexpr int kRequests = 50;
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(Start([&] {
      const auto store = Store::Open(directory_);
      for (int n = 0; n < kRequests; ++n) store->Request("t", std::to_string(n));
    }));
  }
  // The running task takes what comes, as it comes.
  const auto store = Store::Open(directory_);
  size_t taken = 0;
  for (const pid_t child : children) {
    taken += store->TakeRequests("t").size();
    EXPECT_EQ(Wait(child), 0);
  }
  taken += store->TakeRequests("t").size();
  EXPECT_EQ(taken, 4u * kRequests);
}

// A process with two connections (a task and its supervisor) keeps its locks on the file, whoever looks meanwhile: what
// it writes after the other has left must be seen by the next.
TEST_F(ProcessesTest, SecondConnectionKeepsTheLocks) {
  const auto first = Store::Open(directory_);
  const auto second = Store::Open(directory_);
  for (int n = 0; n < 3; ++n) {
    const std::string text = std::to_string(n);
    second->SaveText("t", "progress", text);
    const pid_t looker = Start([&] {
      const auto store = Store::Open(directory_);
      if (store->Text("t", "progress") != text) _exit(1);
    });
    EXPECT_EQ(Wait(looker), 0) << "after " << n << " visitors";
  }
}

// What a call that returned has written is there after its process was killed; a call that did not
// return is there wholly or not at all.
TEST_F(ProcessesTest, KilledWriterLosesNothing) {
  Store::Open(directory_);
  for (int round = 0; round < 10; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const std::string task = "t" + std::to_string(round);
    const pid_t writer = Start([&] {
      const auto store = Store::Open(directory_);
      const auto lock = store->Lock(task);
      for (int n = 0;; ++n) {
        store->SaveTables(task, {{"a", "", "", "", std::to_string(n)}, {"b", "", "", "", std::to_string(n)}});
        if (write(pipe_ends[1], &n, sizeof n) != sizeof n) _exit(1);
      }
    });
    close(pipe_ends[1]);
    int written = -1;
    for (int reports = 0; reports <= round * 3; ++reports)
      ASSERT_EQ(read(pipe_ends[0], &written, sizeof written), ssize_t{sizeof written});
    const auto store = Store::Open(directory_);
    EXPECT_TRUE(store->IsLocked(task));
    kill(writer, SIGKILL);
    EXPECT_TRUE(WIFSIGNALED(Wait(writer)));
    int more = 0;
    while (read(pipe_ends[0], &more, sizeof more) == sizeof more) written = more;
    close(pipe_ends[0]);

    const std::vector<TableRecord> tables = store->Tables(task);
    ASSERT_EQ(tables.size(), 2u);
    EXPECT_EQ(tables[0].state, tables[1].state);
    EXPECT_GE(std::stoi(tables[0].state), written);
    EXPECT_LE(std::stoi(tables[0].state), written + 1);
    EXPECT_FALSE(store->IsLocked(task));
    EXPECT_NO_THROW(store->Lock(task));
    store->SaveText(task, "after", "kill");
  }
}

TEST_F(ProcessesTest, LockNamesItsOwner) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t owner = Start([&] {
    const auto lock = Store::Open(directory_)->Lock("t");
    if (write(pipe_ends[1], "x", 1) == 1) pause();
  });
  char ready = 0;
  ASSERT_EQ(read(pipe_ends[0], &ready, 1), 1);
  try {
    Store::Open(directory_)->Lock("t");
    ADD_FAILURE() << "locked twice";
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, kTaskRuns.id);
    EXPECT_NE(error.info().cause.find(std::to_string(owner)), std::string::npos) << error.info().cause;
  }
  kill(owner, SIGKILL);
  Wait(owner);
  EXPECT_NO_THROW(Store::Open(directory_)->Lock("t"));
}

// Looking whether a task runs must never turn away one that starts.
TEST_F(ProcessesTest, LookingDoesNotLock) {
  const auto store = Store::Open(directory_);
  store->Lock("t").reset();
  const pid_t looker = Start([&] {
    const auto other = Store::Open(directory_);
    for (;;) other->IsLocked("t");
  });
  for (int i = 0; i < 1000; ++i) ASSERT_NO_THROW(store->Lock("t"));
  kill(looker, SIGKILL);
  Wait(looker);
}

}  // namespace
}  // namespace sluice::store
