#include "pipeline/full_load_queue.h"

#include <algorithm>
#include <utility>

namespace sluice::pipeline {

LoadQueue::LoadQueue(const std::vector<size_t>& order) : tables_(order.size()), unsettled_(order.size()) {
  for (const size_t table : order) to_plan_.emplace_back().table = table;
}

Clock::time_point LoadQueue::WakeDelayed(Clock::time_point now) {
  Clock::time_point next = Clock::time_point::max();
  for (size_t i = 0; i < delayed_.size();) {
    LoadJob& job = delayed_[i];
    const bool due = job.not_before <= now;
    if (!due) next = std::min(next, job.not_before);
    TableState& table = tables_[job.table];
    if (due && !table.given_up) {
      if (job.kind == LoadJob::Kind::kPlan) {
        to_plan_.push_front(std::move(job));
      } else {
        if (table.ready.empty()) open_.push_back(job.table);
        table.ready.push_front(std::move(job));
      }
    }
    if (due || table.given_up) {
      if (i + 1 != delayed_.size()) delayed_[i] = std::move(delayed_.back());
      delayed_.pop_back();
    } else {
      ++i;
    }
  }
  return next;
}

std::optional<size_t> LoadQueue::Fullest() const {
  const auto fullest = std::max_element(open_.begin(), open_.end(), [&](size_t a, size_t b) {
    return tables_[a].ready.size() < tables_[b].ready.size();
  });
  return fullest == open_.end() ? std::nullopt : std::optional(*fullest);
}

std::optional<LoadJob> LoadQueue::Choose(std::optional<size_t> mine) {
  if (!mine || tables_[*mine].ready.empty()) {
    if (!to_plan_.empty()) {
      LoadJob job = std::move(to_plan_.front());
      to_plan_.pop_front();
      return job;
    }
    mine = Fullest();
  }
  if (!mine) return std::nullopt;
  std::deque<LoadJob>& ready = tables_[*mine].ready;
  LoadJob job = std::move(ready.front());
  ready.pop_front();
  if (ready.empty()) std::erase(open_, *mine);
  return job;
}

std::optional<LoadJob> LoadQueue::Next(std::optional<size_t> mine, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested() && unsettled_ != 0) {
    const Clock::time_point due = WakeDelayed(Clock::now());
    if (auto job = Choose(mine)) return job;
    const auto something = [&] { return unsettled_ == 0 || !open_.empty() || !to_plan_.empty(); };
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
    tables_[table].ready.push_back(std::move(job));
  }
  if (!chunks.empty()) open_.push_back(table);
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
  std::erase_if(to_plan_, [&](const LoadJob& job) { return job.table == table; });
  state.ready.clear();
  std::erase(open_, table);
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
