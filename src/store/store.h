// The task store: one SQLite file in the state directory. Holds what a task is, how far it is, and
// what is wanted of it; `sluice status`, `stop`, `cutover` and `schema` of other processes speak to
// a running task only through it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace sluice::store {

inline constexpr ErrorCode kStoreFailed{"ST-0101", "The state directory cannot be used"};
inline constexpr ErrorCode kTaskRuns{"ST-0102", "The task is being run by another process"};

// States as requirements.md section 4 names them.
enum class TaskState {
  kDraft,
  kPrechecking,
  kPrecheckFailed,
  kReady,
  kMigrating,
  kPaused,
  kFailed,
  kStopping,
  kCompleted
};
std::string_view Name(TaskState state);

struct TaskRecord {
  std::string name;
  std::string id;  // made at creation; identifies the task at the destination
  TaskState state = TaskState::kDraft;
  std::string phase;      // "schema", "full", "incremental", empty
  std::string spec_hash;  // of the parts of the task file that are frozen once started
  std::string error;      // ErrorInfo::Block() of the last failure, empty if none
  std::string position;   // Position::json, for people
  int64_t created_micros = 0;
  int64_t updated_micros = 0;
  bool final_stop = false;  // stopped for good: never resumes
};

struct ObjectRecord {
  std::string label;  // SchemaStatement::label
  std::string stage;
  std::string kind;
  std::string object;
  std::string sql;      // as translated, or as edited by the user
  std::string context;  // JSON: default database, sql_mode, charset, collation, source name
  std::string state;    // "pending", "running", "done", "failed", "skipped"
  std::string error;
};

struct TableRecord {
  std::string table;       // source "db.name"
  std::string mapping;     // JSON, frozen
  std::string definition;  // JSON or create statement at the cut
  std::string chunks;      // JSON list, once planned
  std::string state;       // "pending", "loading", "loaded", "failed", "skipped"
  std::string error;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  std::string cut;  // JSON of the cut its chunks were read at
};

// One connection. Safe from any thread: calls wait for each other. Every call is durable when it
// returns.
class Store {
 public:
  static std::unique_ptr<Store> Open(const std::string& directory);
  virtual ~Store() = default;

  virtual std::optional<TaskRecord> FindTask(const std::string& name) = 0;
  virtual void SaveTask(const TaskRecord& task) = 0;  // by name
  virtual void RemoveTask(const std::string& name) = 0;
  virtual std::vector<TaskRecord> Tasks() = 0;

  virtual std::vector<ObjectRecord> Objects(const std::string& task) = 0;  // in the order they were added
  virtual void SaveObjects(const std::string& task,
                           const std::vector<ObjectRecord>& objects) = 0;  // by label

  virtual std::vector<TableRecord> Tables(const std::string& task) = 0;
  virtual void SaveTables(const std::string& task, const std::vector<TableRecord>& tables) = 0;

  virtual void RemovePlan(const std::string& task) = 0;  // all objects and tables

  // Free texts of a task: "precheck", "progress" (JSON for status), "wanted", "server" ...
  virtual std::optional<std::string> Text(const std::string& task, const std::string& name) = 0;
  virtual void SaveText(const std::string& task, const std::string& name, const std::string& text) = 0;
  virtual void RemoveText(const std::string& task, const std::string& name) = 0;

  // What other processes want of the running one: "stop", "cutover", "limits:{json}". Oldest first;
  // removed by Take.
  virtual void Request(const std::string& task, const std::string& what) = 0;
  virtual std::vector<std::string> TakeRequests(const std::string& task) = 0;

  // One process per task: holds a lock until the value is destroyed. Throws kTaskRuns with the
  // other's process id.
  virtual std::shared_ptr<void> Lock(const std::string& task) = 0;
  virtual bool IsLocked(const std::string& task) = 0;
};

// Creates it with its parents if it is not there. In a directory of several users only its owner may read it: errors,
// statements and logs hold names of objects. Throws kStoreFailed.
void MakeStateDirectory(const std::string& directory);

}  // namespace sluice::store
