#include "connectors/mysql/applier_reread.h"

#include <algorithm>
#include <cstdlib>

#include "connectors/mysql/literal.h"

namespace sluice::mysql {

using model::ChangeKind;

RowReread::RowReread(Connection& connection, const Target& target, const model::RowChange& row, bool may_miss)
    : connection_(connection), target_(target), row_(row) {
  if (row.kind == ChangeKind::kDelete) return;
  // Without a key others may hold the same values.
  const bool keyless = target.keyless();
  expected_ = keyless ? CountExact(row.after) : 0;
  const bool may_find_none = may_miss && row.kind == ChangeKind::kUpdate;
  const bool finds = !may_find_none || (keyless ? CountExact(row.before) : CountIdentity(row.before)) != 0;
  expected_ += finds ? 1 : 0;
}

bool RowReread::Arrived() {
  return row_.kind == ChangeKind::kDelete || CountExact(row_.after) == expected_;
}

uint64_t RowReread::CountExact(model::Row row) {
  std::string condition;
  for (const TargetColumn& column : target_.columns) {
    const model::Cell& cell = row[column.source];
    if (cell.IsAbsent()) continue;
    if (!condition.empty()) condition += " AND ";
    AppendExactMatch(condition, column.name, cell, column.type, column.stored, connection_.is_mariadb());
  }
  return Count(condition);
}

uint64_t RowReread::CountIdentity(model::Row row) {
  std::string condition;
  for (const size_t index : target_.identity) {
    const TargetColumn& column = target_.columns[index];
    if (!condition.empty()) condition += " AND ";
    condition += column.name + "=";
    AppendStored(condition, row[column.source], column.type, column.stored, connection_.is_mariadb());
  }
  return Count(condition);
}

uint64_t RowReread::Count(const std::string& condition) {
  const OptionalText count = connection_.QueryOne(
      "SELECT COUNT(*) FROM " + target_.name + (condition.empty() ? "" : " WHERE " + condition), target_.object);
  return std::strtoull(count.value_or("0").c_str(), nullptr, 10);
}

}  // namespace sluice::mysql
