#include "pipeline/ordinals.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "pipeline/codes.h"

namespace sluice::pipeline {
namespace {

bool ReadNumber(std::string_view& text, uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

Error Unreadable(std::string_view text) {
  return Error(kBadProgress)
      .Object("table sluice.progress")
      .Cause(fmt::format("\"{}\" is no list of transaction numbers", text))
      .Remedy("Restore the database `sluice` at the destination, or begin anew with --restart.");
}

}  // namespace

Result<OrdinalSet> OrdinalSet::Parse(std::string_view text) {
  OrdinalSet set;
  std::string_view rest = text;
  while (!rest.empty()) {
    uint64_t first = 0;
    if (!ReadNumber(rest, first)) return Unreadable(text);
    uint64_t last = first;
    if (rest.starts_with('-')) {
      rest.remove_prefix(1);
      if (!ReadNumber(rest, last) || last < first) return Unreadable(text);
    }
    set.AddRange(first, last);
    if (rest.empty()) break;
    if (!rest.starts_with(',') || rest.size() == 1) return Unreadable(text);
    rest.remove_prefix(1);
  }
  return set;
}

std::string OrdinalSet::Text() const {
  std::string text;
  for (const auto& [first, last] : ranges_) {
    if (!text.empty()) text += ',';
    text += std::to_string(first);
    if (last != first) text += '-' + std::to_string(last);
  }
  return text;
}

void OrdinalSet::AddRange(uint64_t first, uint64_t last) {
  auto next = ranges_.upper_bound(first);
  if (next != ranges_.begin()) {
    const auto before = std::prev(next);
    if (before->second + 1 >= first) {
      first = before->first;
      last = std::max(last, before->second);
      next = ranges_.erase(before);
    }
  }
  while (next != ranges_.end() && next->first <= last + 1) {
    last = std::max(last, next->second);
    next = ranges_.erase(next);
  }
  ranges_.emplace_hint(next, first, last);
}

void OrdinalSet::AddAll(const OrdinalSet& other) {
  for (const auto& [first, last] : other.ranges_) AddRange(first, last);
}

void OrdinalSet::RemoveUpTo(uint64_t ordinal) {
  while (!ranges_.empty() && ranges_.begin()->first <= ordinal) {
    const uint64_t last = ranges_.begin()->second;
    ranges_.erase(ranges_.begin());
    if (last > ordinal) ranges_.emplace(ordinal + 1, last);
  }
}

bool OrdinalSet::Contains(uint64_t ordinal) const {
  const auto next = ranges_.upper_bound(ordinal);
  return next != ranges_.begin() && std::prev(next)->second >= ordinal;
}

}  // namespace sluice::pipeline
