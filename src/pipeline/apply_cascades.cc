#include "pipeline/apply_cascades.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

namespace sluice::pipeline {
namespace {

using model::ChangeKind;
using model::ForeignKey;
using model::ReferentialAction;

bool Follows(ReferentialAction action) {
  return action == ReferentialAction::kCascade || action == ReferentialAction::kSetNull;
}

// Values of a referenced key that a row had, as one text; nothing when one of them is null or not in the image.
std::optional<std::string> KeyText(const model::ObjectName& table, const std::vector<std::string>& names,
                                   model::Row row, const std::vector<uint32_t>& columns) {
  std::string text = table.database + '\0' + table.name;
  for (size_t i = 0; i < columns.size(); ++i) {
    const model::Cell& cell = row[columns[i]];
    if (cell.IsNull() || cell.IsAbsent()) return std::nullopt;
    const std::string number = cell.HasBytes() ? std::string() : std::to_string(cell.u);
    const std::string_view value = cell.HasBytes() ? cell.text() : std::string_view(number);
    text += fmt::format("\n{}={}:", names[i], value.size());
    text += value;
  }
  return text;
}

// Which values of referenced keys the kept changes gave up, as far as foreign keys of the left out ones ask.
class GivenUp {
 public:
  explicit GivenUp(const std::vector<LeftOut>& left_out) {
    for (const LeftOut& one : left_out) {
      for (const ForeignKey& key : one.change.plan->table->foreign_keys) {
        const bool is_known = std::any_of(asked_.begin(), asked_.end(), [&](const ForeignKey* other) {
          return other->referenced == key.referenced && other->referenced_columns == key.referenced_columns;
        });
        if (!is_known) asked_.push_back(&key);
      }
    }
  }

  void Add(const PlannedChange& change) {
    const model::RowChange& row = *change.row;
    if (row.kind == ChangeKind::kInsert || !row.foreign_keys_off) return;
    for (const ForeignKey* key : asked_) {
      if (!(key->referenced == change.plan->table->name)) continue;
      std::vector<uint32_t> columns;
      for (const std::string& name : key->referenced_columns) {
        const auto column = change.plan->table->FindColumn(name);
        if (!column) break;
        columns.push_back(*column);
      }
      if (columns.size() != key->referenced_columns.size()) continue;
      const bool gives_up =
          row.kind == ChangeKind::kDelete || std::any_of(columns.begin(), columns.end(), [&](uint32_t column) {
            return !model::SameCell(row.before[column], row.after[column]);
          });
      const auto text = KeyText(key->referenced, key->referenced_columns, row.before, columns);
      if (gives_up && text) texts_.insert(*text);
    }
  }

  bool Caused(const PlannedChange& change) const {
    return std::any_of(
        change.plan->table->foreign_keys.begin(), change.plan->table->foreign_keys.end(), [&](const ForeignKey& key) {
          if (!Follows(key.on_delete) && !Follows(key.on_update)) return false;
          const auto text = KeyText(key.referenced, key.referenced_columns, change.row->before, key.columns);
          return text && texts_.contains(*text);
        });
  }

 private:
  std::vector<const ForeignKey*> asked_;
  std::unordered_set<std::string> texts_;
};

}  // namespace

bool MayBeCascade(const PlannedChange& change) {
  if (change.row->kind == ChangeKind::kInsert || !change.row->foreign_keys_off) return false;
  const auto& keys = change.plan->table->foreign_keys;
  return std::any_of(keys.begin(), keys.end(),
                     [](const ForeignKey& key) { return Follows(key.on_delete) || Follows(key.on_update); });
}

void KeepCascades(std::vector<PlannedChange>& kept, std::vector<LeftOut> left_out) {
  GivenUp given_up(left_out);
  for (const PlannedChange& change : kept) given_up.Add(change);
  std::vector<bool> is_kept(left_out.size(), false);
  // One that is kept can be what others follow from.
  for (bool again = true; again;) {
    again = false;
    for (size_t i = 0; i < left_out.size(); ++i) {
      if (is_kept[i] || !given_up.Caused(left_out[i].change)) continue;
      is_kept[i] = again = true;
      given_up.Add(left_out[i].change);
    }
  }
  std::vector<PlannedChange> merged;
  merged.reserve(kept.size() + left_out.size());
  size_t next = 0;
  for (size_t i = 0; i <= kept.size(); ++i) {
    for (; next < left_out.size() && left_out[next].before == i; ++next) {
      if (is_kept[next]) merged.push_back(left_out[next].change);
    }
    if (i < kept.size()) merged.push_back(kept[i]);
  }
  kept = std::move(merged);
}

}  // namespace sluice::pipeline
