// Decides about rows that differed when they were read, by reading them again: at once where chunks may hold different
// rows at the two sides, and with pauses while changes flow, until each row is equal, follows its source, or stays
// wrong.
#pragma once

#include <stop_token>
#include <vector>

#include "pipeline/verify_lateness.h"
#include "pipeline/verify_report.h"

namespace sluice::pipeline {

// A row seen differing: digests of what each side had.
struct Pending {
  std::vector<std::string> key;
  std::optional<Digest> source;
  std::optional<Digest> destination;
  std::vector<Digest> versions;  // of the source, as far as they were read
  bool moved = false;            // the destination's row has changed since it was first read
  Lateness::Mark since = 0;      // when the source's row was first seen as it is
  uint32_t still = 0;            // rounds in a row in which nothing changed at either side, and it was not late
};

Pending ToPending(const connector::VerifyTable& table, const RowPair& rows);

// Without changes: one look by key, wherever the row is.
void Confirm(VerifySession& source, VerifySession& destination, const VerifyPair& pair, std::vector<Pending> rows,
             TableReport& report);

// While changes flow. What is late is waited for, however long that takes; the rounds count from then on.
void Settle(VerifySession& source, VerifySession& destination, const VerifyPair& pair, std::vector<Pending> rows,
            const VerifyRequest& request, std::stop_token stop, TableReport& report);

// Tables without a key while changes flow: compared only when the source stands still long enough.
void SettleKeyless(VerifySession& source, VerifySession& destination, const VerifyPair& pair,
                   const VerifyRequest& request, std::stop_token stop, TableReport& report);

}  // namespace sluice::pipeline
