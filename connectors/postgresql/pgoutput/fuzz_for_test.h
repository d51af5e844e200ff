// What the fuzzers of the log share: an input is a row of messages, each two bytes of length and a body.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string_view>

#include "connectors/postgresql/pgoutput/decoder.h"

namespace sluice::postgresql::pgoutput {

inline void ForEachMessage(const uint8_t* data, size_t size, const std::function<void(std::string_view)>& take) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (rest.size() >= 2) {
    const size_t length =
        std::min<size_t>(rest.size() - 2, static_cast<uint8_t>(rest[0]) | static_cast<uint8_t>(rest[1]) << 8);
    take(rest.substr(2, length));
    rest.remove_prefix(2 + length);
  }
}

// Small limits, so that spools and parts are met soon; every value is read.
inline DecoderOptions OptionsForFuzzing(size_t& bytes) {
  DecoderOptions options;
  options.selected = [](const model::ObjectName&) { return true; };
  options.part_rows_max = 3;
  options.memory_max = 200;
  options.streamed_memory_max = 100;
  options.emit = [&bytes](model::TransactionPtr transaction) {
    for (const model::RowChange& row : transaction->rows) {
      for (const model::Cell& cell : row.before) bytes += cell.HasBytes() ? cell.text().size() : 1;
      for (const model::Cell& cell : row.after) bytes += cell.HasBytes() ? cell.text().size() : 1;
    }
  };
  return options;
}

}  // namespace sluice::postgresql::pgoutput
