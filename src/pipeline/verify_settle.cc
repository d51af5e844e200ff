#include "pipeline/verify_settle.h"

#include <algorithm>
#include <unordered_map>

#include "base/error.h"
#include "base/stop.h"
#include "pipeline/codes.h"

namespace sluice::pipeline {
namespace {

using connector::VerifyReader;
using connector::VerifyTable;
using model::Row;

constexpr size_t kKeysPerRead = 1000;
constexpr uint32_t kStillRounds = 3;

using Digests = std::unordered_map<Digest, Digest, DigestHash>;  // of rows, by their keys'
using Rows = std::unordered_map<Digest, TextRow, DigestHash>;
using Keys = std::vector<std::vector<std::string>>;

Digests ReadDigests(VerifySession& session, const VerifyTable& table, const Keys& keys) {
  Digests digests;
  session.Do([&](VerifyReader& reader) {
    digests.clear();
    RowHasher hasher;
    reader.ReadKeys(table, keys, [&](Row row) {
      const Digest key = hasher.Of(row, table.key_columns);
      digests[key] = hasher.Of(row);
    });
  });
  return digests;
}

Rows ReadRows(VerifySession& session, const VerifyTable& table, const Keys& keys) {
  Rows rows;
  session.Do([&](VerifyReader& reader) {
    rows.clear();
    RowHasher hasher;
    reader.ReadKeys(table, keys, [&](Row row) { rows[hasher.Of(row, table.key_columns)] = ToTextRow(row); });
  });
  return rows;
}

std::optional<Digest> Find(const Digests& digests, const Digest& key) {
  const auto found = digests.find(key);
  if (found == digests.end()) return std::nullopt;
  return found->second;
}

// Reads these rows a last time and reports those that still differ.
void ReportRows(VerifySession& source, VerifySession& destination, const VerifyPair& pair, const Keys& keys,
                TableReport& report) {
  constexpr size_t kRowsPerRead = 200;
  for (size_t begin = 0; begin < keys.size(); begin += kRowsPerRead) {
    const Keys some(keys.begin() + static_cast<ptrdiff_t>(begin),
                    keys.begin() + static_cast<ptrdiff_t>(std::min(keys.size(), begin + kRowsPerRead)));
    Rows at_source = ReadRows(source, pair.source, some);
    Rows at_destination = ReadRows(destination, pair.destination, some);
    for (const std::vector<std::string>& key : some) {
      const Digest digest = DigestOf(key);
      RowPair rows;
      if (const auto row = at_source.find(digest); row != at_source.end()) rows.source = std::move(row->second);
      if (const auto row = at_destination.find(digest); row != at_destination.end()) {
        rows.destination = std::move(row->second);
      }
      if (rows.source != rows.destination) report.Add(rows, destination);
    }
  }
}

enum class Verdict { kEqual, kOpen, kWrong };

// A row at the destination that moves on to a version the source once had is only late.
Verdict Judge(Pending& row, std::optional<Digest> source, std::optional<Digest> destination, const Lateness& lateness) {
  if (source == destination) return Verdict::kEqual;
  const bool same_source = source == row.source;
  const bool same_destination = destination == row.destination;
  row.moved = row.moved || !same_destination;
  if (row.moved && destination &&
      std::find(row.versions.begin(), row.versions.end(), *destination) != row.versions.end()) {
    return Verdict::kEqual;
  }
  constexpr size_t kVersionsKept = 64;
  if (source && !same_source && row.versions.size() < kVersionsKept) row.versions.push_back(*source);
  if (!same_source) row.since = lateness.Now();
  row.source = source;
  row.destination = destination;
  row.still = same_source && same_destination && !lateness.IsLate(row.since) ? row.still + 1 : 0;
  return row.still >= kStillRounds ? Verdict::kWrong : Verdict::kOpen;
}

// One look at all rows; what is decided leaves `rows`, what is wrong goes to `wrong`.
void Round(VerifySession& source, VerifySession& destination, const VerifyPair& pair, const Lateness& lateness,
           std::vector<Pending>& rows, Keys& wrong) {
  std::vector<Pending> open;
  for (size_t begin = 0; begin < rows.size(); begin += kKeysPerRead) {
    const size_t end = std::min(rows.size(), begin + kKeysPerRead);
    Keys keys;
    for (size_t i = begin; i < end; ++i) keys.push_back(rows[i].key);
    // The source first: what it has now, the destination may have a moment later.
    const Digests at_source = ReadDigests(source, pair.source, keys);
    const Digests at_destination = ReadDigests(destination, pair.destination, keys);
    for (size_t i = begin; i < end; ++i) {
      const Digest key = DigestOf(rows[i].key);
      switch (Judge(rows[i], Find(at_source, key), Find(at_destination, key), lateness)) {
        case Verdict::kEqual:
          break;
        case Verdict::kOpen:
          open.push_back(std::move(rows[i]));
          break;
        case Verdict::kWrong:
          wrong.push_back(std::move(rows[i].key));
          break;
      }
    }
  }
  rows = std::move(open);
}

void Pause(const VerifyRequest& request, const std::stop_token& stop) {
  if (!SleepFor(stop, request.recheck_pause)) ThrowIfStopped(stop);
}

}  // namespace

Pending ToPending(const VerifyTable& table, const RowPair& rows) {
  Pending pending;
  pending.key = KeyOf(table, rows.any());
  if (rows.source) {
    pending.source = DigestOf(*rows.source);
    pending.versions.push_back(*pending.source);
  }
  if (rows.destination) pending.destination = DigestOf(*rows.destination);
  return pending;
}

void Confirm(VerifySession& source, VerifySession& destination, const VerifyPair& pair, std::vector<Pending> rows,
             TableReport& report) {
  Keys keys;
  for (Pending& row : rows) keys.push_back(std::move(row.key));
  ReportRows(source, destination, pair, keys, report);
}

void Settle(VerifySession& source, VerifySession& destination, const VerifyPair& pair, std::vector<Pending> rows,
            const VerifyRequest& request, std::stop_token stop, TableReport& report) {
  Keys wrong;
  Lateness lateness(request, stop);
  for (uint32_t round = 0; round < request.recheck_rounds && !rows.empty();) {
    Pause(request, stop);
    lateness.Look();
    Round(source, destination, pair, lateness, rows, wrong);
    if (!lateness.Waits()) ++round;
  }
  for (Pending& row : rows) wrong.push_back(std::move(row.key));
  if (!wrong.empty()) report.Note(lateness.given_up());
  ReportRows(source, destination, pair, wrong, report);
}

void SettleKeyless(VerifySession& source, VerifySession& destination, const VerifyPair& pair,
                   const VerifyRequest& request, std::stop_token stop, TableReport& report) {
  const connector::Chunk whole;
  SetDigest last_source;
  SetDigest last_destination;
  Lateness lateness(request, stop);
  Lateness::Mark since = 0;
  uint32_t still = 0;
  bool is_first = true;
  for (uint32_t round = 0; round < request.recheck_rounds;) {
    lateness.Look();
    const SetDigest at_source = DigestChunk(source, pair.source, whole, nullptr);
    const SetDigest at_destination = DigestChunk(destination, pair.destination, whole, nullptr);
    report.SetRows(at_source.rows(), at_destination.rows());
    if (at_source == at_destination) return;
    if (is_first || at_source != last_source) since = lateness.Now();
    const bool same = !is_first && at_source == last_source && at_destination == last_destination;
    still = same && !lateness.IsLate(since) ? still + 1 : 0;
    if (still >= kStillRounds) {
      report.Note(lateness.given_up());
      CompareChunk(source, destination, pair, whole, std::max(at_source.rows(), at_destination.rows()), CompareLimits(),
                   [&](const RowPair& rows) { report.Add(rows, destination); });
      return;
    }
    last_source = at_source;
    last_destination = at_destination;
    is_first = false;
    if (!lateness.Waits()) ++round;
    Pause(request, stop);
  }
  throw Error(kVerifyUnsettled)
      .Object("table " + pair.source.table->name.Text())
      .Cause(
          "It has neither a primary key nor a unique key without NULLs, so its rows can only be counted as a whole, "
          "and it did not stand still while it was read again and again.")
      .Remedy("Verify it again when nothing writes to it, or give it a primary key.");
}

}  // namespace sluice::pipeline
