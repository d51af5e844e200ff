#include "task/schema_phase.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "base/log.h"
#include "task/schema_record.h"

namespace sluice::task {
namespace {

// With this connectors begin the part of a cause that repeats the statement.
constexpr std::string_view kStatementInCause = "; statement: ";

using connector::SchemaStage;
using connector::SchemaStatement;

constexpr size_t kBatch = 32;  // statements between two writes to the store

Error Failed(const std::string& labels, const std::string& first_error) {
  return Error(kSchemaFailed)
      .Object(labels)
      .Cause("the destination refused the statement; the first one:\n" + first_error)
      .Remedy(
          "`sluice schema list TASK.yaml` shows each with its statement; mend it with `sluice schema retry OBJECT "
          "[--statement FILE]` or leave it out with `sluice schema skip OBJECT`, then run the task again.")
      .Side("destination");
}

}  // namespace

SchemaPhase::SchemaPhase(Session& session, bool resumed)
    : session_(session), store_(store::Store::Open(session.state_directory())) {
  for (store::ObjectRecord& record : store_->Objects(session.record().name)) {
    SchemaStatement statement = StatementFrom(record);
    Entry entry{std::move(record), std::move(statement)};
    // The precheck found nothing in the way of the others, so what is there is ours, or made by hand to mend a failure;
    // what came later and was met is not, unless somebody asks for it by a retry. Triggers come much later: only one
    // that was being created may be ours.
    const bool is_trigger = entry.statement.stage == SchemaStage::kTriggers;
    entry.uncertain = is_trigger ? entry.record.state == "running" : resumed && !IsInTheWay(entry.record);
    Add(std::move(entry));
  }
  CountLive();
}

void SchemaPhase::Add(Entry entry) {
  const std::string table = entry.statement.source.Text();
  if (entry.statement.stage == SchemaStage::kIndexes) indexes_of_[table].push_back(entries_.size());
  const bool creates_table =
      entry.statement.stage == SchemaStage::kBeforeLoad ||
      (entry.statement.stage == SchemaStage::kTypes && entry.statement.kind == model::ObjectKind::kTable);
  if (creates_table) tables_[table].push_back(entries_.size());
  by_label_[entry.record.label] = entries_.size();
  entries_.push_back(std::move(entry));
}

void SchemaPhase::Prepare(const Plan& plan) {
  Add(Translate(plan));
  SaveAll();
}

void SchemaPhase::Extend(const Plan& plan) {
  std::vector<SchemaStatement> statements = Translate(plan);
  std::set<std::string> labels;
  bool is_new = false;
  for (const SchemaStatement& statement : statements) {
    labels.insert(statement.label);
    const auto found = by_label_.find(statement.label);
    is_new = is_new || found == by_label_.end() || entries_[found->second].statement.sql != statement.sql;
  }
  for (Entry& entry : entries_) {
    const SchemaStage stage = entry.statement.stage;
    const bool is_object = stage == SchemaStage::kObjects || stage == SchemaStage::kTriggers;
    if (!is_object || labels.contains(entry.record.label) || entry.record.state != "pending") continue;
    entry.record.state = "skipped";
    entry.record.error = "dropped at the source before the cut";
    session_.Say(entry.record.label + " was dropped at the source after the precheck: it is left out");
    is_new = true;
  }
  if (!is_new) return;
  FinishTables();  // the entries must not move under its hands
  Add(std::move(statements));
  SaveAll();
  StartTables(session_.limits().writers);
}

std::vector<size_t> SchemaPhase::InOrder(SchemaStage stage) const {
  std::vector<size_t> order;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].statement.stage == stage) order.push_back(i);
  }
  if (stage != SchemaStage::kTypes) return order;
  // Some tables are created with the types, since other tables need them; the types do not need the tables.
  std::stable_partition(order.begin(), order.end(),
                        [&](size_t i) { return entries_[i].statement.kind != model::ObjectKind::kTable; });
  return order;
}

void SchemaPhase::SaveAll() {
  {
    std::lock_guard lock(mutex_);
    std::vector<store::ObjectRecord> records;
    records.reserve(entries_.size());
    for (const Entry& entry : entries_) records.push_back(entry.record);
    store_->SaveObjects(session_.record().name, records);
  }
  CountLive();
}

