// Changed rows as arrays of values for prepared statements (prepared.h), many in one round trip. Statements stay
// prepared per text.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "connectors/mysql/connection.h"
#include "model/change.h"

namespace sluice::mysql {

// Where a parameter's values come from.
struct BulkParameter {
  uint32_t column = 0;  // index into the source's row
  bool before = false;  // of the before image
};

// Belongs to its connection's thread; destroy it before the connection.
class BulkWriter {
 public:
  explicit BulkWriter(Connection& connection);
  ~BulkWriter();

  // Rows that the statement matched or inserted, over all `rows`. A large span is sent in several packets.
  uint64_t Run(const std::string& sql, std::span<const BulkParameter> parameters,
               std::span<const model::RowChange* const> rows, const std::string& object);

 private:
  class Statement;
  Statement& Prepared(const std::string& sql, const std::string& object);

  Connection& connection_;
  size_t packet_bytes_;
  std::unordered_map<std::string, std::unique_ptr<Statement>> statements_;
};

}  // namespace sluice::mysql
