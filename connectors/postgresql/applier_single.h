// Changes of one row that has no key: it is found by all its values, and of several rows that are alike one is taken.
#pragma once

#include <string>
#include <vector>

#include "connectors/postgresql/applier_target.h"

namespace sluice::postgresql {

struct SingleStatement {
  std::string sql;  // empty: nothing to change
  std::vector<OptionalText> values;
};

// Throws kNoIdentity when the image before has no values, kValueRefused for a text with a zero byte.
SingleStatement SingleChange(const AppliedTable& target, const model::RowChange& row, const Mask& set,
                             const std::string& side);

}  // namespace sluice::postgresql
