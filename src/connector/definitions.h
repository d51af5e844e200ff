// The descriptions of tables at the place of the log that is being decoded. Safe from any thread.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/name.h"
#include "model/table.h"

namespace sluice::connector {

class Definitions {
 public:
  explicit Definitions(const std::vector<model::TablePtr>& tables) {
    for (const model::TablePtr& table : tables) tables_[table->name] = table;
  }

  // Nothing: never heard of. Null: known to be gone, or not to be followed.
  std::optional<model::TablePtr> Find(const model::ObjectName& name) const {
    std::lock_guard lock(mutex_);
    const auto found = tables_.find(name);
    if (found == tables_.end()) return std::nullopt;
    return found->second;
  }
  void Set(const model::ObjectName& name, model::TablePtr table) {
    std::lock_guard lock(mutex_);
    tables_[name] = std::move(table);
    generation_.fetch_add(1);
  }
  // Those that are there.
  std::vector<model::TablePtr> All() const {
    std::lock_guard lock(mutex_);
    std::vector<model::TablePtr> all;
    for (const auto& [name, table] : tables_) {
      if (table != nullptr) all.push_back(table);
    }
    return all;
  }
  // Changes with every Set(): tells whether what was derived from descriptions is still right.
  uint64_t generation() const { return generation_.load(); }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<model::ObjectName, model::TablePtr, model::ObjectNameHash> tables_;
  std::atomic<uint64_t> generation_{1};
};

}  // namespace sluice::connector
