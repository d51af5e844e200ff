#include "pipeline/apply_failure.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::pipeline {
namespace {

using model::Cell;
using model::CellKind;
using model::ChangeKind;

constexpr size_t kShownBytes = 64;
constexpr size_t kShownColumns = 4;

std::string CellText(const Cell& cell) {
  switch (cell.kind) {
    case CellKind::kAbsent:
      return "?";
    case CellKind::kNull:
      return "NULL";
    case CellKind::kInt:
      return std::to_string(cell.i);
    case CellKind::kUint:
      return std::to_string(cell.u);
    case CellKind::kFloat32:
      return fmt::format("{}", cell.f32);
    case CellKind::kFloat64:
      return fmt::format("{}", cell.f64);
    case CellKind::kDecimal:
      return std::string(cell.text());
    default:
      break;
  }
  const std::string_view text = cell.text().substr(0, kShownBytes);
  const std::string_view more = cell.size > kShownBytes ? "..." : "";
  const bool is_plain = cell.kind != CellKind::kBytes &&
                        std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
  if (is_plain) return fmt::format("'{}{}'", text, more);
  std::string hex = "0x";
  for (const unsigned char c : text) hex += fmt::format("{:02x}", c);
  return hex + std::string(more);
}

std::string_view KindText(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kInsert:
      return "insert";
    case ChangeKind::kUpdate:
      return "update";
    case ChangeKind::kDelete:
      return "delete";
  }
  return "change";
}

}  // namespace

std::string RowText(const TablePlan& plan, model::Row row) {
  std::string text;
  const auto add = [&](uint32_t column) {
    if (column >= row.size()) return;
    if (!text.empty()) text += ", ";
    text += plan.table->columns[column].name + "=" + CellText(row[column]);
  };
  if (!plan.identity.empty()) {
    for (const uint32_t column : plan.identity) add(column);
    return text;
  }
  for (uint32_t column = 0; column < std::min(row.size(), kShownColumns); ++column) add(column);
  return text + (row.size() > kShownColumns ? ", ..." : "");
}

std::string TransactionText(const ApplyUnit& unit) {
  if (!unit.gtid.empty()) return "transaction " + unit.gtid;
  if (!unit.end.empty()) return "the transaction that ends at " + unit.end.json;
  return fmt::format("transaction number {}", unit.ordinal);
}

Error DescribeFailure(const Error& error, const ApplyUnit& unit, const PlannedChange& change) {
  ErrorInfo info = error.info();
  const model::RowChange& row = *change.row;
  info.object = fmt::format("{} of row {} in table {} ({})", KindText(row.kind),
                            RowText(*change.plan, row.kind == ChangeKind::kInsert ? row.after : row.before),
                            change.plan->table->name.Text(), TransactionText(unit));
  if (!change.plan->skipped_ddl.empty()) {
    info.cause += "; the source ran a statement on this table that is not carried: " + change.plan->skipped_ddl;
    info.remedy = "Run that statement at the destination, then run the task again.";
  }
  if (info.side.empty()) info.side = "destination";
  return Error(std::move(info));
}

}  // namespace sluice::pipeline
