// The tables of a task before and after a statement of another engine's log. A foreign key is here while both of its
// tables are, and fit: a source that checks none lets a table refer to one that is gone, not made yet, or another one
// than it was.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "connector/connector.h"

namespace sluice::postgresql {

class TablesAround {
 public:
  // Both have to outlive it.
  TablesAround(const std::vector<connector::TableChange>& changes, const std::vector<model::TablePtr>& before);

  // Why the source does not act by a foreign key that it has: "table d.p is not there"; empty: it does. Before the
  // statement, of those that it does not drop; and after it.
  std::string WhyNotBefore(const model::Table& table, const model::ForeignKey& key) const;
  std::string WhyNotAfter(const model::Table& table, const model::ForeignKey& key) const;

  bool Has(const model::ObjectName& name) const { return after_.contains(name); }
  // Whether the statement made a table of this name, or changed the one that has it now.
  bool Changes(const model::ObjectName& name) const;

  // What a table and a column of it are called afterwards.
  model::ObjectName Now(model::ObjectName table) const;
  std::string ColumnNow(const model::ObjectName& table_now, const std::string& column) const;

  // Tables that stay and refer to this one, which goes; as they were.
  std::vector<model::TablePtr> ReferringTo(const model::ObjectName& gone) const;
  // Tables that the statement does not change, and that refer to one that it made or changed.
  std::vector<model::TablePtr> ReferringToChanged() const;

 private:
  const std::vector<connector::TableChange>& changes_;
  const std::vector<model::TablePtr>& before_;
  std::map<model::ObjectName, model::TablePtr> staying_;  // as they were, less those that go
  std::map<model::ObjectName, model::TablePtr> after_;
};

}  // namespace sluice::postgresql
