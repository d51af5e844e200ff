// The two ways of writing many rows: bulk statements over arrays (MariaDB from 10.2.7), or statements with the values
// in their text.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "connectors/mysql/applier_target.h"
#include "connectors/mysql/connection.h"
#include "model/change.h"

namespace sluice::mysql {

using Changes = std::span<const model::RowChange* const>;

// Each call writes all rows, in any order, and returns how many were inserted or found.
class RowWriter {
 public:
  virtual ~RowWriter() = default;
  virtual uint64_t Insert(const Target& target, Changes rows, bool replace) = 0;
  // Sets the columns of the mask to the after image where the identity is the before image's.
  virtual uint64_t Update(const Target& target, uint64_t mask, Changes rows) = 0;
  virtual uint64_t Delete(const Target& target, Changes rows) = 0;
};

std::unique_ptr<RowWriter> MakeBulkRowWriter(Connection& connection);
std::unique_ptr<RowWriter> MakeTextRowWriter(Connection& connection);

}  // namespace sluice::mysql
