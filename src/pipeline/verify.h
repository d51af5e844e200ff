// Compares source and destination row by row: chunks are digested on both sides, differing chunks compared by key.
// Finds missing, extra and different rows; while changes flow, what differs is read again before it is reported.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "connector/connector.h"
#include "pipeline/limits.h"
#include "pipeline/progress.h"

namespace sluice::pipeline {

struct VerifyPair {
  connector::VerifyTable source;
  connector::VerifyTable destination;
  model::TableMappingPtr mapping;
};

enum class DifferenceKind { kMissing, kExtra, kDifferent };  // at the destination

struct Difference {
  DifferenceKind kind = DifferenceKind::kMissing;
  std::vector<std::string> key;  // canonical texts; empty when the table has no key
  std::string columns;           // kDifferent: names of the columns that differ, comma separated
  std::string repair;            // statement for the destination
};

struct VerifyTableResult {
  model::ObjectName source;
  model::ObjectName destination;
  uint64_t rows_source = 0;
  uint64_t rows_destination = 0;
  uint64_t missing = 0;
  uint64_t extra = 0;
  uint64_t different = 0;
  std::vector<Difference> differences;  // at most `differences_kept` of them
  std::optional<ErrorInfo> error;       // the table could not be compared
  std::string note;                     // what has to be known about its differences; empty: nothing

  bool Equal() const { return missing + extra + different == 0 && !error; }
};

// What the process that applies the task's changes tells of itself.
struct Applying {
  bool runs = false;
  model::Position applied;  // empty: not known yet
};

struct VerifyRequest {
  connector::Source* source = nullptr;
  connector::Destination* destination = nullptr;
  std::vector<VerifyPair> tables;
  Limits limits;
  RateLimiter* rate = nullptr;
  Progress* progress = nullptr;
  bool changes_flow = false;  // re-check what differs
  // While changes flow: how far they are. Safe from any thread. Not set: nobody applies them, or nobody knows.
  std::function<Applying()> applying;
  milliseconds standstill_most{600'000};  // what is late is waited for as long as its position moves now and then
  milliseconds recheck_pause{1000};
  uint32_t recheck_rounds = 30;                            // a difference that stays the same at both sides is final
  uint64_t differences_kept = 1000;                        // per table, in memory; all go to `on_difference`
  std::function<void(const VerifyTableResult&)> on_table;  // when one is finished
  std::function<void(const VerifyPair&, const Difference&)> on_difference;
  std::function<void(const std::string&)> on_preamble;  // once, before the first difference (not set: it
                                                        // stands before the first `repair`)
};

std::vector<VerifyTableResult> RunVerify(const VerifyRequest& request, std::stop_token stop);

}  // namespace sluice::pipeline
