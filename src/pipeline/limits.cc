#include "pipeline/limits.h"

#include <algorithm>
#include <chrono>

namespace sluice::pipeline {
namespace {

// Wakes this often, so that a changed limit is felt.
constexpr milliseconds kLongestNap{200};

double Seconds(Clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// How long until `debt` has fallen to one second's worth.
double WaitSeconds(double debt, uint64_t per_second) {
  if (per_second == 0) return 0;
  const double rate = static_cast<double>(per_second);
  return std::max(0.0, (debt - rate) / rate);
}

double Drained(double debt, uint64_t per_second, double seconds) {
  return per_second == 0 ? 0 : std::max(0.0, debt - static_cast<double>(per_second) * seconds);
}

// A debt of so many seconds at the old rate is no more seconds at the new one: what a thousand rows a second let pass
// would else hold up ten a second for minutes.
double Carried(double debt, uint64_t from, uint64_t to) {
  if (from == 0 || to == 0) return 0;
  return debt * std::min(1.0, static_cast<double>(to) / static_cast<double>(from));
}

}  // namespace

Limits LiveLimits::Now() const {
  std::lock_guard lock(mutex_);
  return limits_;
}

void LiveLimits::Change(const Limits& limits) {
  std::lock_guard lock(mutex_);
  limits_ = limits;
  changed_.notify_all();
}

bool LiveLimits::WaitUntil(const std::function<bool(const Limits&)>& holds, std::stop_token stop) const {
  std::unique_lock lock(mutex_);
  return changed_.wait(lock, stop, [&] { return holds(limits_); }) && !stop.stop_requested();
}

RateLimiter::RateLimiter(const Limits& limits)
    : rows_per_second_(limits.rows_per_second), bytes_per_second_(limits.bytes_per_second), drained_at_(Clock::now()) {}

void RateLimiter::Drain() {
  const Clock::time_point now = Clock::now();
  const double seconds = Seconds(now - drained_at_);
  drained_at_ = now;
  row_debt_ = Drained(row_debt_, rows_per_second_, seconds);
  byte_debt_ = Drained(byte_debt_, bytes_per_second_, seconds);
}

void RateLimiter::Change(const Limits& limits) {
  std::lock_guard lock(mutex_);
  Drain();
  row_debt_ = Carried(row_debt_, rows_per_second_, limits.rows_per_second);
  byte_debt_ = Carried(byte_debt_, bytes_per_second_, limits.bytes_per_second);
  rows_per_second_ = limits.rows_per_second;
  bytes_per_second_ = limits.bytes_per_second;
}

// What passes is added to the debt at once, and whoever comes while the debt is above a second's worth waits: a block
// larger than the limit passes too, and the average holds.
void RateLimiter::Acquire(uint64_t rows, uint64_t bytes, std::stop_token stop) {
  while (true) {
    milliseconds nap{0};
    {
      std::lock_guard lock(mutex_);
      if (rows_per_second_ == 0 && bytes_per_second_ == 0) {
        row_debt_ = byte_debt_ = 0;
        break;
      }
      Drain();
      const double wait =
          std::max(WaitSeconds(row_debt_, rows_per_second_), WaitSeconds(byte_debt_, bytes_per_second_));
      if (wait == 0) {
        row_debt_ += static_cast<double>(rows);
        byte_debt_ += static_cast<double>(bytes);
        break;
      }
      nap = std::clamp(milliseconds(static_cast<int64_t>(wait * 1000) + 1), milliseconds(1), kLongestNap);
    }
    if (!SleepFor(stop, nap)) ThrowIfStopped(stop);
  }
  ThrowIfStopped(stop);
}

}  // namespace sluice::pipeline
