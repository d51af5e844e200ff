// Doubles of both sides for tests of the applier: a log of transactions kept as plain values, and a destination that
// keeps them in memory, fails when it is told to, and looks at its invariants at every commit.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "connector/connector.h"
#include "pipeline/apply_test_memory.h"

namespace sluice::pipeline::testing {

struct LoggedChange {
  model::ChangeKind kind = model::ChangeKind::kInsert;
  model::TablePtr table;
  Values before;
  Values after;
};

struct LoggedTransaction {
  std::vector<LoggedChange> changes;
  std::optional<model::DdlChange> ddl;
  size_t parts = 1;  // handed on in so many parts
};

inline model::Row MakeRow(const model::Table& table, const Values& values, Arena& arena) {
  if (values.empty()) return {};
  auto* cells = arena.AllocateArray<model::Cell>(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (!values[i]) {
      cells[i] = model::Cell::Null();
    } else if (table.columns[i].type.kind == model::TypeKind::kInteger) {
      cells[i] = model::Cell::Int(std::stoll(*values[i]));
    } else {
      cells[i] = model::Cell::Bytes(model::CellKind::kText, arena.Copy(*values[i]));
    }
  }
  return {cells, values.size()};
}

inline Values FromRow(model::Row row) {
  Values values;
  for (const model::Cell& cell : row) {
    if (cell.IsNull()) {
      values.push_back(std::nullopt);
    } else if (cell.HasBytes()) {
      values.emplace_back(std::string(cell.text()));
    } else {
      values.emplace_back(std::to_string(cell.i));
    }
  }
  return values;
}

inline model::Position At(uint64_t ordinal) {
  return {"test", std::to_string(ordinal)};
}
inline uint64_t OrdinalAt(const model::Position& position) {
  return position.empty() ? 0 : std::stoull(position.json);
}

// ---------------------------------------------------------------- the source

class FakeSource : public connector::Source {
 public:
  std::vector<LoggedTransaction> log;  // ordinals from 1
  std::atomic<int> lose_every{0};      // the stream loses its connection after so many transactions
  std::function<bool(const Values&)> filter;
  std::function<void()> on_open;
  std::atomic<int> asked{0};                 // for its position
  std::vector<model::TablePtr> opened_with;  // descriptions that the last stream was given

  class Stream : public connector::ChangeStream {
   public:
    Stream(FakeSource& source, const connector::ChangeRequest& request) : source_(source), next_(request.ordinal) {
      Check(OrdinalAt(request.start) == request.ordinal, "position and ordinal belong together");
      for (const model::TablePtr& table : request.tables) tables_[table->name] = table;
    }
    model::TransactionPtr Next(Deadline deadline) override;
    void Define(const model::ObjectName& name, model::TablePtr table) override { tables_[name] = std::move(table); }
    void Confirm(const model::Position&) override {}

   private:
    FakeSource& source_;
    uint64_t next_;  // ordinal of the last one handed on
    size_t part_ = 0;
    int handed_ = 0;
    std::map<model::ObjectName, model::TablePtr> tables_;
  };

  class Filter : public connector::FilterEvaluator {
   public:
    explicit Filter(FakeSource& source) : source_(source) {}
    std::vector<bool> Evaluate(const model::Table&, const std::string&, std::span<const model::Row> rows) override {
      std::vector<bool> keep;
      for (const model::Row row : rows) keep.push_back(source_.filter(FromRow(row)));
      return keep;
    }

   private:
    FakeSource& source_;
  };

