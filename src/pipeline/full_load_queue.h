// What is left to do in a full load: tables to plan (largest first), chunks to copy, chunks to try again later. Readers
// take from it; it ends when every table is settled. Safe from any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/error.h"
#include "base/stop.h"
#include "connector/connector.h"

namespace sluice::pipeline {

struct LoadJob {
  enum class Kind { kPlan, kCopy };
  Kind kind = Kind::kPlan;
  size_t table = 0;
  connector::Chunk chunk;             // kCopy
  uint32_t failures = 0;              // so far
  Clock::time_point first_failure{};  // of those
  Clock::time_point not_before{};
};

class LoadQueue {
 public:
  // `order`: indexes of the tables, the first to be planned first.
  explicit LoadQueue(const std::vector<size_t>& order);

  // The next job: a chunk of `mine`, the table that the caller had last; else a table to plan; else a chunk of the
  // table that has most left. So each reader has a table of its own while there are enough: writers of one table get in
  // each other's way (MariaDB loads into an empty one with all of it locked). Waits when there is nothing to do yet;
  // nothing when all tables are settled or on stop.
  std::optional<LoadJob> Next(std::optional<size_t> mine, std::stop_token stop);

  // A table was planned: `chunks` are left to copy. True when there is none, so that the caller finishes the table.
  bool AddChunks(size_t table, const std::vector<connector::Chunk>& chunks);
  // True when it was the table's last one, and the table has not failed: the caller finishes it.
  bool ChunkDone(size_t table);
  void Again(LoadJob job);
  // The table is complete, with whatever had to be done after its last chunk.
  void Settle(size_t table);
  // The table is given up: its waiting chunks are dropped. False when it was settled before.
  bool GiveUp(size_t table);
  bool IsGivenUp(size_t table) const;
  bool AllSettled() const;

 private:
  struct TableState {
    size_t chunks_left = 0;
    std::deque<LoadJob> ready;
    bool settled = false;
    bool given_up = false;
  };
  // Moves delayed jobs whose time has come; returns when the next one is due.
  Clock::time_point WakeDelayed(Clock::time_point now);
  std::optional<LoadJob> Choose(std::optional<size_t> mine);
  std::optional<size_t> Fullest() const;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<TableState> tables_;
  std::deque<LoadJob> to_plan_;
  std::vector<size_t> open_;  // tables with chunks that are ready
  std::vector<LoadJob> delayed_;
  size_t unsettled_;
};

}  // namespace sluice::pipeline
