// One lane: takes batches, applies each in one destination transaction with the lane's progress, tries again what is
// worth it.
//
//   1. Begin; the groups of the batch, level by level; the lane's progress; Commit.
//   2. Lock conflict or full server: roll back, pause, again.
//   3. Connection lost: open a new session, again. Lost during the commit: first ask the bookkeeping whether it took
//      effect; its read waits for a session that is still committing.
//   4. Anything else: hand the batch back to be done alone (see lanes.h); if it was alone, apply its changes one by one
//      to find the one that fails, and give up with its name.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>

#include "pipeline/apply_context.h"
#include "pipeline/levels.h"

namespace sluice::pipeline {

class ApplyLane {
 public:
  ApplyLane(ApplyContext& context, uint32_t lane) : context_(context), lane_(lane) {}
  // Until the work ends; errors end the whole run.
  void Run();

 private:
  void Execute(const LaneBatch& batch);
  // False when the batch was handed back.
  bool TryOnce(const LaneBatch& batch, const LeveledBatch& leveled, bool& commit_unknown);
  void ApplyOneByOne(const LaneBatch& batch);
  bool TookEffect(const LaneBatch& batch);
  void OpenSession();
  void RollBack();
  void Count(const LaneBatch& batch) const;

  ApplyContext& context_;
  const uint32_t lane_;
  std::unique_ptr<connector::Applier> applier_;
  Clock::time_point last_used_{};
};

// Whether the destination's records say that this transaction of the source is applied.
bool IsRecorded(ApplyContext& context, uint64_t ordinal);

}  // namespace sluice::pipeline
