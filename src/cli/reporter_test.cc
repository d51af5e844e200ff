#include "cli/reporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace sluice::cli {
namespace {

using ::testing::HasSubstr;

// What a reporter writes, read until a condition holds.
class Reading {
 public:
  explicit Reading(int fd) : fd_(fd) {}
  ~Reading() { close(fd_); }

  template <typename Condition>
  const std::string& Until(Condition holds) {
    const Deadline deadline = Deadline::After(milliseconds(20'000));
    while (!holds(text_) && !deadline.Passed()) {
      pollfd ready{fd_, POLLIN, 0};
      if (poll(&ready, 1, 100) != 1) continue;
      char buffer[4096];
      const ssize_t got = read(fd_, buffer, sizeof buffer);
      if (got <= 0) break;
      text_.append(buffer, static_cast<size_t>(got));
    }
    EXPECT_TRUE(holds(text_)) << text_;
    return text_;
  }
  const std::string& UntilHas(const std::string& part) {
    return Until([&](const std::string& text) { return text.find(part) != std::string::npos; });
  }

 private:
  int fd_;
  std::string text_;
};

ReporterOptions Options(ReportMode mode, int fd) {
  ReporterOptions options;
  options.mode = mode;
  options.view.name = "shop-move";
  options.view.types = {true, true, true};
  options.view.terminal.fd = fd;
  options.view.terminal.interactive = mode == ReportMode::kLive;
  options.view.terminal.utf8 = true;
  options.sample_every = options.live_every = options.plain_every = options.json_every = milliseconds(5);
  return options;
}

struct Pipe {
  int read_end = -1;
  int write_end = -1;
  Pipe() {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    read_end = ends[0];
    write_end = ends[1];
  }
};

TEST(Reporter, JsonLinesAreOneObjectEach) {
  Pipe pipe;
  Reading reading(pipe.read_end);
  SignalWatcher signals;
  task::LiveState live;
  live.phase = 3;
  live.progress.caught_up = true;
  live.progress.inserts = 7;
  {
    Reporter reporter(Options(ReportMode::kJsonLines, pipe.write_end), &live, signals);
    reporter.Start();
    reporter.Say("bytes that are no UTF-8: \xff");
    reading.UntilHas("\"event\":\"progress\"");
  }
  close(pipe.write_end);
  const std::string text = reading.UntilHas("\n");
  size_t lines = 0;
  for (size_t at = 0; at < text.size(); ++lines) {
    const size_t end = text.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    const nlohmann::json json = nlohmann::json::parse(text.substr(at, end - at));
    if (json["event"] == "progress") {
      EXPECT_EQ(json["phase"], "incremental");
      EXPECT_EQ(json["inserts"], 7);
      EXPECT_TRUE(json["not_delayed"]);
    } else {
      EXPECT_EQ(json["event"], "message");
    }
    at = end + 1;
  }
  EXPECT_GE(lines, 2u);
}

TEST(Reporter, PlainLinesCarryTheirTime) {
  Pipe pipe;
  Reading reading(pipe.read_end);
  SignalWatcher signals;
  task::LiveState live;
  live.phase = 1;
  live.objects_total = 3;
  Reporter reporter(Options(ReportMode::kPlain, pipe.write_end), &live, signals);
  reporter.Start();
  reporter.Say("following changes");
  reading.UntilHas("Z following changes\n");
  reading.UntilHas("Z schema: 0 of 3 objects\n");
  reporter.Finish();
  close(pipe.write_end);
}

TEST(Reporter, AReaderThatIsGoneDoesNotEndTheProgram) {
  Pipe pipe;
  SignalWatcher signals;  // ignores SIGPIPE
  close(pipe.read_end);
  Reporter reporter(Options(ReportMode::kPlain, pipe.write_end), nullptr, signals);
  reporter.Say("nobody reads this");
  reporter.Finish();
  close(pipe.write_end);
}

TEST(Reporter, TheDisplayComesAndGoes) {
  int master = -1;
  int slave = -1;
  winsize size{24, 100, 0, 0};
  ASSERT_EQ(openpty(&master, &slave, nullptr, nullptr, &size), 0);
  Reading reading(master);
  SignalWatcher signals;
  task::LiveState live;
  live.phase = 2;
  Reporter reporter(Options(ReportMode::kLive, slave), &live, signals);
  reporter.Start();
  reading.UntilHas("Full load");
  reporter.Say("connection lost; trying again in 1.0 s");
  reading.UntilHas("trying again");
  kill(getpid(), SIGTERM);
  reading.UntilHas("stopping");
  EXPECT_TRUE(signals.token().stop_requested());
  EXPECT_EQ(signals.received(), SIGTERM);
  reporter.Finish();
  const std::string text = reading.UntilHas("\x1b[?25h");
  EXPECT_GT(text.rfind("\x1b[?25h"), text.rfind("\x1b[?25l"));
  close(slave);
}

TEST(SignalWatcherDeathTest, TheSecondSignalEndsAtOnce) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        SignalWatcher signals;
        signals.SetHooks({.on_stop = [] { kill(getpid(), SIGINT); },
                          .before_end = [] { WriteAll(2, "terminal put right"); },
                          .before_suspend = {},
                          .after_resume = {}});
        kill(getpid(), SIGINT);
        for (;;) pause();
      },
      ::testing::ExitedWithCode(kInterruptedStatus), "terminal put right");
}

}  // namespace
}  // namespace sluice::cli
