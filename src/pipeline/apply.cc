#include "pipeline/apply.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "pipeline/apply_context.h"
#include "pipeline/apply_lane.h"
#include "pipeline/apply_reader.h"
#include "pipeline/apply_tables.h"
#include "pipeline/ddl_barrier.h"
#include "pipeline/delay.h"

namespace sluice::pipeline {
namespace {

constexpr milliseconds kFinishWait{1500};  // for what is in flight, when asked to stop

// The threads of one run: a reader, the lanes, a watch, and the caller, who waits and ends them.
//
// How it ends:
//   1. Asked to stop, caught up, or failed: nothing new is begun.
//   2. What is in flight, batches and records of the position, may still commit, for a moment; then its sessions are
//      cut off, which rolls it back.
//   3. If nothing is unfinished, the lanes' records are replaced by one.
class ApplyRun {
 public:
  ApplyRun(const ApplyRequest& request, std::stop_token stop)
      : request_(request),
        queues_(MakeLimits(request), ProgressSet(request.task, request.start, std::max(1u, request.limits.writers))),
        context_{.request = request,
                 .queues = queues_,
                 .work = work_.get_token(),
                 .sessions = sessions_.get_token(),
                 .fail = [this](std::exception_ptr error) { Fail(std::move(error)); },
                 .tell_mutex = {},
                 .told_at = {}},
        stop_(std::move(stop)) {}

  ApplyOutcome Run();

 private:
  static LaneLimits MakeLimits(const ApplyRequest& request);
  std::vector<model::TablePtr> PrepareStart(std::set<model::ObjectName>& ignored);
  void Fail(std::exception_ptr error);
  void Watch();
  void Start(ApplyTables& tables);
  std::jthread Thread(std::function<void()> work);
  void WaitForEnd();
  void EndLanes();
  void SaveLast();

  const ApplyRequest& request_;
  std::stop_source work_;
  std::stop_source sessions_;
  LaneQueues queues_;
  ApplyContext context_;
  std::stop_token stop_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::exception_ptr error_;
  bool caught_up_ = false;
  size_t threads_running_ = 0;
  std::vector<std::jthread> lanes_;
  std::jthread reader_;
  std::jthread watch_;
};

LaneLimits ApplyRun::MakeLimits(const ApplyRequest& request) {
  LaneLimits limits;
  limits.lanes = std::max(1u, request.limits.writers);
  limits.units_per_batch = std::max(1u, request.transactions_per_commit);
  // One lane that does everything fills its next batch while one is in flight; where several share the work, each has
  // half a batch. More would not help: the further ahead, the more transactions depend on several lanes and have to
  // wait.
  limits.units_in_flight = size_t{limits.units_per_batch} * std::max(2u, limits.lanes);
  limits.bytes_in_flight = std::max<size_t>(request.limits.memory_bytes / 2, 1 << 20);
  limits.bytes_per_batch = std::min<size_t>(limits.bytes_per_batch, limits.bytes_in_flight / limits.lanes);
  return limits;
}

ApplyOutcome ApplyRun::Run() {
  std::set<model::ObjectName> ignored;
  std::vector<model::TablePtr> current;
  try {
    current = PrepareStart(ignored);
  } catch (const Error& error) {
    if (error.info().code != kStopped.id) throw;
    return {.caught_up = false, .position = request_.start.low, .ordinal = request_.start.low_ordinal};
  }
  ApplyTables tables(request_, std::move(current));
  for (const model::ObjectName& name : ignored) tables.Ignore(name);
  Start(tables);
  WaitForEnd();
  EndLanes();
  if (error_) std::rethrow_exception(error_);
  SaveLast();
  const LaneQueues::Situation last = queues_.Look();
  return {.caught_up = caught_up_, .position = last.low, .ordinal = last.low_ordinal};
}

// One record instead of those that an earlier run's lanes left, and the definitions as they stand.
std::vector<model::TablePtr> ApplyRun::PrepareStart(std::set<model::ObjectName>& ignored) {
  std::stop_callback forward(stop_, [this] { work_.request_stop(); });
  RetryPauses pauses(context_);
  while (true) {
    try {
      ignored.clear();
      auto bookkeeping = request_.destination->OpenBookkeeping({stop_, "bookkeeping"});
      bookkeeping->SaveProgress(queues_.Collapsed());
      return CurrentDefinitions(request_, *bookkeeping, ignored);
    } catch (const Error& error) {
      pauses.Wait(error);
    }
  }
}

void ApplyRun::Start(ApplyTables& tables) {
  for (uint32_t i = 0; i < std::max(1u, request_.limits.writers); ++i) {
    lanes_.push_back(Thread([this, i] { ApplyLane(context_, i).Run(); }));
  }
  reader_ = Thread([this, &tables] { ApplyReader(context_, tables).Run(); });
  watch_ = Thread([this] { Watch(); });
}

std::jthread ApplyRun::Thread(std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    ++threads_running_;
  }
  return std::jthread([this, work = std::move(work)] {
    work();
    std::lock_guard lock(mutex_);
    --threads_running_;
    changed_.notify_all();
  });
}

void ApplyRun::Watch() {
  try {
    DelayWatch watch(context_);
    while (!work_.stop_requested()) {
      const milliseconds wait = watch.Step();
      if (watch.finished()) {
        std::lock_guard lock(mutex_);
        caught_up_ = true;
        changed_.notify_all();
        return;
      }
      if (!SleepFor(context_.work, wait)) return;
    }
  } catch (const Error& error) {
    if (error.info().code != kStopped.id) Fail(std::current_exception());
  } catch (...) {
    Fail(std::current_exception());
  }
}

void ApplyRun::Fail(std::exception_ptr error) {
  std::lock_guard lock(mutex_);
  if (!error_) error_ = std::move(error);
  changed_.notify_all();
}

void ApplyRun::WaitForEnd() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop_, [&] { return error_ != nullptr || caught_up_; });
}

void ApplyRun::EndLanes() {
  work_.request_stop();
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kFinishWait, [&] { return threads_running_ == 0; })) sessions_.request_stop();
  }
  reader_.join();
  for (std::jthread& lane : lanes_) lane.join();
  watch_.join();
}

// Best effort, and for a moment only: without it the lanes' own records say the same.
void ApplyRun::SaveLast() {
  if (sessions_.stop_requested()) return;
  const std::jthread limit([this](const std::stop_token& done) {
    if (SleepFor(done, kFinishWait)) sessions_.request_stop();
  });
  try {
    queues_.WhileIdle([&](const connector::ApplyProgress& progress) {
      request_.destination->OpenBookkeeping({sessions_.get_token(), "bookkeeping"})->SaveProgress(progress);
    });
  } catch (const Error&) {
  }
}

}  // namespace

ApplyOutcome RunApply(const ApplyRequest& request, std::stop_token stop) {
  return ApplyRun(request, stop).Run();
}

}  // namespace sluice::pipeline
