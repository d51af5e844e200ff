// What the running process of a task says about itself in the store, as far as people are told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sluice::cli {

struct ProgressFacts {
  bool not_delayed = false;
  std::optional<int64_t> delay_micros;
  int64_t updated_micros = 0;   // when it was written; 0: not told
  std::string position;         // JSON, applied at the destination; empty: not told yet
  std::string source_position;  // JSON, the newest at the source
  uint64_t inserts = 0;         // by the process that wrote them
  uint64_t updates = 0;
  uint64_t deletes = 0;
  uint64_t ddl = 0;
  uint64_t transactions = 0;
};

// Of StatusReport::progress_json; empty facts when there is none.
ProgressFacts ReadProgressFacts(const std::string& progress_json);

}  // namespace sluice::cli
