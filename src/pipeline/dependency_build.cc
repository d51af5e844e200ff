#include <algorithm>
#include <numeric>
#include <optional>
#include <set>

#include "pipeline/dependency_keys.h"

namespace sluice::pipeline {
namespace {

using model::ForeignKey;
using model::Key;
using model::ReferentialAction;
using model::Table;

bool Cascades(ReferentialAction action) {
  return action == ReferentialAction::kCascade || action == ReferentialAction::kSetNull ||
         action == ReferentialAction::kSetDefault;
}
bool Cascades(const ForeignKey& key) {
  return Cascades(key.on_delete) || Cascades(key.on_update);
}

// Columns that a foreign key refers to, as indexes at the parent; nothing when the parent is not known so.
std::optional<std::vector<uint32_t>> ReferencedColumns(const ForeignKey& key, const Table& parent) {
  std::vector<uint32_t> columns;
  for (const std::string& name : key.referenced_columns) {
    const auto column = parent.FindColumn(name);
    if (!column) return std::nullopt;
    columns.push_back(*column);
  }
  if (columns.size() != key.columns.size()) return std::nullopt;
  return columns;
}

void AddColumn(std::vector<uint32_t>& columns, uint32_t column) {
  if (std::find(columns.begin(), columns.end(), column) == columns.end()) columns.push_back(column);
}

// Groups of tables that foreign keys connect.
class Components {
 public:
  explicit Components(size_t count) : parent_(count) { std::iota(parent_.begin(), parent_.end(), size_t{0}); }
  size_t Find(size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void Join(size_t a, size_t b) { parent_[Find(a)] = Find(b); }

 private:
  std::vector<size_t> parent_;
};

}  // namespace

class KeyBuilder {
 public:
  explicit KeyBuilder(const std::vector<model::TablePtr>& tables) : tables_(tables), keys_(tables.size()) {
    for (size_t i = 0; i < tables.size(); ++i) index_[tables[i]->name] = i;
  }

  std::map<model::ObjectName, TableKeys> Build() {
    for (size_t i = 0; i < tables_.size(); ++i) AddOwnKeys(i);
    for (size_t i = 0; i < tables_.size(); ++i) {
      for (const ForeignKey& key : tables_[i]->foreign_keys) AddForeignKey(i, key);
    }
    MarkDeepComponents();
    std::map<model::ObjectName, TableKeys> result;
    for (size_t i = 0; i < tables_.size(); ++i) {
      for (const TableKeys::Group& group : keys_[i].groups_) {
        for (const TableKeys::Part& part : group.parts) AddColumn(keys_[i].key_columns_, part.column);
      }
      result[tables_[i]->name] = std::move(keys_[i]);
    }
    return result;
  }

 private:
  void AddOwnKeys(size_t index) {
    const Table& table = *tables_[index];
    TableKeys& keys = keys_[index];
    const std::string name = table.name.database + '\0' + table.name.name;
    keys.table_hash_ = HashBytes(name, 1);
    const Key* identity = table.IdentityKey();
    keys.ordered_ = identity == nullptr;
    for (const Key& key : table.keys) {
      if (!key.primary && !key.unique) continue;
      if (key.has_expression) {
        keys.ordered_ = true;
        continue;
      }
      TableKeys::Group group;
      group.seed = HashBytes(name, 100 + keys.groups_.size());
      group.identity = &key == identity;
      for (const model::KeyPart& part : key.parts) {
        group.parts.push_back({part.column, part.prefix_length, FoldModeOf(table.columns[part.column].type)});
      }
      keys.groups_.push_back(std::move(group));
    }
  }

  // The parent's group over these columns, made when no unique key has exactly them.
  const TableKeys::Group& ParentGroup(size_t parent, const std::vector<uint32_t>& columns) {
    const std::set<uint32_t> wanted(columns.begin(), columns.end());
    TableKeys& keys = keys_[parent];
    for (const TableKeys::Group& group : keys.groups_) {
      if (group.refers) continue;
      std::set<uint32_t> has;
      bool is_whole = true;
      for (const TableKeys::Part& part : group.parts) {
        has.insert(part.column);
        is_whole = is_whole && part.prefix_length == 0;
      }
      if (is_whole && has == wanted) return group;
    }
    const Table& table = *tables_[parent];
    TableKeys::Group group;
    group.seed = HashBytes(table.name.database + '\0' + table.name.name, 100 + keys.groups_.size());
    for (const uint32_t column : wanted) {
      group.parts.push_back({column, 0, FoldModeOf(table.columns[column].type)});
    }
    keys.groups_.push_back(std::move(group));
    return keys.groups_.back();
  }

  void AddForeignKey(size_t child, const ForeignKey& key) {
    const auto found = index_.find(key.referenced);
    if (found == index_.end()) return;  // the parent's changes are not applied: nothing to keep in order
    const size_t parent = found->second;
    const auto columns = ReferencedColumns(key, *tables_[parent]);
    if (!columns) {
      keys_[child].ordered_ = keys_[parent].ordered_ = true;
      return;
    }
    const TableKeys::Group parent_group = ParentGroup(parent, *columns);
    TableKeys::Group group;
    group.seed = parent_group.seed;
    group.refers = true;
    group.always = Cascades(key);
    for (const TableKeys::Part& part : parent_group.parts) {
      const auto at = std::find(columns->begin(), columns->end(), part.column) - columns->begin();
      group.parts.push_back({key.columns[static_cast<size_t>(at)], 0, part.mode});
    }
    keys_[child].groups_.push_back(std::move(group));

    if (Cascades(key.on_delete)) keys_[parent].delete_cascades_ = true;
    if (Cascades(key.on_update)) {
      keys_[parent].update_cascades_ = true;
      for (const uint32_t column : *columns) AddColumn(keys_[parent].referenced_columns_, column);
    }
  }

  // Where a table that is changed by a cascade is itself referred to, the rows that a change reaches cannot be told
  // from its own values: cascading changes then keep their order with everything that is connected.
  void MarkDeepComponents() {
    Components components(tables_.size());
    std::set<size_t> cascaded;
    std::set<size_t> referred;
    for (size_t child = 0; child < tables_.size(); ++child) {
      for (const ForeignKey& key : tables_[child]->foreign_keys) {
        const auto found = index_.find(key.referenced);
        if (found == index_.end()) continue;
        components.Join(child, found->second);
        referred.insert(found->second);
        if (Cascades(key)) cascaded.insert(child);
      }
    }
    std::set<size_t> deep;
    for (const size_t table : cascaded) {
      if (referred.contains(table)) deep.insert(components.Find(table));
    }
    for (size_t i = 0; i < tables_.size(); ++i) {
      const size_t root = components.Find(i);
      if (!deep.contains(root)) continue;
      keys_[i].component_hash_ = HashBytes(tables_[root]->name.database + '\0' + tables_[root]->name.name, 2);
    }
  }

  const std::vector<model::TablePtr>& tables_;
  std::map<model::ObjectName, size_t> index_;
  std::vector<TableKeys> keys_;
};

std::map<model::ObjectName, TableKeys> KeyCatalog::Compile(const std::vector<model::TablePtr>& tables) {
  return KeyBuilder(tables).Build();
}

}  // namespace sluice::pipeline
