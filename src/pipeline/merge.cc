#include "pipeline/merge.h"

#include <algorithm>

namespace sluice::pipeline {
namespace {

using model::ChangeKind;
using model::Row;
using model::RowChange;

bool LacksValues(const TablePlan& plan, Row row) {
  for (size_t i = 0; i < row.size(); ++i) {
    const bool is_excluded = i < plan.excluded.size() && plan.excluded[i];
    if (row[i].IsAbsent() && !is_excluded) return true;
  }
  return false;
}

bool KeepsKeys(const TablePlan& plan, const RowChange& change) {
  const auto& columns = plan.keys.key_columns();
  return change.kind == ChangeKind::kUpdate && std::all_of(columns.begin(), columns.end(), [&](uint32_t column) {
           return model::SameCell(change.before[column], change.after[column]);
         });
}

NetChange With(const RowChange& base, ChangeKind kind, Row before, Row after) {
  NetChange net{.nothing = false, .change = base};
  net.change.kind = kind;
  net.change.before = before;
  net.change.after = after;
  return net;
}

}  // namespace

// Of the image before only the identity counts: a log that leaves the rest out (PostgreSQL's replica identity) does so
// in each of its changes. An image after that lacks values would hide those of the change before it.
bool CanMerge(const PlannedChange& change) {
  const TablePlan& plan = *change.plan;
  const Row before = change.row->before;
  return !plan.identity.empty() && !plan.identity_has_prefix && !plan.lenient && !change.idempotent &&
         !LacksValues(plan, change.row->after) &&
         (before.empty() || std::none_of(plan.identity.begin(), plan.identity.end(),
                                         [&](uint32_t column) { return before[column].IsAbsent(); }));
}

bool SameIdentity(const TablePlan& plan, Row a, Row b) {
  return std::all_of(plan.identity.begin(), plan.identity.end(),
                     [&](uint32_t column) { return model::SameCell(a[column], b[column]); });
}

std::optional<NetChange> Merge(const TablePlan& plan, const NetChange& first, const RowChange& second) {
  if (first.change.foreign_keys_off != second.foreign_keys_off) return std::nullopt;
  // A row that takes others with it when it goes or gets another key must really do so: only plain updates join it.
  // With foreign keys off it takes none.
  const bool cascades = plan.keys.cascades() && !second.foreign_keys_off;
  if (cascades && !KeepsKeys(plan, second)) return std::nullopt;
  if (cascades && !first.nothing && first.change.kind == ChangeKind::kUpdate && !KeepsKeys(plan, first.change)) {
    return std::nullopt;
  }
  if (first.nothing) {
    if (second.kind != ChangeKind::kInsert) return std::nullopt;
    return With(second, ChangeKind::kInsert, {}, second.after);
  }
  const RowChange& one = first.change;
  switch (one.kind) {
    case ChangeKind::kInsert:
      if (second.kind == ChangeKind::kUpdate) return With(second, ChangeKind::kInsert, {}, second.after);
      if (second.kind == ChangeKind::kDelete) return NetChange{.nothing = true, .change = second};
      return std::nullopt;
    case ChangeKind::kUpdate:
      if (second.kind == ChangeKind::kUpdate) return With(second, ChangeKind::kUpdate, one.before, second.after);
      if (second.kind == ChangeKind::kDelete) return With(second, ChangeKind::kDelete, one.before, {});
      return std::nullopt;
    case ChangeKind::kDelete:
      if (second.kind == ChangeKind::kInsert && SameIdentity(plan, one.before, second.after)) {
        return With(second, ChangeKind::kUpdate, one.before, second.after);
      }
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace sluice::pipeline
