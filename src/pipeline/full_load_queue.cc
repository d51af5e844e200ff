#include "pipeline/full_load_queue.h"

#include <algorithm>
#include <utility>

namespace sluice::pipeline {

LoadQueue::LoadQueue(const std::vector<size_t>& order)
    : tables_(order.size()), to_plan_(order.begin(), order.end()), unsettled_(order.size()) {}

Clock::time_point LoadQueue::WakeDelayed(Clock::time_point now) {
  Clock::time_point next = Clock::time_point::max();
  for (size_t i = 0; i < delayed_.size();) {
    LoadJob& job = delayed_[i];
    const bool due = job.not_before <= now;
    if (!due) next = std::min(next, job.not_before);
    if (due && !tables_[job.table].given_up) ready_.push_front(std::move(job));
    if (due || tables_[job.table].given_up) {
      if (i + 1 != delayed_.size()) delayed_[i] = std::move(delayed_.back());
      delayed_.pop_back();
    } else {
      ++i;
    }
  }
  return next;
}

std::optional<LoadJob> LoadQueue::Next(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested() && unsettled_ != 0) {
    const Clock::time_point due = WakeDelayed(Clock::now());
    while (!ready_.empty()) {
      LoadJob job = std::move(ready_.front());
      ready_.pop_front();
      if (!tables_[job.table].given_up) return job;
    }
    if (!to_plan_.empty()) {
      LoadJob job;
      job.table = to_plan_.front();
      to_plan_.pop_front();
      return job;
    }
    const auto something = [&] { return unsettled_ == 0 || !ready_.empty(); };
    if (due == Clock::time_point::max()) {
      const size_t delayed = delayed_.size();
      changed_.wait(lock, stop, [&] { return something() || delayed_.size() != delayed; });
    } else {
      changed_.wait_until(lock, stop, due, something);
    }
  }
  return std::nullopt;
}

bool LoadQueue::AddChunks(size_t table, const std::vector<connector::Chunk>& chunks) {
  std::lock_guard lock(mutex_);
  tables_[table].chunks_left = chunks.size();
  for (const connector::Chunk& chunk : chunks) {
    LoadJob job;
    job.kind = LoadJob::Kind::kCopy;
    job.table = table;
    job.chunk = chunk;
    ready_.push_back(std::move(job));
  }
  changed_.notify_all();
  return chunks.empty();
}

bool LoadQueue::ChunkDone(size_t table) {
  std::lock_guard lock(mutex_);
  TableState& state = tables_[table];
  --state.chunks_left;
  return state.chunks_left == 0 && !state.given_up;
}

void LoadQueue::Again(LoadJob job) {
  std::lock_guard lock(mutex_);
  delayed_.push_back(std::move(job));
  changed_.notify_all();
}

void LoadQueue::Settle(size_t table) {
  std::lock_guard lock(mutex_);
  if (std::exchange(tables_[table].settled, true)) return;
  --unsettled_;
  changed_.notify_all();
}

bool LoadQueue::GiveUp(size_t table) {
  std::lock_guard lock(mutex_);
  TableState& state = tables_[table];
  if (state.settled) return false;
  state.settled = state.given_up = true;
  std::erase_if(ready_, [&](const LoadJob& job) { return job.table == table; });
  --unsettled_;
  changed_.notify_all();
  return true;
}

bool LoadQueue::IsGivenUp(size_t table) const {
  std::lock_guard lock(mutex_);
  return tables_[table].given_up;
}

bool LoadQueue::AllSettled() const {
  std::lock_guard lock(mutex_);
  return unsettled_ == 0;
}

}  // namespace sluice::pipeline
