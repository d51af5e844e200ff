// Hashes of key values such that values which a server takes for equal hash equal, whatever the collation. What cannot
// be folded safely says so, and the caller then treats the whole key as one value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/row.h"
#include "model/table.h"

namespace sluice::pipeline {

uint64_t HashBytes(std::string_view bytes, uint64_t seed);

// How the values of one key column become bytes.
enum class FoldMode : uint8_t {
  kValue,   // numbers, dates: by value
  kExact,   // binary strings and text under a binary collation: bytes without trailing padding
  kAscii,   // text under a collation known to keep printable ASCII apart but for case: ASCII folds, the rest does not
  kOpaque,  // any other collation: never folds
};

FoldMode FoldModeOf(const model::ColumnType& type);

// Appends the folded value; false when it cannot be folded. `prefix_length` is in characters, 0 = whole value.
// A null or absent cell must not come here.
bool AppendFolded(const model::Cell& cell, FoldMode mode, uint32_t prefix_length, std::string& out);

}  // namespace sluice::pipeline
