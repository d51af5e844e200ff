#include "pipeline/progress_set.h"

#include <algorithm>
#include <utility>

namespace sluice::pipeline {

using connector::ApplyProgress;

ApplyStart JoinProgress(const std::vector<ApplyProgress>& lanes) {
  ApplyStart start;
  OrdinalSet done;
  for (const ApplyProgress& lane : lanes) {
    if (start.low.empty() || lane.low_ordinal > start.low_ordinal) {
      start.low = lane.low;
      start.low_ordinal = lane.low_ordinal;
    }
    start.committed_micros = std::max(start.committed_micros, lane.committed_micros);
    done.AddAll(OrdinalSet::Parse(lane.done).ValueOrThrow());
  }
  done.RemoveUpTo(start.low_ordinal);
  start.done = done.Text();
  return start;
}

ProgressSet::ProgressSet(std::string task, const ApplyStart& start, size_t lanes)
    : task_(std::move(task)),
      low_ordinal_(start.low_ordinal),
      low_(start.low),
      before_(OrdinalSet::Parse(start.done).ValueOrThrow()),
      done_(lanes),
      recording_(lanes),
      recorded_{start.low_ordinal, start.low},
      committed_micros_(start.committed_micros) {
  before_.RemoveUpTo(low_ordinal_);
}

ApplyProgress ProgressSet::Record(uint32_t lane, std::span<const uint64_t> ordinals, int64_t committed_micros) {
  OrdinalSet done = done_[lane];
  if (lane == 0) done.AddAll(before_);
  for (const uint64_t ordinal : ordinals) done.Add(ordinal);
  done.RemoveUpTo(low_ordinal_);
  committed_micros_ = std::max(committed_micros_, committed_micros);
  recording_[lane] = {low_ordinal_, low_};
  return {.task = task_,
          .lane = lane,
          .low_ordinal = low_ordinal_,
          .low = low_,
          .done = done.Text(),
          .committed_micros = committed_micros};
}

void ProgressSet::Committed(uint32_t lane, std::span<const uint64_t> ordinals) {
  for (const uint64_t ordinal : ordinals) done_[lane].Add(ordinal);
  Saved(recording_[lane].ordinal, recording_[lane].low);
}

void ProgressSet::Saved(uint64_t low_ordinal, const model::Position& low) {
  if (low_ordinal > recorded_.ordinal) recorded_ = {low_ordinal, low};
}

void ProgressSet::MoveLow(uint64_t ordinal, const model::Position& position, int64_t committed_micros) {
  committed_micros_ = std::max(committed_micros_, committed_micros);
  low_ordinal_ = std::max(low_ordinal_, ordinal);
  if (!position.empty()) low_ = position;
  before_.RemoveUpTo(low_ordinal_);
  for (OrdinalSet& done : done_) done.RemoveUpTo(low_ordinal_);
}

ApplyProgress ProgressSet::Collapsed() const {
  OrdinalSet done = before_;
  for (const OrdinalSet& lane : done_) done.AddAll(lane);
  return {.task = task_,
          .lane = 0,
          .low_ordinal = low_ordinal_,
          .low = low_,
          .done = done.Text(),
          .committed_micros = committed_micros_};
}

}  // namespace sluice::pipeline
