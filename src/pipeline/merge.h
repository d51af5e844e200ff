// Joins two changes of one row into one that has the same effect.
#pragma once

#include <optional>

#include "pipeline/apply_unit.h"

namespace sluice::pipeline {

// The row as it stands after some changes: what is to be done at the destination to get there. Nothing at all for a row
// that was inserted and deleted again.
struct NetChange {
  bool nothing = false;
  model::RowChange change;
};

// Whether changes of this row may be joined with others at all.
bool CanMerge(const PlannedChange& change);

// Whether both are of the row with this identity: the same bytes in all identity columns.
bool SameIdentity(const TablePlan& plan, model::Row a, model::Row b);

// `first` followed by `second`, both of one table; `second` changes the row that `first` left (or left away). Nothing
// when they have to stay apart.
std::optional<NetChange> Merge(const TablePlan& plan, const NetChange& first, const model::RowChange& second);

}  // namespace sluice::pipeline
