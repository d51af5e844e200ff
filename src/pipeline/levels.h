// Turns the changes of a batch into groups that bulk statements can carry: changes of one row are merged, then each
// change goes to the level after the last one that it conflicts with. Levels are applied in order; within a level the
// order is free (but for deletes, which come first).
#pragma once

#include <deque>
#include <vector>

#include "connector/connector.h"
#include "pipeline/apply_unit.h"
#include "pipeline/merge.h"

namespace sluice::pipeline {

// Owns the merged changes that its groups point to; their cells stay in the units, which must outlive it.
struct LeveledBatch {
  std::deque<model::RowChange> merged;
  std::vector<connector::RowGroup> groups;  // in the order to apply
  size_t levels = 0;
};

// What is done when a unique key refuses a group.
enum class OnRefusal {
  kOneByOne,  // the batch is done again change by change: what need not conflict may be tried together
  kGiveUp,    // the task fails: nothing is tried
};

LeveledBatch Level(const std::vector<ApplyUnit*>& units, OnRefusal on_refusal);

}  // namespace sluice::pipeline
