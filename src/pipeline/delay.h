// How far the applied changes are behind the source, and the saving of positions that no lane carries along.
#pragma once

#include <deque>
#include <memory>
#include <utility>

#include "pipeline/apply_context.h"

namespace sluice::pipeline {

// Used by one thread. Every call of Step() is one look; it may take as long as the source needs to answer.
class DelayWatch {
 public:
  explicit DelayWatch(ApplyContext& context) : context_(context) {}

  // Looks, writes the progress gauges, and returns how long to wait before the next look.
  milliseconds Step();
  // Everything that the source had committed when it was asked, after having been close, is applied.
  bool finished() const { return finished_; }

 private:
  void AskSource();
  bool WithinLimit(const LaneQueues::Situation& now);
  int64_t Delay(const LaneQueues::Situation& now) const;
  void SaveIdlePosition(const LaneQueues::Situation& now);

  ApplyContext& context_;
  // Newest positions of the source with the time they were asked for, oldest first, up to the limit of "not delayed".
  std::deque<std::pair<Clock::time_point, model::Position>> asked_;
  Clock::time_point asked_at_{};
  bool caught_up_ = false;
  model::Position goal_;  // to reach before stopping; empty: not close yet
  bool finished_ = false;
  std::unique_ptr<connector::Bookkeeping> bookkeeping_;
  model::Position saved_;
  Clock::time_point saved_at_{};
};

}  // namespace sluice::pipeline
