#include "pipeline/verify_lateness.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "base/log.h"

namespace sluice::pipeline {

Lateness::Lateness(const VerifyRequest& request, std::stop_token stop)
    : request_(request), stop_(std::move(stop)), is_watched_(request.applying != nullptr) {}

void Lateness::Look() {
  if (!is_watched_) return;
  try {
    goals_.push_back(request_.source->CurrentPosition(stop_));
  } catch (const Error& error) {
    ThrowIfStopped(stop_);
    if (error.info().retry == RetryClass::kNever) throw;
    LogDebug("verify", "the source's position is not known: " + error.info().OneLine());
  }
  const Applying now = request_.applying();
  if (!now.runs) return GiveUp("nobody applies the task's changes any more");
  if (!now.applied.empty()) {
    while (reached_ < goals_.size() && request_.source->Reached(now.applied, goals_[reached_])) ++reached_;
  }
  if (now.applied != applied_ || !Waits()) {
    applied_ = now.applied;
    moved_at_ = Clock::now();
  } else if (Clock::now() - moved_at_ > request_.standstill_most) {
    GiveUp(fmt::format("the task has applied nothing for {} s",
                       std::chrono::duration_cast<std::chrono::seconds>(request_.standstill_most).count()));
  }
}

void Lateness::GiveUp(const std::string& why) {
  is_watched_ = false;
  given_up_ = why + ": differences may be what is not applied yet";
}

}  // namespace sluice::pipeline
