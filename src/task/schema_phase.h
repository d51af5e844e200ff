// Creating objects at the destination: statements are made once, kept in the store, and executed stage by stage. One
// that fails does not stop the others; it stays "failed" with its statement until it is retried or skipped.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "task/session.h"

namespace sluice::task {

class SchemaPhase {
 public:
  // `resumed`: an earlier process may have created things without having been able to write it down.
  SchemaPhase(Session& session, bool resumed);

  // Makes the statements of the whole plan and stores them; call once, before anything is executed.
  void Prepare(const Plan& plan);

  // Executes what is pending of a stage, `parallel` at a time. Returns how many of the stage are failed now.
  size_t Execute(connector::SchemaStage stage, size_t parallel);
  // The index statements of one table; called by writer threads as tables are loaded.
  void ExecuteIndexes(const model::ObjectName& source, std::stop_token stop);
  // Writes what ExecuteIndexes left in memory.
  void Flush();

  // Drops what this task had created, newest first.
  void DropCreated();

  std::vector<std::string> FailedLabels() const;
  std::vector<std::string> SkippedLabels() const;
  // Throws kSchemaFailed naming the failed objects of these stages, if there are any.
  void ThrowIfFailed(const std::vector<connector::SchemaStage>& stages) const;

 private:
  using Writer = std::unique_ptr<connector::SchemaWriter>;
  struct Entry {
    store::ObjectRecord record;
    connector::SchemaStatement statement;
  };

  void Add(std::vector<connector::SchemaStatement> statements);
  bool ExecuteOne(Entry& entry, Writer& writer, std::string* error, const std::stop_token& stop);
  size_t ExecuteBatch(const std::vector<size_t>& batch, Writer& writer);
  Writer TakeWriter();  // one that is at hand; null: to be opened when it is needed
  void GiveBack(Writer writer);
  void CountLive();

  Session& session_;
  const bool resumed_;
  mutable std::mutex mutex_;  // guards entries' states, the writers, and the store used from here
  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::vector<size_t>> indexes_of_;  // source table's text -> entries
  std::vector<size_t> unsaved_;
  std::vector<Writer> writers_;
};

}  // namespace sluice::task
