// SIGINT, SIGTERM and SIGHUP become a stop request; a second one ends the process at once with
// status 130.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace sluice::cli {

inline constexpr int kInterruptedStatus = 130;

struct SignalHooks {
  std::function<void()> on_stop;         // first signal, in the watcher's thread
  std::function<void()> before_end;      // second signal: put the terminal right, nothing more
  std::function<void()> before_suspend;  // Ctrl-Z
  std::function<void()> after_resume;
};

// Make one in main before any other thread: it blocks the signals, and threads inherit that.
class SignalWatcher {
 public:
  SignalWatcher();
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

  std::stop_token token() const { return stop_.get_token(); }
  // The signal that asked to stop; 0 when none did.
  int received() const { return received_; }
  // Replaces the hooks; when it returns, no earlier hook is running any more.
  void SetHooks(SignalHooks hooks);

 private:
  void Watch();
  void Handle(int signal);

  std::stop_source stop_;
  std::atomic<int> received_{0};
  std::mutex mutex_;  // held while a hook runs
  SignalHooks hooks_;
  int signal_fd_ = -1;
  int end_fd_ = -1;  // readable: the watcher ends
  std::thread thread_;
};

}  // namespace sluice::cli
