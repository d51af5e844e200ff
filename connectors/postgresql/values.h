// Cells as values of statements: arrays in binary form (documentation "pg_type", src/backend/utils/adt/arrayfuncs.c
// array_recv) for many rows, texts for one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "connectors/postgresql/stored_table.h"
#include "model/row.h"
#include "model/table.h"

namespace sluice::postgresql {

// How the values of one column travel: as themselves, or as texts that the server casts.
enum class Wire : uint8_t { kBool, kInt2, kInt4, kInt8, kFloat4, kFloat8, kBytea, kText };

// The array's type for a cast of its parameter: "int4[]".
std::string_view ArrayType(Wire wire);

// The wire that fits a column of this type.
Wire WireOf(const StoredColumn& stored);
// Whether this cell can travel so; every cell can as a text.
bool Fits(const model::Cell& cell, Wire wire);

// Puts the text of a cell that is neither null nor absent; `type` is the source's. A binary string becomes "\x..".
void AppendText(std::string& out, const model::Cell& cell, const model::ColumnType& type);

// Why the column could not keep the cell's value as it is, although the server would take it without a word: a number
// would be rounded, blanks cut off. Empty: it can.
std::string WhyChanged(const model::Cell& cell, const model::ColumnType& type, const StoredColumn& stored);

// One column's values of many rows.
class ArrayBuilder {
 public:
  ArrayBuilder(Wire wire, const model::ColumnType& type) : wire_(wire), type_(&type) { Clear(); }

  void Add(const model::Cell& cell);
  // The whole parameter; valid until the next Add or Clear.
  std::string_view Finish();
  size_t bytes() const { return bytes_.size(); }
  Wire wire() const { return wire_; }
  void Clear();

 private:
  void AddNumber(uint64_t value, size_t size);
  void AddBytes(std::string_view bytes);

  Wire wire_;
  const model::ColumnType* type_;
  std::string bytes_;
  std::string text_;
  uint32_t rows_ = 0;
  bool has_null_ = false;
};

}  // namespace sluice::postgresql
