// One run of a task in this process: the store with the task's record and lock, the stop that any of user, store
// request and failure can ask for, and the thread that publishes progress and takes requests.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/limits.h"
#include "store/store.h"
#include "task/context.h"

namespace sluice::task {

class Session {
 public:
  // Opens the store, takes the task's lock (throws kTaskRuns) and finds or makes its record.
  Session(Task::Context& context, const std::string& state_directory, LiveState* live,
          std::function<void(const std::string&)> say, std::stop_token external_stop);
  ~Session();

  Task::Context& context() { return context_; }
  store::Store& store() { return *store_; }
  const std::string& state_directory() const { return state_directory_; }
  store::TaskRecord& record() { return record_; }
  const std::string& task_id() const { return record_.id; }
  LiveState& live() { return *live_; }
  pipeline::RateLimiter& rate() { return rate_; }
  // As they are now; they change while the task runs.
  pipeline::Limits limits() const { return limits_.Now(); }
  const pipeline::LiveLimits& live_limits() const { return limits_; }
  // How many sessions the snapshot that is being read has; 0: none is.
  void NoteReadingSessions(size_t sessions) { reading_sessions_ = static_cast<uint32_t>(sessions); }
  std::stop_token stop() const { return stop_.get_token(); }
  void RequestStop() { stop_.request_stop(); }
  bool started() const { return record_.state != store::TaskState::kDraft && !record_.spec_hash.empty(); }

  // One line for the user and the log.
  void Say(const std::string& line);
  void SayRetry(const ErrorInfo& error, milliseconds pause);
  void Save();  // the record
  void SetState(store::TaskState state, const std::string& phase);
  // Records a failure and gives it the phase as its stage.
  void Fail(Error& error);
  // Repeats `work` over errors that trying again may mend, with growing pauses; each is told. Ends with the error when
  // the first failure since rows were last copied is longer ago than the task's limit.
  void Persist(const std::function<void()>& work);
  // Makes this run the one that writes at the destination, for all sessions that are opened from now on (ownership.h).
  void TakeOver(bool by_force);
  // Starts publishing progress and taking requests; ends with the session.
  void StartSupervisor();

 private:
  void Supervise(std::stop_token own);
  void TakeRequests(store::Store& store);
  // Takes up what `sluice limits` has written, and says what holds.
  void TakeLimits(store::Store& store);
  std::string ProgressJson() const;

  Task::Context& context_;
  std::function<void(const std::string&)> say_;
  std::string state_directory_;
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> external_;
  std::unique_ptr<store::Store> store_;
  std::shared_ptr<void> lock_;
  store::TaskRecord record_;
  std::unique_ptr<LiveState> own_live_;
  LiveState* live_;
  pipeline::LiveLimits limits_;
  pipeline::RateLimiter rate_;
  std::atomic<uint32_t> reading_sessions_{0};
  std::vector<std::string> limit_lines_;  // to be said when work begins
  std::vector<std::string> answered_;     // tokens of the last requests; the supervisor's alone
  std::string answer_;                    // as it was written last
  std::mutex say_mutex_;
  std::jthread supervisor_;
};

}  // namespace sluice::task
