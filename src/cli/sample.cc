#include "cli/sample.h"

#include <algorithm>
#include <nlohmann/json_fwd.hpp>
#include <utility>

#include "cli/json_text.h"

namespace sluice::cli {
namespace {

constexpr size_t kBusiestMax = 64;
constexpr int kFullPhase = 2;  // of task::LiveState::phase

double Seconds(Clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

double Sample::LoadFraction() const {
  if (tables > 0 && tables_finished == tables) return 1;
  if (rows_total == 0) return tables == 0 ? 0 : static_cast<double>(tables_finished) / static_cast<double>(tables);
  return std::min(0.99, static_cast<double>(rows) / static_cast<double>(rows_total));
}

double SlidingRate::Add(double at_seconds, uint64_t value) {
  // A counter that went back was begun anew.
  if (!points_.empty() && value < points_.back().second) points_.clear();
  points_.emplace_back(at_seconds, value);
  while (points_.size() > 2 && points_[1].first <= at_seconds - window_seconds_) points_.pop_front();
  const auto& [first_at, first_value] = points_.front();
  const double span = at_seconds - first_at;
  if (span <= 0) return 0;
  return static_cast<double>(value - first_value) / span;
}

Sampler::Sampler(const task::LiveState& live, Clock::time_point started) : live_(live), started_(started) {}

Sample Sampler::Take(Clock::time_point now) {
  Sample sample;
  const double at = Seconds(now - started_);
  sample.elapsed_seconds = at;
  sample.phase = live_.phase;
  sample.objects_total = live_.objects_total;
  sample.objects_done = live_.objects_done;
  sample.objects_failed = live_.objects_failed;
  if (live_.tables_ready) TakeTables(at, sample);
  TakeChanges(at, sample);
  sample.rows_verified = live_.progress.rows_verified;
  sample.rows_to_verify = live_.progress.rows_to_verify;
  sample.verified_per_second = verified_.Add(at, sample.rows_verified);
  NoteMovement(at, sample);
  if (was_loading_) load_seconds_ += at - taken_at_;
  was_loading_ = sample.phase == kFullPhase;
  taken_at_ = at;
  sample.load_seconds = load_seconds_;
  return sample;
}

void Sampler::TakeTables(double at, Sample& sample) {
  const pipeline::Progress& progress = live_.progress;
  sample.tables = progress.tables.size();
  uint64_t estimated = 0;
  for (size_t i = 0; i < progress.tables.size(); ++i) {
    const pipeline::TableProgress& table = *progress.tables[i];
    const uint64_t rows = table.rows_done;
    const bool finished = table.finished;
    sample.rows += rows;
    // What is finished needs no estimate; one that was too low is corrected as it is passed.
    estimated += finished ? rows : std::max<uint64_t>(table.rows_estimated, rows);
    if (finished) {
      ++sample.tables_finished;
      table_rows_.erase(i);
      continue;
    }
    const uint32_t chunks = table.chunks_total;
    if (chunks > 0 && table.chunks_done >= chunks) {
      ++sample.tables_indexing;
      table_rows_.erase(i);
    } else if (rows > 0) {
      ++sample.tables_active;
      auto& rate = table_rows_.try_emplace(i, 5.0).first->second;
      sample.busiest.push_back({i, table.source.Text(), rows, table.rows_estimated, rate.Add(at, rows)});
    }
  }
  std::stable_sort(sample.busiest.begin(), sample.busiest.end(),
                   [](const TableSample& a, const TableSample& b) { return a.rows_per_second > b.rows_per_second; });
  if (sample.busiest.size() > kBusiestMax) sample.busiest.resize(kBusiestMax);
  sample.rows_total = estimated;
  sample.rows_now = progress.rows_loaded;
  sample.bytes_now = progress.bytes_loaded;
  sample.rows_per_second = rows_.Add(at, sample.rows_now);
  sample.bytes_per_second = bytes_.Add(at, sample.bytes_now);
  const double slow = rows_slow_.Add(at, sample.rows_now);
  if (slow > 0 && at > 2 && sample.rows_total > sample.rows) {
    sample.seconds_left = static_cast<double>(sample.rows_total - sample.rows) / slow;
  }
}

void Sampler::TakeChanges(double at, Sample& sample) {
  const pipeline::Progress& progress = live_.progress;
  sample.inserts = progress.inserts;
  sample.updates = progress.updates;
  sample.deletes = progress.deletes;
  sample.ddl = progress.ddl;
  sample.transactions = progress.transactions;
  sample.delay_micros = progress.delay_micros;
  sample.caught_up = progress.caught_up;
  sample.position = PositionText(progress.applied_position.Get());
  sample.transactions_per_second = transactions_.Add(at, sample.transactions);
  sample.changes_per_second = changes_.Add(at, sample.inserts + sample.updates + sample.deletes);
  sample.change_bytes_per_second = change_bytes_.Add(at, progress.change_bytes);
}

void Sampler::NoteMovement(double at, Sample& sample) {
  const uint64_t movement = static_cast<uint64_t>(sample.phase) + sample.objects_done + sample.objects_failed +
                            sample.rows + sample.tables_finished + sample.tables_indexing + sample.transactions +
                            sample.rows_verified;
  if (movement != movement_) moved_at_ = at;
  movement_ = movement;
  sample.still_seconds = at - moved_at_;
}

}  // namespace sluice::cli
