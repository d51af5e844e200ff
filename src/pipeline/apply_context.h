// What the threads of one run of the applier share.
#pragma once

#include <atomic>
#include <exception>
#include <mutex>
#include <stop_token>
#include <string>

#include "pipeline/apply.h"
#include "pipeline/lanes.h"

namespace sluice::pipeline {

struct ApplyContext {
  const ApplyRequest& request;
  LaneQueues& queues;
  std::stop_token work;      // requested: nothing new is begun
  std::stop_token sessions;  // requested: what is blocked in a session is cut off
  std::function<void(std::exception_ptr)> fail;

  // The log could be read once: what only its opening finds out (a log that leaves something out) was looked at.
  std::atomic<bool> opened{false};

  // Tells about a lost connection; of the same cause at most once a second however many lanes lost theirs.
  void TellRetry(const ErrorInfo& error, milliseconds pause);

  std::mutex tell_mutex;
  std::string told;
  Clock::time_point told_at{};
};

// Pauses between attempts at one piece of work, growing and jittered.
class RetryPauses {
 public:
  explicit RetryPauses(ApplyContext& context) : context_(context) {}
  // Waits before the next attempt. Throws kStopped, the error itself if it is not worth a retry (of class kOnce: if the
  // one before was the same), and kRetriesExhausted when the first failure is longer ago than the task allows.
  void Wait(const Error& error);
  void Reset() {
    failures_ = 0;
    seen_once_.clear();
  }

 private:
  ApplyContext& context_;
  int failures_ = 0;
  std::string seen_once_;
  Clock::time_point first_at_{};
};

}  // namespace sluice::pipeline
