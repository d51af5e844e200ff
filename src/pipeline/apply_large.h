// A transaction that arrives in parts because memory does not hold it: applied part by part in one destination
// transaction, alone, and committed with the last part.
#pragma once

#include "pipeline/apply_context.h"
#include "pipeline/apply_prepare.h"

namespace sluice::pipeline {

// Used by the reader alone, with the lanes drained.
class LargeTransaction {
 public:
  LargeTransaction(ApplyContext& context, ApplyPreparer& preparer) : context_(context), preparer_(preparer) {}

  // Reads the other parts from the stream; returns where the log goes on. After an error nothing of it is applied, and
  // the stream has to be opened again before it.
  model::Position Apply(model::TransactionPtr first, connector::ChangeStream& stream, const model::Position& begin);

 private:
  void ApplyPart(connector::Applier& applier, model::TransactionPtr part, const model::Position& begin);
  void Commit(std::unique_ptr<connector::Applier> applier, uint64_t ordinal, const model::Position& end,
              int64_t committed_micros);

  bool CameThrough(uint64_t ordinal, const Error& lost);

  ApplyContext& context_;
  ApplyPreparer& preparer_;
};

}  // namespace sluice::pipeline
