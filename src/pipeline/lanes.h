// Gives source transactions to parallel lanes so that what depends on each other is committed in order.
//
// A unit goes to a lane when every unfinished unit that it follows is on that same lane (or there is none); otherwise
// it waits until that is so, and units after it may pass. Each lane takes the front of its queue as one batch, as large
// as the limits allow, so that batches grow with the backlog and are single transactions without one.
//
// When a batch fails for a reason that a retry does not mend, the cause may be an order that the hashes did not see
// (rows that the destination's cascades reached). Then everything up to the failed batch is done again alone, one
// source transaction after the other in the order of the log; only what fails there is an error.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/stop.h"
#include "pipeline/apply_unit.h"
#include "pipeline/dependency.h"
#include "pipeline/progress_set.h"

namespace sluice::pipeline {

struct LaneLimits {
  uint32_t lanes = 4;
  uint32_t units_per_batch = 500;
  size_t rows_per_batch = 20'000;
  size_t bytes_per_batch = 4 << 20;  // of rows in memory
  size_t units_in_flight = 4'000;    // given and waiting, all lanes together
  size_t bytes_in_flight = 128 << 20;
};

struct LaneBatch {
  std::vector<ApplyUnit*> units;  // in the order to apply; empty: no more work
  bool alone = false;             // nothing else runs, and all before it is committed
  std::vector<uint64_t> Ordinals() const;
};

// Safe from any thread. One reader adds; each lane takes and completes.
class LaneQueues {
 public:
  LaneQueues(const LaneLimits& limits, ProgressSet progress);

  // Reader. Waits for room; throws kStopped. A unit without changes only moves the low mark.
  void Add(std::unique_ptr<ApplyUnit> unit, std::stop_token stop);
  // Waits until nothing is unfinished; throws kStopped. As long as the value lives the reader may write to the
  // destination itself, progress included, and nobody else does.
  class Alone {
   public:
    Alone(LaneQueues& queues, std::stop_token stop);
    ~Alone();
    Alone(const Alone&) = delete;
    Alone& operator=(const Alone&) = delete;
    // What the reader works at itself, and what Situation counts meanwhile.
    void Work(const model::Transaction& transaction);
    // Everything up to here is committed.
    void MoveLow(uint64_t ordinal, const model::Position& position);

   private:
    LaneQueues& queues_;
  };

  // Lanes.
  LaneBatch Take(uint32_t lane, std::stop_token stop);
  connector::ApplyProgress Record(uint32_t lane, const LaneBatch& batch);
  void Complete(uint32_t lane, const LaneBatch& batch);
  // Hands back a batch that failed; it will be taken again, alone.
  void Return(uint32_t lane, const LaneBatch& batch);

  // Anyone.
  bool DoneBefore(uint64_t ordinal) const;
  connector::ApplyProgress Collapsed() const;
  struct Situation {
    uint64_t low_ordinal = 0;
    model::Position low;
    model::Position recorded;  // the highest low mark that the destination has a record of
    size_t unfinished = 0;
    int64_t oldest_committed_micros = 0;  // of what is unfinished; 0: nothing
    int64_t oldest_received_micros = 0;
    int64_t newest_committed_micros = 0;  // of what is applied
  };
  Situation Look() const;
  // Runs `work` while nothing is unfinished and nothing new is let in; false if there is something.
  bool WhileIdle(const std::function<void(const connector::ApplyProgress&)>& work);

 private:
  ApplyUnit* Find(uint64_t number);
  void Place(ApplyUnit& unit);
  void TryPlace(ApplyUnit& unit);
  void Wake(std::vector<uint64_t> followers);
  uint32_t BestLane() const;
  void Judge(const ApplyUnit& added);
  void PopFinished();
  LaneBatch TakeFront(uint32_t lane);
  LaneBatch TakeAlone();
  bool CanTake(uint32_t lane) const;
  void GatherForSerial();
  void EndSerial();
  void NotifyLanes();
  void Thaw();

  const LaneLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable_any room_;
  std::condition_variable_any idle_;
  struct Lane {
    std::deque<ApplyUnit*> queue;
    size_t rows = 0;  // in the queue
    bool busy = false;
    std::condition_variable_any ready;
  };
  std::vector<std::unique_ptr<Lane>> lanes_;
  ProgressSet progress_;
  DependencyIndex dependencies_;
  std::deque<std::unique_ptr<ApplyUnit>> window_;  // unfinished ones and finished ones after them
  uint64_t first_number_ = 1;                      // of window_.front()
  size_t unfinished_ = 0;
  size_t bytes_ = 0;
  // Of the last units, how many could not be given to a lane at once; up to this number units stay together in one.
  uint32_t judged_ = 0;
  uint32_t waited_ = 0;
  uint64_t together_until_ = 0;
  uint32_t last_lane_ = 0;
  bool frozen_ = false;  // someone writes the progress of all lanes
  int64_t newest_committed_micros_;
  struct AloneWork {
    int64_t committed_micros = 0;
    int64_t received_micros = 0;
  };
  std::optional<AloneWork> alone_;

  std::optional<uint64_t> serial_until_;  // number: until it is done, one unit at a time
  bool gathered_ = false;                 // the queues were emptied for that
};

}  // namespace sluice::pipeline
