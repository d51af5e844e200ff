// Between the thread that reads a source's log and whoever calls ChangeStream::Next(). Behind a statement that changes
// tables nothing is decoded before the caller is back, since only then do the descriptions hold for what follows.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <stop_token>

#include "base/bounded_queue.h"
#include "base/stop.h"
#include "model/change.h"

namespace sluice::connector {

class ChangeQueue {
 public:
  explicit ChangeQueue(size_t bytes_most) : queue_(bytes_most) {}

  // Of the caller, as ChangeStream::Next(); rethrows what Fail() was told once all before it is taken.
  model::TransactionPtr Next(const std::stop_token& stop, Deadline deadline);

  // Of the thread. Waits for room; while it waits, `meanwhile` is called every `every`. Throws kStopped.
  void Put(model::TransactionPtr transaction, const std::stop_token& stop, milliseconds every,
           const std::function<void()>& meanwhile);
  // Nothing comes any more; null: without a failure.
  void Close(std::exception_ptr failure = nullptr);

 private:
  void WaitUntilHandled(const std::stop_token& stop, milliseconds every, const std::function<void()>& meanwhile);
  void LetGoOn();

  BoundedQueue<model::TransactionPtr> queue_;
  std::mutex mutex_;
  std::condition_variable_any go_on_;
  bool may_go_on_ = false;      // under mutex_
  std::exception_ptr failure_;  // under mutex_
  bool handed_ddl_ = false;     // the caller's
};

}  // namespace sluice::connector
