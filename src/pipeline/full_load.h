// The full load: one queue of all chunks of all tables, largest tables first; reader threads on the snapshot's
// connections, writer threads on loaders, a bounded pipe between the two of each chunk. A failed chunk is tried again
// as its retry class says; a chunk's completion is recorded by the loader in its own transaction.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/stop.h"
#include "connector/connector.h"
#include "pipeline/limits.h"
#include "pipeline/progress.h"

namespace sluice::pipeline {

struct LoadTable {
  model::TablePtr table;
  model::TableMappingPtr mapping;
  std::vector<connector::Chunk> chunks;  // planned earlier and kept in the store; empty: plan now
  std::set<uint64_t> done;               // chunks that earlier runs finished
  uint64_t rows_done = 0;                // rows in them
};

struct FullLoadRequest {
  std::string task;
  connector::Snapshot* snapshot = nullptr;
  connector::Destination* destination = nullptr;
  std::vector<std::string> encodings;  // that the source offers, best first; the destination chooses for each table
  std::vector<LoadTable> tables;
  Limits limits;
  // Readers (up to the snapshot's) and writers change with it while the load runs; null: they stay.
  const LiveLimits* live_limits = nullptr;
  RateLimiter* rate = nullptr;
  Progress* progress = nullptr;  // its `tables` stand in the order of `tables` here
  // Called first for each table, by a reader: waits until the destination's table stands. Throws when it never will.
  std::function<void(size_t table, std::stop_token)> wait_for_table;
  // Called once per table when its chunks are planned, before the first is read; any thread, one call at a time.
  std::function<void(size_t table, const std::vector<connector::Chunk>&)> on_planned;
  // Called when the table's last chunk is in; the time for its indexes. Any writer thread, possibly several at once.
  std::function<void(size_t table, std::stop_token)> on_table_loaded;
  // Called when something is to be tried again after `pause`, at most once a second; any thread, one call at a time.
  std::function<void(const ErrorInfo&, milliseconds pause)> on_retry;
  uint64_t chunk_bytes = 16ull << 20;
  // Of the tables that are planned now: the only chunk of one has this number, several have those after it. So the
  // first of several is not taken for a whole table.
  uint64_t first_chunk = 0;
  // Before the first repetition; doubled each time, at most half a minute.
  milliseconds first_pause{200};
  // A loader that had nothing to do for longer is replaced: its server may have ended its session.
  milliseconds idle_most = connector::kSessionIdleMost;
  // How long a destination that is gone, locked or full is tried again.
  milliseconds give_up{12LL * 3600 * 1000};
};

struct TableFailure {
  size_t table = 0;
  ErrorInfo error;
};

// Returns the tables that could not be loaded (the others are complete). Throws when going on makes no sense: stopped,
// the snapshot's connections lost, the destination gone or full for longer than `give_up`.
std::vector<TableFailure> RunFullLoad(const FullLoadRequest& request, std::stop_token stop);

}  // namespace sluice::pipeline
