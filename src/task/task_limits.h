// The limits that hold for a task: its file's, except where `sluice limits` changed one since. Whatever was changed
// last holds: a limit that was edited in the file after the command wins again.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/limits.h"
#include "store/store.h"
#include "task/task.h"

namespace sluice::task {

// Texts of the store. One text a changed limit ("limit.writers"), so that two commands at once do not undo each other.
inline constexpr const char* kFileLimitsText = "limits.file";  // of the last run
inline constexpr const char* kLimitsNowText = "limits.now";    // what the running process says
inline constexpr std::string_view kLimitsRequest = "limits:";  // + a token, which the process repeats in its answer

// Ranges, of the task file too.
inline constexpr uint64_t kRowsPerSecondMax = 1'000'000'000'000;
inline constexpr double kMegabytesPerSecondMax = 1'000'000;
inline constexpr uint32_t kSessionsMax = 64;

// What holds when the task file says `file`.
pipeline::Limits LimitsInForce(store::Store& store, const std::string& task, const pipeline::Limits& file);
// A process begins with this task file: notes its limits, and forgets changes of a limit that the file has another
// value for than at the change. Returns a line for each.
std::vector<std::string> AdoptFileLimits(store::Store& store, const std::string& task, const pipeline::Limits& file);
void SaveChange(store::Store& store, const std::string& task, const LimitsChange& change);
// "1000 rows/s, no limit of MB/s, 4 readers, 4 writers"
std::string LimitsText(const pipeline::Limits& limits);
// All texts about limits, to be kept when the task begins anew.
std::vector<std::pair<std::string, std::string>> LimitTexts(store::Store& store, const std::string& task);

// The running process's answer to a request. `phase` as LiveState::phase; `sessions`: of the snapshot, 0: none.
struct LimitsAnswer {
  std::vector<std::string> tokens;  // of the last requests
  pipeline::Limits limits;          // in force
  std::vector<std::pair<std::string, std::string>> notes;
};
LimitsAnswer MakeAnswer(const pipeline::Limits& wanted, int phase, uint32_t sessions);
LimitsReport ReportLimits(store::Store& store, const std::string& task);
std::string ToJson(const LimitsAnswer& answer);
LimitsAnswer AnswerFrom(const std::string& json);

}  // namespace sluice::task
