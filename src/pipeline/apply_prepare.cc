#include "pipeline/apply_prepare.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "pipeline/apply_cascades.h"
#include "pipeline/apply_failure.h"
#include "pipeline/codes.h"

namespace sluice::pipeline {

using model::ChangeKind;
using model::RowChange;

namespace {

// An insert that was made of an update: what the update left alone may not be in the log.
void RequireWhole(const ApplyUnit& unit, const TablePlan& plan, const RowChange& insert) {
  for (const model::ColumnMapping& carried : plan.mapping->columns) {
    const auto column = plan.table->FindColumn(carried.source);
    if (!column || !insert.after[*column].IsAbsent()) continue;
    throw Error(kPartOfRow)
        .Object("row " + RowText(plan, insert.after) + " in table " + plan.table->name.Text() + " (" +
                TransactionText(unit) + ")")
        .Cause("an update brings it into the row filter, and column " + carried.source +
               ", which the update left alone, is not in the log")
        .Remedy(
            "At the source: ALTER TABLE ... REPLICA IDENTITY FULL; (PostgreSQL), SET GLOBAL binlog_row_image = "
            "FULL; (MySQL). Then begin anew with `sluice run --restart`.")
        .Side("source");
  }
}

}  // namespace

struct ApplyPreparer::Question {
  const ApplyUnit* unit = nullptr;
  size_t change = 0;  // index into unit->changes
  bool before_matches = false;
  bool after_matches = false;
};

ApplyPreparer::ApplyPreparer(ApplyContext& context, ApplyTables& tables)
    : context_(context), tables_(tables), windows_(*context.request.source, context.request.windows) {}

ApplyPreparer::~ApplyPreparer() = default;

std::vector<std::unique_ptr<ApplyUnit>> ApplyPreparer::Prepare(std::vector<model::TransactionPtr> transactions,
                                                               const model::Position& begin) {
  std::vector<std::unique_ptr<ApplyUnit>> units;
  std::vector<Question> questions;
  model::Position from = begin;
  for (model::TransactionPtr& transaction : transactions) {
    auto unit = std::make_unique<ApplyUnit>();
    unit->ordinal = transaction->ordinal;
    unit->end = transaction->end;
    unit->gtid = std::move(transaction->gtid);
    unit->committed_micros = transaction->committed_micros;
    unit->received_micros = transaction->received_micros;
    unit->transaction = std::move(transaction);
    if (!unit->transaction->rows.empty() && !context_.queues.DoneBefore(unit->ordinal)) {
      windows_.Enter(from, unit->end);
      Gather(*unit, questions);
    }
    if (!unit->end.empty()) from = unit->end;
    units.push_back(std::move(unit));
  }
  if (!questions.empty()) Ask(questions);
  size_t next = 0;
  for (const auto& unit : units) {
    Keep(*unit, questions, next);
    Finish(*unit);
  }
  return units;
}

bool ApplyPreparer::IsInRows(const model::Transaction& ddl, const model::Position& begin) {
  windows_.Enter(begin, ddl.end);
  const std::vector<model::ObjectName>& objects = ddl.ddl->objects;
  return !objects.empty() && std::all_of(objects.begin(), objects.end(), [&](const model::ObjectName& name) {
    return windows_.RuleFor(name) == WindowRule::kSkip;
  });
}

void ApplyPreparer::Gather(ApplyUnit& unit, std::vector<Question>& questions) {
  unit.changes.reserve(unit.transaction->rows.size());
  const model::Table* last_table = nullptr;
  const TablePlan* plan = nullptr;
  WindowRule rule = WindowRule::kApply;
  for (const RowChange& row : unit.transaction->rows) {
    if (row.table.get() != last_table) {
      last_table = row.table.get();
      plan = tables_.PlanFor(row.table);
      rule = windows_.RuleFor(row.table->name);
    }
    if (plan == nullptr || rule == WindowRule::kSkip) continue;
    if (!plan->mapping->filter.empty()) questions.push_back({.unit = &unit, .change = unit.changes.size()});
    unit.changes.push_back({.row = &row, .plan = plan, .idempotent = rule == WindowRule::kReplay});
  }
}

// One question to the source per table and group of transactions.
void ApplyPreparer::Ask(std::vector<Question>& questions) {
  struct Asked {
    std::vector<model::Row> rows;
    std::vector<std::pair<Question*, bool>> answers;  // true: about the after image
  };
  std::map<const TablePlan*, Asked> asked;
  for (Question& question : questions) {
    const PlannedChange& change = question.unit->changes[question.change];
    Asked& about = asked[change.plan];
    if (change.row->kind != ChangeKind::kInsert) {
      about.rows.push_back(change.row->before);
      about.answers.emplace_back(&question, false);
    }
    if (change.row->kind != ChangeKind::kDelete) {
      about.rows.push_back(change.row->after);
      about.answers.emplace_back(&question, true);
    }
  }
  if (filter_ == nullptr) {
    filter_ = context_.request.source->OpenFilter(context_.request.neutral, {context_.work, "row filter"});
  }
  for (auto& [plan, about] : asked) {
    const std::vector<bool> keep = filter_->Evaluate(*plan->table, plan->mapping->filter, about.rows);
    Check(keep.size() == about.rows.size(), "an answer for each row");
    for (size_t i = 0; i < keep.size(); ++i) {
      const auto& [question, is_after] = about.answers[i];
      (is_after ? question->after_matches : question->before_matches) = keep[i];
    }
  }
}

// Leaves out what the row filter or the operation filter does not carry. An update that moves a row into the filter
// becomes an insert, out of it a delete.
void ApplyPreparer::Keep(ApplyUnit& unit, const std::vector<Question>& questions, size_t& next) {
  size_t kept = 0;
  std::vector<LeftOut> left_out;
  for (size_t i = 0; i < unit.changes.size(); ++i) {
    PlannedChange change = unit.changes[i];
    bool is_made = false;
    if (next < questions.size() && questions[next].unit == &unit && questions[next].change == i) {
      const Question& question = questions[next++];
      if (!question.before_matches && !question.after_matches) continue;
      if (change.row->kind == ChangeKind::kUpdate && question.before_matches != question.after_matches) {
        RowChange made = *change.row;
        made.kind = question.after_matches ? ChangeKind::kInsert : ChangeKind::kDelete;
        (question.after_matches ? made.before : made.after) = {};
        // No row of the source went away: what refers to this one is the destination's to decide.
        if (made.kind == ChangeKind::kDelete) made.foreign_keys_off = false;
        change.row = &unit.made.emplace_back(std::move(made));
        is_made = true;
      }
    }
    const model::OperationFilter& operations = change.plan->mapping->operations;
    const bool is_carried = change.row->kind == ChangeKind::kInsert   ? operations.insert
                            : change.row->kind == ChangeKind::kUpdate ? operations.update
                                                                      : operations.remove;
    if (is_carried) {
      if (is_made && change.row->kind == ChangeKind::kInsert) RequireWhole(unit, *change.plan, *change.row);
      unit.changes[kept++] = change;
    } else if (MayBeCascade(change)) {
      left_out.push_back({change, kept});
    }
  }
  unit.changes.resize(kept);
  if (!left_out.empty() && kept != 0) KeepCascades(unit.changes, std::move(left_out));
}

void ApplyPreparer::Finish(ApplyUnit& unit) const {
  unit.claims.reserve(unit.changes.size() * 3);
  for (PlannedChange& change : unit.changes) {
    change.claims_begin = static_cast<uint32_t>(unit.claims.size());
    change.gives_up_unknown = change.plan->keys.Collect(*change.row, unit.claims);
    change.claims_end = static_cast<uint32_t>(unit.claims.size());
  }
  const model::Transaction& transaction = *unit.transaction;
  unit.bytes = transaction.arena.used() + transaction.rows.size() * sizeof(RowChange) +
               unit.changes.size() * (sizeof(PlannedChange) + 3 * sizeof(Claim)) + sizeof(ApplyUnit);
}

}  // namespace sluice::pipeline
