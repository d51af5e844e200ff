#include "connectors/postgresql/applier_target.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"
#include "connectors/postgresql/codes.h"

namespace sluice::postgresql {
namespace {

// The columns of the table's key, as far as all of them are carried: the rest of a key identifies nothing.
std::vector<size_t> IdentityOf(const AppliedTable& target) {
  std::vector<size_t> identity;
  const model::Key* key = target.table->IdentityKey();
  if (key == nullptr) return identity;
  for (const model::KeyPart& part : key->parts) {
    const auto carried = std::find_if(target.columns.begin(), target.columns.end(),
                                      [&](const AppliedColumn& column) { return column.source == part.column; });
    if (carried == target.columns.end()) return {};
    identity.push_back(static_cast<size_t>(carried - target.columns.begin()));
  }
  return identity;
}

bool HasIdentity(const AppliedTable& target, model::Row before) {
  return !target.identity.empty() && std::none_of(target.identity.begin(), target.identity.end(), [&](size_t column) {
    const model::Cell& cell = before[target.columns[column].source];
    return cell.IsAbsent() || cell.IsNull();
  });
}

}  // namespace

AppliedTable MakeAppliedTable(const model::TablePtr& table, const model::TableMapping& mapping,
                              const StoredTable& stored, const std::string& side) {
  AppliedTable target;
  target.table = table;
  target.name = Quote(mapping.destination.database, mapping.destination.name);
  target.object = "table " + mapping.destination.Text();
  target.kind = stored.kind;
  target.only = stored.kind == 'p' ? "" : "ONLY ";
  target.defers = stored.defers;
  if (stored.kind == 0) {
    throw Error(kMissingObject)
        .Object(target.object)
        .Cause("the table that changes are to be applied to does not exist, or the account has no USAGE on its schema")
        .Remedy("Create it at the destination, or take it out of the task's objects.")
        .Side(side);
  }
  for (const model::ColumnMapping& column : mapping.columns) {
    const auto index = table->FindColumn(column.source);
    Check(index.has_value(), "a mapped column exists");
    const model::Column& source = table->columns[*index];
    if (source.generated != model::Generated::kNo) continue;
    const StoredColumn* there = stored.Find(column.destination);
    if (there == nullptr || there->generated) {
      throw Error(kMissingObject)
          .Object(target.object + ", column " + column.destination)
          .Cause(there == nullptr ? "the table has no such column" : "the column is generated there")
          .Remedy("Add the column at the destination, or exclude it in the task file.")
          .Side(side);
    }
    target.columns.push_back({*index, column.destination, source.type, *there});
    target.checks = target.checks || there->definition != source.type.native;
  }
  for (const auto& [name, column] : stored.columns) {
    const bool is_carried = std::any_of(target.columns.begin(), target.columns.end(),
                                        [&name = name](const AppliedColumn& one) { return one.name == name; });
    if (!is_carried && !column.generated) target.left_out.push_back({name, column.definition});
  }
  target.identity = IdentityOf(target);
  target.identity_is_indexed = std::any_of(target.identity.begin(), target.identity.end(), [&](size_t column) {
    return std::find(stored.leads_index.begin(), stored.leads_index.end(), target.columns[column].name) !=
           stored.leads_index.end();
  });
  return target;
}

std::vector<Shape> Shapes(const AppliedTable& target, Changes rows) {
  std::vector<Shape> shapes;
  std::map<std::pair<Mask, bool>, size_t> known;
  std::pair<Mask, bool> key;
  size_t last = 0;
  for (const model::RowChange* row : rows) {
    const bool has_before = row->kind != model::ChangeKind::kInsert;
    const bool has_after = row->kind != model::ChangeKind::kDelete;
    key.first.assign(target.columns.size(), false);
    for (size_t i = 0; has_after && i < target.columns.size(); ++i) {
      key.first[i] = !row->after[target.columns[i].source].IsAbsent();
    }
    key.second = !has_before || HasIdentity(target, row->before);
    if (shapes.empty() || shapes[last].there != key.first || shapes[last].has_identity != key.second) {
      const auto [found, is_new] = known.emplace(key, shapes.size());
      if (is_new) {
        shapes.push_back(
            {.there = key.first, .set = Mask(target.columns.size()), .has_identity = key.second, .rows = {}});
      }
      last = found->second;
    }
    Shape& shape = shapes[last];
    shape.rows.push_back(row);
    for (size_t i = 0; has_before && has_after && i < target.columns.size(); ++i) {
      const uint32_t source = target.columns[i].source;
      if (shape.there[i] && !model::SameCell(row->before[source], row->after[source])) shape.set[i] = true;
    }
  }
  return shapes;
}

}  // namespace sluice::postgresql
