// Applies the source's changes: reads transactions, finds which depend on each other, applies them over parallel lanes
// in whole transactions, several of them in one destination transaction, with the progress in that same transaction.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "connector/connector.h"
#include "pipeline/limits.h"
#include "pipeline/progress.h"

namespace sluice::pipeline {

// Where changes begin for a task, from the cut and from what the destination says was applied.
struct ApplyStart {
  model::Position low;  // everything up to here is applied
  uint64_t low_ordinal = 0;
  std::string done;              // ranges of ordinals above it that are applied too (all lanes together)
  int64_t committed_micros = 0;  // source's clock of the newest transaction that is applied; 0: none is
};

// Joins what the lanes recorded: the highest low mark, and everything done above it.
ApplyStart JoinProgress(const std::vector<connector::ApplyProgress>& lanes);

// A table whose rows were read at a cut later than the low mark, or at an inexact one.
struct TableWindow {
  model::ObjectName table;       // source name
  model::Position skip_until;    // changes up to here are in the rows already: dropped. Empty: none
  model::Position replay_until;  // changes up to here may be in the rows: applied idempotently. Empty: none
};

struct ApplyRequest {
  std::string task;
  connector::Source* source = nullptr;
  connector::Destination* destination = nullptr;
  connector::ServerInfo source_server;
  bool neutral = false;  // the destination is of another engine: see ChangeRequest::neutral
  const model::NameMap* names = nullptr;
  std::vector<model::TablePtr> tables;           // selected tables as they are at `start.low`
  std::vector<model::TableMappingPtr> mappings;  // beside `tables`
  ApplyStart start;
  std::vector<TableWindow> windows;
  Limits limits;
  RateLimiter* rate = nullptr;
  Progress* progress = nullptr;
  uint32_t transactions_per_commit = 1000;               // when there is a backlog; one when there is none
  milliseconds idle_most = connector::kSessionIdleMost;  // a lane's session that was idle for longer is replaced
  bool stop_when_caught_up = false;                      // `run --until caught-up`
  milliseconds not_delayed_within{1000};
  milliseconds give_up{12LL * 3600 * 1000};                            // how long lost connections are tried again
  std::function<void(const ErrorInfo&, milliseconds pause)> on_retry;  // a lost connection, told once each time
  // A statement of the log that is not carried (kind not selected, or not supported), or a new table not selected.
  std::function<void(const model::DdlChange&, const std::string& why)> on_ddl_skipped;
  std::function<void(const model::DdlChange&, const std::vector<std::string>& statements)> on_ddl_applied;
  // What the user has to know beside that, a line each: what a statement that is carried leaves out or puts off, and
  // connector::ChangeRequest::tell. From any thread.
  std::function<void(const std::string&)> on_notice;
};

struct ApplyOutcome {
  bool caught_up = false;    // ended because of stop_when_caught_up
  model::Position position;  // applied and durable
  uint64_t ordinal = 0;
};

// Runs until stopped (returns with everything in flight committed or rolled back, progress consistent), caught up (if
// asked), or an error that retrying does not mend (throws, with the change that failed as its object).
ApplyOutcome RunApply(const ApplyRequest& request, std::stop_token stop);

}  // namespace sluice::pipeline
