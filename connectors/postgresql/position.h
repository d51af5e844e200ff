// Positions of a PostgreSQL source: a place in its write-ahead log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/position.h"

namespace sluice::postgresql {

class Connection;

// JSON: {"lsn":"0/16B3748","system":"7301...","timeline":1}. `lsn` is where to go on: everything of transactions whose
// commit record ends at or before it is behind. "part":1 beside it: of the transaction whose commit record begins there
// the tables were emptied that it truncates; its rows are still to come.
struct LogPosition {
  uint64_t lsn = 0;
  std::string system;  // system_identifier of the cluster (pg_control_system)
  uint32_t timeline = 0;
  uint32_t part = 0;
};

std::string FormatLsn(uint64_t lsn);                      // "0/16B3748"
std::optional<uint64_t> ParseLsn(std::string_view text);  // nothing: not one

model::Position FormatPosition(const LogPosition& position);
// Throws kBadPosition.
LogPosition ParsePosition(const model::Position& position);

}  // namespace sluice::postgresql
