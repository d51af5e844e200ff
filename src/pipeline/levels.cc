#include "pipeline/levels.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "pipeline/dependency_hash.h"

namespace sluice::pipeline {
namespace {

using connector::RowGroup;
using model::ChangeKind;
using model::Row;

constexpr uint32_t kNone = UINT32_MAX;

// A change of the batch with everything merged into it so far.
struct Entry {
  NetChange net;
  const PlannedChange* planned = nullptr;  // the first
  uint32_t level = 0;                      // from 1
  bool merges = false;
  bool is_merged = false;
};

// The highest levels at which a resource was claimed. `last` is the entry behind `exclusive`.
struct Claimed {
  uint32_t exclusive = 0;
  uint32_t last = kNone;
  uint32_t shared = 0;
};

struct AsIs {
  size_t operator()(uint64_t hash) const { return hash; }
};

class Leveler {
 public:
  Leveler(size_t changes, OnRefusal on_refusal) : on_refusal_(on_refusal) {
    entries_.reserve(changes);
    claimed_.reserve(changes * 3);
    rows_.reserve(changes);
  }

  void Add(const PlannedChange& change, std::span<const Claim> claims);
  std::vector<Entry>& entries() { return entries_; }

 private:
  // The highest level among the changes that this one follows, the entry `except` left out.
  uint32_t LevelBefore(std::span<const Claim> claims, uint32_t except) const;
  void Record(std::span<const Claim> claims, uint32_t entry);
  std::span<const Claim> Relaxed(const PlannedChange& change, std::span<const Claim> claims);
  uint64_t RowHash(const TablePlan& plan, Row row);
  uint32_t FindRow(const TablePlan& plan, Row row, uint64_t hash) const;

