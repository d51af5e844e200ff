// Changes that foreign keys of the source made, where its log holds them (MySQL from 9.6 on), and that the operation
// filter of their table leaves out. They belong to the change that they follow from: without them rows would refer to
// nothing at the destination, whose own foreign keys do the same for sources that do not log it.
#pragma once

#include <vector>

#include "pipeline/apply_unit.h"

namespace sluice::pipeline {

// A change that is not carried, and before which of the kept ones it stood.
struct LeftOut {
  PlannedChange change;
  size_t before = 0;
};

// Whether a foreign key could have made this change.
bool MayBeCascade(const PlannedChange& change);

// Puts back into `kept`, in the source's order, those of `left_out` that follow from a kept one.
void KeepCascades(std::vector<PlannedChange>& kept, std::vector<LeftOut> left_out);

}  // namespace sluice::pipeline
