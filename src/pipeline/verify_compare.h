// Finds the rows that differ in a chunk whose digests differ. Reads the chunk again on both sides, first only digests
// of keys and rows, then the rows behind the differing ones, so that memory does not grow with the chunk.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "connector/connector.h"
#include "pipeline/digest.h"
#include "pipeline/verify.h"
#include "pipeline/verify_session.h"

namespace sluice::pipeline {

using TextRow = connector::VerifyReader::TextRow;

// One row at both sides; with both, they differ. Without a key only one side is given.
struct RowPair {
  std::optional<TextRow> source;
  std::optional<TextRow> destination;

  const TextRow& any() const { return source ? *source : *destination; }
};

TextRow ToTextRow(model::Row row);
// The key's texts; a key has no NULLs.
std::vector<std::string> KeyOf(const connector::VerifyTable& table, const TextRow& row);
Digest DigestOf(const TextRow& row);
Digest DigestOf(const std::vector<std::string>& key);

// The digest of a chunk at one side; `on_rows` (may be null) hears of rows and bytes as they are read.
SetDigest DigestChunk(VerifySession& session, const connector::VerifyTable& table, const connector::Chunk& chunk,
                      const std::function<void(uint64_t rows, uint64_t bytes)>& on_rows);

struct CompareLimits {
  size_t rows_per_pass = 500'000;        // digests in memory
  size_t bytes_per_slice = 16ull << 20;  // rows in memory
};

// `rows`: about how many the fuller side has.
void CompareChunk(VerifySession& source, VerifySession& destination, const VerifyPair& pair,
                  const connector::Chunk& chunk, uint64_t rows, const CompareLimits& limits,
                  const std::function<void(RowPair)>& on_difference);

}  // namespace sluice::pipeline
