// Remembers of the rows of one load what its judgement needs afterwards: how each row begins, so that an error can show
// it, and how many ENUM cells hold the error value '' (index 0), which the source may hold and strict servers warn of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/mysql/loader_columns.h"

namespace sluice::mysql {

class LoadWatch {
 public:
  explicit LoadWatch(const LoadPlan& plan);

  // Takes note of encoded rows, as they are sent. Throws for a text that an ENUM would take for an element's number.
  void See(std::string_view rows);
  void SeeRow(std::string_view row);  // one, without the line's end: of a single empty column nothing is left
  void Clear();

  uint64_t rows() const { return rows_; }
  // "row 12 (4711, Smith, ...)"; the number counts from 1 since Clear().
  std::string DescribeRow(uint64_t number) const;
  // Cells of this column that hold '' although it is none of the column's elements.
  uint64_t EmptyEnums(const std::string& column) const;
  uint64_t AllEmptyEnums() const;

 private:
  static constexpr size_t kHeadBytes = 40;
  static constexpr size_t kHeadsMost = 256 * 1024;

  const LoadPlan& plan_;
  size_t enum_columns_end_ = 0;  // one after the last column to look at
  uint64_t rows_ = 0;
  std::string heads_;            // kHeadBytes for each of the first rows, padded with zero bytes
  std::vector<uint64_t> empty_;  // beside plan_.columns, if enum_columns_end_ != 0
};

// The beginning of an encoded row as a person reads it: "(4711, NULL, Smith, ...)".
std::string ShowRow(std::string_view row, size_t bytes_most);

}  // namespace sluice::mysql
