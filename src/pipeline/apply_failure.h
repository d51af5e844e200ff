// Words for a change that could not be applied: table, row, transaction, cause.
#pragma once

#include <string>

#include "base/error.h"
#include "pipeline/apply_unit.h"

namespace sluice::pipeline {

// "id=5, name='x'": the identity of the row, or of a keyless table its first columns.
std::string RowText(const TablePlan& plan, model::Row row);
// "transaction 0-1-100", or where the log goes on after it.
std::string TransactionText(const ApplyUnit& unit);
// `error` with the change as its object; code, cause and remedy stay.
Error DescribeFailure(const Error& error, const ApplyUnit& unit, const PlannedChange& change);

}  // namespace sluice::pipeline
