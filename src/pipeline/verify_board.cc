#include "pipeline/verify_board.h"

#include <utility>

namespace sluice::pipeline {

VerifyBoard::VerifyBoard(std::vector<VerifyTableWork*> tables) : tables_open_(tables.size()) {
  for (VerifyTableWork* table : tables) plans_.push_back({VerifyStep::kPlan, table, nullptr});
}

std::optional<VerifyJob> VerifyBoard::Next(bool source_side, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  std::deque<VerifyJob>& mine = source_side ? at_source_ : at_destination_;
  changed_.wait(lock, stop, [&] { return tables_open_ == 0 || !mine.empty() || (source_side && !plans_.empty()); });
  if (stop.stop_requested()) return std::nullopt;
  if (mine.empty() && (!source_side || plans_.empty())) return std::nullopt;
  std::deque<VerifyJob>& from = mine.empty() ? plans_ : mine;
  VerifyJob job = std::move(from.front());
  from.pop_front();
  return job;
}

void VerifyBoard::Planned(VerifyTableWork& table, std::vector<connector::Chunk> chunks) {
  std::lock_guard lock(mutex_);
  table.chunks_open = chunks.size();
  for (connector::Chunk& chunk : chunks) {
    auto work = std::make_shared<VerifyChunk>();
    work->table = &table;
    work->chunk = std::move(chunk);
    at_source_.push_back({VerifyStep::kReadSource, &table, work});
    at_destination_.push_back({VerifyStep::kReadDestination, &table, work});
  }
  if (chunks.empty()) at_source_.push_front({VerifyStep::kFinish, &table, nullptr});
  changed_.notify_all();
}

void VerifyBoard::Read(const std::shared_ptr<VerifyChunk>& chunk, bool source_side, const SetDigest& digest) {
  std::lock_guard lock(mutex_);
  VerifyTableWork& table = *chunk->table;
  (source_side ? table.source : table.destination).Add(digest);
  (source_side ? chunk->source : chunk->destination) = digest;
  if (!chunk->source || !chunk->destination) return;
  if (*chunk->source == *chunk->destination || table.report.failed()) {
    CloseChunk(table);
  } else if (table.lines_up) {
    at_source_.push_front({VerifyStep::kCompare, &table, chunk});
  } else {
    // Rows may only be in different chunks at the two sides: the whole table's digest tells, at its end.
    table.differing.push_back(chunk);
    CloseChunk(table);
  }
  changed_.notify_all();
}

std::vector<Pending> VerifyBoard::AddPending(VerifyTableWork& table, std::vector<Pending> pending, size_t most) {
  std::lock_guard lock(mutex_);
  for (Pending& row : pending) table.pending.push_back(std::move(row));
  if (table.pending.size() < most) return {};
  return std::exchange(table.pending, {});
}

void VerifyBoard::Compared(VerifyTableWork& table) {
  std::lock_guard lock(mutex_);
  CloseChunk(table);
  changed_.notify_all();
}

void VerifyBoard::Finished() {
  std::lock_guard lock(mutex_);
  --tables_open_;
  changed_.notify_all();
}

// With the mutex held.
void VerifyBoard::CloseChunk(VerifyTableWork& table) {
  if (--table.chunks_open != 0) return;
  if (table.differing.empty() || table.source == table.destination || table.report.failed()) {
    at_source_.push_front({VerifyStep::kFinish, &table, nullptr});
    return;
  }
  table.chunks_open = table.differing.size();
  for (std::shared_ptr<VerifyChunk>& chunk : table.differing) {
    at_source_.push_front({VerifyStep::kCompare, &table, std::move(chunk)});
  }
  table.differing.clear();
}

}  // namespace sluice::pipeline
