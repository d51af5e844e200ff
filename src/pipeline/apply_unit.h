// One source transaction on its way from the reader to the lane that commits it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/change.h"
#include "model/mapping.h"
#include "pipeline/dependency_keys.h"

namespace sluice::pipeline {

// What is known of a table at the current place of the log. Immutable; replaced only while nothing is in flight.
struct TablePlan {
  model::TablePtr table;
  model::TableMappingPtr mapping;
  TableKeys keys;
  std::vector<uint32_t> identity;  // columns of the identity key; empty: whole rows
  bool identity_has_prefix = false;
  std::vector<bool> excluded;  // by column; empty: none. The log need not have them
  bool lenient = false;        // an operation filter leaves the destination's rows incomplete
  std::string skipped_ddl;     // the last statement on it that was not carried, for messages
};

struct PlannedChange {
  const model::RowChange* row = nullptr;
  const TablePlan* plan = nullptr;
  bool idempotent = false;
  bool gives_up_unknown = false;  // see TableKeys::Collect
  uint32_t claims_begin = 0;      // into ApplyUnit::claims
  uint32_t claims_end = 0;
};

struct ApplyUnit {
  uint64_t ordinal = 0;
  model::Position end;
  std::string gtid;
  int64_t committed_micros = 0;
  int64_t received_micros = 0;
  model::TransactionPtr transaction;   // owns the cells
  std::deque<model::RowChange> made;   // changes that a row filter turned into others
  std::vector<PlannedChange> changes;  // in the source's order
  std::vector<Claim> claims;
  size_t bytes = 0;  // in memory

  // Owned by LaneQueues.
  uint64_t number = 0;  // 1, 2, 3 ... in the order of the log
  int lane = -1;        // -1: not given to one yet
  bool done = false;
  std::vector<uint64_t> follows;    // numbers of units that must be committed before, or go to the same lane
  std::vector<uint64_t> followers;  // units that look again when this one moves

  std::span<const Claim> ClaimsOf(const PlannedChange& change) const {
    return std::span(claims).subspan(change.claims_begin, change.claims_end - change.claims_begin);
  }
  // Frees the rows; what is needed for the low mark stays.
  void Release() {
    transaction.reset();
    made.clear();
    changes = {};
    claims = {};
    follows = {};
    followers = {};
  }
};

}  // namespace sluice::pipeline
