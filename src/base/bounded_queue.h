// A first-in first-out queue between threads, bounded by the weight (usually bytes) of what waits in it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/stop.h"

namespace sluice {

// Any number of threads may push and pop. Close() ends it: pushes are refused, pops drain what is left.
// One item is always let in, however heavy, so that a row larger than the bound still passes.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t weight_max) : weight_max_(weight_max) {}

  // Waits for room. False when closed or stopped (the item is then dropped).
  bool Push(T item, size_t weight, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    const auto has_room = [&] { return HasRoom(weight); };
    if (!has_room()) room_.wait(lock, stop, has_room);  // the wait itself is dear, even with room
    if (closed_ || stop.stop_requested()) return false;
    items_.emplace_back(std::move(item), weight);
    weight_ += weight;
    ready_.notify_one();
    return true;
  }

  // Waits until an item of this weight would be let in at once, as long as nobody else pushes: for a producer that has
  // other things to do from time to time. False when the deadline passed, closed or stopped.
  bool WaitForRoom(size_t weight, std::stop_token stop, Deadline deadline) {
    std::unique_lock lock(mutex_);
    const auto has_room = [&] { return HasRoom(weight); };
    if (!has_room() && !room_.wait_until(lock, stop, deadline.at(), has_room)) return false;
    return !closed_ && !stop.stop_requested();
  }

  // The next item; nothing when the deadline passed, the queue is closed and empty, or stopped.
  std::optional<T> Pop(std::stop_token stop, Deadline deadline = Deadline::Never()) {
    std::unique_lock lock(mutex_);
    const auto has_item = [&] { return closed_ || !items_.empty(); };
    const bool waits = !has_item();
    if (waits && deadline.at() == Clock::time_point::max()) ready_.wait(lock, stop, has_item);
    if (waits && deadline.at() != Clock::time_point::max()) ready_.wait_until(lock, stop, deadline.at(), has_item);
    if (items_.empty() || stop.stop_requested()) return std::nullopt;
    auto [item, weight] = std::move(items_.front());
    items_.pop_front();
    weight_ -= weight;
    room_.notify_one();
    return std::move(item);
  }

  void Close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    ready_.notify_all();
    room_.notify_all();
  }

  bool Drained() const {
    std::lock_guard lock(mutex_);
    return closed_ && items_.empty();
  }
  size_t Size() const {
    std::lock_guard lock(mutex_);
    return items_.size();
  }
  size_t Weight() const {
    std::lock_guard lock(mutex_);
    return weight_;
  }

 private:
  bool HasRoom(size_t weight) const { return closed_ || items_.empty() || weight_ + weight <= weight_max_; }

  const size_t weight_max_;
  mutable std::mutex mutex_;
  std::condition_variable_any ready_;
  std::condition_variable_any room_;
  std::deque<std::pair<T, size_t>> items_;
  size_t weight_ = 0;
  bool closed_ = false;
};

}  // namespace sluice
