#include "store/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>

#include "base/check.h"
#include "base/stop.h"
#include "store/migrations.h"
#include "store/sqlite.h"
#include "store/task_lock.h"

namespace sluice::store {
namespace {

constexpr int kBusyMs = 15'000;

constexpr std::pair<TaskState, std::string_view> kStates[] = {
    {TaskState::kDraft, "draft"},
    {TaskState::kPrechecking, "prechecking"},
    {TaskState::kPrecheckFailed, "precheck failed"},
    {TaskState::kReady, "ready"},
    {TaskState::kMigrating, "migrating"},
    {TaskState::kPaused, "paused"},
    {TaskState::kFailed, "failed"},
    {TaskState::kStopping, "stopping"},
    {TaskState::kCompleted, "completed"},
};

constexpr std::string_view kSaveTask =
    R"sql(INSERT INTO tasks (name, id, state, phase, spec_hash, error, position, created_micros, updated_micros,
  final_stop)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET
  id = excluded.id, state = excluded.state, phase = excluded.phase, spec_hash = excluded.spec_hash,
  error = excluded.error, position = excluded.position, created_micros = excluded.created_micros,
  updated_micros = excluded.updated_micros, final_stop = excluded.final_stop)sql";

constexpr std::string_view kSaveObject =
    R"sql(INSERT INTO objects (task, label, stage, kind, object, sql, context, state, error)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (task, label) DO UPDATE SET
  stage = excluded.stage, kind = excluded.kind, object = excluded.object, sql = excluded.sql,
  context = excluded.context, state = excluded.state, error = excluded.error)sql";

constexpr std::string_view kSaveTable =
    R"sql(INSERT INTO tables (task, name, mapping, definition, chunks, state, error, row_count, byte_count, cut)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (task, name) DO UPDATE SET
  mapping = excluded.mapping, definition = excluded.definition, chunks = excluded.chunks, state = excluded.state,
  error = excluded.error, row_count = excluded.row_count, byte_count = excluded.byte_count, cut = excluded.cut)sql";

constexpr std::string_view kSelectObjects =
    R"sql(SELECT label, stage, kind, object, sql, context, state, error FROM objects WHERE task = ? ORDER BY seq)sql";

constexpr std::string_view kSelectTables =
    R"sql(SELECT name, mapping, definition, chunks, state, error, row_count, byte_count, cut FROM tables
WHERE task = ? ORDER BY seq)sql";

constexpr std::string_view kSelectTask =
    R"sql(SELECT name, id, state, phase, spec_hash, error, position, created_micros, updated_micros, final_stop
FROM tasks)sql";

// SQLite creates its other files with the mode of this one. A file that is there is not touched:
// closing it would release the locks that this process's other connections hold on it (POSIX;
// sqlite.org/howtocorrupt.html 2.2), and the next process to leave would then remove the
// write-ahead log under them.
void MakeFile(const std::string& file) {
  const int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    const int number = errno;
    if (number == EEXIST) return;
    throw Error(kStoreFailed)
        .Object("file " + file)
        .Cause("It cannot be opened for writing.")
        .Remedy(
            "Give this user the directory and the files in it (chown, chmod u+rwX), or name "
            "another with --state.")
        .Native(number, std::strerror(number));
  }
  close(descriptor);
}

TaskState StateFrom(const std::string& text) {
  for (const auto& [state, name] : kStates) {
    if (name == text) return state;
  }
  throw Error(kStoreFailed).Object("state " + text).Cause("The store holds a state that this program does not know.");
}

class SqliteStore : public Store {
 public:
  explicit SqliteStore(const std::string& directory)
      : directory_(directory), database_(directory + "/sluice.db", kBusyMs) {
    // Write-ahead log: readers and the one writer do not wait for each other. FULL: a commit is on
    // the disk when it returns. What is kept here decides after a power failure which chunks are
    // read again and from where, and a lost chunk plan would not fit the chunks that the
    // destination says are done.
    //
    // Turning a new file to WAL needs it alone, and does not wait for that by the busy timeout: two that open it at
    // the same moment must be patient themselves.
    for (const Deadline deadline = Deadline::After(milliseconds(kBusyMs));;) {
      try {
        database_.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF");
        Migrate(&database_);
        return;
      } catch (const Error& error) {
        constexpr int kBusy = 5;  // SQLITE_BUSY, the low byte of its extended codes too
        if ((error.info().native_code & 0xff) != kBusy || deadline.Passed()) throw;
      }
      SleepFor({}, milliseconds(20));
    }
  }