  connector::ServerInfo Server() override { return {}; }
  std::vector<connector::PrecheckItem> Precheck(const connector::PrecheckRequest&,
                                                const connector::SessionContext&) override {
    return {};
  }
  std::unique_ptr<connector::Catalog> OpenCatalog(const connector::SessionContext&) override { return nullptr; }
  std::string DatabaseStatement(const std::string&) override { return ""; }
  std::unique_ptr<connector::Snapshot> OpenSnapshot(const connector::SnapshotRequest&,
                                                    const connector::SessionContext&) override {
    return nullptr;
  }
  std::unique_ptr<connector::ChangeStream> OpenChanges(const connector::ChangeRequest& request,
                                                       const connector::SessionContext&) override {
    opened_with = request.tables;
    if (on_open) on_open();
    return std::make_unique<Stream>(*this, request);
  }
  std::vector<connector::TableChange> DescribeAfter(const model::DdlChange&, const std::vector<model::TablePtr>&,
                                                    const connector::SessionContext&) override {
    return {};
  }
  std::unique_ptr<connector::FilterEvaluator> OpenFilter(bool, const connector::SessionContext&) override {
    return std::make_unique<Filter>(*this);
  }
  std::unique_ptr<connector::VerifyReader> OpenVerifyReader(const connector::SessionContext&) override {
    return nullptr;
  }
  model::Position CurrentPosition(std::stop_token) override {
    ++asked;
    return At(log.size());
  }
  bool ChunksOutliveCut(bool) const override { return true; }
  bool Reached(const model::Position& applied, const model::Position& wanted) const override {
    return OrdinalAt(applied) >= OrdinalAt(wanted);
  }
  std::vector<std::string> SnapshotEncodings() const override { return {}; }
  connector::OpenTransactions OpenTransactionsIn(const std::vector<std::string>&,
                                                 const connector::SessionContext&) override {
    return {};
  }
  std::vector<connector::SourceObject> SourceObjects(const connector::SessionContext&) override { return {}; }
  std::vector<std::string> ReleaseSource(const std::string&, const connector::SessionContext&) override { return {}; }
};

inline constexpr ErrorCode kTestLost{"TS-0010", "Connection lost"};
inline constexpr ErrorCode kTestDeadlock{"TS-0011", "Deadlock"};
inline constexpr ErrorCode kTestCrash{"TS-0012", "The process died here"};
inline constexpr ErrorCode kTestRefused{"TS-0013", "Refused"};

inline model::TransactionPtr FakeSource::Stream::Next(Deadline deadline) {
  if (source_.lose_every > 0 && ++handed_ > source_.lose_every) {
    throw Error(kTestLost).Retry(RetryClass::kReconnect);
  }
  if (next_ >= source_.log.size()) {
    SleepFor({}, deadline.Left(milliseconds(5)));
    return nullptr;
  }
  const LoggedTransaction& logged = source_.log[next_];
  auto transaction = std::make_unique<model::Transaction>();
  transaction->ordinal = next_ + 1;
  transaction->first_part = part_ == 0;
  transaction->last_part = part_ + 1 == logged.parts;
  const size_t count = logged.changes.size();
  for (size_t i = count * part_ / logged.parts; i < count * (part_ + 1) / logged.parts; ++i) {
    const LoggedChange& change = logged.changes[i];
    model::RowChange row;
    row.kind = change.kind;
    row.table = tables_.at(change.table->name);
    row.before = MakeRow(*row.table, change.before, transaction->arena);
    row.after = MakeRow(*row.table, change.after, transaction->arena);
    transaction->rows.push_back(std::move(row));
  }
  transaction->ddl = logged.ddl;
  if (transaction->last_part) {
    transaction->end = At(++next_);
    part_ = 0;
  } else {
    ++part_;
  }
  return transaction;
}

// ---------------------------------------------------------------- the destination

enum class Fault {
  kNone,
  kDeadlock,
  kLost,
  kLostBeforeCommit,
  kLostAfterCommit,
  kCrash,
  kCrashAfterCommit,
  kTakenOver
};

class FakeDestination : public connector::Destination {
 public:
  explicit FakeDestination(const std::vector<model::TablePtr>& tables) : database(tables) {}

