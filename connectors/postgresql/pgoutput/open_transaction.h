// A transaction of which messages come in.
#pragma once

#include <cstdint>
#include <set>
#include <unordered_map>
#include <vector>

#include "connectors/postgresql/pgoutput/decoder.h"

namespace sluice::postgresql::pgoutput {

struct Decoder::Open {
  explicit Open(size_t memory_max) : spool(memory_max) {}

  struct Truncation {
    uint64_t message = 0;  // its place among the messages
    uint32_t xid = 0;
    Truncate truncate;
  };

  Begin begin;
  Spool spool;
  uint64_t messages = 0;
  bool has_records = false;  // of schema statements
  std::vector<Truncation> truncations;
  std::set<uint32_t> rolled_back;  // subtransactions

  // Relation to the place of its last TRUNCATE.
  std::unordered_map<uint32_t, uint64_t> LastTruncations() const;
};

}  // namespace sluice::postgresql::pgoutput
