#include "pipeline/dependency.h"

#include <algorithm>
#include <iterator>

namespace sluice::pipeline {

void DependencyIndex::Add(uint64_t number, std::span<const Claim> claims, std::vector<uint64_t>& follows) {
  const size_t first = follows.size();
  const auto follow = [&](uint64_t other) {
    if (other >= floor_ && other != 0 && other != number) follows.push_back(other);
  };
  for (const Claim claim : claims) {
    Holders& holders = resources_[ResourceOf(claim)];
    follow(holders.exclusive);
    if (IsExclusive(claim)) {
      for (const uint64_t other : holders.shared) follow(other);
      holders.shared.clear();
      holders.exclusive = number;
      continue;
    }
    if (holders.exclusive == number || (!holders.shared.empty() && holders.shared.back() == number)) continue;
    if (holders.shared.size() == holders.shared.capacity()) {
      std::erase_if(holders.shared, [&](uint64_t other) { return other < floor_; });
    }
    holders.shared.push_back(number);
  }
  std::sort(follows.begin() + static_cast<ptrdiff_t>(first), follows.end());
  follows.erase(std::unique(follows.begin() + static_cast<ptrdiff_t>(first), follows.end()), follows.end());
}

void DependencyIndex::Forget(uint64_t floor) {
  floor_ = floor;
  if (resources_.size() < sweep_at_) return;
  for (auto entry = resources_.begin(); entry != resources_.end();) {
    Holders& holders = entry->second;
    std::erase_if(holders.shared, [&](uint64_t other) { return other < floor_; });
    const bool is_free = holders.exclusive < floor_ && holders.shared.empty();
    entry = is_free ? resources_.erase(entry) : std::next(entry);
  }
  sweep_at_ = std::max<size_t>(4096, resources_.size() * 4);
}

}  // namespace sluice::pipeline
