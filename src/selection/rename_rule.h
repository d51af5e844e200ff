// One rule of the `mapping` list, ready to use.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "selection/pattern.h"
#include "selection/selection.h"

namespace re2 {
class RE2;
}

namespace sluice::selection {

// Immutable, safe from any thread. Which names a rule concerns is decided by their names at the
// source (`in`, `keyword`); what it does, it does to the name that earlier rules left.
class RenameRule {
 public:
  // The rule must be one that Problem() finds nothing wrong with.
  explicit RenameRule(const MappingRule& rule);
  RenameRule(RenameRule&&) noexcept;
  RenameRule& operator=(RenameRule&&) noexcept;
  ~RenameRule();

  MappingRule::Kind kind() const { return kind_; }
  // `table` is empty for a rule of kind database.
  bool Concerns(std::string_view database, std::string_view table) const;
  // `source` is the name at the source, `name` as it is now; the result is `name` when the rule
  // does not apply.
  std::string Apply(std::string_view source, std::string name) const;

  // The database and table patterns of `in`.
  const Pattern& database() const { return database_; }
  const Pattern& table() const { return table_; }

 private:
  MappingRule::Kind kind_;
  Pattern database_;
  Pattern table_;
  std::string keyword_;
  std::unique_ptr<const re2::RE2> match_;
  std::string rewrite_;  // in RE2's own notation; empty: `match_` only chooses names
  std::string prefix_;
  std::string suffix_;
  std::string letters_;
};

struct RenameProblem {
  std::string key;  // of the rule: "match"; empty: the rule as a whole
  std::string message;
};

// What is wrong with a rule; empty key and message: nothing.
RenameProblem FindRenameProblem(const MappingRule& rule);

}  // namespace sluice::selection
