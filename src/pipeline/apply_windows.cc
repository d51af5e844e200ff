#include "pipeline/apply_windows.h"

namespace sluice::pipeline {

using model::Position;

ApplyWindows::ApplyWindows(const connector::Source& source, const std::vector<TableWindow>& windows) : source_(source) {
  for (const TableWindow& window : windows) {
    if (window.skip_until.empty() && window.replay_until.empty()) continue;
    windows_[window.table] = {window.skip_until, window.replay_until};
  }
}

// A transaction whose end is not known yet (the first parts of a large one) is judged by where it begins: a place that
// is not reached there lies at or after its end, because cuts lie between transactions.
bool ApplyWindows::Covers(const Position& place, const Position& begin, const Position& end) {
  if (place.empty()) return false;
  const auto [entry, is_new] = covered_.try_emplace(place.json, false);
  if (is_new) entry->second = end.empty() ? !source_.Reached(begin, place) : source_.Reached(place, end);
  return entry->second;
}

void ApplyWindows::Enter(const Position& begin, const Position& end) {
  if (windows_.empty()) return;
  covered_.clear();
  for (auto entry = windows_.begin(); entry != windows_.end();) {
    Window& window = entry->second;
    window.rule = Covers(window.skip_until, begin, end)     ? WindowRule::kSkip
                  : Covers(window.replay_until, begin, end) ? WindowRule::kReplay
                                                            : WindowRule::kApply;
    // Positions only grow: a window that is passed stays so.
    entry = window.rule == WindowRule::kApply ? windows_.erase(entry) : std::next(entry);
  }
}

WindowRule ApplyWindows::RuleFor(const model::ObjectName& table) const {
  const auto found = windows_.find(table);
  return found == windows_.end() ? WindowRule::kApply : found->second.rule;
}

}  // namespace sluice::pipeline