namespace {

constexpr const char* kOtherEngine =
    "not carried: it is written in the words of another engine. Write it anew, and have it created with "
    "`sluice schema retry`";

// A view or routine of another engine: kept with its statement, so that nobody has to look for what is missing.
SchemaStatement NotCarried(const model::SchemaObject& object, const model::NameMap& names) {
  SchemaStatement statement;
  statement.stage = object.kind == model::ObjectKind::kTrigger ? SchemaStage::kTriggers : SchemaStage::kObjects;
  statement.kind = object.kind;
  statement.source = object.name;
  statement.object = {names.MapDatabase(object.name.database), object.name.name};
  if (!object.table.name.empty()) statement.table = names.Map(object.table);
  statement.signature = object.signature;
  statement.label = std::string(model::Name(object.kind)) + " " + statement.object.Text();
  if (!object.signature.empty()) statement.label += "(" + object.signature + ")";
  statement.sql = object.create_statement;
  statement.notes = {kOtherEngine};
  return statement;
}

// Of two statements with one label the newer replaces the older: they must be about the same.
void RefuseSameLabels(const std::vector<SchemaStatement>& statements) {
  std::map<std::string, const SchemaStatement*> first;
  for (const SchemaStatement& statement : statements) {
    const bool is_shared =
        statement.kind == model::ObjectKind::kDatabase || statement.kind == model::ObjectKind::kExtension;
    if (is_shared || statement.notes == std::vector<std::string>{kOtherEngine}) continue;
    const auto [other, is_new] = first.emplace(statement.label, &statement);
    if (is_new || other->second->source == statement.source) continue;
    const std::string kind(model::Name(statement.kind));
    throw Collides(kind + " " + other->second->source.Text(), kind + " " + statement.source.Text(),
                   statement.object.Text());
  }
}

// What foreign keys refer to and is not there: a source that checks none allows it.
std::set<model::ObjectName> ReferredButAbsent(const Plan& plan) {
  std::set<model::ObjectName> absent;
  for (const model::TablePtr& table : plan.tables) {
    for (const model::ForeignKey& key : table->foreign_keys) absent.insert(key.referenced);
  }
  for (const model::TablePtr& table : plan.tables) absent.erase(table->name);
  return absent;
}

}  // namespace

std::vector<SchemaStatement> SchemaPhase::Translate(const Plan& plan) {
  Task::Context& context = session_.context();
  const connector::ServerInfo server = context.source->Server();
  Writer writer = TakeWriter();
  if (writer == nullptr) writer = context.destination->OpenSchemaWriter({session_.stop(), "schema"});
  std::vector<SchemaStatement> all;
  const auto add = [&](std::vector<SchemaStatement> some) {
    std::move(some.begin(), some.end(), std::back_inserter(all));
  };
  for (const auto& [source, destination] : plan.databases) {
    add(writer->CreateDatabase(source, destination, context.source->DatabaseStatement(source),
                               context.source->Server()));
  }
  // In the order in which the load wants them.
  std::vector<size_t> order(plan.tables.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return plan.tables[a]->bytes_estimated > plan.tables[b]->bytes_estimated;
  });
  const TaskNames names(*context.selection,
                        context.BetweenEngines() ? ReferredButAbsent(plan) : std::set<model::ObjectName>());
  for (const size_t i : order) add(writer->Translate(*plan.tables[i], *plan.mappings[i], names, server));
  for (const model::SchemaObject& object : plan.objects) {
    if (context.BetweenEngines()) {
      all.push_back(NotCarried(object, *context.selection));
    } else {
      add(writer->Translate(object, *context.selection, server));
    }
  }
  GiveBack(std::move(writer));
  RefuseSameLabels(all);
  return all;
}

// A label that is there already: a destination database that several source databases share is created once; an object
// that was not executed yet is made from the newer statement.
void SchemaPhase::Add(std::vector<SchemaStatement> statements) {
  for (SchemaStatement& statement : statements) {
    const auto found = by_label_.find(statement.label);
    if (found != by_label_.end()) {
      Entry& old = entries_[found->second];
      if (old.statement.sql == statement.sql || old.record.state != "pending") continue;
      old.record = ToRecord(statement);
      old.statement = std::move(statement);
      continue;
    }
    for (const std::string& note : statement.notes) session_.Say(statement.label + ": " + note);
    store::ObjectRecord record = ToRecord(statement);
    if (statement.notes == std::vector<std::string>{kOtherEngine}) {
      record.state = "skipped";
      record.error = kOtherEngine;
    }
    Add({std::move(record), std::move(statement)});
  }
}