  std::optional<TaskRecord> FindTask(const std::string& name) override {
    std::lock_guard lock(mutex_);
    Statement select(&database_, std::string(kSelectTask) + " WHERE name = ?");
    if (!select.Bind(name).Step()) return std::nullopt;
    return ReadTask(select);
  }

  std::vector<TaskRecord> Tasks() override {
    std::lock_guard lock(mutex_);
    std::vector<TaskRecord> tasks;
    Statement select(&database_, std::string(kSelectTask) + " ORDER BY name");
    while (select.Step()) tasks.push_back(ReadTask(select));
    return tasks;
  }

  void SaveTask(const TaskRecord& task) override {
    std::lock_guard lock(mutex_);
    Check(!task.name.empty(), "a task without a name");
    Statement(&database_, kSaveTask)
        .Bind(task.name)
        .Bind(task.id)
        .Bind(Name(task.state))
        .Bind(task.phase)
        .Bind(task.spec_hash)
        .Bind(task.error)
        .Bind(task.position)
        .Bind(task.created_micros)
        .Bind(task.updated_micros)
        .Bind(int64_t{task.final_stop})
        .Run();
  }

  void RemoveTask(const std::string& name) override {
    std::lock_guard lock(mutex_);
    WriteTransaction transaction(&database_);
    for (const char* table : {"objects", "tables", "texts", "requests"}) {
      Statement(&database_, fmt::format("DELETE FROM {} WHERE task = ?", table)).Bind(name).Run();
    }
    Statement(&database_, "DELETE FROM tasks WHERE name = ?").Bind(name).Run();
    transaction.Commit();
  }

  void RemovePlan(const std::string& task) override {
    std::lock_guard lock(mutex_);
    WriteTransaction transaction(&database_);
    for (const char* table : {"objects", "tables"}) {
      Statement(&database_, fmt::format("DELETE FROM {} WHERE task = ?", table)).Bind(task).Run();
    }
    transaction.Commit();
  }

  std::vector<ObjectRecord> Objects(const std::string& task) override {
    std::lock_guard lock(mutex_);
    std::vector<ObjectRecord> objects;
    Statement select(&database_, kSelectObjects);
    select.Bind(task);
    while (select.Step()) {
      objects.push_back({select.Text(0), select.Text(1), select.Text(2), select.Text(3), select.Text(4), select.Text(5),
                         select.Text(6), select.Text(7)});
    }
    return objects;
  }

  void SaveObjects(const std::string& task, const std::vector<ObjectRecord>& objects) override {
    std::lock_guard lock(mutex_);
    WriteTransaction transaction(&database_);
    Statement save(&database_, kSaveObject);
    for (const ObjectRecord& object : objects) {
      save.Bind(task)
          .Bind(object.label)
          .Bind(object.stage)
          .Bind(object.kind)
          .Bind(object.object)
          .Bind(object.sql)
          .Bind(object.context)
          .Bind(object.state)
          .Bind(object.error)
          .Run();
    }
    transaction.Commit();
  }

  std::vector<TableRecord> Tables(const std::string& task) override {
    std::lock_guard lock(mutex_);
    std::vector<TableRecord> tables;
    Statement select(&database_, kSelectTables);
    select.Bind(task);
    while (select.Step()) {
      tables.push_back({select.Text(0), select.Text(1), select.Text(2), select.Text(3), select.Text(4), select.Text(5),
                        static_cast<uint64_t>(select.Int(6)), static_cast<uint64_t>(select.Int(7)), select.Text(8)});
    }
    return tables;
  }

