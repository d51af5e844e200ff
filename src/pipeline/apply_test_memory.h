// A database in memory for tests of the applier: tables with unique keys and cascading foreign keys, transactions one
// at a time. Small and slow on purpose: every check is a scan.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "model/change.h"
#include "model/table.h"

namespace sluice::pipeline::testing {

inline constexpr ErrorCode kTestRowMissing{"TS-0001", "A row is missing"};
inline constexpr ErrorCode kTestDuplicate{"TS-0002", "A unique value is taken"};
inline constexpr ErrorCode kTestForeignKey{"TS-0003", "A foreign key is violated"};

using Value = std::optional<std::string>;
using Values = std::vector<Value>;

// Equality of the fake's text collation: case and trailing spaces do not count.
inline std::string Collated(const Value& value, const model::ColumnType& type) {
  std::string text = value.value_or("");
  if (!type.IsText() || type.collation.ends_with("_bin")) return text;
  while (text.ends_with(' ')) text.pop_back();
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

class MemoryDatabase {
 public:
  explicit MemoryDatabase(const std::vector<model::TablePtr>& tables) {
    for (const model::TablePtr& table : tables) rows_[table->name].table = table;
  }

  void Insert(const model::ObjectName& name, const Values& row) {
    Stored& stored = rows_.at(name);
    CheckUnique(stored, row, nullptr);
    CheckParents(stored, row);
    stored.rows.push_back(row);
  }

  void Update(const model::ObjectName& name, const Values& before, const Values& after) {
    Stored& stored = rows_.at(name);
    Values& row = Find(stored, before);
    CheckUnique(stored, after, &row);
    const Values old = row;
    row = after;
    Cascade(*stored.table, old, &after);
    CheckParents(stored, after);
  }

  void Delete(const model::ObjectName& name, const Values& before) {
    Stored& stored = rows_.at(name);
    const Values old = Find(stored, before);
    std::erase_if(stored.rows, [&, done = false](const Values& row) mutable {
      if (done || row != old) return false;
      return done = true;
    });
    Cascade(*stored.table, old, nullptr);
  }

  // All rows, sorted, as text: equal for equal contents.
  std::string Dump() const {
    std::string text;
    for (const auto& [name, stored] : rows_) {
      text += name.Text() + ":\n";
      std::vector<std::string> lines;
      for (const Values& row : stored.rows) {
        std::string line;
        for (const Value& value : row) line += value ? "[" + *value + "]" : "null ";
        lines.push_back(line);
      }
      std::sort(lines.begin(), lines.end());
      for (const std::string& line : lines) text += "  " + line + "\n";
    }
    return text;
  }

  const std::vector<Values>& Rows(const model::ObjectName& name) const { return rows_.at(name).rows; }
  model::TablePtr Describe(const model::ObjectName& name) const { return rows_.at(name).table; }

  // By identity, or by all values where there is none; null when it is not there.
  const Values* Look(const model::ObjectName& name, const Values& like) const {
    return const_cast<MemoryDatabase*>(this)->FindOrNull(const_cast<Stored&>(rows_.at(name)), like);
  }

 private:
  struct Stored {
    model::TablePtr table;
    std::vector<Values> rows;
  };

  static bool SameKey(const model::Table& table, const std::vector<uint32_t>& columns, const Values& a,
                      const Values& b) {
    return std::all_of(columns.begin(), columns.end(), [&](uint32_t column) {
      const model::ColumnType& type = table.columns[column].type;
      return a[column] && b[column] && Collated(a[column], type) == Collated(b[column], type);
    });
  }
  static std::vector<uint32_t> ColumnsOf(const model::Key& key) {
    std::vector<uint32_t> columns;
    for (const model::KeyPart& part : key.parts) columns.push_back(part.column);
    return columns;
  }

  Values* FindOrNull(Stored& stored, const Values& like) {
    const model::Key* key = stored.table->IdentityKey();
    for (Values& row : stored.rows) {
      if (key != nullptr ? SameKey(*stored.table, ColumnsOf(*key), row, like) : row == like) return &row;
    }
    return nullptr;
  }
  Values& Find(Stored& stored, const Values& like) {
    Values* row = FindOrNull(stored, like);
    if (row == nullptr) throw Error(kTestRowMissing).Object(stored.table->name.Text());
    return *row;
  }

  static void CheckUnique(const Stored& stored, const Values& row, const Values* except) {
    for (const model::Key& key : stored.table->keys) {
      for (const Values& other : stored.rows) {
        if (&other != except && SameKey(*stored.table, ColumnsOf(key), row, other)) {
          throw Error(kTestDuplicate).Object(stored.table->name.Text());
        }
      }
    }
  }

  void CheckParents(const Stored& child, const Values& row) const {
    for (const model::ForeignKey& key : child.table->foreign_keys) {
      const Stored& parent = rows_.at(key.referenced);
      bool is_null = false;
      for (const uint32_t column : key.columns) is_null = is_null || !row[column];
      if (is_null) continue;
      const bool found = std::any_of(parent.rows.begin(), parent.rows.end(), [&](const Values& candidate) {
        return Refers(*child.table, key, row, *parent.table, candidate);
      });
      if (!found) throw Error(kTestForeignKey).Object(child.table->name.Text());
    }
  }

  static bool Refers(const model::Table& child, const model::ForeignKey& key, const Values& row,
                     const model::Table& parent, const Values& candidate) {
    for (size_t i = 0; i < key.columns.size(); ++i) {
      const uint32_t at = *parent.FindColumn(key.referenced_columns[i]);
      const Value& value = row[key.columns[i]];
      if (!value ||
          Collated(value, child.columns[key.columns[i]].type) != Collated(candidate[at], parent.columns[at].type)) {
        return false;
      }
    }
    return true;
  }

  // A row of `parent` became `now`, or went away.
  void Cascade(const model::Table& parent, const Values& old, const Values* now) {
    for (auto& [name, child] : rows_) {
      for (const model::ForeignKey& key : child.table->foreign_keys) {
        if (key.referenced != parent.name) continue;
        if (now != nullptr && Refers(parent, KeyAtParent(key, parent), *now, parent, old)) continue;
        CascadeTo(child, key, parent, old, now);
      }
    }
  }
  static model::ForeignKey KeyAtParent(const model::ForeignKey& key, const model::Table& parent) {
    model::ForeignKey own = key;
    for (size_t i = 0; i < own.columns.size(); ++i) own.columns[i] = *parent.FindColumn(key.referenced_columns[i]);
    return own;
  }

  void CascadeTo(Stored& child, const model::ForeignKey& key, const model::Table& parent, const Values& old,
                 const Values* now) {
    const model::ReferentialAction action = now != nullptr ? key.on_update : key.on_delete;
    std::vector<Values> hit;
    for (const Values& row : child.rows) {
      if (Refers(*child.table, key, row, parent, old)) hit.push_back(row);
    }
    if (hit.empty()) return;
    if (action == model::ReferentialAction::kRestrict || action == model::ReferentialAction::kNoAction) {
      throw Error(kTestForeignKey).Object(child.table->name.Text());
    }
    for (const Values& row : hit) {
      if (action == model::ReferentialAction::kCascade && now == nullptr) {
        if (FindOrNull(child, row) != nullptr) Delete(child.table->name, row);
        continue;
      }
      Values changed = row;
      for (size_t i = 0; i < key.columns.size(); ++i) {
        const uint32_t at = *parent.FindColumn(key.referenced_columns[i]);
        changed[key.columns[i]] = now != nullptr && action == model::ReferentialAction::kCascade ? (*now)[at] : Value();
      }
      Update(child.table->name, row, changed);
    }
  }

  std::map<model::ObjectName, Stored> rows_;
};

}  // namespace sluice::pipeline::testing
