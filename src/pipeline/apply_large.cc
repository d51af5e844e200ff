#include "pipeline/apply_large.h"

#include <utility>

#include "base/check.h"
#include "pipeline/apply_failure.h"
#include "pipeline/apply_lane.h"
#include "pipeline/levels.h"

namespace sluice::pipeline {
namespace {

constexpr milliseconds kPartWait{1000};

}  // namespace

model::Position LargeTransaction::Apply(model::TransactionPtr first, connector::ChangeStream& stream,
                                        const model::Position& begin) {
  Check(first->first_part, "a large transaction from its first part on");
  const uint64_t ordinal = first->ordinal;
  const int64_t committed_micros = first->committed_micros;
  const bool is_done = context_.queues.DoneBefore(ordinal);
  std::unique_ptr<connector::Applier> applier;
  if (!is_done) {
    applier = context_.request.destination->OpenApplier(context_.request.neutral,
                                                        {context_.work, "apply a large transaction"});
    applier->Begin();
  }
  model::TransactionPtr part = std::move(first);
  while (true) {
    ThrowIfStopped(context_.work);
    if (part == nullptr) {
      part = stream.Next(Deadline::After(kPartWait));
      continue;
    }
    Check(part->ordinal == ordinal, "the parts of a transaction follow each other");
    const bool is_last = part->last_part;
    const model::Position end = part->end;
    if (!is_done) ApplyPart(*applier, std::move(part), begin);
    part = nullptr;
    if (!is_last) continue;
    if (!is_done) Commit(std::move(applier), ordinal, end, committed_micros);
    return end;
  }
}

void LargeTransaction::ApplyPart(connector::Applier& applier, model::TransactionPtr part,
                                 const model::Position& begin) {
  // All parts are judged by where the transaction begins: the rules for its tables must not differ between them.
  part->end = {};
  std::vector<model::TransactionPtr> group;
  group.push_back(std::move(part));
  const auto units = preparer_.Prepare(std::move(group), begin);
  if (context_.request.rate != nullptr) {
    context_.request.rate->Acquire(units[0]->changes.size(), units[0]->bytes, context_.work);
  }
  const LeveledBatch leveled = Level({units[0].get()}, OnRefusal::kGiveUp);
  for (const connector::RowGroup& rows : leveled.groups) {
    try {
      applier.Apply(rows);
    } catch (const Error& error) {
      if (!connector::IsRefusal(error.info())) throw;
      ErrorInfo info = error.info();
      info.object = "table " + rows.table->name.Text() + " (" + TransactionText(*units[0]) + ")";
      throw Error(std::move(info));
    }
  }
  if (Progress* progress = context_.request.progress) {
    for (const PlannedChange& change : units[0]->changes) {
      auto& counter = change.row->kind == model::ChangeKind::kInsert   ? progress->inserts
                      : change.row->kind == model::ChangeKind::kUpdate ? progress->updates
                                                                       : progress->deletes;
      ++counter;
    }
    progress->change_bytes += units[0]->transaction->bytes;
  }
}

// The connection was lost during the commit: the destination's record tells what became of it.
bool LargeTransaction::CameThrough(uint64_t ordinal, const Error& lost) {
  RetryPauses pauses(context_);
  Error last = lost;
  while (true) {
    pauses.Wait(last);
    try {
      return IsRecorded(context_, ordinal);
    } catch (const Error& again) {
      last = again;
    }
  }
}

// Everything before it is applied, so that its record is a low mark; what an earlier run had done above it stays.
void LargeTransaction::Commit(std::unique_ptr<connector::Applier> applier, uint64_t ordinal, const model::Position& end,
                              int64_t committed_micros) {
  connector::ApplyProgress progress = context_.queues.Collapsed();
  OrdinalSet done = OrdinalSet::Parse(progress.done).ValueOrThrow();
  done.RemoveUpTo(ordinal);
  progress.done = done.Text();
  progress.low_ordinal = ordinal;
  progress.low = end;
  progress.committed_micros = committed_micros;
  try {
    applier->Commit(progress);
  } catch (const Error& error) {
    applier.reset();  // its locks must not stand in the way of the question
    if (error.info().retry != RetryClass::kReconnect || !CameThrough(ordinal, error)) throw;
  }
  if (context_.request.progress != nullptr) ++context_.request.progress->transactions;
}

}  // namespace sluice::pipeline