  void SaveTables(const std::string& task, const std::vector<TableRecord>& tables) override {
    std::lock_guard lock(mutex_);
    WriteTransaction transaction(&database_);
    Statement save(&database_, kSaveTable);
    for (const TableRecord& table : tables) {
      save.Bind(task)
          .Bind(table.table)
          .Bind(table.mapping)
          .Bind(table.definition)
          .Bind(table.chunks)
          .Bind(table.state)
          .Bind(table.error)
          .Bind(static_cast<int64_t>(table.rows))
          .Bind(static_cast<int64_t>(table.bytes))
          .Bind(table.cut)
          .Run();
    }
    transaction.Commit();
  }

  std::optional<std::string> Text(const std::string& task, const std::string& name) override {
    std::lock_guard lock(mutex_);
    Statement select(&database_, "SELECT text FROM texts WHERE task = ? AND name = ?");
    if (!select.Bind(task).Bind(name).Step()) return std::nullopt;
    return select.Text(0);
  }

  void SaveText(const std::string& task, const std::string& name, const std::string& text) override {
    std::lock_guard lock(mutex_);
    Statement(&database_,
              "INSERT INTO texts (task, name, text) VALUES (?, ?, ?)"
              " ON CONFLICT (task, name) DO UPDATE SET text = excluded.text")
        .Bind(task)
        .Bind(name)
        .Bind(text)
        .Run();
  }

  void RemoveText(const std::string& task, const std::string& name) override {
    std::lock_guard lock(mutex_);
    Statement(&database_, "DELETE FROM texts WHERE task = ? AND name = ?").Bind(task).Bind(name).Run();
  }

  void Request(const std::string& task, const std::string& what) override {
    std::lock_guard lock(mutex_);
    Statement(&database_, "INSERT INTO requests (task, what) VALUES (?, ?)").Bind(task).Bind(what).Run();
  }

  std::vector<std::string> TakeRequests(const std::string& task) override {
    std::lock_guard lock(mutex_);
    std::vector<std::string> requests;
    // Asked several times a second: nothing is written, nor locked, while nothing waits.
    if (!Statement(&database_, "SELECT 1 FROM requests WHERE task = ? LIMIT 1").Bind(task).Step()) return requests;
    WriteTransaction transaction(&database_);
    {
      Statement select(&database_, "SELECT what FROM requests WHERE task = ? ORDER BY seq");
      select.Bind(task);
      while (select.Step()) requests.push_back(select.Text(0));
    }
    Statement(&database_, "DELETE FROM requests WHERE task = ?").Bind(task).Run();
    transaction.Commit();
    return requests;
  }

  std::shared_ptr<void> Lock(const std::string& task) override {
    std::lock_guard lock(mutex_);
    return LockTask(directory_, task);
  }
  bool IsLocked(const std::string& task) override { return TaskIsLocked(directory_, task); }

 private:
  static TaskRecord ReadTask(const Statement& row) {
    TaskRecord task;
    task.name = row.Text(0);
    task.id = row.Text(1);
    task.state = StateFrom(row.Text(2));
    task.phase = row.Text(3);
    task.spec_hash = row.Text(4);
    task.error = row.Text(5);
    task.position = row.Text(6);
    task.created_micros = row.Int(7);
    task.updated_micros = row.Int(8);
    task.final_stop = row.Int(9) != 0;
    return task;
  }

  std::string directory_;
  std::mutex mutex_;  // the connection and what it has open belong to one call at a time
  Database database_;
};

}  // namespace

std::string_view Name(TaskState state) {
  for (const auto& [known, name] : kStates) {
    if (known == state) return name;
  }
  return "draft";
}

void MakeStateDirectory(const std::string& directory) {
  std::error_code code;
  if (std::filesystem::is_directory(directory, code)) return;
  const std::filesystem::path parent = std::filesystem::path(directory).lexically_normal().parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, code);
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    const int number = errno;
    throw Error(kStoreFailed)
        .Object("directory " + directory)
        .Cause("It cannot be created.")
        .Remedy("Create it for this user, or name another with --state.")
        .Native(number, std::strerror(number));
  }
}

std::unique_ptr<Store> Store::Open(const std::string& directory) {
  MakeStateDirectory(directory);
  MakeFile(directory + "/sluice.db");
  return std::make_unique<SqliteStore>(directory);
}

}  // namespace sluice::store
