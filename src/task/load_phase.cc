#include "task/load_phase.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>

#include "base/log.h"
#include "model/table_json.h"
#include "pipeline/full_load.h"
#include "task/first_cut.h"
#include "task/ownership.h"

namespace sluice::task {
namespace {

using connector::Chunk;
using connector::Cut;
using nlohmann::json;

json ToValue(const model::Position& position) {
  return {{"engine", position.engine}, {"json", position.json}};
}
model::Position PositionFrom(const json& value) {
  return {value.at("engine").get<std::string>(), value.at("json").get<std::string>()};
}

// A table's cut as its record keeps it. `late`: not the cut that changes begin at; `replay`: rows of two cuts.
struct TableCut {
  model::Position start;
  model::Position end;
  bool late = false;
  bool replay = false;
  uint64_t first_chunk = 0;  // as FullLoadRequest's, of what is planned at it
};

std::string ToJson(const TableCut& cut) {
  return json({{"start", ToValue(cut.start)},
               {"end", ToValue(cut.end)},
               {"late", cut.late},
               {"replay", cut.replay},
               {"first_chunk", cut.first_chunk}})
      .dump();
}

TableCut CutFrom(const std::string& text) {
  const json value = json::parse(text);
  return {PositionFrom(value.at("start")), PositionFrom(value.at("end")), value.at("late").get<bool>(),
          value.at("replay").get<bool>(), value.value("first_chunk", uint64_t{0})};
}

std::string ToJson(const std::vector<Chunk>& chunks) {
  json list = json::array();
  for (const Chunk& chunk : chunks) list.push_back({chunk.number, chunk.lower, chunk.upper, chunk.rows_estimated});
  return list.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::vector<Chunk> ChunksFrom(const std::string& text) {
  std::vector<Chunk> chunks;
  if (text.empty()) return chunks;
  for (const json& value : json::parse(text)) {
    chunks.push_back({value.at(0).get<uint64_t>(), value.at(1).get<std::string>(), value.at(2).get<std::string>(),
                      value.at(3).get<uint64_t>()});
  }
  return chunks;
}

// Numbers for one attempt at the load, 2^32 of them, which no other has; within what a signed number of 64 bits holds.
uint64_t MakeFirstChunk() {
  std::random_device random;
  return uint64_t{(random() & 0x7fffffffu) | 1u} << 32;
}

bool IsWhole(const std::vector<Chunk>& chunks) {
  return chunks.size() == 1 && chunks[0].lower.empty() && chunks[0].upper.empty();
}

// One attempt at the load: everything that is not complete is read at one new cut.
class Attempt {
 public:
  Attempt(Session& session, SchemaPhase* schema, std::vector<TaskTable>& tables)
      : session_(session), schema_(schema), tables_(tables) {}

  void Run() {
    Task::Context& context = session_.context();
    bookkeeping_ = context.destination->OpenBookkeeping({session_.stop(), "bookkeeping"});
    bookkeeping_->Prepare();
    std::unique_ptr<connector::Snapshot> snapshot;
    RefuseBeforeCut(session_.store(), session_.record(), *bookkeeping_);
    if (!bookkeeping_->LoadNote(session_.task_id(), "cut")) snapshot = OpenFirstSnapshot(session_, schema_, tables_);
    ReadMarks();
    ResetTiedTables();
    std::vector<size_t> wanted;
    for (size_t i = 0; i < tables_.size(); ++i) {
      if (!Complete(i) && !IsLeftOut(i)) wanted.push_back(i);
    }
    MakeProgress();
    RecordComplete();
    if (snapshot == nullptr) {
      if (wanted.empty()) {
        FinishIndexes();
        return;
      }
      connector::SnapshotRequest request;
      request.task = session_.task_id();
      request.first = false;
      request.readers = session_.limits().readers;
      request.with_position = context.spec.types.incremental;
      for (const size_t i : wanted) request.tables.push_back(tables_[i].table);
      snapshot = context.source->OpenSnapshot(request, {session_.stop(), "read"});
    }
    session_.Say("snapshot: " + snapshot->cut().how);
    session_.NoteReadingSessions(snapshot->readers());
    RefuseAltered(wanted);
    RecordCut(wanted, snapshot->cut(), "loading");
    Copy(wanted, *snapshot);
  }

  // The cut alone.
  void Begin() {
    bookkeeping_ = session_.context().destination->OpenBookkeeping({session_.stop(), "bookkeeping"});
    bookkeeping_->Prepare();
    RefuseBeforeCut(session_.store(), session_.record(), *bookkeeping_);
    if (bookkeeping_->LoadNote(session_.task_id(), "cut")) return;
    const auto snapshot = OpenFirstSnapshot(session_, nullptr, tables_);
    done_.assign(tables_.size(), {});
    std::vector<size_t> wanted;
    for (size_t i = 0; i < tables_.size(); ++i) {
      if (!IsLeftOut(i)) wanted.push_back(i);
    }
    session_.Say("changes begin now: " + snapshot->cut().how);
    RefuseAltered(wanted);
    RecordCut(wanted, snapshot->cut(), "loaded");
  }

 private:
  const std::string& name() const { return session_.record().name; }

  void ReadMarks() {
    std::map<model::ObjectName, size_t> index;
    for (size_t i = 0; i < tables_.size(); ++i) index[tables_[i].table->name] = i;
    done_.assign(tables_.size(), {});
    rows_.assign(tables_.size(), 0);
    unknown_.assign(tables_.size(), false);
    planned_.clear();
    for (const TaskTable& table : tables_) planned_.push_back(Planned(table.record));
    for (const connector::ChunkMark& mark : bookkeeping_->ChunksDone(session_.task_id())) {
      const auto found = index.find(mark.table);
      if (found == index.end()) continue;
      const size_t i = found->second;
      done_[i].insert(mark.chunk);
      rows_[i] += mark.rows;
      unknown_[i] = unknown_[i] || !planned_[i].contains(mark.chunk);
    }
  }

  // The numbers of a table's chunks. One that was not split has no kept plan (FullLoadRequest::first_chunk).
  static std::set<uint64_t> Planned(const store::TableRecord& record) {
    std::set<uint64_t> numbers;
    for (const Chunk& chunk : ChunksFrom(record.chunks)) numbers.insert(chunk.number);
    if (numbers.empty() && !record.cut.empty()) numbers.insert(CutFrom(record.cut).first_chunk);
    return numbers;
  }

  bool Complete(size_t i) const {
    return !planned_[i].empty() && !unknown_[i] && done_[i].size() == planned_[i].size();
  }

  // By `sluice schema skip`.
  bool IsLeftOut(size_t i) const { return tables_[i].record.state == "skipped"; }

  void ResetTiedTables() {
    const Task::Context& context = session_.context();
    const bool chunks_hold = context.source->ChunksOutliveCut(context.spec.types.incremental);
    std::vector<std::vector<size_t>> groups = ForeignKeyGroups(tables_);
    for (std::vector<size_t>& group : groups) {
      // One that the user has left out is never complete, and stays left out whatever becomes of the others.
      std::erase_if(group, [&](size_t i) { return IsLeftOut(i); });
      const bool begun = std::any_of(group.begin(), group.end(), [&](size_t i) { return !done_[i].empty(); });
      const bool known = std::none_of(group.begin(), group.end(), [&](size_t i) { return unknown_[i]; });
      const bool complete = std::all_of(group.begin(), group.end(), [&](size_t i) { return Complete(i); });
      if (!begun && !chunks_hold) {
        for (const size_t i : group) Replan(i);
      }
      if (!begun || complete) continue;
      const bool alone = group.size() == 1 && tables_[group[0]].table->foreign_keys.empty();
      if (alone && known && chunks_hold && tables_[group[0]].table->IdentityKey() != nullptr)
        continue;  // goes on where it was
      for (const size_t i : group) Reset(i);
    }
  }

  // None of its chunks is in; they are cut anew at the new cut.
  void Replan(size_t i) {
    if (tables_[i].record.chunks.empty()) return;
    planned_[i].clear();
    tables_[i].record.chunks.clear();
    SaveTaskTable(session_.store(), name(), tables_[i]);
  }

  void Reset(size_t i) {
    TaskTable& table = tables_[i];
    if (!done_[i].empty()) {
      session_.Say(fmt::format("table {}: emptied, to be read again at the new cut", table.table->name.Text()));
    }
    bookkeeping_->ResetTable(session_.task_id(), table.mapping->source, table.mapping->destination);
    done_[i].clear();
    rows_[i] = 0;
    unknown_[i] = false;
    planned_[i].clear();
    table.record.chunks.clear();
    table.record.state = "pending";
    SaveTaskTable(session_.store(), name(), table);
  }

  void MakeProgress() {
    LiveState& live = session_.live();
    if (live.tables_ready) return;  // a second attempt: the counters go on
    uint64_t total = 0;
    for (size_t i = 0; i < tables_.size(); ++i) {
      auto progress = std::make_unique<pipeline::TableProgress>();
      progress->source = tables_[i].table->name;
      progress->rows_estimated = std::max(tables_[i].table->rows_estimated, rows_[i]);
      progress->bytes_estimated = tables_[i].table->bytes_estimated;
      progress->rows_done = rows_[i];
      progress->finished = Complete(i);
      total += progress->rows_estimated;
      live.progress.tables.push_back(std::move(progress));
    }
    live.progress.rows_total = total;
    live.tables_ready = true;
  }

  // Tables that an attempt which did not come to its end had completed.
  void RecordComplete() {
    std::vector<store::TableRecord> records;
    for (size_t i = 0; i < tables_.size(); ++i) {
      store::TableRecord& record = tables_[i].record;
      if (record.state != "loading" || !Complete(i)) continue;
      record.state = "loaded";
      record.rows = rows_[i];
      record.bytes = session_.live().progress.tables[i]->bytes_done;
      records.push_back(record);
    }
    if (!records.empty()) session_.store().SaveTables(name(), records);
  }

  // Step 3: what was altered since it was described cannot be copied into the table that was made from the description.
  void RefuseAltered(const std::vector<size_t>& wanted) {
    auto catalog = session_.context().source->OpenCatalog({session_.stop(), "describe"});
    std::vector<model::ObjectName> names;
    for (const size_t i : wanted) names.push_back(tables_[i].table->name);
    const std::vector<model::TablePtr> now = catalog->DescribeTables(names);
    std::map<model::ObjectName, model::TablePtr> by_name;
    for (const model::TablePtr& table : now) by_name[table->name] = table;
    for (const size_t i : wanted) {
      const auto found = by_name.find(tables_[i].table->name);
      const bool same = found != by_name.end() && Shape(*tables_[i].table) == Shape(*found->second);
      if (same) continue;
      throw Error(kTablesFailed)
          .Object("table " + tables_[i].table->name.Text())
          .Cause(found == by_name.end() ? "it was dropped at the source after the task had started"
                                        : "it was altered at the source after the task had started")
          .Remedy(
              "Begin anew with `sluice run --restart`, and leave the tables as they are until the full load is over.")
          .Side("source");
    }
  }

  // What the statement that made the table says, without what moves by itself. Statements of the log that a cut is
  // behind are passed over, so that nothing may differ that rows do not show: keys, defaults, foreign keys, comments.
  static std::string Shape(const model::Table& table) {
    model::Table shape = table;
    shape.create_statement.clear();  // has counters, and words that engines put differently from time to time
    shape.rows_estimated = shape.bytes_estimated = 0;
    return model::ToJson(shape);
  }

  void RecordCut(const std::vector<size_t>& wanted, const Cut& cut, const char* state) {
    const bool follow = session_.context().spec.types.incremental;
    const bool first = !bookkeeping_->LoadNote(session_.task_id(), "cut").has_value();
    std::vector<store::TableRecord> records;
    for (const size_t i : wanted) {
      TaskTable& table = tables_[i];
      table.record.cut = ToJson(TableCut{cut.start, cut.end, !first, !done_[i].empty(), first_chunk_});
      Renumber(i);
      table.record.state = state;
      records.push_back(table.record);
    }
    session_.store().SaveTables(name(), records);
    if (!first) {
      if (!follow) {
        session_.Say(
            "the source must not have been written since the first cut: without incremental, rows of two "
            "moments would be mixed");
      }
      return;
    }
    const std::string text = json({{"start", ToValue(cut.start)}, {"end", ToValue(cut.end)}}).dump();
    connector::ApplyProgress progress;
    progress.task = session_.task_id();
    progress.low = cut.start;
    bookkeeping_->SaveNotes(session_.task_id(), {{"cut", text}}, follow ? &progress : nullptr);
  }

  // The chunks of its plan that are left are read at this attempt's cut.
  void Renumber(size_t i) {
    std::vector<Chunk> chunks = ChunksFrom(tables_[i].record.chunks);
    if (chunks.empty()) return;
    uint64_t number = first_chunk_ + 1;
    for (Chunk& chunk : chunks) {
      if (!done_[i].contains(chunk.number)) chunk.number = number++;
    }
    tables_[i].record.chunks = ToJson(chunks);
  }

  void Copy(const std::vector<size_t>& wanted, connector::Snapshot& snapshot) {
    Task::Context& context = session_.context();
    pipeline::FullLoadRequest request;
    request.task = session_.task_id();
    request.snapshot = &snapshot;
    request.first_chunk = first_chunk_;
    request.destination = context.destination.get();
    request.encodings = context.source->SnapshotEncodings();
    request.limits = session_.limits();
    request.live_limits = &session_.live_limits();
    request.rate = &session_.rate();
    request.progress = &session_.live().progress;
    // Progress counters stand beside all tables; finished ones take part with everything done.
    for (size_t i = 0; i < tables_.size(); ++i) {
      pipeline::LoadTable table;
      table.table = tables_[i].table;
      table.mapping = tables_[i].mapping;
      table.chunks = ChunksFrom(tables_[i].record.chunks);
      const bool asked = std::find(wanted.begin(), wanted.end(), i) != wanted.end();
      if (!asked && table.chunks.empty()) table.chunks = {Chunk{}};
      if (!asked) {
        for (const Chunk& chunk : table.chunks) table.done.insert(chunk.number);
      } else {
        table.done = done_[i];
      }
      table.rows_done = rows_[i];
      request.tables.push_back(std::move(table));
    }
    if (schema_ != nullptr) {
      request.wait_for_table = [&](size_t i, std::stop_token stop) {
        schema_->WaitForTable(tables_[i].table->name, std::move(stop));
      };
    }
    request.on_planned = [&](size_t i, const std::vector<Chunk>& chunks) {
      if (IsWhole(chunks)) return;
      tables_[i].record.chunks = ToJson(chunks);
      SaveTaskTable(session_.store(), name(), tables_[i]);
    };
    request.on_table_loaded = [&](size_t i, std::stop_token stop) {
      if (schema_ != nullptr) schema_->ExecuteIndexes(tables_[i].table->name, std::move(stop));
    };
    request.give_up = context.spec.give_up;
    request.on_retry = [&](const ErrorInfo& error, milliseconds pause) { session_.SayRetry(error, pause); };
    const std::vector<pipeline::TableFailure> failures = pipeline::RunFullLoad(request, session_.stop());
    if (schema_ != nullptr) schema_->Flush();
    Record(wanted, failures);
  }

  // Indexes of tables whose rows were complete when an earlier process ended.
  void FinishIndexes() {
    if (schema_ == nullptr) return;
    for (const TaskTable& table : tables_) {
      if (table.record.state != "skipped") schema_->ExecuteIndexes(table.table->name, session_.stop());
    }
    schema_->Flush();
  }

  void Record(const std::vector<size_t>& wanted, const std::vector<pipeline::TableFailure>& failures) {
    std::map<size_t, const ErrorInfo*> errors;
    for (const pipeline::TableFailure& failure : failures) errors[failure.table] = &failure.error;
    std::vector<store::TableRecord> records;
    std::string names;
    for (const size_t i : wanted) {
      store::TableRecord& record = tables_[i].record;
      const auto failed = errors.find(i);
      record.state = failed == errors.end() ? "loaded" : "failed";
      record.error = failed == errors.end() ? "" : failed->second->Block();
      record.rows = session_.live().progress.tables[i]->rows_done;
      record.bytes = session_.live().progress.tables[i]->bytes_done;
      records.push_back(record);
      if (failed != errors.end()) names += (names.empty() ? "" : ", ") + tables_[i].table->name.Text();
    }
    session_.store().SaveTables(name(), records);
    if (errors.empty()) {
      FinishIndexes();
      return;
    }
    const bool only_uncreated = std::all_of(errors.begin(), errors.end(),
                                            [](const auto& error) { return error.second->code == kSchemaFailed.id; });
    if (only_uncreated) schema_->ThrowIfFailed({connector::SchemaStage::kBeforeLoad});
    ErrorInfo first = *errors.begin()->second;
    Error error(kTablesFailed);
    error.info().native_code = first.native_code;
    error.info().native_message = first.native_message;
    throw std::move(error)
        .Object("table " + names)
        .Cause(fmt::format("[{}] {}: {}", first.code, first.title, first.cause))
        .Remedy(first.remedy + (first.remedy.empty() ? "" : " ") +
                "Then run the task again: it goes on with what is missing. Or leave a table out with "
                "`sluice schema skip TABLE`.")
        .Side(first.side);
  }

  Session& session_;
  SchemaPhase* schema_;
  std::vector<TaskTable>& tables_;
  std::unique_ptr<connector::Bookkeeping> bookkeeping_;
  const uint64_t first_chunk_ = MakeFirstChunk();
  // Per table.
  std::vector<std::set<uint64_t>> planned_;  // the chunks that the store knows
  std::vector<std::set<uint64_t>> done_;
  std::vector<bool> unknown_;  // chunks are done that it does not know
  std::vector<uint64_t> rows_;
};

}  // namespace

std::vector<TaskTable> LoadTaskTables(store::Store& store, const std::string& task) {
  std::vector<TaskTable> tables;
  for (store::TableRecord& record : store.Tables(task)) {
    TaskTable table;
    table.table = model::TableFromJson(record.definition);
    table.mapping = model::MappingFromJson(record.mapping);
    table.record = std::move(record);
    tables.push_back(std::move(table));
  }
  return tables;
}

store::TableRecord MakeTableRecord(const model::Table& table, const model::TableMapping& mapping) {
  store::TableRecord record;
  record.table = table.name.Text();
  record.mapping = model::ToJson(mapping);
  record.definition = model::ToJson(table);
  record.state = "pending";
  return record;
}

void SaveTaskTable(store::Store& store, const std::string& task, const TaskTable& table) {
  store.SaveTables(task, {table.record});
}

void RunLoadPhase(Session& session, SchemaPhase* schema, std::vector<TaskTable>& tables) {
  session.Persist([&] { Attempt(session, schema, tables).Run(); });
}

void BeginChanges(Session& session, std::vector<TaskTable>& tables) {
  session.Persist([&] { Attempt(session, nullptr, tables).Begin(); });
}

std::vector<pipeline::TableWindow> MakeWindows(const std::vector<TaskTable>& tables) {
  std::vector<pipeline::TableWindow> windows;
  for (const TaskTable& table : tables) {
    if (table.record.cut.empty()) continue;
    const TableCut cut = CutFrom(table.record.cut);
    pipeline::TableWindow window{table.table->name, {}, {}};
    if (cut.late && !cut.replay) window.skip_until = cut.start;
    if (cut.replay || !(cut.start == cut.end)) window.replay_until = cut.end;
    if (!window.skip_until.empty() || !window.replay_until.empty()) windows.push_back(std::move(window));
  }
  return windows;
}

std::vector<std::vector<size_t>> ForeignKeyGroups(const std::vector<TaskTable>& tables) {
  std::map<model::ObjectName, size_t> index;
  for (size_t i = 0; i < tables.size(); ++i) index[tables[i].table->name] = i;
  std::vector<size_t> root(tables.size());
  std::iota(root.begin(), root.end(), size_t{0});
  const auto find = [&](size_t i) {
    while (root[i] != i) i = root[i] = root[root[i]];
    return i;
  };
  for (size_t i = 0; i < tables.size(); ++i) {
    for (const model::ForeignKey& key : tables[i].table->foreign_keys) {
      const auto parent = index.find(key.referenced);
      if (parent != index.end()) root[find(i)] = find(parent->second);
    }
  }
  std::map<size_t, std::vector<size_t>> groups;
  for (size_t i = 0; i < tables.size(); ++i) groups[find(i)].push_back(i);
  std::vector<std::vector<size_t>> result;
  for (auto& [unused, group] : groups) result.push_back(std::move(group));
  return result;
}

}  // namespace sluice::task
