// One row as 16-byte cells over an arena. Both are owned by whoever holds the batch; a cell is a plain value.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"

namespace sluice::model {

enum class CellKind : uint8_t {
  kAbsent,  // not in the image (minimal row image, unchanged large value): not the same as null
  kNull,
  kInt,   // int64: integers, YEAR
  kUint,  // uint64: unsigned integers; BIT as its value; ENUM as index from 1 (0: the error value ''); SET as mask
  kFloat32,
  kFloat64,
  kDecimal,   // canonical text: "-12.50", no leading zeros but one before the point
  kText,      // bytes in the column's own character set
  kBytes,     // binary strings; GEOMETRY in the engine's storage format
  kDate,      // text "YYYY-MM-DD"; zero and invalid dates as they are
  kTime,      // text "[-]HHH:MM:SS[.ffffff]", as many digits as the column has
  kDateTime,  // text "YYYY-MM-DD HH:MM:SS[.ffffff]"; of a timestamp: in UTC
  kJson,      // text in UTF-8, the source's own where it has one
};

struct Cell {
  CellKind kind = CellKind::kAbsent;
  uint8_t reserved[3] = {};
  uint32_t size = 0;  // bytes behind `data`, for the text kinds
  union {
    int64_t i;
    uint64_t u;
    float f32;
    double f64;
    const char* data;
  };

  Cell() : i(0) {}
  bool IsNull() const { return kind == CellKind::kNull; }
  bool IsAbsent() const { return kind == CellKind::kAbsent; }
  bool HasBytes() const { return kind >= CellKind::kDecimal; }
  std::string_view text() const { return {data, size}; }

  static Cell Null() { return Of(CellKind::kNull); }
  static Cell Int(int64_t value) {
    Cell cell = Of(CellKind::kInt);
    cell.i = value;
    return cell;
  }
  static Cell Uint(uint64_t value) {
    Cell cell = Of(CellKind::kUint);
    cell.u = value;
    return cell;
  }
  static Cell Float32(float value) {
    Cell cell = Of(CellKind::kFloat32);
    cell.u = 0;
    cell.f32 = value;
    return cell;
  }
  static Cell Float64(double value) {
    Cell cell = Of(CellKind::kFloat64);
    cell.f64 = value;
    return cell;
  }
  // `text` must outlive the cell: copy it into the batch's arena first.
  static Cell Bytes(CellKind kind, std::string_view text) {
    Cell cell = Of(kind);
    cell.size = static_cast<uint32_t>(text.size());
    cell.data = text.data();
    return cell;
  }

 private:
  static Cell Of(CellKind kind) {
    Cell cell;
    cell.kind = kind;
    return cell;
  }
};
static_assert(sizeof(Cell) == 16);

using Row = std::span<const Cell>;  // one cell per column of the table's description, in its order

// Same kind and same bytes (floats by bit pattern).
inline bool SameCell(const Cell& a, const Cell& b) {
  if (a.kind != b.kind || a.size != b.size) return false;
  if (a.HasBytes()) return a.text() == b.text();
  return a.u == b.u;
}

}  // namespace sluice::model
