// One task in this process: what the commands of the CLI (and later the server) call. Each call runs to its end in the
// calling thread and can be stopped by the token; several calls for one task in different processes meet in the store.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "connector/connector.h"
#include "pipeline/limits.h"
#include "pipeline/progress.h"
#include "pipeline/verify.h"
#include "store/store.h"
#include "task/task_file.h"

namespace sluice::task {

inline constexpr ErrorCode kPrecheckFailed{"TK-0101", "The precheck failed"};
inline constexpr ErrorCode kFrozenChanged{"TK-0102", "The task has started and this part of it cannot change any more"};
inline constexpr ErrorCode kTaskStopped{"TK-0103", "The task was stopped for good"};
inline constexpr ErrorCode kSchemaFailed{"TK-0104", "Some objects could not be created"};
inline constexpr ErrorCode kTablesFailed{"TK-0105", "Some tables could not be copied"};
inline constexpr ErrorCode kNoSuchTask{"TK-0106", "There is no such task in this state directory"};
inline constexpr ErrorCode kNoSuchObject{"TK-0107", "The task has no such object"};
inline constexpr ErrorCode kCutoverTimeout{"TK-0108", "The switch-over could not be drained in time"};
inline constexpr ErrorCode kWrongState{"TK-0109", "The task is not in a state for this"};
inline constexpr ErrorCode kObjectsInTheWay{"TK-0110", "Objects that failed stand in the way of the switch-over"};
inline constexpr ErrorCode kRunElsewhere{"TK-0111", "The task was run since from another state directory"};

struct PrecheckReport {
  std::vector<connector::PrecheckItem> items;
  bool connection_lost = false;  // an item failed because a server did not answer: another try may pass
  bool Failed() const;
  size_t Count(connector::PrecheckStatus status) const;
};

// Every name as it will be at the destination.
struct PreviewLine {
  std::string kind;         // "database", "table", "column", "view" ...
  std::string source;       // "shop.orders.addr"
  std::string destination;  // "shop_new.orders2.x_address"; empty: left out
  std::string note;         // filter, why left out
};

// What a display needs, read while Run is busy. Filled by the runner, safe to read from another thread.
struct LiveState {
  pipeline::Progress progress;
  std::atomic<int> phase{0};  // 0 starting, 1 schema, 2 full, 3 incremental, 4 finished
  std::atomic<uint32_t> objects_total{0};
  std::atomic<uint32_t> objects_done{0};
  std::atomic<uint32_t> objects_failed{0};
  std::atomic<bool> tables_ready{false};  // progress.tables may be read
};

struct RunOptions {
  std::string state_directory;  // --state
  bool restart = false;         // begin anew: forget what was done (destination objects stay the user's to remove)
  bool until_caught_up = false;
  // Of a task that only follows changes: give them their beginning, and end. A later run follows them from there.
  bool only_begin = false;
  LiveState* live = nullptr;                    // may be null
  std::function<void(const std::string&)> say;  // one line for the user: phase changes, retries, notes
};

enum class RunEnd {
  kCompleted,
  kCaughtUp,
  kStopped,
  kAlreadyCompleted,
  kPrepared,  // with `only_begin`: changes have their beginning
};

struct RunOutcome {
  RunEnd end = RunEnd::kCompleted;
  std::string position;                   // JSON, if changes were followed
  std::vector<std::string> not_migrated;  // objects skipped or deselected by the user on the way
};

struct CutoverOptions {
  std::string state_directory;
  milliseconds timeout{3600 * 1000};
  milliseconds quiet_for{2000};  // the source's position must stand still this long to count as "writes stopped"
  // A way back (see ReverseTaskFile): called when all changes are applied and nobody writes to the destination yet;
  // gives its changes their beginning, whatever an earlier switch-over had given it. What it throws leaves the task as
  // it was before the switch-over.
  std::function<void(std::stop_token)> begin_reverse;
  std::function<void(const std::string&)> say;
};

struct CutoverOutcome {
  std::string destination_position;   // where a reverse task has to begin
  std::string source_position;        // what was applied
  std::vector<std::string> triggers;  // created now
};

struct ReleaseOptions {
  std::string state_directory;
  milliseconds timeout{60 * 1000};  // for the process that runs the task to stop
};

struct ReleaseOutcome {
  bool was_running = false;
  uint64_t records = 0;                     // removed from Sluice's database at the destination
  bool database_removed = false;            // that database is gone, it held nothing else
  std::vector<std::string> other_tasks;     // whose records keep it there, by id
  std::vector<std::string> foreign_tables;  // not Sluice's, in that database
  size_t objects_left = 0;                  // that the task had created: they stay
  std::vector<std::string> source_objects;  // removed at the source: "replication slot sluice_shop_1f2e3d4c"
};

// What Sluice keeps at a task file's source, of all tasks.
struct CleanupReport {
  struct Entry {
    connector::SourceObject object;
    std::string known;  // the task of this state directory that it belongs to; empty: none
  };
  std::vector<Entry> entries;        // what stands there now
  std::vector<std::string> removed;  // what was removed by this call
};

struct VerifyOptions {
  std::string state_directory;
  std::string repair_sql;  // file, empty: none
  LiveState* live = nullptr;
  std::function<void(const pipeline::VerifyTableResult&)> on_table;
};

struct VerifyReport {
  std::vector<pipeline::VerifyTableResult> tables;
  bool changes_wait = false;  // the task follows changes, and no process applied them: what waits differs
};

// What `sluice limits` changes; what has no value stays as it is.
struct LimitsChange {
  std::optional<uint64_t> rows_per_second;
  std::optional<uint64_t> bytes_per_second;
  std::optional<uint32_t> readers;
  std::optional<uint32_t> writers;
  bool reset = false;  // the others: back to the task file's
  bool Empty() const;
};

struct LimitsReport {
  bool known = false;                                      // false: the task was never run
  bool running = false;                                    // some process works on the task now
  pipeline::Limits limits;                                 // in force; of a task that does not run: at the next run
  pipeline::Limits wanted;                                 // what the task file and the commands since ask for
  pipeline::Limits file;                                   // the task file's, at the last run
  std::vector<std::string> changed;                        // those that a command has changed: "writers" ...
  std::vector<std::pair<std::string, std::string>> notes;  // limit, why it does not hold at once
};

struct StatusReport {
  store::TaskRecord task;
  bool running = false;       // some process works on it now
  std::string ended;          // how it ended for good: "stopped", "switched over", "released"; empty: it has not
  std::string progress_json;  // written about once a second by the running process
  std::vector<store::ObjectRecord> objects;
  std::vector<store::TableRecord> tables;
  LimitsReport limits;
};

class Task {
 public:
  explicit Task(TaskSpec spec);
  ~Task();

