// Digests of rows (XXH3, 128 bits) and of sets of rows, where order does not count.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>

#include "model/row.h"

namespace sluice::pipeline {

struct Digest {
  uint64_t low = 0;
  uint64_t high = 0;

  auto operator<=>(const Digest&) const = default;
};

struct DigestHash {
  size_t operator()(const Digest& digest) const { return digest.low; }
};

// Each cell goes in with its length, NULL with a length no cell has: neither borders nor NULLs can be mistaken.
// Cells are kBytes or kNull. Not thread-safe: it keeps a buffer.
class RowHasher {
 public:
  // Of the first `count` cells.
  Digest Of(model::Row row, size_t count);
  Digest Of(model::Row row) { return Of(row, row.size()); }

 private:
  std::string buffer_;
};

// A multiset of rows: equal multisets have equal digests, and others do not but by a chance of about 2^-128.
class SetDigest {
 public:
  void Add(const Digest& row) {
    ++rows_;
    const uint64_t low = sum_.low + row.low;
    sum_.high += row.high + (low < row.low ? 1 : 0);
    sum_.low = low;
    xor_.low ^= row.low;
    xor_.high ^= row.high;
  }
  // Joins two multisets.
  void Add(const SetDigest& other) {
    rows_ += other.rows_;
    const uint64_t low = sum_.low + other.sum_.low;
    sum_.high += other.sum_.high + (low < other.sum_.low ? 1 : 0);
    sum_.low = low;
    xor_.low ^= other.xor_.low;
    xor_.high ^= other.xor_.high;
  }
  uint64_t rows() const { return rows_; }
  bool operator==(const SetDigest&) const = default;

 private:
  uint64_t rows_ = 0;
  Digest sum_;  // modulo 2^128
  Digest xor_;
};

}  // namespace sluice::pipeline
