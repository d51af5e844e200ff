#include "pipeline/verify_compare.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace sluice::pipeline {
namespace {

using connector::Chunk;
using connector::VerifyReader;
using connector::VerifyTable;
using model::Cell;
using model::CellKind;
using model::Row;

struct RowDigest {
  Digest key;
  Digest row;

  auto operator<=>(const RowDigest&) const = default;
};

size_t KeyColumns(const VerifyTable& table) {
  return table.key_columns != 0 ? table.key_columns : table.columns.size();
}

struct Pass {
  std::vector<RowDigest> rows;
  uint64_t bytes = 0;
};

// Digests of the rows whose key falls into part `part` of `parts`, sorted.
Pass ReadDigests(VerifySession& session, const VerifyTable& table, const Chunk& chunk, uint64_t part, uint64_t parts) {
  Pass pass;
  session.Do([&](VerifyReader& reader) {
    pass = Pass();
    RowHasher hasher;
    reader.ReadChunk(table, chunk, [&](Row row) {
      const Digest key = hasher.Of(row, KeyColumns(table));
      if (key.high % parts != part) return;
      pass.rows.push_back({key, table.key_columns != 0 ? hasher.Of(row) : key});
      for (const Cell& cell : row) pass.bytes += cell.size;
    });
  });
  std::sort(pass.rows.begin(), pass.rows.end());
  return pass;
}

// Keys of rows that are on one side only, in order, each once.
std::vector<Digest> DifferingKeys(const std::vector<RowDigest>& source, const std::vector<RowDigest>& destination) {
  std::vector<RowDigest> differing;
  std::set_symmetric_difference(source.begin(), source.end(), destination.begin(), destination.end(),
                                std::back_inserter(differing));
  std::vector<Digest> keys;
  for (const RowDigest& row : differing) {
    if (keys.empty() || keys.back() != row.key) keys.push_back(row.key);
  }
  return keys;
}

struct FoundRow {
  Digest digest;
  TextRow row;
  uint64_t count = 0;  // copies; more than one only without a key
};
using FoundRows = std::unordered_map<Digest, std::vector<FoundRow>, DigestHash>;  // by key

FoundRows ReadRows(VerifySession& session, const VerifyTable& table, const Chunk& chunk,
                   const std::unordered_set<Digest, DigestHash>& keys) {
  FoundRows found;
  session.Do([&](VerifyReader& reader) {
    found.clear();
    RowHasher hasher;
    reader.ReadChunk(table, chunk, [&](Row row) {
      const Digest key = hasher.Of(row, KeyColumns(table));
      if (!keys.contains(key)) return;
      std::vector<FoundRow>& rows = found[key];
      const Digest digest = hasher.Of(row);
      const auto same = std::find_if(rows.begin(), rows.end(), [&](const FoundRow& r) { return r.digest == digest; });
      if (same != rows.end()) {
        ++same->count;
      } else {
        rows.push_back({digest, ToTextRow(row), 1});
      }
    });
  });
  return found;
}

// Takes away what both sides have, as often as both have it.
void CancelEqual(std::vector<FoundRow>& source, std::vector<FoundRow>& destination) {
  for (FoundRow& row : source) {
    const auto same = std::find_if(destination.begin(), destination.end(),
                                   [&](const FoundRow& other) { return other.digest == row.digest; });
    if (same == destination.end()) continue;
    const uint64_t both = std::min(row.count, same->count);
    row.count -= both;
    same->count -= both;
  }
  const auto empty = [](const FoundRow& row) { return row.count == 0; };
  std::erase_if(source, empty);
  std::erase_if(destination, empty);
}

void Report(std::vector<FoundRow> source, std::vector<FoundRow> destination,
            const std::function<void(RowPair)>& on_difference) {
  CancelEqual(source, destination);
  size_t s = 0;
  size_t d = 0;
  while (s < source.size() || d < destination.size()) {
    RowPair pair;
    if (s < source.size()) {
      pair.source = source[s].row;
      if (--source[s].count == 0) ++s;
    }
    if (d < destination.size()) {
      pair.destination = destination[d].row;
      if (--destination[d].count == 0) ++d;
    }
    on_difference(std::move(pair));
  }
}

}  // namespace

