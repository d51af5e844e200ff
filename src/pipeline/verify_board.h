// What is to be done in a verification, and which thread does what. The same chunk is read at both sides by different
// threads at about the same time; whoever is second finds out whether the chunk is equal.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "pipeline/verify_report.h"
#include "pipeline/verify_settle.h"

namespace sluice::pipeline {

struct VerifyTableWork {
  VerifyTableWork(VerifyPair verified, bool same_ranges, uint64_t differences_kept, VerifyCallbacks& callbacks)
      : pair(std::move(verified)), lines_up(same_ranges), report(pair, same_ranges, differences_kept, callbacks) {}

  const VerifyPair pair;
  const bool lines_up;  // a range of keys holds the same rows at both sides
  size_t index = 0;
  TableReport report;

  // Under the board's mutex.
  size_t chunks_open = 0;
  SetDigest source;
  SetDigest destination;
  std::vector<std::shared_ptr<struct VerifyChunk>> differing;
  std::vector<Pending> pending;
};

struct VerifyChunk {
  VerifyTableWork* table = nullptr;
  connector::Chunk chunk;
  std::optional<SetDigest> source;  // under the board's mutex
  std::optional<SetDigest> destination;
};

enum class VerifyStep { kPlan, kReadSource, kReadDestination, kCompare, kFinish };

struct VerifyJob {
  VerifyStep step = VerifyStep::kPlan;
  VerifyTableWork* table = nullptr;
  std::shared_ptr<VerifyChunk> chunk;
};

// Safe from any thread.
class VerifyBoard {
 public:
  explicit VerifyBoard(std::vector<VerifyTableWork*> tables);

  // Waits for work of that side; nothing when all is done or the token asks to stop.
  std::optional<VerifyJob> Next(bool source_side, const std::stop_token& stop);

  void Planned(VerifyTableWork& table, std::vector<connector::Chunk> chunks);
  void Read(const std::shared_ptr<VerifyChunk>& chunk, bool source_side, const SetDigest& digest);
  // Rows that need a second look later; gives them all back when there are at least `most` of them.
  std::vector<Pending> AddPending(VerifyTableWork& table, std::vector<Pending> pending, size_t most);
  // A differing chunk was compared.
  void Compared(VerifyTableWork& table);
  void Finished();

 private:
  void CloseChunk(VerifyTableWork& table);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<VerifyJob> plans_;
  std::deque<VerifyJob> at_source_;  // reading, and before all else comparing and finishing
  std::deque<VerifyJob> at_destination_;
  size_t tables_open_;
};

}  // namespace sluice::pipeline