  MemoryDatabase database;
  std::map<uint32_t, connector::ApplyProgress> progress;
  std::map<std::string, std::string> notes;
  std::function<void()> on_commit;  // holds the lock: may look at everything
  std::function<Fault(bool commit)> fault = [](bool) { return Fault::kNone; };  // asked before each call
  std::function<model::TablePtr(const model::DdlChange&)> describe_after;
  std::vector<std::string> executed;  // schema statements
  // What a statement of the log becomes; without it: itself.
  std::function<std::vector<connector::SchemaStatement>(const model::DdlChange&)> translate;
  std::set<std::string> refused_statements;
  std::atomic<bool> dead{false};  // after a crash every call fails
  std::atomic<uint64_t> commits{0};
  std::atomic<uint64_t> groups{0};
  std::atomic<uint64_t> appliers{0};  // sessions opened
  std::atomic<bool> stuck{false};     // records of the position wait until their session is cut off
  std::atomic<bool> waiting{false};   // one does
  std::atomic<uint64_t> refused{0};   // groups that a constraint stopped: an order that the claims did not see
  std::mutex mutex;                   // held by the one open transaction
  std::minstd_rand random{1};
  bool shuffles = true;  // rows of a group come in any order

  class Applier;
  class Bookkeeping;
  class Writer;

  void ThrowIfDead() const {
    if (dead) throw Error(kTestCrash);
  }
  // Throws what the fault says; true when the commit is to take effect before the connection is lost.
  bool Inject(bool commit) {
    ThrowIfDead();
    switch (fault(commit)) {
      case Fault::kNone:
        return false;
      case Fault::kDeadlock:
        throw Error(kTestDeadlock).Retry(RetryClass::kBackoff);
      case Fault::kLost:
      case Fault::kLostBeforeCommit:
        throw Error(kTestLost).Retry(RetryClass::kReconnect);
      case Fault::kLostAfterCommit:
        return true;
      case Fault::kCrash:
        dead = true;
        throw Error(kTestCrash);
      case Fault::kCrashAfterCommit:
        dead = true;
        return true;
      case Fault::kTakenOver:
        throw connector::TakenOver("");
    }
    return false;
  }

  void WriteAs(const connector::Fence&) override {}
  connector::ServerInfo Server() override { return {}; }
  std::vector<connector::PrecheckItem> Precheck(const connector::PrecheckRequest&,
                                                const connector::SessionContext&) override {
    return {};
  }
  std::unique_ptr<connector::Catalog> OpenCatalog(const connector::SessionContext&) override { return nullptr; }
  std::unique_ptr<connector::SchemaWriter> OpenSchemaWriter(const connector::SessionContext&) override;
  std::unique_ptr<connector::Loader> OpenLoader(const connector::SessionContext&) override { return nullptr; }
  std::unique_ptr<connector::Applier> OpenApplier(bool, const connector::SessionContext&) override;
  std::unique_ptr<connector::Bookkeeping> OpenBookkeeping(const connector::SessionContext&) override;
  std::unique_ptr<connector::VerifyReader> OpenVerifyReader(const connector::SessionContext&) override {
    return nullptr;
  }
  std::string ChooseEncoding(const model::Table&, const model::TableMapping&, const std::vector<std::string>&,
                             const connector::SessionContext&) override {
    return "";
  }
};

class FakeDestination::Applier : public connector::Applier {
 public:
  explicit Applier(FakeDestination& home) : home_(home) {}
  void Begin() override {
    lock_ = std::unique_lock(home_.mutex);
    saved_.emplace(home_.database);
    home_.Inject(false);
  }
  void Apply(const connector::RowGroup& group) override {
    home_.Inject(false);
    ++home_.groups;
    std::vector<const model::RowChange*> rows = group.rows;
    if (home_.shuffles) std::shuffle(rows.begin(), rows.end(), home_.random);
    try {
      for (const model::RowChange* row : rows) ApplyRow(group, *row);
    } catch (const Error&) {
      ++home_.refused;
      throw;
    }
  }
  void Commit(const connector::ApplyProgress& progress) override {
    const bool loses_answer = home_.Inject(true);
    home_.progress[progress.lane] = progress;
    ++home_.commits;
    if (home_.on_commit) home_.on_commit();
    saved_.reset();
    lock_.unlock();
    if (loses_answer) {
      home_.ThrowIfDead();
      throw Error(kTestLost).Retry(RetryClass::kReconnect);
    }
  }
  void Rollback() override {
    if (!lock_.owns_lock()) return;
    home_.database = *saved_;
    saved_.reset();
    lock_.unlock();
  }
  ~Applier() override { Rollback(); }

