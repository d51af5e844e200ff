// What the running process of a task says about itself in the store, as far as people are told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sluice::cli {

struct ProgressFacts {
  bool not_delayed = false;
  std::optional<int64_t> delay_micros;
};

// Of StatusReport::progress_json; empty facts when there is none.
ProgressFacts ReadProgressFacts(const std::string& progress_json);

}  // namespace sluice::cli
