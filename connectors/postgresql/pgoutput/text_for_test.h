// Changes as one line of text each, for tests.
#pragma once

#include <fmt/format.h>

#include <string>

#include "model/change.h"

namespace sluice::postgresql::pgoutput {

inline std::string CellText(const model::Cell& cell) {
  switch (cell.kind) {
    case model::CellKind::kAbsent:
      return "-";
    case model::CellKind::kNull:
      return "NULL";
    case model::CellKind::kInt:
      return fmt::format("int:{}", cell.i);
    case model::CellKind::kUint:
      return fmt::format("uint:{}", cell.u);
    case model::CellKind::kFloat32:
      return fmt::format("f32:{}", cell.f32);
    case model::CellKind::kFloat64:
      return fmt::format("f64:{}", cell.f64);
    case model::CellKind::kDecimal:
      return fmt::format("dec:{}", cell.text());
    case model::CellKind::kText:
      return fmt::format("{}", cell.text());
    case model::CellKind::kBytes: {
      std::string text = "bytes:";
      for (const char c : cell.text()) text += fmt::format("{:02x}", static_cast<uint8_t>(c));
      return text;
    }
    case model::CellKind::kDate:
      return fmt::format("date:{}", cell.text());
    case model::CellKind::kTime:
      return fmt::format("time:{}", cell.text());
    case model::CellKind::kDateTime:
      return fmt::format("datetime:{}", cell.text());
    case model::CellKind::kJson:
      return fmt::format("json:{}", cell.text());
  }
  return "?";
}

inline std::string RowText(model::Row row) {
  std::string text;
  for (const model::Cell& cell : row) text += (text.empty() ? "" : "|") + CellText(cell);
  return "(" + text + ")";
}

inline std::string ChangeText(const model::RowChange& change) {
  const std::string name = change.table->name.name + " ";
  switch (change.kind) {
    case model::ChangeKind::kInsert:
      return "I " + name + RowText(change.after);
    case model::ChangeKind::kUpdate:
      return "U " + name + RowText(change.before) + RowText(change.after);
    case model::ChangeKind::kDelete:
      return "D " + name + RowText(change.before);
  }
  return "?";
}

}  // namespace sluice::postgresql::pgoutput
