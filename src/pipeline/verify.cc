#include "pipeline/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "pipeline/codes.h"
#include "pipeline/verify_board.h"

namespace sluice::pipeline {
namespace {

using connector::Chunk;
using model::TypeKind;

constexpr uint64_t kRowsPerChunk = 50'000;
constexpr size_t kPendingMost = 20'000;  // rows waiting for a second look, per table

// Keys of these kinds have the same order everywhere; texts have it only where the collations agree.
bool SameOrderEverywhere(TypeKind kind) {
  switch (kind) {
    case TypeKind::kInteger:
    case TypeKind::kDecimal:
    case TypeKind::kBit:
    case TypeKind::kYear:
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp:
    case TypeKind::kBinary:
    case TypeKind::kVarbinary:
      return true;
    default:
      return false;
  }
}

bool LinesUp(const VerifyPair& pair) {
  if (pair.source.columns.size() != pair.destination.columns.size()) return false;
  for (size_t i = 0; i < pair.source.key_columns; ++i) {
    const TypeKind source = pair.source.table->columns[pair.source.columns[i]].type.kind;
    const TypeKind destination = pair.destination.table->columns[pair.destination.columns[i]].type.kind;
    if (source != destination || !SameOrderEverywhere(source)) return false;
  }
  return true;
}

// JSON that one side keeps as text is compared as JSON at both.
void CompareAsJson(connector::VerifyTable& table, const connector::VerifyTable& other) {
  std::shared_ptr<model::Table> changed;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const model::ColumnType& type = table.table->columns[table.columns[i]].type;
    if (type.kind != TypeKind::kText || other.table->columns[other.columns[i]].type.kind != TypeKind::kJson) continue;
    if (changed == nullptr) changed = std::make_shared<model::Table>(*table.table);
    changed->columns[table.columns[i]].type.kind = TypeKind::kJson;
  }
  if (changed != nullptr) table.table = changed;
}

VerifyPair Harmonise(VerifyPair pair) {
  if (pair.source.columns.size() == pair.destination.columns.size()) {
    const connector::VerifyTable source = pair.source;
    CompareAsJson(pair.source, pair.destination);
    CompareAsJson(pair.destination, source);
  }
  return pair;
}

void CheckShape(const VerifyPair& pair) {
  const bool fits = pair.source.columns.size() == pair.destination.columns.size() && !pair.source.columns.empty() &&
                    pair.source.key_columns == pair.destination.key_columns;
  if (fits) return;
  throw Error(kVerifyShape)
      .Object("table " + pair.source.table->name.Text())
      .Cause(fmt::format("{} columns are carried at the source and {} are there at the destination",
                         pair.source.columns.size(), pair.destination.columns.size()))
      .Remedy("Bring the destination's table into the shape that the task's mapping asks for.");
}

class Verification {
 public:
  Verification(const VerifyRequest& request, std::stop_token outer)
      : request_(request),
        callbacks_(request),
        outer_(std::move(outer)),
        stop_when_asked_(outer_, [this] { stop_.request_stop(); }) {
    const connector::ServerInfo source = request.source->Server();
    const connector::ServerInfo destination = request.destination->Server();
    for (const VerifyPair& given : request.tables) {
      VerifyPair pair = Harmonise(given);
      pair.source.peer = destination;
      pair.destination.peer = source;
      const bool lines_up = LinesUp(pair);
      tables_.push_back(
          std::make_unique<VerifyTableWork>(std::move(pair), lines_up, request.differences_kept, callbacks_));
      tables_.back()->index = tables_.size() - 1;
      if (request.progress != nullptr) request.progress->rows_to_verify += given.source.table->rows_estimated;
    }
    results_.resize(tables_.size());
    std::vector<VerifyTableWork*> order;
    for (const auto& table : tables_) order.push_back(table.get());
    std::stable_sort(order.begin(), order.end(), [](const VerifyTableWork* a, const VerifyTableWork* b) {
      return a->pair.source.table->rows_estimated > b->pair.source.table->rows_estimated;
    });
    board_ = std::make_unique<VerifyBoard>(std::move(order));
  }

  std::vector<VerifyTableResult> Run() {
    const size_t lanes = std::max<size_t>(1, request_.limits.readers);
    {
      std::vector<std::jthread> threads;
      for (size_t i = 0; i < lanes; ++i) {
        threads.emplace_back([this] { Guard([this] { SourceLane(); }); });
        threads.emplace_back([this] { Guard([this] { DestinationLane(); }); });
      }
    }
    if (failure_) std::rethrow_exception(failure_);
    ThrowIfStopped(outer_);
    return std::move(results_);
  }

 private:
  // A lane's way out by an exception ends the others too.
  void Guard(const std::function<void()>& lane) {
    try {
      lane();
    } catch (...) {
      std::lock_guard lock(mutex_);
      if (!failure_ && !outer_.stop_requested()) failure_ = std::current_exception();
      stop_.request_stop();
    }
  }

  VerifySession OpenSource() {
    return VerifySession(
        [this] {
          return request_.source->OpenVerifyReader({stop_.get_token(), "verify source"});
        },
        stop_.get_token());
  }
  VerifySession OpenDestination() {
    return VerifySession(
        [this] {
          return request_.destination->OpenVerifyReader({stop_.get_token(), "verify destination"});
        },
        stop_.get_token());
  }

