// Names of what Sluice makes at a server.
#pragma once

#include <string>

namespace sluice::postgresql {

// The schema at a destination's database that holds the bookkeeping.
inline constexpr const char* kOwnSchema = "sluice";

// The output plugins that tell the log's changes.
inline constexpr const char* kPgoutput = "pgoutput";
inline constexpr const char* kTestDecoding = "test_decoding";

// The replication slot and the publication of a task at its source: "sluice_" and the task's identifier in small
// letters. A slot's name may have letters, digits and underscores, at most 63 (documentation of
// pg_create_logical_replication_slot).
std::string SourceObjectName(const std::string& task);

}  // namespace sluice::postgresql
