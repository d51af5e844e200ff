#include "pipeline/apply_context.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "pipeline/codes.h"

namespace sluice::pipeline {
namespace {

constexpr milliseconds kReconnectFirst{50};
constexpr milliseconds kReconnectMost{10'000};
constexpr milliseconds kBackoffFirst{2};
constexpr milliseconds kBackoffMost{1'000};
constexpr milliseconds kTellFrom{500};  // shorter pauses after a lock conflict are nobody's business

milliseconds Jittered(milliseconds pause) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return milliseconds(std::uniform_int_distribution<int64_t>(pause.count() / 2, pause.count())(random));
}

}  // namespace

void ApplyContext::TellRetry(const ErrorInfo& error, milliseconds pause) {
  if (!request.on_retry) return;
  std::lock_guard lock(tell_mutex);
  const auto now = Clock::now();
  std::string what = error.code + error.cause;
  if (what == told && now - told_at < milliseconds(1000)) return;
  told = std::move(what);
  told_at = now;
  request.on_retry(error, pause);
}

void RetryPauses::Wait(const Error& error) {
  const ErrorInfo& info = error.info();
  if (info.code == kStopped.id || info.retry == RetryClass::kNever) throw error;
  if (info.retry == RetryClass::kOnce) {
    const std::string line = info.OneLine();
    if (seen_once_ == line) throw error;
    seen_once_ = line;
  }
  ThrowIfStopped(context_.work);
  const auto now = Clock::now();
  if (failures_++ == 0) first_at_ = now;
  if (now - first_at_ > context_.request.give_up) {
    throw Error(kRetriesExhausted)
        .Object(info.object)
        .Cause(fmt::format("tried for {} s; last: {}",
                           std::chrono::duration_cast<std::chrono::seconds>(now - first_at_).count(), info.OneLine()))
        .Remedy("Bring the server back, then run the task again: it goes on where it was.")
        .Native(info.native_code, info.native_message)
        .Side(info.side);
  }
  const bool lost = info.retry != RetryClass::kBackoff;
  const int doublings = std::min(failures_ - 1, 16);
  const milliseconds grown = (lost ? kReconnectFirst : kBackoffFirst) * (1 << doublings);
  const milliseconds pause = Jittered(std::min(grown, lost ? kReconnectMost : kBackoffMost));
  if (lost || pause >= kTellFrom) context_.TellRetry(info, pause);
  if (!SleepFor(context_.work, pause)) throw Error(kStopped);
}

}  // namespace sluice::pipeline
