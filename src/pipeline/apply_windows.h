// Tables whose rows were read at another place of the log than where changes begin: what to do with changes in between.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "pipeline/apply.h"

namespace sluice::pipeline {

enum class WindowRule { kApply, kSkip, kReplay };

// Used by the reader alone. Positions of transactions must come in the order of the log.
class ApplyWindows {
 public:
  ApplyWindows(const connector::Source& source, const std::vector<TableWindow>& windows);

  // The next transaction ends at `end` (empty: not known yet) and begins where the one before it ended.
  void Enter(const model::Position& begin, const model::Position& end);
  WindowRule RuleFor(const model::ObjectName& table) const;

 private:
  // Whether the transaction lies at or before `place`.
  bool Covers(const model::Position& place, const model::Position& begin, const model::Position& end);

  const connector::Source& source_;
  struct Window {
    model::Position skip_until;
    model::Position replay_until;
    WindowRule rule = WindowRule::kApply;
  };
  std::map<model::ObjectName, Window> windows_;
  std::map<std::string, bool> covered_;  // of this transaction, by place: many tables share one
};

}  // namespace sluice::pipeline
