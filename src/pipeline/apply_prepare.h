// From transactions as the log has them to units as the lanes take them: what is not carried is left out, row filters
// and windows are applied, claims are collected.
#pragma once

#include <memory>
#include <vector>

#include "pipeline/apply_context.h"
#include "pipeline/apply_tables.h"
#include "pipeline/apply_windows.h"

namespace sluice::pipeline {

// Used by the reader alone. Throws what the filter's session throws; the transactions are then lost and have to be read
// again.
class ApplyPreparer {
 public:
  ApplyPreparer(ApplyContext& context, ApplyTables& tables);
  ~ApplyPreparer();

  // In the order of the log, without DDL among them. `begin` is where the first of them begins.
  std::vector<std::unique_ptr<ApplyUnit>> Prepare(std::vector<model::TransactionPtr> transactions,
                                                  const model::Position& begin);
  // Whether what this statement changed was read after it ran, so that it must not run again.
  bool IsInRows(const model::Transaction& ddl, const model::Position& begin);
  void CloseFilter() { filter_.reset(); }

 private:
  struct Question;  // a change that a row filter decides about
  void Gather(ApplyUnit& unit, std::vector<Question>& questions);
  void Ask(std::vector<Question>& questions);
  void Keep(ApplyUnit& unit, const std::vector<Question>& questions, size_t& next);
  void Finish(ApplyUnit& unit) const;

  ApplyContext& context_;
  ApplyTables& tables_;
  ApplyWindows windows_;
  std::unique_ptr<connector::FilterEvaluator> filter_;
};

}  // namespace sluice::pipeline
