// Reads the source's log and hands its transactions to the lanes; runs by itself what must stand alone: schema
// statements and transactions too large to be held in memory.
#pragma once

#include <memory>
#include <vector>

#include "pipeline/apply_context.h"
#include "pipeline/apply_large.h"
#include "pipeline/apply_prepare.h"
#include "pipeline/apply_tables.h"
#include "pipeline/ddl_barrier.h"

namespace sluice::pipeline {

class ApplyReader {
 public:
  ApplyReader(ApplyContext& context, ApplyTables& tables);
  // Until the work ends; errors end the whole run.
  void Run();

 private:
  void Follow();
  void Open();
  model::TransactionPtr Next(milliseconds wait);
  void Handle(model::TransactionPtr transaction);
  void Flush();
  void HandedOver(uint64_t ordinal, const model::Position& end);
  void ConfirmSometimes();

  ApplyContext& context_;
  ApplyTables& tables_;
  ApplyPreparer preparer_;
  LargeTransaction large_;
  DdlBarrier barrier_;
  std::unique_ptr<connector::ChangeStream> stream_;
  std::vector<model::TransactionPtr> group_;  // read, not yet handed over
  // After the last transaction that was handed over: where a new stream begins.
  uint64_t ordinal_;
  model::Position position_;
  Clock::time_point confirmed_at_{};
  model::Position confirmed_;
};

}  // namespace sluice::pipeline
