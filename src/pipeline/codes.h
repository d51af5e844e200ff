// The error codes of the pipeline: append-only, listed in docs/errors.md.
#pragma once

#include "base/error.h"

namespace sluice::pipeline {

// PL-01xx: full load.
inline constexpr ErrorCode kLoadUnexpected{"PL-0101", "A table could not be loaded for an unexpected reason"};
inline constexpr ErrorCode kLoadGaveUp{"PL-0102", "The destination could not be written to for too long"};
inline constexpr ErrorCode kSnapshotLost{"PL-0103", "A connection that shows the consistent cut was lost"};

// Applying changes.
inline constexpr ErrorCode kBadProgress{"PL-0201", "The destination's record of what was applied cannot be read"};
inline constexpr ErrorCode kRetriesExhausted{"PL-0202", "A lost connection did not come back in time"};
inline constexpr ErrorCode kDdlFailed{"PL-0203", "A schema statement of the source failed at the destination"};
inline constexpr ErrorCode kUnknownTable{"PL-0204", "The log has rows of a table that has no mapping"};
inline constexpr ErrorCode kChangeFailed{"PL-0205", "A change could not be applied"};
inline constexpr ErrorCode kDdlRefused{"PL-0206", "A schema statement is not carried, and rows after it need it"};
inline constexpr ErrorCode kPartOfRow{"PL-0207", "A row comes into the row filter, and the log has not all of it"};

// PL-03xx: verification.
inline constexpr ErrorCode kVerifyUnsettled{"PL-0301", "A table without a key could not be compared while it changes"};
inline constexpr ErrorCode kVerifyShape{"PL-0302", "The two sides of a table cannot be compared"};

}  // namespace sluice::pipeline
