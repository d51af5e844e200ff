#include "pipeline/apply_lane.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"
#include "pipeline/apply_failure.h"

namespace sluice::pipeline {

using connector::RowGroup;

namespace {

RowGroup GroupOf(const PlannedChange& change) {
  RowGroup group;
  group.mapping = change.plan->mapping;
  group.table = change.plan->table;
  group.kind = change.row->kind;
  group.foreign_keys_off = change.row->foreign_keys_off;
  group.idempotent = change.idempotent;
  group.lenient = change.plan->lenient;
  group.rows = {change.row};
  return group;
}

}  // namespace

bool IsRecorded(ApplyContext& context, uint64_t ordinal) {
  auto bookkeeping = context.request.destination->OpenBookkeeping({context.sessions, "bookkeeping"});
  const ApplyStart recorded = JoinProgress(bookkeeping->LoadProgress(context.request.task));
  return recorded.low_ordinal >= ordinal || OrdinalSet::Parse(recorded.done).ValueOrThrow().Contains(ordinal);
}

void ApplyLane::Run() {
  try {
    while (true) {
      const LaneBatch batch = context_.queues.Take(lane_, context_.work);
      if (batch.units.empty()) return;
      Execute(batch);
    }
  } catch (const Error& error) {
    if (error.info().code != kStopped.id) context_.fail(std::current_exception());
  } catch (...) {
    context_.fail(std::current_exception());
  }
}

void ApplyLane::Execute(const LaneBatch& batch) {
  const LeveledBatch leveled = Level(batch.units, OnRefusal::kOneByOne);
  RetryPauses pauses(context_);
  bool commit_unknown = false;
  while (true) {
    try {
      if (!TryOnce(batch, leveled, commit_unknown)) return;
      Count(batch);
      context_.queues.Complete(lane_, batch);
      return;
    } catch (const Error& error) {
      if (error.info().retry == RetryClass::kReconnect) {
        applier_.reset();
      } else {
        RollBack();
      }
      pauses.Wait(error);
    }
  }
}

bool ApplyLane::TryOnce(const LaneBatch& batch, const LeveledBatch& leveled, bool& commit_unknown) {
  OpenSession();
  if (commit_unknown) {
    if (TookEffect(batch)) return true;
    commit_unknown = false;
  }
  try {
    applier_->Begin();
    for (const RowGroup& group : leveled.groups) applier_->Apply(group);
  } catch (const Error& error) {
    if (!connector::IsRefusal(error.info())) throw;
    RollBack();
    if (!batch.alone) {
      LogDebug("apply", fmt::format("a batch of {} transactions is done again one by one: {}", batch.units.size(),
                                    error.info().OneLine()));
      context_.queues.Return(lane_, batch);
      return false;
    }
    ApplyOneByOne(batch);
  }
  const connector::ApplyProgress progress = context_.queues.Record(lane_, batch);
  commit_unknown = true;
  try {
    applier_->Commit(progress);
  } catch (const Error& error) {
    commit_unknown = error.info().retry == RetryClass::kReconnect;
    throw;
  }
  return true;
}

// Leaves the transaction open with everything applied, if nothing fails this time.
void ApplyLane::ApplyOneByOne(const LaneBatch& batch) {
  OpenSession();  // a rollback that failed has closed it
  applier_->Begin();
  for (const ApplyUnit* unit : batch.units) {
    for (const PlannedChange& change : unit->changes) {
      try {
        applier_->Apply(GroupOf(change));
      } catch (const Error& error) {
        if (!connector::IsRefusal(error.info())) throw;
        throw DescribeFailure(error, *unit, change);
      }
    }
  }
}

bool ApplyLane::TookEffect(const LaneBatch& batch) {
  return IsRecorded(context_, batch.units.front()->ordinal);  // all of a batch or nothing
}

void ApplyLane::OpenSession() {
  const Clock::time_point now = Clock::now();
  if (now - std::exchange(last_used_, now) > context_.request.idle_most) applier_.reset();
  if (applier_ != nullptr) return;
  applier_ = context_.request.destination->OpenApplier(context_.request.neutral,
                                                       {context_.sessions, fmt::format("apply {}", lane_)});
}

void ApplyLane::RollBack() {
  if (applier_ == nullptr) return;
  try {
    applier_->Rollback();
  } catch (const Error&) {
    applier_.reset();  // closing the session rolls back too
  }
}

void ApplyLane::Count(const LaneBatch& batch) const {
  Progress* progress = context_.request.progress;
  if (progress == nullptr) return;
  uint64_t counts[3] = {0, 0, 0};
  uint64_t bytes = 0;
  for (const ApplyUnit* unit : batch.units) {
    for (const PlannedChange& change : unit->changes) ++counts[static_cast<size_t>(change.row->kind)];
    if (unit->transaction != nullptr) bytes += unit->transaction->bytes;
  }
  progress->inserts += counts[static_cast<size_t>(model::ChangeKind::kInsert)];
  progress->updates += counts[static_cast<size_t>(model::ChangeKind::kUpdate)];
  progress->deletes += counts[static_cast<size_t>(model::ChangeKind::kDelete)];
  progress->transactions += batch.units.size();
  progress->change_bytes += bytes;
}

}  // namespace sluice::pipeline
