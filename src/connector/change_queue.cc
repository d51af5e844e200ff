#include "connector/change_queue.h"

#include <algorithm>

namespace sluice::connector {
namespace {

// What it takes, not what it holds: the arena's first block is there for the smallest transaction too.
size_t WeightOf(const model::Transaction& transaction) {
  return sizeof(model::Transaction) + std::max(transaction.arena.used(), Arena::kFirstBlockBytes) +
         transaction.end.json.capacity() + transaction.gtid.capacity() +
         transaction.rows.capacity() * sizeof(model::RowChange);
}

}  // namespace

model::TransactionPtr ChangeQueue::Next(const std::stop_token& stop, Deadline deadline) {
  ThrowIfStopped(stop);
  LetGoOn();
  std::optional<model::TransactionPtr> item = queue_.Pop(stop, deadline);
  if (item) {
    if ((*item)->ddl) handed_ddl_ = true;
    return std::move(*item);
  }
  ThrowIfStopped(stop);
  if (queue_.Drained()) {
    std::lock_guard lock(mutex_);
    if (failure_) std::rethrow_exception(failure_);
  }
  return nullptr;
}

void ChangeQueue::Put(model::TransactionPtr transaction, const std::stop_token& stop, milliseconds every,
                      const std::function<void()>& meanwhile) {
  const bool ddl = transaction->ddl.has_value();
  const size_t weight = WeightOf(*transaction);
  while (!queue_.WaitForRoom(weight, stop, Deadline::After(every))) {
    ThrowIfStopped(stop);
    meanwhile();
  }
  if (!queue_.Push(std::move(transaction), weight, stop)) throw Error(kStopped);
  if (ddl) WaitUntilHandled(stop, every, meanwhile);
}

void ChangeQueue::WaitUntilHandled(const std::stop_token& stop, milliseconds every,
                                   const std::function<void()>& meanwhile) {
  std::unique_lock lock(mutex_);
  while (!go_on_.wait_for(lock, stop, every, [this] { return may_go_on_; })) {
    ThrowIfStopped(stop);
    lock.unlock();
    meanwhile();
    lock.lock();
  }
  may_go_on_ = false;
}

// The caller is back: what it was given last has been dealt with.
void ChangeQueue::LetGoOn() {
  if (!handed_ddl_) return;
  handed_ddl_ = false;
  std::lock_guard lock(mutex_);
  may_go_on_ = true;
  go_on_.notify_all();
}

void ChangeQueue::Close(std::exception_ptr failure) {
  if (failure) {
    std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
  }
  queue_.Close();
}

}  // namespace sluice::connector
