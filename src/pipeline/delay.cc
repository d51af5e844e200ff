#include "pipeline/delay.h"

#include <algorithm>

#include "base/log.h"
#include "base/time.h"

namespace sluice::pipeline {
namespace {

constexpr milliseconds kAskFar{1000};
constexpr milliseconds kAskNear{200};
constexpr milliseconds kLook{50};
constexpr milliseconds kSaveEvery{1000};
constexpr milliseconds kOwnedEvery{5000};
constexpr int64_t kMicrosPerSecond = 1'000'000;

}  // namespace

milliseconds DelayWatch::Step() {
  LaneQueues::Situation now = context_.queues.Look();
  const bool is_near = caught_up_ || now.unfinished == 0;
  if (Clock::now() - asked_at_ >= (is_near ? kAskNear : kAskFar)) AskSource();
  now = context_.queues.Look();  // what was applied while the source answered counts
  caught_up_ = WithinLimit(now);

  if (context_.request.stop_when_caught_up && caught_up_ && context_.opened) {
    if (goal_.empty() && !asked_.empty()) {
      goal_ = asked_.back().second;
    } else if (!goal_.empty() && context_.request.source->Reached(now.low, goal_)) {
      finished_ = true;
    }
  }
  if (Progress* progress = context_.request.progress) {
    progress->caught_up = caught_up_;
    progress->delay_micros = caught_up_ && now.unfinished == 0 ? 0 : Delay(now);
    progress->applied_commit_micros = now.newest_committed_micros;
    progress->applied_position.Set(now.low.json);
    if (!asked_.empty()) progress->source_position.Set(asked_.back().second.json);
  }
  SaveIdlePosition(now);
  return kLook;
}

void DelayWatch::AskSource() {
  asked_at_ = Clock::now();
  try {
    asked_.emplace_back(asked_at_, context_.request.source->CurrentPosition(context_.work));
  } catch (const Error& error) {
    // The reader meets the same and deals with it; until then nothing newer is known.
    LogDebug("apply", "the source's position is not known: " + error.info().OneLine());
  }
}

// Applied up to what was the newest at some moment within the limit. A position that is older is kept only while it is
// the newest one, which is so as long as the source does not answer: then nothing is known to be close.
bool DelayWatch::WithinLimit(const LaneQueues::Situation& now) {
  const auto oldest = Clock::now() - std::max(context_.request.not_delayed_within, kAskFar + kAskNear);
  while (!asked_.empty() && asked_.front().first < oldest) asked_.pop_front();
  return std::any_of(asked_.rbegin(), asked_.rend(),
                     [&](const auto& asked) { return context_.request.source->Reached(now.low, asked.second); });
}

// The source's clock where the log has fractions of a second, else ours from when it was read.
int64_t DelayWatch::Delay(const LaneQueues::Situation& now) const {
  const int64_t micros = NowMicros();
  if (now.unfinished == 0) {
    // Read and applied, but the source has more that was not read yet.
    if (caught_up_ || now.newest_committed_micros == 0) return 0;
    return std::max<int64_t>(0, micros - now.newest_committed_micros);
  }
  const bool is_whole_second = now.oldest_committed_micros % kMicrosPerSecond == 0;
  const bool read_at_once = now.oldest_received_micros - now.oldest_committed_micros < kMicrosPerSecond;
  const int64_t since = is_whole_second && read_at_once ? now.oldest_received_micros : now.oldest_committed_micros;
  return std::max<int64_t>(0, micros - since);
}

// While changes are applied, their transactions carry the position; while none are, it would stand still. Where it
// does, a transaction of nothing tells whether the task is still this run's: one that is not would hold what it reads
// from.
void DelayWatch::SaveIdlePosition(const LaneQueues::Situation& now) {
  const bool is_saved = now.low == saved_;
  if (now.unfinished != 0 || Clock::now() - saved_at_ < (is_saved ? kOwnedEvery : kSaveEvery)) return;
  try {
    if (bookkeeping_ == nullptr) {
      bookkeeping_ = context_.request.destination->OpenBookkeeping({context_.sessions, "bookkeeping"});
    }
    if (is_saved) {
      bookkeeping_->SaveNotes(context_.request.task, {}, nullptr);
    } else {
      context_.queues.WhileIdle([&](const connector::ApplyProgress& progress) {
        bookkeeping_->SaveProgress(progress);
        saved_ = progress.low;
      });
    }
    saved_at_ = Clock::now();
  } catch (const Error& error) {
    bookkeeping_.reset();
    saved_at_ = Clock::now();
    if (error.info().code == kStopped.id) return;
    if (error.info().retry == RetryClass::kNever) throw;
    context_.TellRetry(error.info(), kSaveEvery);
  }
}

}  // namespace sluice::pipeline