  const OnRefusal on_refusal_;
  std::vector<Entry> entries_;
  std::unordered_map<uint64_t, Claimed, AsIs> claimed_;
  std::unordered_map<uint64_t, uint32_t, AsIs> rows_;  // identity of the row as it stands now -> entry
  std::string buffer_;
  std::vector<Claim> relaxed_;
};

uint32_t Leveler::LevelBefore(std::span<const Claim> claims, uint32_t except) const {
  uint32_t level = 0;
  for (const Claim claim : claims) {
    const auto found = claimed_.find(ResourceOf(claim));
    if (found == claimed_.end()) continue;
    const Claimed& claimed = found->second;
    if (claimed.last != except) level = std::max(level, claimed.exclusive);
    if (IsExclusive(claim)) level = std::max(level, claimed.shared);
  }
  return level;
}

void Leveler::Record(std::span<const Claim> claims, uint32_t entry) {
  const uint32_t level = entries_[entry].level;
  for (const Claim claim : claims) {
    Claimed& claimed = claimed_[ResourceOf(claim)];
    if (IsExclusive(claim)) {
      claimed = {.exclusive = level, .last = entry, .shared = 0};
    } else if (claimed.last != entry || claimed.exclusive != level) {
      claimed.shared = std::max(claimed.shared, level);
    }
  }
}

uint64_t Leveler::RowHash(const TablePlan& plan, Row row) {
  buffer_.clear();
  for (const uint32_t column : plan.identity) {
    const model::Cell& cell = row[column];
    buffer_ += static_cast<char>(cell.kind);
    if (cell.HasBytes()) {
      buffer_.append(reinterpret_cast<const char*>(&cell.size), sizeof cell.size);
      buffer_.append(cell.text());
    } else {
      buffer_.append(reinterpret_cast<const char*>(&cell.u), sizeof cell.u);
    }
  }
  return HashBytes(buffer_, reinterpret_cast<uintptr_t>(&plan));
}

uint32_t Leveler::FindRow(const TablePlan& plan, Row row, uint64_t hash) const {
  const auto found = rows_.find(hash);
  if (found == rows_.end()) return kNone;
  const Entry& entry = entries_[found->second];
  const Row now = entry.net.change.kind == ChangeKind::kDelete ? entry.net.change.before : entry.net.change.after;
  return entry.planned->plan == &plan && SameIdentity(plan, now, row) ? found->second : kNone;
}

// Within one transaction of the destination, rows that exchange unique values in an unknown way may be tried together:
// what comes out is the same in any order that no unique key refuses. If one is refused, the batch is done again change
// by change.
std::span<const Claim> Leveler::Relaxed(const PlannedChange& change, std::span<const Claim> claims) {
  if (!change.gives_up_unknown || on_refusal_ == OnRefusal::kGiveUp) return claims;
  relaxed_.assign(claims.begin(), claims.end());
  const Claim whole = change.plan->keys.WholeTable();
  std::replace(relaxed_.begin(), relaxed_.end(), whole, SharedClaim(whole));
  return relaxed_;
}

void Leveler::Add(const PlannedChange& change, std::span<const Claim> all_claims) {
  const std::span<const Claim> claims = Relaxed(change, all_claims);
  const TablePlan& plan = *change.plan;
  const model::RowChange& row = *change.row;
  const bool merges = CanMerge(change);
  uint64_t was = 0;
  if (merges) {
    const Row target = row.kind == ChangeKind::kInsert ? row.after : row.before;
    was = RowHash(plan, target);
    const uint32_t earlier = FindRow(plan, target, was);
    if (earlier != kNone && entries_[earlier].merges && LevelBefore(claims, earlier) < entries_[earlier].level) {
      Entry& entry = entries_[earlier];
      if (auto net = Merge(plan, entry.net, row)) {
        entry.net = std::move(*net);
        entry.is_merged = true;
        Record(claims, earlier);
        if (row.kind == ChangeKind::kUpdate) rows_[RowHash(plan, row.after)] = earlier;
        return;
      }
    }
  }
  const auto index = static_cast<uint32_t>(entries_.size());
  entries_.push_back({.net = {.nothing = false, .change = row},
                      .planned = &change,
                      .level = LevelBefore(claims, kNone) + 1,
                      .merges = merges});
  Record(claims, index);
  if (merges) {
    rows_[was] = index;
    if (row.kind == ChangeKind::kUpdate) rows_[RowHash(plan, row.after)] = index;
  }
}

// An update that changes nothing (any more) is left out.
bool IsEmpty(const NetChange& net) {
  if (net.nothing) return true;
  if (net.change.kind != ChangeKind::kUpdate) return false;
  for (size_t i = 0; i < net.change.before.size(); ++i) {
    if (!model::SameCell(net.change.before[i], net.change.after[i])) return false;
  }
  return true;
}

// Deletes first: a unique value that one gives up may be taken by the others.
auto GroupKey(const Entry& entry) {
  return std::make_tuple(entry.level, entry.planned->plan, -static_cast<int>(entry.net.change.kind),
                         entry.net.change.foreign_keys_off, entry.planned->idempotent);
}

}  // namespace

LeveledBatch Level(const std::vector<ApplyUnit*>& units, OnRefusal on_refusal) {
  size_t changes = 0;
  for (const ApplyUnit* unit : units) changes += unit->changes.size();
  Leveler leveler(changes, on_refusal);
  for (const ApplyUnit* unit : units) {
    for (const PlannedChange& change : unit->changes) leveler.Add(change, unit->ClaimsOf(change));
  }

  LeveledBatch batch;
  std::vector<const Entry*> order;
  order.reserve(leveler.entries().size());
  for (const Entry& entry : leveler.entries()) {
    if (!entry.is_merged || !IsEmpty(entry.net)) order.push_back(&entry);
    batch.levels = std::max<size_t>(batch.levels, entry.level);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const Entry* a, const Entry* b) { return GroupKey(*a) < GroupKey(*b); });
  const Entry* last = nullptr;
  for (const Entry* entry : order) {
    const model::RowChange* row = entry->planned->row;
    if (entry->is_merged) row = &batch.merged.emplace_back(entry->net.change);
    if (last == nullptr || GroupKey(*last) != GroupKey(*entry)) {
      RowGroup& group = batch.groups.emplace_back();
      group.mapping = entry->planned->plan->mapping;
      group.table = entry->planned->plan->table;
      group.kind = row->kind;
      group.foreign_keys_off = row->foreign_keys_off;
      group.idempotent = entry->planned->idempotent;
      group.lenient = entry->planned->plan->lenient;
    }
    batch.groups.back().rows.push_back(row);
    last = entry;
  }
  return batch;
}

}  // namespace sluice::pipeline