  // Runs a step of a table; an error fails the table, only a stop fails the verification.
  template <typename Step>
  void ForTable(VerifyTableWork& table, const Step& step) {
    if (table.report.failed()) return;
    try {
      step();
    } catch (const Error& error) {
      ThrowIfStopped(stop_.get_token());
      table.report.Fail(error.info());
    }
  }

  void SourceLane() {
    VerifySession source = OpenSource();
    VerifySession destination = OpenDestination();  // for comparing; opened when that happens
    while (const std::optional<VerifyJob> job = board_->Next(true, stop_.get_token())) {
      switch (job->step) {
        case VerifyStep::kPlan:
          Plan(*job->table, source);
          break;
        case VerifyStep::kReadSource:
          Read(*job, source, true);
          break;
        case VerifyStep::kCompare:
          Compare(*job, source, destination);
          break;
        case VerifyStep::kFinish:
          Finish(*job->table, source, destination);
          break;
        case VerifyStep::kReadDestination:
          Check(false, "a destination's step in a source's lane");
          break;
      }
    }
  }

  void DestinationLane() {
    VerifySession destination = OpenDestination();
    while (const std::optional<VerifyJob> job = board_->Next(false, stop_.get_token())) {
      Read(*job, destination, false);
    }
  }

  void Plan(VerifyTableWork& table, VerifySession& source) {
    std::vector<Chunk> chunks;
    ForTable(table, [&] {
      CheckShape(table.pair);
      source.Do([&](connector::VerifyReader& reader) { chunks = reader.PlanChunks(table.pair.source, kRowsPerChunk); });
    });
    board_->Planned(table, std::move(chunks));
  }

  void Read(const VerifyJob& job, VerifySession& session, bool source_side) {
    SetDigest digest;
    ForTable(*job.table, [&] {
      const VerifyPair& pair = job.table->pair;
      digest = DigestChunk(session, source_side ? pair.source : pair.destination, job.chunk->chunk,
                           [&](uint64_t rows, uint64_t bytes) {
                             if (!source_side) return;
                             if (request_.rate != nullptr) request_.rate->Acquire(rows, bytes, stop_.get_token());
                             if (request_.progress != nullptr) request_.progress->rows_verified += rows;
                           });
    });
    board_->Read(job.chunk, source_side, digest);
  }

  void Compare(const VerifyJob& job, VerifySession& source, VerifySession& destination) {
    VerifyTableWork& table = *job.table;
    std::vector<Pending> pending;
    const bool keyless = table.pair.source.key_columns == 0;
    ForTable(table, [&] {
      if (keyless && request_.changes_flow) {
        SettleKeyless(source, destination, table.pair, request_, stop_.get_token(), table.report);
        return;
      }
      const uint64_t rows = std::max(job.chunk->source->rows(), job.chunk->destination->rows());
      CompareChunk(source, destination, table.pair, job.chunk->chunk, rows, CompareLimits(), [&](const RowPair& pair) {
        if (keyless || (table.lines_up && !request_.changes_flow)) {
          table.report.Add(pair, destination);
          return;
        }
        pending.push_back(ToPending(table.pair.source, pair));
        if (pending.size() >= kPendingMost) LookAgain(table, source, destination, std::exchange(pending, {}));
      });
    });
    std::vector<Pending> overflow = board_->AddPending(table, std::move(pending), kPendingMost);
    ForTable(table, [&] { LookAgain(table, source, destination, std::move(overflow)); });
    board_->Compared(table);
  }

  void LookAgain(VerifyTableWork& table, VerifySession& source, VerifySession& destination, std::vector<Pending> rows) {
    if (request_.changes_flow) {
      Settle(source, destination, table.pair, std::move(rows), request_, stop_.get_token(), table.report);
    } else {
      Confirm(source, destination, table.pair, std::move(rows), table.report);
    }
  }

  void Finish(VerifyTableWork& table, VerifySession& source, VerifySession& destination) {
    const bool settled_whole = request_.changes_flow && table.pair.source.key_columns == 0;
    // Tables that were settled as a whole have told their rows themselves.
    if (!settled_whole || table.source == table.destination) {
      table.report.SetRows(table.source.rows(), table.destination.rows());
    }
    ForTable(table, [&] { LookAgain(table, source, destination, std::move(table.pending)); });
    VerifyTableResult result = std::move(table.report).Take();
    callbacks_.OnTable(result);
    results_[table.index] = std::move(result);
    board_->Finished();
  }

  const VerifyRequest& request_;
  VerifyCallbacks callbacks_;
  std::stop_token outer_;
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> stop_when_asked_;
  std::vector<std::unique_ptr<VerifyTableWork>> tables_;
  std::vector<VerifyTableResult> results_;  // each written by one lane
  std::unique_ptr<VerifyBoard> board_;
  std::mutex mutex_;
  std::exception_ptr failure_;
};

}  // namespace

std::vector<VerifyTableResult> RunVerify(const VerifyRequest& request, std::stop_token stop) {
  if (request.tables.empty()) return {};
  return Verification(request, std::move(stop)).Run();
}

}  // namespace sluice::pipeline
