// A set of transaction numbers, kept and written as ranges: "12-40,44".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::pipeline {

// Not thread-safe.
class OrdinalSet {
 public:
  static Result<OrdinalSet> Parse(std::string_view text);
  std::string Text() const;

  void Add(uint64_t ordinal) { AddRange(ordinal, ordinal); }
  void AddRange(uint64_t first, uint64_t last);
  void AddAll(const OrdinalSet& other);
  // Forgets everything up to and including `ordinal`.
  void RemoveUpTo(uint64_t ordinal);
  bool Contains(uint64_t ordinal) const;
  bool empty() const { return ranges_.empty(); }
  bool operator==(const OrdinalSet&) const = default;

 private:
  std::map<uint64_t, uint64_t> ranges_;  // first to last, never touching each other
};

}  // namespace sluice::pipeline
