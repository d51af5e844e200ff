#include "connectors/postgresql/foreign/tables_around.h"

#include <fmt/format.h>

#include <algorithm>

#include "sql/token.h"

namespace sluice::postgresql {

using connector::TableChange;
using model::ColumnType;
using model::ForeignKey;
using model::ObjectName;
using model::Table;
using model::TablePtr;
using model::TypeKind;

namespace {

bool RefersTo(const Table& table, const ObjectName& name) {
  return std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(),
                     [&](const ForeignKey& key) { return key.referenced == name; });
}

// Only what is sure: integers of another size or sign, or an integer and a text.
bool AreOthers(const ColumnType& a, const ColumnType& b) {
  const auto is_text = [](const ColumnType& type) {
    return type.kind == TypeKind::kChar || type.kind == TypeKind::kVarchar;
  };
  const bool has_integer = a.kind == TypeKind::kInteger || b.kind == TypeKind::kInteger;
  if (a.kind == b.kind) return has_integer && (a.bytes != b.bytes || a.is_unsigned != b.is_unsigned);
  return has_integer && (is_text(a) || is_text(b));
}

// MariaDB takes a table that does not fit what refers to it, and goes without the key (seen on 10.11).
bool Fits(const Table& table, const ForeignKey& key, const Table& referenced) {
  std::vector<uint32_t> columns;
  for (size_t i = 0; i < key.referenced_columns.size() && i < key.columns.size(); ++i) {
    const auto column = referenced.FindColumn(key.referenced_columns[i]);
    if (!column || AreOthers(table.columns[key.columns[i]].type, referenced.columns[*column].type)) return false;
    columns.push_back(*column);
  }
  return std::any_of(referenced.keys.begin(), referenced.keys.end(), [&](const model::Key& index) {
    return !index.parts.empty() &&
           std::find(columns.begin(), columns.end(), index.parts.front().column) != columns.end();
  });
}

std::string WhyNot(const std::map<ObjectName, TablePtr>& tables, const Table& table, const ForeignKey& key) {
  const auto found = tables.find(key.referenced);
  if (found == tables.end()) return fmt::format("table {} is not there", key.referenced.Text());
  if (Fits(table, key, *found->second)) return "";
  return fmt::format("table {} does not fit it by types or indexes, and the source does not act by it either",
                     key.referenced.Text());
}

}  // namespace

TablesAround::TablesAround(const std::vector<TableChange>& changes, const std::vector<TablePtr>& before)
    : changes_(changes), before_(before) {
  for (const TablePtr& table : before) staying_[table->name] = table;
  after_ = staying_;
  for (const TableChange& change : changes) {
    if (change.after != nullptr) {
      after_[change.name] = change.after;
      continue;
    }
    after_.erase(change.name);
    if (change.renamed_to.name.empty()) staying_.erase(change.name);
  }
}

std::string TablesAround::WhyNotBefore(const Table& table, const ForeignKey& key) const {
  return WhyNot(staying_, table, key);
}

std::string TablesAround::WhyNotAfter(const Table& table, const ForeignKey& key) const {
  return WhyNot(after_, table, key);
}

bool TablesAround::Changes(const ObjectName& name) const {
  return std::any_of(changes_.begin(), changes_.end(),
                     [&](const TableChange& change) { return change.name == name && change.after != nullptr; });
}

ObjectName TablesAround::Now(ObjectName table) const {
  for (const TableChange& change : changes_) {
    if (!change.renamed_to.name.empty() && change.name == table) table = change.renamed_to;
  }
  return table;
}

std::string TablesAround::ColumnNow(const ObjectName& table_now, const std::string& column) const {
  for (const TableChange& change : changes_) {
    if (change.name != table_now) continue;
    for (const auto& [now, was] : change.renamed_columns) {
      if (sql::EqualIgnoringCase(was, column)) return now;
    }
  }
  return column;
}

std::vector<TablePtr> TablesAround::ReferringTo(const ObjectName& gone) const {
  std::vector<TablePtr> tables;
  for (const auto& [name, table] : staying_) {
    if (RefersTo(*table, gone)) tables.push_back(table);
  }
  return tables;
}

std::vector<TablePtr> TablesAround::ReferringToChanged() const {
  std::vector<TablePtr> tables;
  for (const TablePtr& table : before_) {
    const bool is_changed = std::any_of(changes_.begin(), changes_.end(),
                                        [&](const TableChange& change) { return change.name == table->name; });
    const bool refers = std::any_of(table->foreign_keys.begin(), table->foreign_keys.end(),
                                    [&](const ForeignKey& key) { return Changes(key.referenced); });
    if (!is_changed && refers) tables.push_back(table);
  }
  return tables;
}

}  // namespace sluice::postgresql
