#include "pipeline/dependency_keys.h"

#include <algorithm>

namespace sluice::pipeline {
namespace {

using model::ChangeKind;
using model::Row;

bool SameColumns(const std::vector<uint32_t>& columns, const model::RowChange& change) {
  return std::all_of(columns.begin(), columns.end(),
                     [&](uint32_t column) { return model::SameCell(change.before[column], change.after[column]); });
}

}  // namespace

bool TableKeys::Collect(const model::RowChange& change, std::vector<Claim>& claims) const {
  // Inserts do not depend on each other: of two that a key would not allow together, the first was changed in between.
  const bool keeps_order = ordered_ && change.kind != ChangeKind::kInsert;
  claims.push_back(keeps_order ? ExclusiveClaim(table_hash_) : SharedClaim(table_hash_));
  if (component_hash_ != 0) {
    const bool cascades =
        (change.kind == ChangeKind::kDelete && delete_cascades_) ||
        (change.kind == ChangeKind::kUpdate && update_cascades_ && !SameColumns(referenced_columns_, change));
    claims.push_back(cascades ? ExclusiveClaim(component_hash_) : SharedClaim(component_hash_));
  }
  bool alone = ordered_;
  bool only_unknown = false;
  for (const Group& group : groups_) {
    if (!CollectGroup(group, change, claims)) continue;
    if (group.refers && change.foreign_keys_off) continue;
    claims.push_back(WholeTable());
    const bool is_unknown =
        !group.identity && !group.refers && (LacksCells(group, change.before) || LacksCells(group, change.after));
    (is_unknown ? only_unknown : alone) = true;
  }
  return only_unknown && !alone;
}

bool TableKeys::LacksCells(const Group& group, Row row) {
  return !row.empty() && std::any_of(group.parts.begin(), group.parts.end(),
                                     [&](const Part& part) { return row[part.column].IsAbsent(); });
}

bool TableKeys::CollectGroup(const Group& group, const model::RowChange& change, std::vector<Claim>& claims) const {
  const size_t first = claims.size();
  bool is_absent = false;
  if (change.kind != ChangeKind::kInsert) is_absent = ClaimValues(group, change.before, claims) == Values::kAbsent;
  if (change.kind == ChangeKind::kUpdate) {
    const bool keeps_values = std::all_of(group.parts.begin(), group.parts.end(), [&](const Part& part) {
      return model::SameCell(change.before[part.column], change.after[part.column]);
    });
    if (keeps_values) {
      // Nothing is taken or given up: only the row itself, or a row that may vanish with its parent, has to keep order.
      if (!group.identity && !group.always && !is_absent) claims.resize(first);
    } else if (ClaimValues(group, change.after, claims) == Values::kAbsent) {
      is_absent = true;
    }
  } else if (change.kind == ChangeKind::kInsert) {
    is_absent = ClaimValues(group, change.after, claims) == Values::kAbsent;
  }
  return is_absent;
}

// The values that can be hashed exactly make a bucket; the folded text makes the value inside it. A row with text that
// cannot be folded holds its whole bucket, the others share it.
TableKeys::Values TableKeys::ClaimValues(const Group& group, Row row, std::vector<Claim>& claims) const {
  thread_local std::string exact;
  thread_local std::string folded;
  exact.clear();
  folded.clear();
  bool has_text = false;
  bool is_opaque = false;
  for (const Part& part : group.parts) {
    const model::Cell& cell = row[part.column];
    if (cell.IsAbsent()) return Values::kAbsent;
    if (cell.IsNull()) return Values::kNull;  // null equals nothing, in unique and in foreign keys
    const bool may_fail = part.mode == FoldMode::kAscii || part.mode == FoldMode::kOpaque || part.prefix_length != 0;
    if (!may_fail) {
      if (!AppendFolded(cell, part.mode, 0, exact)) return Values::kAbsent;
      continue;
    }
    has_text = true;
    if (!AppendFolded(cell, part.mode, part.prefix_length, folded)) is_opaque = true;
  }
  const uint64_t bucket = HashBytes(exact, group.seed);
  const bool shares = group.refers;
  if (!has_text) {
    claims.push_back(shares ? SharedClaim(bucket) : ExclusiveClaim(bucket));
  } else if (is_opaque) {
    claims.push_back(ExclusiveClaim(bucket));
  } else {
    const uint64_t value = HashBytes(folded, bucket ^ 0x9e3779b97f4a7c15ull);
    claims.push_back(SharedClaim(bucket));
    claims.push_back(shares ? SharedClaim(value) : ExclusiveClaim(value));
  }
  return Values::kUsable;
}

}  // namespace sluice::pipeline
