// A table of the log as the decoder remembers it between events.
#pragma once

#include <optional>
#include <string>

#include "connectors/mysql/binlog/decoder.h"

namespace sluice::mysql::binlog {

struct Decoder::KnownTable {
  std::string raw;          // the TABLE_MAP it was made from
  uint64_t generation = 0;  // of the descriptions
  model::ObjectName name;
  std::optional<RowPlan> plan;  // nothing: rows of it are not wanted
};

}  // namespace sluice::mysql::binlog
