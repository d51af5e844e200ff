#include "base/stop.h"

#include <algorithm>

namespace sluice {

milliseconds Deadline::Left(milliseconds most) const {
  const auto now = Clock::now();
  if (now >= at_) return milliseconds(0);
  return std::min(most, std::chrono::ceil<milliseconds>(at_ - now));
}

bool SleepFor(std::stop_token stop, milliseconds wait) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, wait, [] { return false; });
  return !stop.stop_requested();
}

void ThrowIfStopped(const std::stop_token& stop) {
  if (stop.stop_requested()) throw Error(kStopped);
}

}  // namespace sluice
