// Counters that lanes write and displays read. Plain atomics: totals since this process started, gauges as they are.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "model/name.h"

namespace sluice::pipeline {

struct TableProgress {
  model::ObjectName source;
  std::atomic<uint64_t> rows_estimated{0};
  std::atomic<uint64_t> bytes_estimated{0};
  std::atomic<uint64_t> rows_done{0};  // copied by earlier runs included
  std::atomic<uint64_t> bytes_done{0};
  std::atomic<uint32_t> chunks_total{0};
  std::atomic<uint32_t> chunks_done{0};
  std::atomic<bool> finished{false};
};

// A text that one thread writes and others read.
class LiveText {
 public:
  void Set(const std::string& text) {
    std::lock_guard lock(mutex_);
    if (text_ != text) text_ = text;
  }
  std::string Get() const {
    std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

struct Progress {
  // full
  std::vector<std::unique_ptr<TableProgress>> tables;  // made before the lanes start, then only read
  std::atomic<uint64_t> rows_loaded{0};                // by this process
  std::atomic<uint64_t> bytes_loaded{0};
  std::atomic<uint64_t> rows_total{0};  // estimate over all tables
  // incremental
  std::atomic<uint64_t> inserts{0};
  std::atomic<uint64_t> updates{0};
  std::atomic<uint64_t> deletes{0};
  std::atomic<uint64_t> ddl{0};
  std::atomic<uint64_t> transactions{0};
  std::atomic<uint64_t> change_bytes{0};
  std::atomic<int64_t> delay_micros{0};  // now - source's commit time of what is not applied yet; 0 = not delayed
  std::atomic<bool> caught_up{false};    // applied up to the newest position known at the source
  std::atomic<int64_t> applied_commit_micros{0};
  LiveText applied_position;  // Position::json; empty: not known yet
  LiveText source_position;   // the newest that the source told of
  // verify
  std::atomic<uint64_t> rows_verified{0};
  std::atomic<uint64_t> rows_to_verify{0};
};

}  // namespace sluice::pipeline