 private:
  void ApplyRow(const connector::RowGroup& group, const model::RowChange& row) {
    MemoryDatabase& database = home_.database;
    const model::ObjectName& name = group.mapping->destination;
    const Values before = FromRow(row.before);
    const Values after = FromRow(row.after);
    const bool is_loose = group.idempotent || group.lenient;
    switch (group.kind) {
      case model::ChangeKind::kInsert:
        if (is_loose && database.Look(name, after) != nullptr) database.Delete(name, after);
        return database.Insert(name, after);
      case model::ChangeKind::kDelete:
        if (is_loose && database.Look(name, before) == nullptr) return;
        return database.Delete(name, before);
      case model::ChangeKind::kUpdate:
        if (!is_loose) return ApplyUpdate(name, before, after);
        if (database.Look(name, before) != nullptr) return ApplyUpdate(name, before, after);
        if (!group.idempotent) return;
        if (database.Look(name, after) != nullptr) database.Delete(name, after);
        return database.Insert(name, after);
    }
  }
  // Sets only what changed, as a real destination does: what a cascade did to other columns stays.
  void ApplyUpdate(const model::ObjectName& name, const Values& before, const Values& after) {
    const Values* found = home_.database.Look(name, before);
    if (found == nullptr) throw Error(kTestRowMissing).Object(name.Text());
    Values now = *found;
    for (size_t i = 0; i < now.size(); ++i) {
      if (before[i] != after[i]) now[i] = after[i];
    }
    home_.database.Update(name, before, now);
  }