TextRow ToTextRow(Row row) {
  TextRow text;
  text.reserve(row.size());
  for (const Cell& cell : row) {
    if (cell.IsNull()) {
      text.emplace_back();
    } else {
      text.emplace_back(cell.text());
    }
  }
  return text;
}

std::vector<std::string> KeyOf(const VerifyTable& table, const TextRow& row) {
  std::vector<std::string> key;
  for (size_t i = 0; i < table.key_columns; ++i) key.push_back(row[i].value_or(""));
  return key;
}

Digest DigestOf(const TextRow& row) {
  std::vector<Cell> cells;
  for (const auto& text : row) cells.push_back(text ? Cell::Bytes(CellKind::kBytes, *text) : Cell::Null());
  return RowHasher().Of(cells);
}

Digest DigestOf(const std::vector<std::string>& key) {
  std::vector<Cell> cells;
  for (const std::string& text : key) cells.push_back(Cell::Bytes(CellKind::kBytes, text));
  return RowHasher().Of(cells);
}

SetDigest DigestChunk(VerifySession& session, const VerifyTable& table, const Chunk& chunk,
                      const std::function<void(uint64_t, uint64_t)>& on_rows) {
  constexpr uint64_t kRowsPerCall = 512;
  SetDigest digest;
  session.Do([&](VerifyReader& reader) {
    digest = SetDigest();
    RowHasher hasher;
    uint64_t rows = 0;
    uint64_t bytes = 0;
    reader.ReadChunk(table, chunk, [&](Row row) {
      digest.Add(hasher.Of(row));
      ++rows;
      for (const Cell& cell : row) bytes += cell.size;
      if (rows == kRowsPerCall && on_rows) {
        on_rows(rows, bytes);
        rows = 0;
        bytes = 0;
      }
    });
    if (rows != 0 && on_rows) on_rows(rows, bytes);
  });
  return digest;
}

void CompareChunk(VerifySession& source, VerifySession& destination, const VerifyPair& pair, const Chunk& chunk,
                  uint64_t rows, const CompareLimits& limits, const std::function<void(RowPair)>& on_difference) {
  const uint64_t parts = rows / limits.rows_per_pass + 1;
  for (uint64_t part = 0; part < parts; ++part) {
    Pass at_source;
    Pass at_destination;
    RunBoth([&] { at_source = ReadDigests(source, pair.source, chunk, part, parts); },
            [&] { at_destination = ReadDigests(destination, pair.destination, chunk, part, parts); });
    const std::vector<Digest> keys = DifferingKeys(at_source.rows, at_destination.rows);
    const size_t read = at_source.rows.size() + at_destination.rows.size();
    const size_t row_bytes = read == 0 ? 0 : (at_source.bytes + at_destination.bytes) / read + 64;
    const size_t slice = std::clamp<size_t>(limits.bytes_per_slice / (row_bytes + 1), 16, 20'000);
    at_source = Pass();
    at_destination = Pass();
    for (size_t begin = 0; begin < keys.size(); begin += slice) {
      const size_t end = std::min(keys.size(), begin + slice);
      const std::unordered_set<Digest, DigestHash> wanted(keys.begin() + static_cast<ptrdiff_t>(begin),
                                                          keys.begin() + static_cast<ptrdiff_t>(end));
      FoundRows source_rows;
      FoundRows destination_rows;
      RunBoth([&] { source_rows = ReadRows(source, pair.source, chunk, wanted); },
              [&] { destination_rows = ReadRows(destination, pair.destination, chunk, wanted); });
      for (size_t i = begin; i < end; ++i) {
        Report(std::move(source_rows[keys[i]]), std::move(destination_rows[keys[i]]), on_difference);
      }
    }
  }
}

}  // namespace sluice::pipeline
