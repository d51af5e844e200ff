#include "pipeline/verify_report.h"

namespace sluice::pipeline {
namespace {

constexpr size_t kReportedKept = 1'000'000;

std::string DifferingColumns(const VerifyPair& pair, const RowPair& rows) {
  std::string names;
  for (size_t i = 0; i < rows.source->size(); ++i) {
    if ((*rows.source)[i] == (*rows.destination)[i]) continue;
    if (!names.empty()) names += ",";
    names += pair.destination.table->columns[pair.destination.columns[i]].name;
  }
  return names;
}

}  // namespace

void VerifyCallbacks::OnDifference(const VerifyPair& pair, const Difference& difference,
                                   connector::VerifyReader& destination) {
  std::lock_guard lock(mutex_);
  Difference told = difference;
  if (!preamble_given_ && request_.on_preamble) request_.on_preamble(destination.RepairPreamble());
  // Whoever does not ask for it gets it before the first repair: a file of repairs is wrong without.
  if (!preamble_given_ && !request_.on_preamble) told.repair.insert(0, destination.RepairPreamble());
  preamble_given_ = true;
  if (request_.on_difference) request_.on_difference(pair, told);
}

void VerifyCallbacks::OnTable(const VerifyTableResult& result) {
  std::lock_guard lock(mutex_);
  if (request_.on_table) request_.on_table(result);
}

TableReport::TableReport(const VerifyPair& pair, bool lines_up, uint64_t differences_kept, VerifyCallbacks& callbacks)
    : pair_(pair), lines_up_(lines_up), differences_kept_(differences_kept), callbacks_(callbacks) {
  result_.source = pair.source.table->name;
  result_.destination = pair.destination.table->name;
}

void TableReport::Add(const RowPair& rows, VerifySession& destination) {
  using Repair = connector::VerifyReader::Repair;
  Difference difference;
  difference.key = KeyOf(pair_.source, rows.any());
  Repair repair = Repair::kUpdate;
  if (!rows.destination) {
    difference.kind = DifferenceKind::kMissing;
    repair = Repair::kInsert;
  } else if (!rows.source) {
    difference.kind = DifferenceKind::kExtra;
    repair = Repair::kDelete;
  } else {
    difference.kind = DifferenceKind::kDifferent;
    difference.columns = DifferingColumns(pair_, rows);
  }
  if (!lines_up_) {
    std::lock_guard lock(mutex_);
    if (reported_.size() < kReportedKept && !reported_.insert(DigestOf(difference.key)).second) return;
  }
  destination.Do([&](connector::VerifyReader& reader) {
    difference.repair = reader.RepairStatement(pair_.destination, repair, rows.destination.value_or(TextRow()),
                                               rows.source.value_or(TextRow()));
  });
  destination.Do([&](connector::VerifyReader& reader) { callbacks_.OnDifference(pair_, difference, reader); });
  std::lock_guard lock(mutex_);
  switch (difference.kind) {
    case DifferenceKind::kMissing:
      ++result_.missing;
      break;
    case DifferenceKind::kExtra:
      ++result_.extra;
      break;
    case DifferenceKind::kDifferent:
      ++result_.different;
      break;
  }
  if (result_.differences.size() < differences_kept_) result_.differences.push_back(std::move(difference));
}

void TableReport::Fail(const ErrorInfo& error) {
  std::lock_guard lock(mutex_);
  if (result_.error) return;
  result_.error = error;
  result_.error->stage = "verify";
}

void TableReport::Note(const std::string& note) {
  std::lock_guard lock(mutex_);
  if (!note.empty()) result_.note = note;
}

bool TableReport::failed() const {
  std::lock_guard lock(mutex_);
  return result_.error.has_value();
}

void TableReport::SetRows(uint64_t source, uint64_t destination) {
  std::lock_guard lock(mutex_);
  result_.rows_source = source;
  result_.rows_destination = destination;
}

VerifyTableResult TableReport::Take() && {
  std::lock_guard lock(mutex_);
  return std::move(result_);
}

}  // namespace sluice::pipeline