  FakeDestination& home_;
  std::unique_lock<std::mutex> lock_;
  std::optional<MemoryDatabase> saved_;
};

class FakeDestination::Bookkeeping : public connector::Bookkeeping {
 public:
  Bookkeeping(FakeDestination& home, std::stop_token stop) : home_(home), stop_(std::move(stop)) {}
  void Prepare() override {}
  std::vector<connector::ChunkMark> ChunksDone(const std::string&) override { return {}; }
  void ResetTable(const std::string&, const model::ObjectName&, const model::ObjectName&) override {}
  std::vector<connector::ApplyProgress> LoadProgress(const std::string&) override {
    home_.ThrowIfDead();
    std::lock_guard lock(home_.mutex);
    std::vector<connector::ApplyProgress> lanes;
    for (const auto& [lane, progress] : home_.progress) lanes.push_back(progress);
    return lanes;
  }
  void SaveProgress(const connector::ApplyProgress& progress) override {
    if (home_.stuck) {
      home_.waiting = true;
      Check(!SleepFor(stop_, milliseconds(60'000)), "a session that is stuck is cut off");
      throw Error(kStopped);
    }
    SaveNotes("", {}, &progress);
  }
  std::optional<std::string> LoadNote(const std::string&, const std::string& name) override {
    home_.ThrowIfDead();
    std::lock_guard lock(home_.mutex);
    const auto found = home_.notes.find(name);
    return found == home_.notes.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<std::pair<std::string, std::string>> LoadNotes(const std::string&, const std::string& prefix) override {
    std::lock_guard lock(home_.mutex);
    std::vector<std::pair<std::string, std::string>> notes;
    for (const auto& [name, text] : home_.notes) {
      if (name.starts_with(prefix)) notes.emplace_back(name, text);
    }
    return notes;
  }
  void SaveNotes(const std::string&, const std::vector<Note>& notes,
                 const connector::ApplyProgress* progress) override {
    home_.Inject(false);
    std::lock_guard lock(home_.mutex);
    for (const Note& note : notes) {
      if (note.text) {
        home_.notes[note.name] = *note.text;
      } else {
        home_.notes.erase(note.name);
      }
    }
    if (progress == nullptr) return;
    home_.progress.clear();
    home_.progress[progress->lane] = *progress;
  }
  void RemoveTask(const std::string&) override {}
  std::optional<connector::Owner> LoadOwner(const std::string&) override { return std::nullopt; }
  bool TakeOver(const std::string&, const connector::Owner&, const std::optional<connector::Owner>&) override {
    return true;
  }
  Released Release(const std::string&) override { return {}; }

 private:
  FakeDestination& home_;
  std::stop_token stop_;
};

// Statements are only counted; descriptions come from the test.
class FakeDestination::Writer : public connector::SchemaWriter {
 public:
  explicit Writer(FakeDestination& home) : home_(home) {}
  std::vector<connector::SchemaStatement> CreateDatabase(const std::string&, const std::string&, const std::string&,
                                                         const connector::ServerInfo&) override {
    return {};
  }
  std::vector<connector::SchemaStatement> Translate(const model::Table&, const model::TableMapping&,
                                                    const model::NameMap&, const connector::ServerInfo&) override {
    return {};
  }
  std::vector<connector::SchemaStatement> Translate(const model::SchemaObject&, const model::NameMap&,
                                                    const connector::ServerInfo&) override {
    return {};
  }
  std::vector<connector::SchemaStatement> Translate(const model::DdlChange& ddl, const model::NameMap&,
                                                    const connector::ServerInfo&) override {
    if (home_.translate) return home_.translate(ddl);
    connector::SchemaStatement statement;
    statement.sql = ddl.statement;
    return {statement};
  }
  void Drop(const connector::SchemaStatement&) override {}
  void SetSequence(const connector::SequenceValue&, const model::NameMap&) override {}
  void Execute(const connector::SchemaStatement& statement) override {
    const bool loses_answer = home_.Inject(true);
    std::lock_guard lock(home_.mutex);
    if (home_.refused_statements.contains(statement.sql)) throw Error(kTestRefused).Cause("no");
    home_.executed.push_back(statement.sql);
    if (!loses_answer) return;
    home_.ThrowIfDead();
    throw Error(kTestLost).Retry(RetryClass::kReconnect);
  }
  std::vector<connector::SchemaStatement> Translate(const std::vector<connector::TableChange>&,
                                                    const std::vector<model::TablePtr>&, const model::DdlChange& ddl,
                                                    const model::NameMap& names,
                                                    const connector::ServerInfo& source) override {
    return Translate(ddl, names, source);
  }
  std::vector<connector::TableChange> DescribeAfter(const model::DdlChange& ddl, const std::vector<model::TablePtr>&,
                                                    const connector::ServerInfo&) override {
    home_.ThrowIfDead();
    return {{ddl.objects[0], nullptr, home_.describe_after ? home_.describe_after(ddl) : nullptr}};
  }
  std::string Fingerprint(const std::vector<model::ObjectName>&) override {
    std::lock_guard lock(home_.mutex);
    return std::to_string(home_.executed.size());
  }

 private:
  FakeDestination& home_;
};

inline std::unique_ptr<connector::SchemaWriter> FakeDestination::OpenSchemaWriter(const connector::SessionContext&) {
  ThrowIfDead();
  return std::make_unique<Writer>(*this);
}
inline std::unique_ptr<connector::Applier> FakeDestination::OpenApplier(bool, const connector::SessionContext&) {
  ThrowIfDead();
  ++appliers;
  return std::make_unique<Applier>(*this);
}
inline std::unique_ptr<connector::Bookkeeping> FakeDestination::OpenBookkeeping(
    const connector::SessionContext& context) {
  ThrowIfDead();
  return std::make_unique<Bookkeeping>(*this, context.stop);
}

// Everything is selected and keeps its name.
class SameNames : public model::NameMap {
 public:
  std::function<void(model::TableMapping&)> adjust;

  model::ObjectName Map(const model::ObjectName& source) const override { return source; }
  std::string MapDatabase(const std::string& source) const override { return source; }
  std::string MapColumn(const model::ObjectName&, const std::string& column) const override { return column; }
  bool Selected(const model::ObjectName&) const override { return true; }
  model::TableMappingPtr MapTable(const model::Table& table) const override {
    auto mapping = std::make_shared<model::TableMapping>();
    mapping->source = mapping->destination = table.name;
    for (const model::Column& column : table.columns) mapping->columns.push_back({column.name, column.name});
    mapping->operations.ddl = {model::DdlKind::kAlterTable, model::DdlKind::kCreateTable};
    if (adjust) adjust(*mapping);
    return mapping;
  }
};

}  // namespace sluice::pipeline::testing
