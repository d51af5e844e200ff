// What a display shows at one moment: the runner's counters with rates and times worked out from
// earlier moments.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/stop.h"
#include "task/task.h"

namespace sluice::cli {

struct TableSample {
  size_t index = 0;  // in the order of the task
  std::string name;
  uint64_t rows = 0;
  uint64_t rows_estimated = 0;
  double rows_per_second = 0;
};

struct Sample {
  int phase = 0;  // as task::LiveState::phase
  double elapsed_seconds = 0;
  double still_seconds = 0;  // since any counter moved

  uint32_t objects_total = 0;
  uint32_t objects_done = 0;
  uint32_t objects_failed = 0;

  uint64_t rows = 0;        // of the full load, earlier runs included
  uint64_t rows_total = 0;  // estimate
  uint64_t rows_now = 0;    // by this process
  uint64_t bytes_now = 0;
  double rows_per_second = 0;
  double bytes_per_second = 0;
  double load_seconds = 0;  // spent in the full load by this process
  std::optional<double> seconds_left;
  size_t tables = 0;
  size_t tables_finished = 0;
  size_t tables_indexing = 0;        // rows are in, the table is not finished
  std::vector<TableSample> busiest;  // most rows per second first
  size_t tables_active = 0;

  uint64_t inserts = 0;
  uint64_t updates = 0;
  uint64_t deletes = 0;
  uint64_t ddl = 0;
  uint64_t transactions = 0;
  double transactions_per_second = 0;
  double changes_per_second = 0;
  double change_bytes_per_second = 0;
  int64_t delay_micros = 0;
  bool caught_up = false;
  std::string position;  // for people

  uint64_t rows_verified = 0;
  uint64_t rows_to_verify = 0;
  double verified_per_second = 0;

  // Of the full load, 0 to 1; 1 only when every table is finished.
  double LoadFraction() const;
};

// The slope of a counter over the last seconds.
class SlidingRate {
 public:
  explicit SlidingRate(double window_seconds) : window_seconds_(window_seconds) {}
  // `at_seconds` must not go back. The rate per second over the window.
  double Add(double at_seconds, uint64_t value);

 private:
  const double window_seconds_;
  std::deque<std::pair<double, uint64_t>> points_;
};

// Used by one thread at a time. Take() wants to be called a few times a second: rates and times are
// as fine as that.
class Sampler {
 public:
  Sampler(const task::LiveState& live, Clock::time_point started);
  Sample Take(Clock::time_point now);

 private:
  void TakeTables(double at, Sample& sample);
  void TakeChanges(double at, Sample& sample);
  void NoteMovement(double at, Sample& sample);

  const task::LiveState& live_;
  const Clock::time_point started_;
  SlidingRate rows_{5};
  SlidingRate rows_slow_{20};  // for the time left, which should not jump about
  SlidingRate bytes_{5};
  SlidingRate transactions_{5};
  SlidingRate changes_{5};
  SlidingRate change_bytes_{5};
  SlidingRate verified_{5};
  std::unordered_map<size_t, SlidingRate> table_rows_;  // of tables that are being loaded
  double taken_at_ = 0;
  bool was_loading_ = false;
  double load_seconds_ = 0;
  uint64_t movement_ = 0;  // sum of all counters
  double moved_at_ = 0;
};

}  // namespace sluice::cli
