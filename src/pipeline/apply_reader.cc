#include "pipeline/apply_reader.h"

#include <utility>

#include "pipeline/ordinals.h"

namespace sluice::pipeline {
namespace {

constexpr size_t kGroupTransactions = 256;
constexpr size_t kGroupBytes = 1 << 20;
constexpr milliseconds kReadWait{200};
constexpr milliseconds kConfirmEvery{1000};

}  // namespace

ApplyReader::ApplyReader(ApplyContext& context, ApplyTables& tables)
    : context_(context),
      tables_(tables),
      preparer_(context, tables),
      large_(context, preparer_),
      barrier_(context, tables),
      ordinal_(context.request.start.low_ordinal),
      position_(context.request.start.low) {}

void ApplyReader::Run() {
  try {
    RetryPauses pauses(context_);
    while (!context_.work.stop_requested()) {
      const uint64_t before = ordinal_;
      try {
        Follow();
      } catch (const Error& error) {
        stream_.reset();
        preparer_.CloseFilter();
        group_.clear();
        if (ordinal_ != before) pauses.Reset();
        pauses.Wait(error);
      }
    }
  } catch (const Error& error) {
    if (error.info().code != kStopped.id) context_.fail(std::current_exception());
  } catch (...) {
    context_.fail(std::current_exception());
  }
}

void ApplyReader::Open() {
  OrdinalSet counted = OrdinalSet::Parse(context_.request.start.done).ValueOrThrow();
  counted.RemoveUpTo(ordinal_);
  stream_ = context_.request.source->OpenChanges(
      {.task = context_.request.task,
       .start = position_,
       .ordinal = ordinal_,
       .tables = tables_.All(),
       .selected = [this](const model::ObjectName& name) { return tables_.Selected(name); },
       .neutral = context_.request.neutral,
       .counted = !counted.Text().empty(),
       .tell = context_.request.on_notice},
      {context_.work, "changes"});
  context_.opened = true;
}

// Takes what is there, waits only for the first of a group: nothing is held back for the sake of a larger group.
void ApplyReader::Follow() {
  Open();
  while (!context_.work.stop_requested()) {
    model::TransactionPtr transaction = Next(kReadWait);
    size_t bytes = 0;
    while (transaction != nullptr) {
      bytes += transaction->bytes + transaction->arena.used();
      Handle(std::move(transaction));
      if (group_.empty() || group_.size() >= kGroupTransactions || bytes >= kGroupBytes) break;
      transaction = Next(milliseconds(0));
    }
    Flush();
    ConfirmSometimes();
  }
}

// What was read before the stream broke is good: a source that breaks often is followed all the same.
model::TransactionPtr ApplyReader::Next(milliseconds wait) {
  try {
    return stream_->Next(Deadline::After(wait));
  } catch (const Error&) {
    Flush();
    throw;
  }
}

void ApplyReader::Handle(model::TransactionPtr transaction) {
  const bool is_large = !transaction->first_part || !transaction->last_part;
  if (!is_large && !transaction->ddl) {
    group_.push_back(std::move(transaction));
    return;
  }
  Flush();
  LaneQueues::Alone alone(context_.queues, context_.work);
  alone.Work(*transaction);
  const uint64_t ordinal = transaction->ordinal;
  model::Position end = transaction->end;
  if (is_large) {
    end = large_.Apply(std::move(transaction), *stream_, position_);
  } else if (preparer_.IsInRows(*transaction, position_)) {
    if (context_.request.on_ddl_skipped)
      context_.request.on_ddl_skipped(*transaction->ddl, "the table was read after it");
  } else {
    barrier_.Pass(*transaction, *stream_);
  }
  alone.MoveLow(ordinal, end);
  HandedOver(ordinal, end);
}

void ApplyReader::Flush() {
  if (group_.empty()) return;
  auto units = preparer_.Prepare(std::exchange(group_, {}), position_);
  for (std::unique_ptr<ApplyUnit>& unit : units) {
    const uint64_t ordinal = unit->ordinal;
    const model::Position end = unit->end;
    if (context_.request.rate != nullptr && !unit->changes.empty()) {
      context_.request.rate->Acquire(unit->changes.size(), unit->bytes, context_.work);
    }
    context_.queues.Add(std::move(unit), context_.work);
    HandedOver(ordinal, end);
  }
}

void ApplyReader::HandedOver(uint64_t ordinal, const model::Position& end) {
  ordinal_ = ordinal;
  if (!end.empty()) position_ = end;
}

void ApplyReader::ConfirmSometimes() {
  const auto now = Clock::now();
  if (now - confirmed_at_ < kConfirmEvery) return;
  confirmed_at_ = now;
  const LaneQueues::Situation situation = context_.queues.Look();
  if (situation.recorded.empty() || situation.recorded == confirmed_) return;
  confirmed_ = situation.recorded;
  stream_->Confirm(confirmed_);
}

}  // namespace sluice::pipeline
