// Waiting that ends: every wait in Sluice takes a stop token and a deadline.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "base/error.h"

namespace sluice {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

inline constexpr ErrorCode kStopped{"SL-0001", "Stopped on request"};

// A point in time after which a wait gives up.
class Deadline {
 public:
  static Deadline After(milliseconds wait) { return Deadline(Clock::now() + wait); }
  static Deadline Never() { return Deadline(Clock::time_point::max()); }
  explicit Deadline(Clock::time_point at) : at_(at) {}

  bool Passed() const { return Clock::now() >= at_; }
  Clock::time_point at() const { return at_; }
  // Time left, at least zero, at most `most`.
  milliseconds Left(milliseconds most = milliseconds(3'600'000)) const;

 private:
  Clock::time_point at_;
};

// Sleeps for `wait` unless stopped; false if stopped.
bool SleepFor(std::stop_token stop, milliseconds wait);

// Throws kStopped when the token asks to stop.
void ThrowIfStopped(const std::stop_token& stop);

}  // namespace sluice