size_t SchemaPhase::Execute(SchemaStage stage, size_t parallel, std::stop_token stop) {
  std::vector<size_t> databases;
  std::vector<size_t> work;
  for (const size_t i : InOrder(stage)) {
    const Entry& entry = entries_[i];
    if (entry.record.state == "done" || entry.record.state == "skipped") continue;
    (entry.statement.kind == model::ObjectKind::kDatabase ? databases : work).push_back(i);
  }
  if (!databases.empty()) {
    Writer writer = TakeWriter();
    ExecuteBatch(databases, writer, stop);
    GiveBack(std::move(writer));
  }
  // Views and routines may need each other in an order that only the server knows: repeat while some get through.
  for (size_t failed_before = work.size() + 1; !work.empty() && work.size() < failed_before;) {
    failed_before = work.size();
    ExecuteParallel(work, stage == SchemaStage::kBeforeLoad ? std::max<size_t>(1, parallel) : 1, stop);
    std::erase_if(work, [&](size_t i) { return entries_[i].record.state == "done"; });
    if (stage != SchemaStage::kObjects && stage != SchemaStage::kTypes) break;
  }
  CountLive();
  return work.size();
}

void SchemaPhase::ExecuteParallel(const std::vector<size_t>& work, size_t parallel, const std::stop_token& stop) {
  std::atomic<size_t> next{0};
  std::mutex error_mutex;
  std::exception_ptr error;
  {
    std::vector<std::jthread> threads;
    const size_t count = std::min(parallel, (work.size() + kBatch - 1) / kBatch);
    for (size_t t = 0; t < count; ++t) {
      threads.emplace_back([&, t] {
        pthread_setname_np(pthread_self(), fmt::format("schema-{}", t).c_str());
        try {
          Writer writer = TakeWriter();
          for (size_t at = next.fetch_add(kBatch); at < work.size(); at = next.fetch_add(kBatch)) {
            const size_t end = std::min(work.size(), at + kBatch);
            ExecuteBatch({work.begin() + static_cast<long>(at), work.begin() + static_cast<long>(end)}, writer, stop);
          }
          GiveBack(std::move(writer));
        } catch (...) {
          std::lock_guard lock(error_mutex);
          if (!error) error = std::current_exception();
        }
      });
    }
  }
  if (error) std::rethrow_exception(error);
}

void SchemaPhase::StartTables(size_t parallel) {
  for (auto& [name, entries] : tables_) {
    for (const size_t i : entries) {
      if (entries_[i].record.state == "failed") entries_[i].record.state = "pending";  // is tried again
    }
  }
  tables_thread_ = std::jthread([this, parallel](std::stop_token own) {
    pthread_setname_np(pthread_self(), "tables");
    std::stop_source end;
    const std::stop_callback by_owner(own, [&] { end.request_stop(); });
    const std::stop_callback by_session(session_.stop(), [&] { end.request_stop(); });
    try {
      Execute(SchemaStage::kTypes, 1, end.get_token());
      Execute(SchemaStage::kBeforeLoad, parallel, end.get_token());
    } catch (...) {
      std::lock_guard lock(mutex_);
      tables_error_ = std::current_exception();
      changed_.notify_all();
    }
  });
}

void SchemaPhase::WaitForTable(const model::ObjectName& source, std::stop_token stop) {
  const auto found = tables_.find(source.Text());
  if (found == tables_.end()) return;
  const auto is_settled = [&](size_t i) {
    const std::string& state = entries_[i].record.state;
    return state == "done" || state == "skipped" || state == "failed";
  };
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop,
                [&] { return tables_error_ || std::all_of(found->second.begin(), found->second.end(), is_settled); });
  ThrowIfStopped(stop);
  if (tables_error_) std::rethrow_exception(tables_error_);
  for (const size_t i : found->second) {
    const store::ObjectRecord& record = entries_[i].record;
    if (record.state == "failed") throw Failed(record.label, record.error);
  }
}

void SchemaPhase::FinishTables() {
  if (tables_thread_.joinable()) tables_thread_.join();
  if (tables_error_) std::rethrow_exception(tables_error_);
}

