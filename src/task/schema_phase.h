// Creating objects at the destination: statements are made once, kept in the store, and executed stage by stage. One
// that fails does not stop the others; it stays "failed" with its statement until it is retried or skipped.
#pragma once

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
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

  // Adds what the plan has more, while nothing but tables was executed: its tables (all of them new), and its objects,
  // which are all there are now. One whose statement changed is made anew, one that is gone is left out.
  void Extend(const Plan& plan);

  // Executes what is pending of a stage, `parallel` at a time. Returns how many of the stage are failed now.
  size_t Execute(connector::SchemaStage stage, size_t parallel, std::stop_token stop);
  // Executes kBeforeLoad in a thread of its own, largest tables first, so that the load need not wait for all of them.
  // The destructor and FinishTables() end it, the latter by waiting for what is left.
  void StartTables(size_t parallel);
  // Waits until this source table stands at the destination. Throws kSchemaFailed when it could not be created,
  // kStopped on stop, and what ended the thread if it cannot go on.
  void WaitForTable(const model::ObjectName& source, std::stop_token stop);
  void FinishTables();
  // The index statements of one table; called by writer threads as tables are loaded.
  void ExecuteIndexes(const model::ObjectName& source, std::stop_token stop);
  // Writes what ExecuteIndexes left in memory.
  void Flush();

  // Drops triggers that a switch-over which did not come to its end has created: they would fire on changes that are
  // applied. They are created at the next one.
  void WithdrawTriggers();

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
    bool uncertain = false;  // "exists already" means that it is done: by an earlier process, or by hand
  };

  std::vector<connector::SchemaStatement> Translate(const Plan& plan);
  void Add(std::vector<connector::SchemaStatement> statements);
  void Add(Entry entry);
  bool ExecuteOne(Entry& entry, Writer& writer, std::string* error, const std::stop_token& stop);
  size_t ExecuteBatch(const std::vector<size_t>& batch, Writer& writer, const std::stop_token& stop);
  void ExecuteParallel(const std::vector<size_t>& work, size_t parallel, const std::stop_token& stop);
  Writer TakeWriter();  // one that is at hand; null: to be opened when it is needed
  void GiveBack(Writer writer);
  // The entries of a stage, in the order in which they are created.
  std::vector<size_t> InOrder(connector::SchemaStage stage) const;
  void SaveAll();
  void CountLive();

  Session& session_;
  mutable std::mutex mutex_;  // guards entries' states, the writers, and the store
  std::condition_variable_any changed_;
  const std::unique_ptr<store::Store> store_;  // a connection of its own: tables are created beside the load
  std::vector<Entry> entries_;
  std::unordered_map<std::string, size_t> by_label_;
  std::unordered_map<std::string, std::vector<size_t>> tables_;      // source table's text -> entries of kBeforeLoad
  std::unordered_map<std::string, std::vector<size_t>> indexes_of_;  // the same of kIndexes
  std::vector<size_t> unsaved_;
  std::vector<Writer> writers_;
  std::exception_ptr tables_error_;
  std::jthread tables_thread_;  // the last member: ends before the others do
};

}  // namespace sluice::task