  PrecheckReport Precheck(std::stop_token stop, const std::string& state_directory = "");
  std::vector<PreviewLine> Preview(std::stop_token stop);
  // Throws Error: kPrecheckFailed (report kept in the store as text "precheck"), or what made the migration fail.
  RunOutcome Run(const RunOptions& options, std::stop_token stop);
  VerifyReport Verify(const VerifyOptions& options, std::stop_token stop);
  // What the task has at the source (a replication slot holds back its log) is removed; the task must not go on then.
  std::vector<std::string> ReleaseSource(const std::string& state_directory, std::stop_token stop);
  // Stops the task for good and removes what Sluice keeps of it at both servers. Can be repeated.
  ReleaseOutcome Release(const ReleaseOptions& options, std::stop_token stop);
  // Removes what belongs to these names (of the list that it returns) at the source. Throws kNoSuchObject for a name
  // that is not there, kWrongState for one that is in use or belongs to a task that may go on.
  CleanupReport Cleanup(const std::string& state_directory, const std::vector<std::string>& remove,
                        std::stop_token stop);
  CutoverOutcome Cutover(const CutoverOptions& options, std::stop_token stop);
  // The task file of the way back: ends and names swapped, changes only. `text`: this task's own file, whose accounts
  // and references to secrets it takes over.
  std::string ReverseTaskFile(const std::string& text, std::stop_token stop);

  static StatusReport Status(const std::string& name, const std::string& state_directory);
  // Asks the running process to stop (it can be continued with `run`) and waits until it has; `final`: for good.
  static void Stop(const std::string& name, const std::string& state_directory, bool final, Deadline deadline,
                   std::stop_token stop);
  static LimitsReport Limits(const std::string& name, const std::string& state_directory);
  // Holds until it is changed again, over runs. Returns when the running process, if there is one, has taken it up.
  static LimitsReport ChangeLimits(const std::string& name, const std::string& state_directory,
                                   const LimitsChange& change, Deadline deadline, std::stop_token stop);
  // Marks a failed object to be tried again (with another statement, if given) or to be left out, at the next `run`.
  static void RetryObject(const std::string& name, const std::string& state_directory, const std::string& object,
                          const std::optional<std::string>& statement);
  static void SkipObject(const std::string& name, const std::string& state_directory, const std::string& object);

  struct Context;  // context.h; for this module's own files

 private:
  std::unique_ptr<Context> context_;
};

}  // namespace sluice::task
