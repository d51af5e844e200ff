#include "pipeline/lanes.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/time.h"

namespace sluice::pipeline {

using connector::ApplyProgress;

namespace {

constexpr uint32_t kJudged = 256;       // units that are looked at together
constexpr uint32_t kTooMany = 64;       // of them had to wait for other lanes
constexpr uint64_t kTogether = 32'768;  // units that stay in one lane then

}  // namespace

std::vector<uint64_t> LaneBatch::Ordinals() const {
  std::vector<uint64_t> ordinals;
  ordinals.reserve(units.size());
  for (const ApplyUnit* unit : units) ordinals.push_back(unit->ordinal);
  return ordinals;
}

LaneQueues::LaneQueues(const LaneLimits& limits, ProgressSet progress)
    : limits_(limits), progress_(std::move(progress)), newest_committed_micros_(progress_.committed_micros()) {
  Check(limits.lanes > 0, "at least one lane");
  for (uint32_t i = 0; i < limits.lanes; ++i) lanes_.push_back(std::make_unique<Lane>());
}

// ---------------------------------------------------------------- the reader's side

// A unit that follows two lanes waits until one of them has committed, and so does all that follows it. Where that is
// the rule, as with counters that every transaction changes, one lane with full batches is faster than several.
void LaneQueues::Judge(const ApplyUnit& added) {
  if (added.lane < 0) ++waited_;
  if (++judged_ < kJudged) return;
  if (waited_ > kTooMany) together_until_ = added.number + kTogether;
  judged_ = waited_ = 0;
}

void LaneQueues::Add(std::unique_ptr<ApplyUnit> unit, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const auto has_room = [&] {
    if (frozen_) return false;
    return unfinished_ == 0 || (unfinished_ < limits_.units_in_flight && bytes_ < limits_.bytes_in_flight);
  };
  if (!has_room()) room_.wait(lock, stop, has_room);  // the wait itself is dear, even with room
  ThrowIfStopped(stop);
  ApplyUnit& added = *unit;
  added.number = first_number_ + window_.size();
  added.done = added.changes.empty();
  window_.push_back(std::move(unit));
  if (added.done) {
    added.Release();
    PopFinished();
    return;
  }
  ++unfinished_;
  bytes_ += added.bytes;
  dependencies_.Add(added.number, added.claims, added.follows);
  if (serial_until_) return;
  TryPlace(added);
  Judge(added);
}

LaneQueues::Alone::Alone(LaneQueues& queues, std::stop_token stop) : queues_(queues) {
  std::unique_lock lock(queues.mutex_);
  queues.idle_.wait(lock, stop, [&] { return queues.unfinished_ == 0 && !queues.frozen_; });
  ThrowIfStopped(stop);
  queues.frozen_ = true;
}

LaneQueues::Alone::~Alone() {
  {
    std::lock_guard lock(queues_.mutex_);
    queues_.alone_.reset();
  }
  queues_.Thaw();
}

void LaneQueues::Alone::Work(const model::Transaction& transaction) {
  // A part of a large transaction may not tell yet when it was committed.
  const int64_t received = transaction.received_micros != 0 ? transaction.received_micros : NowMicros();
  const int64_t committed = transaction.committed_micros != 0 ? transaction.committed_micros : received;
  std::lock_guard lock(queues_.mutex_);
  queues_.alone_ = {committed, received};
}

void LaneQueues::Alone::MoveLow(uint64_t ordinal, const model::Position& position) {
  std::lock_guard lock(queues_.mutex_);
  Check(queues_.window_.empty(), "the low mark moves past what is unfinished");
  const int64_t committed = queues_.alone_ ? queues_.alone_->committed_micros : 0;
  queues_.newest_committed_micros_ = std::max(queues_.newest_committed_micros_, committed);
  queues_.progress_.MoveLow(ordinal, position, committed);
  queues_.alone_.reset();
}

void LaneQueues::Thaw() {
  std::lock_guard lock(mutex_);
  frozen_ = false;
  room_.notify_all();
  idle_.notify_all();
}

// ---------------------------------------------------------------- placing

ApplyUnit* LaneQueues::Find(uint64_t number) {
  if (number < first_number_ || number >= first_number_ + window_.size()) return nullptr;
  ApplyUnit* unit = window_[number - first_number_].get();
  return unit->done ? nullptr : unit;
}

void LaneQueues::TryPlace(ApplyUnit& unit) {
  int lane = -1;
  bool must_wait = false;
  for (const uint64_t number : unit.follows) {
    const ApplyUnit* before = Find(number);
    if (before == nullptr) continue;
    if (before->lane < 0 || (lane >= 0 && before->lane != lane)) {
      must_wait = true;
      break;
    }
    lane = before->lane;
  }
  if (!must_wait) {
    if (lane < 0) lane = static_cast<int>(unit.number < together_until_ ? last_lane_ : BestLane());
    unit.lane = lane;
    last_lane_ = static_cast<uint32_t>(lane);
    Place(unit);
    return;
  }
  for (const uint64_t number : unit.follows) {
    ApplyUnit* before = Find(number);
    if (before == nullptr) continue;
    // Asked again each time it moves; a double is harmless and rare.
    if (before->followers.empty() || before->followers.back() != unit.number) {
      before->followers.push_back(unit.number);
    }
  }
}

void LaneQueues::Place(ApplyUnit& unit) {
  Lane& lane = *lanes_[static_cast<size_t>(unit.lane)];
  lane.queue.push_back(&unit);
  lane.rows += unit.changes.size();
  if (!lane.busy) lane.ready.notify_one();
  if (!unit.followers.empty()) Wake(std::exchange(unit.followers, {}));
}

void LaneQueues::Wake(std::vector<uint64_t> followers) {
  std::sort(followers.begin(), followers.end());
  for (const uint64_t number : followers) {
    ApplyUnit* unit = Find(number);
    if (unit != nullptr && unit->lane < 0) TryPlace(*unit);
  }
}

// An idle lane if there is one, because then nothing waits; else the one with the fewest rows before it.
uint32_t LaneQueues::BestLane() const {
  uint32_t best = 0;
  size_t best_rows = SIZE_MAX;
  for (uint32_t i = 0; i < lanes_.size(); ++i) {
    const Lane& lane = *lanes_[i];
    const size_t rows = lane.rows * 2 + (lane.busy ? 1 : 0);
    if (rows < best_rows) {
      best = i;
      best_rows = rows;
    }
  }
  return best;
}

// ---------------------------------------------------------------- the lanes' side

bool LaneQueues::CanTake(uint32_t lane) const {
  if (!serial_until_) return !lanes_[lane]->queue.empty();
  const bool all_rest = std::none_of(lanes_.begin(), lanes_.end(), [](const auto& other) { return other->busy; });
  return lane == 0 && all_rest;
}

LaneBatch LaneQueues::Take(uint32_t lane, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  Lane& mine = *lanes_[lane];
  mine.ready.wait(lock, stop, [&] { return CanTake(lane); });
  if (stop.stop_requested()) return {};
  LaneBatch batch = serial_until_ ? TakeAlone() : TakeFront(lane);
  mine.busy = true;
  return batch;
}

LaneBatch LaneQueues::TakeFront(uint32_t lane) {
  Lane& mine = *lanes_[lane];
  LaneBatch batch;
  size_t rows = 0;
  size_t bytes = 0;
  while (!mine.queue.empty() && batch.units.size() < limits_.units_per_batch) {
    ApplyUnit* unit = mine.queue.front();
    const bool fits =
        rows + unit->changes.size() <= limits_.rows_per_batch && bytes + unit->bytes <= limits_.bytes_per_batch;
    if (!batch.units.empty() && !fits) break;
    mine.queue.pop_front();
    rows += unit->changes.size();
    bytes += unit->bytes;
    batch.units.push_back(unit);
  }
  mine.rows -= rows;
  batch.alone = batch.units.size() == 1 && batch.units.front()->number == first_number_ && unfinished_ == 1;
  return batch;
}

LaneBatch LaneQueues::TakeAlone() {
  if (!gathered_) GatherForSerial();
  const auto next = std::find_if(window_.begin(), window_.end(), [](const auto& unit) { return !unit->done; });
  Check(next != window_.end() && (*next)->number <= *serial_until_, "work is left to do alone");
  LaneBatch batch;
  batch.units.push_back(next->get());
  batch.alone = true;
  return batch;
}

ApplyProgress LaneQueues::Record(uint32_t lane, const LaneBatch& batch) {
  int64_t newest = 0;
  for (const ApplyUnit* unit : batch.units) newest = std::max(newest, unit->committed_micros);
  const std::vector<uint64_t> ordinals = batch.Ordinals();
  std::lock_guard lock(mutex_);
  return progress_.Record(lane, ordinals, newest);
}

void LaneQueues::Complete(uint32_t lane, const LaneBatch& batch) {
  const std::vector<uint64_t> ordinals = batch.Ordinals();
  std::lock_guard lock(mutex_);
  lanes_[lane]->busy = false;
  progress_.Committed(lane, ordinals);
  std::vector<uint64_t> followers;
  for (ApplyUnit* unit : batch.units) {
    unit->done = true;
    --unfinished_;
    bytes_ -= unit->bytes;
    newest_committed_micros_ = std::max(newest_committed_micros_, unit->committed_micros);
    followers.insert(followers.end(), unit->followers.begin(), unit->followers.end());
    unit->Release();
  }
  PopFinished();
  if (serial_until_) {
    if (*serial_until_ < first_number_) EndSerial();
    NotifyLanes();
  } else {
    Wake(std::move(followers));
  }
  room_.notify_all();
  if (unfinished_ == 0) idle_.notify_all();
}

void LaneQueues::Return(uint32_t lane, const LaneBatch& batch) {
  std::lock_guard lock(mutex_);
  lanes_[lane]->busy = false;
  for (ApplyUnit* unit : batch.units) {
    unit->lane = -1;
    serial_until_ = std::max(serial_until_.value_or(0), unit->number);
  }
  NotifyLanes();
}

void LaneQueues::PopFinished() {
  const uint64_t before = first_number_;
  while (!window_.empty() && window_.front()->done) {
    const ApplyUnit& unit = *window_.front();
    progress_.MoveLow(unit.ordinal, unit.end);
    newest_committed_micros_ = std::max(newest_committed_micros_, unit.committed_micros);
    window_.pop_front();
    ++first_number_;
  }
  if (first_number_ != before) dependencies_.Forget(first_number_);
}

void LaneQueues::NotifyLanes() {
  for (const auto& lane : lanes_) lane->ready.notify_one();
}

// ---------------------------------------------------------------- one at a time, after a failure

void LaneQueues::GatherForSerial() {
  for (const auto& lane : lanes_) {
    lane->queue.clear();
    lane->rows = 0;
  }
  for (const auto& unit : window_) {
    if (unit->done) continue;
    unit->lane = -1;
    unit->followers.clear();
  }
  gathered_ = true;
}

void LaneQueues::EndSerial() {
  serial_until_.reset();
  gathered_ = false;
  for (const auto& unit : window_) {
    if (!unit->done && unit->lane < 0) TryPlace(*unit);
  }
}

// ---------------------------------------------------------------- for the others

bool LaneQueues::DoneBefore(uint64_t ordinal) const {
  std::lock_guard lock(mutex_);
  return progress_.DoneBefore(ordinal);
}

ApplyProgress LaneQueues::Collapsed() const {
  std::lock_guard lock(mutex_);
  return progress_.Collapsed();
}

LaneQueues::Situation LaneQueues::Look() const {
  std::lock_guard lock(mutex_);
  Situation now{.low_ordinal = progress_.low_ordinal(),
                .low = progress_.low(),
                .recorded = progress_.recorded(),
                .unfinished = unfinished_,
                .newest_committed_micros = newest_committed_micros_};
  if (!window_.empty()) {
    now.oldest_committed_micros = window_.front()->committed_micros;
    now.oldest_received_micros = window_.front()->received_micros;
  }
  if (alone_) {
    ++now.unfinished;
    now.oldest_committed_micros = alone_->committed_micros;
    now.oldest_received_micros = alone_->received_micros;
  }
  return now;
}

bool LaneQueues::WhileIdle(const std::function<void(const ApplyProgress&)>& work) {
  ApplyProgress collapsed;
  {
    std::lock_guard lock(mutex_);
    if (unfinished_ != 0 || frozen_) return false;
    frozen_ = true;
    collapsed = progress_.Collapsed();
  }
  try {
    work(collapsed);
    std::lock_guard lock(mutex_);
    progress_.Saved(collapsed.low_ordinal, collapsed.low);
  } catch (...) {
    Thaw();
    throw;
  }
  Thaw();
  return true;
}

}  // namespace sluice::pipeline