size_t SchemaPhase::ExecuteBatch(const std::vector<size_t>& batch, Writer& writer, const std::stop_token& stop) {
  const std::string& task = session_.record().name;
  std::vector<store::ObjectRecord> records;
  {
    // Marked before: after a crash "exists already" then means that it was us.
    std::lock_guard lock(mutex_);
    for (const size_t i : batch) {
      if (entries_[i].record.state != "running") {
        entries_[i].record.state = "running";
        records.push_back(entries_[i].record);
      }
    }
    store_->SaveObjects(task, records);
  }
  size_t failed = 0;
  std::exception_ptr stopped;
  for (const size_t i : batch) {
    Entry& entry = entries_[i];
    std::string error;
    try {
      const bool done = ExecuteOne(entry, writer, &error, stop);
      std::lock_guard lock(mutex_);
      entry.record.state = done ? "done" : "failed";
      entry.record.error = error;
      failed += done ? 0 : 1;
      if (done) ++session_.live().objects_done;
      changed_.notify_all();
    } catch (...) {
      stopped = std::current_exception();
      break;
    }
  }
  std::lock_guard lock(mutex_);
  records.clear();
  for (const size_t i : batch) records.push_back(entries_[i].record);
  store_->SaveObjects(task, records);
  if (stopped) std::rethrow_exception(stopped);
  return failed;
}

// False with the error's text when the server refused it; throws when going on makes no sense. `stop` ends the trying;
// a statement at work is ended by the session's own stop alone, since a writer lives longer than one load. A lost
// connection is replaced in `writer`; whether the statement had taken effect is then unknown, so "exists already" means
// that it had.
bool SchemaPhase::ExecuteOne(Entry& entry, Writer& writer, std::string* error_text, const std::stop_token& stop) {
  std::optional<Deadline> give_up;  // from the first loss on: an index or a foreign key may take longer than that
  milliseconds pause(200);
  for (int attempt = 0;; ++attempt) {
    try {
      if (writer == nullptr) writer = session_.context().destination->OpenSchemaWriter({session_.stop(), "schema"});
      writer->Execute(entry.statement);
      return true;
    } catch (const Error& error) {
      const ErrorInfo& info = error.info();
      if (info.code == kStopped.id || connector::IsTakenOver(info)) throw;
      if (info.already_exists && entry.uncertain) return true;
      const bool lost = info.retry == RetryClass::kReconnect;
      if (lost && !give_up) give_up = Deadline::After(session_.context().spec.give_up);
      if (lost ? give_up->Passed() : info.retry == RetryClass::kNever || attempt >= 8) {
        ErrorInfo told = info;
        told.object = entry.statement.label;
        told.stage = "schema";
        LogError("schema", told.OneLine());
        // The whole statement is kept beside the error and shown with it.
        told.cause.resize(std::min(told.cause.size(), told.cause.find(kStatementInCause)));
        *error_text = told.Block();
        if (info.already_exists) {
          std::lock_guard lock(mutex_);
          MarkInTheWay(&entry.record);
        }
        return false;
      }
      if (lost) {
        writer.reset();
        entry.uncertain = true;
      }
      session_.SayRetry(info, pause);
    }
    SleepFor(stop, pause);
    ThrowIfStopped(stop);
    pause = std::min(pause * 2, milliseconds(10'000));
  }
}

void SchemaPhase::ExecuteIndexes(const model::ObjectName& source, std::stop_token stop) {
  const auto found = indexes_of_.find(source.Text());
  if (found == indexes_of_.end()) return;
  Writer writer = TakeWriter();
  for (const size_t i : found->second) {
    Entry& entry = entries_[i];
    if (entry.record.state == "done" || entry.record.state == "skipped") continue;
    std::string error;
    const bool done = ExecuteOne(entry, writer, &error, stop);
    std::lock_guard lock(mutex_);
    entry.record.state = done ? "done" : "failed";
    entry.record.error = error;
    unsaved_.push_back(i);
    if (done) ++session_.live().objects_done;
  }
  GiveBack(std::move(writer));
}

void SchemaPhase::Flush() {
  std::lock_guard lock(mutex_);
  std::vector<store::ObjectRecord> records;
  for (const size_t i : unsaved_) records.push_back(entries_[i].record);
  unsaved_.clear();
  if (!records.empty()) store_->SaveObjects(session_.record().name, records);
}

void SchemaPhase::DropCreated() {
  std::vector<size_t> work;
  for (auto stage = std::rbegin(connector::kSchemaStages); stage != std::rend(connector::kSchemaStages); ++stage) {
    // Indexes and foreign keys go with their tables.
    if (*stage == SchemaStage::kIndexes || *stage == SchemaStage::kForeignKeys) continue;
    const std::vector<size_t> created = InOrder(*stage);
    for (auto i = created.rbegin(); i != created.rend(); ++i) {
      const Entry& entry = entries_[*i];
      // A database may hold what is not ours; it is not dropped.
      if (entry.statement.kind == model::ObjectKind::kDatabase) continue;
      if (entry.record.state == "done" || entry.record.state == "running") work.push_back(*i);
    }
  }
  // What others still need is refused: again, while some go.
  Writer writer = session_.context().destination->OpenSchemaWriter({session_.stop(), "schema"});
  std::exception_ptr refused;
  for (size_t before = work.size() + 1; !work.empty() && work.size() < before;) {
    before = work.size();
    std::erase_if(work, [&](size_t i) {
      try {
        writer->Drop(entries_[i].statement);
      } catch (const Error& error) {
        if (!connector::IsRefusal(error.info())) throw;
        refused = std::current_exception();
        return false;
      }
      entries_[i].record.state = "pending";
      return true;
    });
  }
  if (!work.empty()) std::rethrow_exception(refused);
  GiveBack(std::move(writer));
}

void SchemaPhase::WithdrawTriggers() {
  for (Entry& entry : entries_) {
    if (entry.statement.stage != SchemaStage::kTriggers) continue;
    if (entry.record.state != "done" && entry.record.state != "running") continue;
    session_.Persist([&] {
      Writer writer = session_.context().destination->OpenSchemaWriter({session_.stop(), "schema"});
      writer->Drop(entry.statement);
    });
    entry.record.state = "pending";
    store_->SaveObjects(session_.record().name, {entry.record});
    session_.Say(entry.record.label + ": dropped again, since a switch-over did not come to its end");
  }
  CountLive();
}

std::vector<std::string> SchemaPhase::FailedLabels() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> labels;
  for (const Entry& entry : entries_) {
    if (entry.record.state == "failed") labels.push_back(entry.record.label);
  }
  return labels;
}

std::vector<std::string> SchemaPhase::SkippedLabels() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> labels;
  for (const Entry& entry : entries_) {
    if (entry.record.state == "skipped") labels.push_back(entry.record.label);
  }
  return labels;
}

