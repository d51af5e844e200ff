// The error codes of the command line: append-only, listed in docs/errors.md.
#pragma once

#include "base/error.h"

namespace sluice::cli {

inline constexpr ErrorCode kUsage{"CL-0101", "The command line cannot be understood"};
inline constexpr ErrorCode kWhichTask{"CL-0102", "It is not clear which task is meant"};
inline constexpr ErrorCode kLogFile{"CL-0103", "The log file cannot be written"};
inline constexpr ErrorCode kFileUnreadable{"CL-0104", "A file named on the command line cannot be read"};
inline constexpr ErrorCode kUnexpected{"CL-0105", "Something went wrong that Sluice did not foresee"};
inline constexpr ErrorCode kOutOfMemory{"CL-0106", "There is not enough memory"};
inline constexpr ErrorCode kNoWayBack{"CL-0107", "This task file is not the way back of the task"};
inline constexpr ErrorCode kOutputFile{"CL-0108", "A file cannot be written"};

}  // namespace sluice::cli
