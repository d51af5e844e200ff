// What a verification finds about one table: counts, the first differences, and a call for each.
#pragma once

#include <mutex>
#include <unordered_set>

#include "pipeline/verify.h"
#include "pipeline/verify_compare.h"

namespace sluice::pipeline {

// Calls on_preamble once, then on_difference and on_table one at a time. Safe from any thread.
class VerifyCallbacks {
 public:
  explicit VerifyCallbacks(const VerifyRequest& request) : request_(request) {}
  void OnDifference(const VerifyPair& pair, const Difference& difference, connector::VerifyReader& destination);
  void OnTable(const VerifyTableResult& result);

 private:
  const VerifyRequest& request_;
  std::mutex mutex_;
  bool preamble_given_ = false;
};

// Safe from any thread.
class TableReport {
 public:
  TableReport(const VerifyPair& pair, bool lines_up, uint64_t differences_kept, VerifyCallbacks& callbacks);

  void Add(const RowPair& rows, VerifySession& destination);
  void Fail(const ErrorInfo& error);
  void Note(const std::string& note);
  bool failed() const;
  void SetRows(uint64_t source, uint64_t destination);
  VerifyTableResult Take() &&;

 private:
  const VerifyPair& pair_;
  // When chunks hold different rows at the two sides, one row can be met twice.
  const bool lines_up_;
  const uint64_t differences_kept_;
  VerifyCallbacks& callbacks_;
  mutable std::mutex mutex_;
  VerifyTableResult result_;
  std::unordered_set<Digest, DigestHash> reported_;
};

}  // namespace sluice::pipeline