void SchemaPhase::ThrowIfFailed(const std::vector<SchemaStage>& stages) const {
  std::lock_guard lock(mutex_);
  std::string names;
  std::string first;
  size_t failed = 0;
  for (const Entry& entry : entries_) {
    const bool asked = std::find(stages.begin(), stages.end(), entry.statement.stage) != stages.end();
    if (!asked || entry.record.state != "failed") continue;
    if (failed++ == 0) first = entry.record.error;
    if (failed <= 5) names += (names.empty() ? "" : ", ") + entry.record.label;
  }
  if (failed == 0) return;
  if (failed > 5) names += fmt::format(" and {} more", failed - 5);
  throw Failed(names, first);
}

SchemaPhase::Writer SchemaPhase::TakeWriter() {
  std::lock_guard lock(mutex_);
  if (writers_.empty()) return nullptr;
  Writer writer = std::move(writers_.back());
  writers_.pop_back();
  return writer;
}

void SchemaPhase::GiveBack(Writer writer) {
  if (writer == nullptr) return;
  std::lock_guard lock(mutex_);
  writers_.push_back(std::move(writer));
}

void SchemaPhase::CountLive() {
  std::lock_guard lock(mutex_);
  uint32_t done = 0;
  uint32_t failed = 0;
  for (const Entry& entry : entries_) {
    done += entry.record.state == "done" || entry.record.state == "skipped" ? 1 : 0;
    failed += entry.record.state == "failed" ? 1 : 0;
  }
  session_.live().objects_total = static_cast<uint32_t>(entries_.size());
  session_.live().objects_done = done;
  session_.live().objects_failed = failed;
}

}  // namespace sluice::task
