// Remembers which unfinished units of work claimed a resource last, and so tells what a new one must wait for. Units
// are numbered in their order; numbers below a floor are finished. Not thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "pipeline/dependency_keys.h"

namespace sluice::pipeline {

class DependencyIndex {
 public:
  // Records the claims of unit `number` (larger than all before) and appends the earlier units that it has to follow;
  // finished ones may be among them, doubles are not.
  void Add(uint64_t number, std::span<const Claim> claims, std::vector<uint64_t>& follows);
  // Units below `floor` are finished: what only they claimed may be forgotten.
  void Forget(uint64_t floor);
  size_t size() const { return resources_.size(); }

 private:
  struct Holders {
    uint64_t exclusive = 0;        // 0: none
    std::vector<uint64_t> shared;  // since then
  };
  struct Identity {
    size_t operator()(uint64_t hash) const { return hash; }  // it is one already
  };

  std::unordered_map<uint64_t, Holders, Identity> resources_;
  uint64_t floor_ = 0;
  size_t sweep_at_ = 4096;
};

}  // namespace sluice::pipeline
