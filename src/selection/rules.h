// What can be told of rules before any server is asked, and the words that rules use.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "selection/selection.h"

namespace sluice::selection {

// Something wrong with one rule.
struct RuleProblem {
  bool in_mapping = false;  // else in `objects`
  size_t rule = 0;          // index into Rules::mapping or Rules::databases
  int table = -1;           // index into DatabaseRule::tables, if it is about one
  std::string key;          // of the task file: "rename", "match" ...; empty: the rule as a whole
  std::string message;

  std::string Place() const;  // "objects[2].tables[0].rename"
};

// All problems, in the order of the rules.
std::vector<RuleProblem> FindRuleProblems(const Rules& rules);

// What a task carries when its file does not say: all changes of rows, and the statements of
// docs/task-file.md, section "operations".
model::OperationFilter DefaultOperations();

}  // namespace sluice::selection
