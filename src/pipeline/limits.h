// Rate limits that can be changed while a task runs, and the process-wide memory budget.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>

#include "base/stop.h"

namespace sluice::pipeline {

struct Limits {
  uint64_t rows_per_second = 0;   // 0: none
  uint64_t bytes_per_second = 0;  // 0: none
  uint32_t readers = 4;
  uint32_t writers = 4;
  uint64_t memory_bytes = 256ull << 20;
  bool operator==(const Limits&) const = default;
};

// The limits of a task as they are now. Safe from any thread.
class LiveLimits {
 public:
  explicit LiveLimits(const Limits& limits) : limits_(limits) {}
  Limits Now() const;
  void Change(const Limits& limits);
  // Waits until `holds` is true of the limits; false when stopped before.
  bool WaitUntil(const std::function<bool(const Limits&)>& holds, std::stop_token stop) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  Limits limits_;
};

// Token buckets for rows and bytes with one second of burst. Safe from any thread.
class RateLimiter {
 public:
  explicit RateLimiter(const Limits& limits);
  // What has passed already makes nobody wait longer than under the rate that it passed at.
  void Change(const Limits& limits);
  // Waits until `rows` and `bytes` may pass; throws kStopped.
  void Acquire(uint64_t rows, uint64_t bytes, std::stop_token stop);

 private:
  void Drain();  // both debts, to now

  std::mutex mutex_;
  uint64_t rows_per_second_;
  uint64_t bytes_per_second_;
  double row_debt_ = 0;  // in rows, drained at rows_per_second_
  double byte_debt_ = 0;
  Clock::time_point drained_at_;
};

}  // namespace sluice::pipeline
