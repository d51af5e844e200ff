// The checkpoint while lanes commit out of order: the low mark, and what each lane committed above it. Not thread-safe.
//
//   1. Every destination transaction holds, beside its rows, its lane's own record: the low mark as it is known then,
//      and all ordinals above it that this lane has committed, those of this transaction included.
//   2. After a crash the highest low mark of all lanes holds, and everything above it that any lane recorded.
//   3. What the source may forget is what some record says (`recorded`), not the low mark itself: after a crash a
//   stream
//      begins at a record, and the low mark moves on before one is written.
//   4. Once nothing is in flight the lanes' records are replaced by one that is only a low mark.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "connector/connector.h"
#include "pipeline/apply.h"
#include "pipeline/ordinals.h"

namespace sluice::pipeline {

class ProgressSet {
 public:
  ProgressSet(std::string task, const ApplyStart& start, size_t lanes);

  // What an earlier run had applied above the low mark.
  bool DoneBefore(uint64_t ordinal) const { return before_.Contains(ordinal); }

  // The record for a transaction of this lane that holds `ordinals`.
  connector::ApplyProgress Record(uint32_t lane, std::span<const uint64_t> ordinals, int64_t committed_micros);
  // It is committed.
  void Committed(uint32_t lane, std::span<const uint64_t> ordinals);
  void MoveLow(uint64_t ordinal, const model::Position& position, int64_t committed_micros = 0);
  // Collapsed() was written to the destination, as it was when its low mark was this.
  void Saved(uint64_t low_ordinal, const model::Position& low);
  // The one record of a task with nothing in flight.
  connector::ApplyProgress Collapsed() const;

  uint64_t low_ordinal() const { return low_ordinal_; }
  const model::Position& low() const { return low_; }
  // The highest low mark that the destination has a record of.
  const model::Position& recorded() const { return recorded_.low; }
  int64_t committed_micros() const { return committed_micros_; }

 private:
  std::string task_;
  uint64_t low_ordinal_;
  model::Position low_;
  OrdinalSet before_;             // kept with lane 0's until the low mark has passed it
  std::vector<OrdinalSet> done_;  // by lane
  struct Mark {
    uint64_t ordinal = 0;
    model::Position low;
  };
  std::vector<Mark> recording_;  // by lane: in its transaction that is not known to be committed
  Mark recorded_;
  int64_t committed_micros_;
};

}  // namespace sluice::pipeline
