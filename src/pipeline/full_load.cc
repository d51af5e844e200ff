// The life of a chunk: planned by a reader thread; read by one into a pipe, written by a writer thread out of it; done,
// or tried again later, or its table given up. Only the writer's side judges how it ended, so that nobody does twice.
#include "pipeline/full_load.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <thread>
#include <utility>

#include "base/bounded_queue.h"
#include "base/log.h"
#include "pipeline/chunk_pipe.h"
#include "pipeline/codes.h"
#include "pipeline/full_load_queue.h"

namespace sluice::pipeline {
namespace {

constexpr const char* kComponent = "full";
constexpr size_t kPipeBytes = 4 << 20;
constexpr milliseconds kLongestPause{30000};
// A source table that is "busy" this often is given up: unlike the destination it does not hold up the others.
constexpr uint32_t kSourceTries = 5;

// Work for a writer: a chunk on its way, or (without a pipe) a table whose chunks were all in already.
struct WriterItem {
  LoadJob job;
  std::shared_ptr<ChunkPipe> pipe;
};

ErrorInfo Describe(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& known) {
    return known.info();
  } catch (const std::bad_alloc&) {
    return Error(kLoadUnexpected)
        .Cause("There was not enough memory for one of its rows.")
        .Remedy("Give the process more memory, or leave the column with the large values out.")
        .info();
  } catch (const std::exception& unknown) {
    return Error(kLoadUnexpected).Cause(unknown.what()).Remedy("Please report this with the log.").info();
  }
}

// What the writer reads: passes blocks on, keeps to the rate, and counts.
class CountedSource : public connector::BlockSource {
 public:
  CountedSource(ChunkPipe& pipe, RateLimiter* rate, Progress* progress, TableProgress* table, std::stop_token stop)
      : pipe_(pipe), rate_(rate), progress_(progress), table_(table), stop_(std::move(stop)) {}

  std::optional<connector::Block> Next() override {
    std::optional<connector::Block> block = pipe_.Next();
    if (!block) return block;
    if (rate_ != nullptr) rate_->Acquire(block->rows, block->bytes.size(), stop_);
    Add(block->rows, block->bytes.size());
    return block;
  }

  // What was counted did not happen, but this much did.
  void CountInstead(uint64_t rows, uint64_t bytes) { Add(rows - rows_, bytes - bytes_); }

 private:
  void Add(uint64_t rows, uint64_t bytes) {  // modulo 2^64, so that a negative amount works too
    rows_ += rows;
    bytes_ += bytes;
    if (progress_ != nullptr) {
      progress_->rows_loaded += rows;
      progress_->bytes_loaded += bytes;
    }
    if (table_ != nullptr) {
      table_->rows_done += rows;
      table_->bytes_done += bytes;
    }
  }

  ChunkPipe& pipe_;
  RateLimiter* rate_;
  Progress* progress_;
  TableProgress* table_;
  std::stop_token stop_;
  uint64_t rows_ = 0;
  uint64_t bytes_ = 0;
};

class FullLoad {
 public:
  FullLoad(const FullLoadRequest& request, std::stop_token stop)
      : request_(request),
        outer_stop_(stop),
        forward_stop_(std::move(stop), [this] { halt_.request_stop(); }),
        forward_end_(halt_.get_token(), [this] { ended_.request_stop(); }),
        readers_(ReadersToStart(request)),
        writers_(std::max<size_t>(request.limits.writers, 1)),
        queue_(LargestFirst()),
        items_(writers_),
        encodings_(request.tables.size()) {}

  std::vector<TableFailure> Run();

 private:
  static size_t ReadersToStart(const FullLoadRequest& request);
  std::vector<size_t> LargestFirst() const;
  bool MayWork(uint32_t Limits::*kind, size_t number) const;
  bool WithinLimit(uint32_t Limits::*kind, size_t number) const;
  size_t PipeBytes() const;  // at most `writers` pipes wait and as many are being written
  void ReadLoop(size_t reader);
  void Plan(size_t reader, LoadJob job);
  void Read(size_t reader, const LoadJob& job);

  void WriteLoop(size_t writer);
  void Write(WriterItem item, std::unique_ptr<connector::Loader>& loader);
  void Failed(const WriterItem& item, const ErrorInfo& error, bool at_source,
              std::unique_ptr<connector::Loader>& loader);
  void OpenLoader(std::unique_ptr<connector::Loader>& loader);

  void TryAgain(LoadJob job, const ErrorInfo& error);
  void TellRetry(const ErrorInfo& error, milliseconds pause);
  void ChunkDone(const LoadJob& job);
  void FinishTable(size_t table);
  void GiveUpTable(size_t table, ErrorInfo error);
  void Halt(std::exception_ptr error);
  void CloseWhenSettled() {
    if (!queue_.AllSettled()) return;
    items_.Close();
    ended_.request_stop();
  }
  milliseconds Pause(uint32_t failures);
  connector::SessionContext Context(std::string purpose) { return {halt_.get_token(), std::move(purpose)}; }
  TableProgress* ProgressOf(size_t table) {
    Progress* progress = request_.progress;
    return progress != nullptr && table < progress->tables.size() ? progress->tables[table].get() : nullptr;
  }
  std::string TableText(size_t table) const { return "table " + request_.tables[table].table->name.Text(); }

  const FullLoadRequest& request_;
  std::stop_token outer_stop_;
  std::stop_source halt_;
  std::stop_callback<std::function<void()>> forward_stop_;
  std::stop_source ended_;  // nothing is left to do, or halted
  std::stop_callback<std::function<void()>> forward_end_;
  const size_t readers_;
  const size_t writers_;
  LoadQueue queue_;
  BoundedQueue<WriterItem> items_;
  std::vector<std::string> encodings_;  // by table; written when its chunks are planned, before any is read
  std::mutex planned_mutex_;            // one on_planned at a time
  std::mutex outcome_mutex_;            // the members below
  std::vector<TableFailure> failures_;
  std::exception_ptr fatal_;
  std::minstd_rand jitter_{std::random_device{}()};
  std::mutex tell_mutex_;
  Clock::time_point told_at_{};
};

std::vector<size_t> FullLoad::LargestFirst() const {
  std::vector<size_t> order(request_.tables.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return request_.tables[a].table->bytes_estimated > request_.tables[b].table->bytes_estimated;
  });
  return order;
}

std::vector<TableFailure> FullLoad::Run() {
  if (request_.tables.empty()) return {};
  {
    std::vector<std::jthread> threads;
    const auto start = [&](const char* name, size_t number, auto loop) {
      threads.emplace_back([this, text = fmt::format("{}-{}", name, number), number, loop] {
        pthread_setname_np(pthread_self(), text.c_str());
        try {
          (this->*loop)(number);
        } catch (...) {
          Halt(std::current_exception());
        }
      });
    };
    for (size_t i = 0; i < writers_; ++i) start("full-write", i, &FullLoad::WriteLoop);
    for (size_t i = 0; i < readers_; ++i) start("full-read", i, &FullLoad::ReadLoop);
    size_t started = writers_;
    const auto wants_more = [&](const Limits& limits) { return limits.writers > started; };
    while (request_.live_limits != nullptr && request_.live_limits->WaitUntil(wants_more, ended_.get_token())) {
      for (; started < request_.live_limits->Now().writers; ++started)
        start("full-write", started, &FullLoad::WriteLoop);
    }
  }
  if (fatal_) {
    ThrowIfStopped(outer_stop_);
    std::rethrow_exception(fatal_);
  }
  if (!queue_.AllSettled()) ThrowIfStopped(outer_stop_);
  return std::move(failures_);
}

// Connections that the limits may let work later are there from the start.
size_t FullLoad::ReadersToStart(const FullLoadRequest& request) {
  const size_t connections = std::max<size_t>(request.snapshot->readers(), 1);
  return request.live_limits != nullptr ? connections : std::clamp<size_t>(request.limits.readers, 1, connections);
}

// Threads above the limit wait here, with nothing in hand. False at the end of the load.
bool FullLoad::MayWork(uint32_t Limits::*kind, size_t number) const {
  // Whoever is within the limit goes on to the very end: a pipe that nobody empties would hold its reader.
  if (WithinLimit(kind, number)) return true;
  return request_.live_limits->WaitUntil(
      [&](const Limits& limits) { return number < std::max<size_t>(limits.*kind, 1); }, ended_.get_token());
}

bool FullLoad::WithinLimit(uint32_t Limits::*kind, size_t number) const {
  return request_.live_limits == nullptr || number < std::max<size_t>(request_.live_limits->Now().*kind, 1);
}

size_t FullLoad::PipeBytes() const {
  const size_t writers = request_.live_limits != nullptr ? request_.live_limits->Now().writers : 0;
  return std::clamp<size_t>(request_.limits.memory_bytes / 2 / (2 * std::max(writers_, writers)), 1 << 16, kPipeBytes);
}

// ---------------------------------------------------------------- readers

void FullLoad::ReadLoop(size_t reader) {
  std::optional<size_t> table;
  while (MayWork(&Limits::readers, reader)) {
    auto job = queue_.Next(table, halt_.get_token());
    if (!job) break;
    table = job->table;
    if (job->kind == LoadJob::Kind::kPlan) {
      Plan(reader, *std::move(job));
    } else {
      Read(reader, *job);
    }
  }
  CloseWhenSettled();
}

void FullLoad::Plan(size_t reader, LoadJob job) {
  const LoadTable& load = request_.tables[job.table];
  std::vector<connector::Chunk> chunks = load.chunks;
  try {
    if (request_.wait_for_table) request_.wait_for_table(job.table, halt_.get_token());
    encodings_[job.table] =
        request_.destination->ChooseEncoding(*load.table, *load.mapping, request_.encodings, Context("full load"));
    if (chunks.empty()) {
      chunks = request_.snapshot->PlanChunks(reader, *load.table, *load.mapping, request_.chunk_bytes);
      const uint64_t first = request_.first_chunk + (chunks.size() > 1 ? 1 : 0);
      for (connector::Chunk& chunk : chunks) chunk.number += first;
    }
    std::lock_guard lock(planned_mutex_);
    if (request_.on_planned) request_.on_planned(job.table, chunks);
  } catch (const Error& error) {
    const ErrorInfo& info = error.info();
    if (info.code == kStopped.id) throw;
    if (info.side == "destination" && info.retry != RetryClass::kNever) return TryAgain(std::move(job), info);
    if (info.retry == RetryClass::kReconnect) throw;
    if (info.retry == RetryClass::kBackoff && job.failures + 1 < kSourceTries) return TryAgain(std::move(job), info);
    return GiveUpTable(job.table, info);
  }
  if (TableProgress* progress = ProgressOf(job.table)) {
    progress->chunks_total = static_cast<uint32_t>(chunks.size());
    progress->chunks_done = static_cast<uint32_t>(load.done.size());
    progress->rows_done = load.rows_done;
  }
  std::erase_if(chunks, [&](const connector::Chunk& chunk) { return load.done.count(chunk.number) != 0; });
  // The end of a table may mean work at the destination (its indexes): a writer's task.
  if (queue_.AddChunks(job.table, chunks)) items_.Push({std::move(job), nullptr}, 1, halt_.get_token());
}

void FullLoad::Read(size_t reader, const LoadJob& job) {
  auto pipe = std::make_shared<ChunkPipe>(PipeBytes(), halt_.get_token());
  if (!items_.Push({job, pipe}, 1, halt_.get_token())) return;
  const LoadTable& load = request_.tables[job.table];
  try {
    request_.snapshot->ReadChunk(reader, *load.table, *load.mapping, job.chunk, encodings_[job.table], *pipe);
    pipe->Finish();
  } catch (const PipeAbandoned&) {
    // The writer knows why.
  } catch (...) {
    pipe->Fail(std::current_exception());
  }
}

// ---------------------------------------------------------------- writers

void FullLoad::WriteLoop(size_t writer) {
  std::unique_ptr<connector::Loader> loader;
  while (true) {
    if (!WithinLimit(&Limits::writers, writer)) loader.reset();  // a connection less while it waits
    if (!MayWork(&Limits::writers, writer)) return;
    if (!loader) OpenLoader(loader);
    const Clock::time_point idle_since = Clock::now();
    auto item = items_.Pop(halt_.get_token());
    if (!item) return;
    if (Clock::now() - idle_since > request_.idle_most) OpenLoader(loader);
    if (item->pipe == nullptr) {
      FinishTable(item->job.table);
    } else {
      Write(*std::move(item), loader);
    }
  }
}

void FullLoad::Write(WriterItem item, std::unique_ptr<connector::Loader>& loader) {
  const LoadJob& job = item.job;
  const LoadTable& load = request_.tables[job.table];
  CountedSource source(*item.pipe, request_.rate, request_.progress, ProgressOf(job.table), halt_.get_token());
  try {
    const connector::ChunkMark mark{
        .task = request_.task, .table = load.table->name, .chunk = job.chunk.number, .rows = 0};
    const connector::LoadResult result = loader->Load(*load.table, *load.mapping, encodings_[job.table], source, mark);
    item.pipe->Abandon();
    if (result.was_in) source.CountInstead(result.rows, 0);
    return ChunkDone(job);
  } catch (...) {
    const std::exception_ptr error = std::current_exception();
    item.pipe->Abandon();
    source.CountInstead(0, 0);
    const std::exception_ptr at_source = item.pipe->reader_error();
    Failed(item, Describe(at_source ? at_source : error), at_source != nullptr, loader);
  }
}

void FullLoad::Failed(const WriterItem& item, const ErrorInfo& error, bool at_source,
                      std::unique_ptr<connector::Loader>& loader) {
  if (error.code == kStopped.id) throw Error(error);
  const LoadJob& job = item.job;
  if (at_source) {
    if (error.retry == RetryClass::kReconnect) {
      throw Error(kSnapshotLost)
          .Object(TableText(job.table))
          .Cause(error.cause)
          .Remedy("Sluice takes a new cut and reads what is missing.")
          .Native(error.native_code, error.native_message)
          .Retry(RetryClass::kReconnect)
          .Side("source");
    }
    if (error.retry == RetryClass::kBackoff && job.failures + 1 < kSourceTries) return TryAgain(job, error);
    return GiveUpTable(job.table, error);
  }
  if (error.retry == RetryClass::kReconnect) {
    // If the commit was on its way, the chunk's mark will say next time how it ended.
    loader.reset();
    return TryAgain(job, error);
  }
  if (error.retry == RetryClass::kBackoff) return TryAgain(job, error);
  GiveUpTable(job.table, error);
}

// Tries until it succeeds, fails for good, or the destination has been away for too long.
void FullLoad::OpenLoader(std::unique_ptr<connector::Loader>& loader) {
  const Deadline deadline = Deadline::After(request_.give_up);
  for (uint32_t failures = 0;; ++failures) {
    try {
      loader = request_.destination->OpenLoader(Context("full load"));
      return;
    } catch (const Error& error) {
      const ErrorInfo& info = error.info();
      if (info.retry == RetryClass::kNever || info.code == kStopped.id) throw;
      if (deadline.Passed()) {
        throw Error(kLoadGaveUp)
            .Object(info.object)
            .Cause(info.cause)
            .Remedy(info.remedy)
            .Native(info.native_code, info.native_message)
            .Side("destination");
      }
      LogWarning(kComponent, "opening a connection to load: " + info.OneLine());
      const milliseconds pause = Pause(failures);
      TellRetry(info, pause);
      if (!SleepFor(halt_.get_token(), pause)) ThrowIfStopped(halt_.get_token());
    }
  }
}

// ---------------------------------------------------------------- ends

milliseconds FullLoad::Pause(uint32_t failures) {
  const milliseconds longest = std::min(kLongestPause, request_.first_pause * (1 << std::min(failures, 10u)));
  std::lock_guard lock(outcome_mutex_);
  std::uniform_real_distribution<double> part(0.5, 1.0);
  return milliseconds(static_cast<int64_t>(static_cast<double>(longest.count()) * part(jitter_)));
}

void FullLoad::TryAgain(LoadJob job, const ErrorInfo& error) {
  const Clock::time_point now = Clock::now();
  if (job.failures == 0) job.first_failure = now;
  if (now - job.first_failure > request_.give_up) {
    throw Error(kLoadGaveUp)
        .Object(TableText(job.table))
        .Cause(error.cause)
        .Remedy(error.remedy)
        .Native(error.native_code, error.native_message)
        .Side(error.side);
  }
  const milliseconds pause = Pause(job.failures++);
  LogWarning(kComponent, fmt::format("{}, chunk {}: again in {} ms: {}", TableText(job.table), job.chunk.number,
                                     pause.count(), error.OneLine()));
  TellRetry(error, pause);
  job.not_before = now + pause;
  queue_.Again(std::move(job));
}

// A full disk meets all writers at once: whoever looks on hears of it once a second.
void FullLoad::TellRetry(const ErrorInfo& error, milliseconds pause) {
  if (!request_.on_retry) return;
  std::lock_guard lock(tell_mutex_);
  const Clock::time_point now = Clock::now();
  if (now - told_at_ < milliseconds(1000)) return;
  told_at_ = now;
  request_.on_retry(error, pause);
}

void FullLoad::ChunkDone(const LoadJob& job) {
  if (TableProgress* progress = ProgressOf(job.table)) ++progress->chunks_done;
  if (queue_.ChunkDone(job.table)) FinishTable(job.table);
}

void FullLoad::FinishTable(size_t table) {
  try {
    if (request_.on_table_loaded) request_.on_table_loaded(table, halt_.get_token());
  } catch (const Error& error) {
    if (error.info().code == kStopped.id) throw;
    return GiveUpTable(table, error.info());
  }
  if (TableProgress* progress = ProgressOf(table)) progress->finished = true;
  queue_.Settle(table);
  CloseWhenSettled();
}

void FullLoad::GiveUpTable(size_t table, ErrorInfo error) {
  if (connector::IsTakenOver(error)) throw Error(std::move(error));  // so is every other table
  if (error.object.empty()) error.object = TableText(table);
  error.stage = "full";
  LogError(kComponent, fmt::format("{} is given up: {}", TableText(table), error.OneLine()));
  if (queue_.GiveUp(table)) {
    std::lock_guard lock(outcome_mutex_);
    failures_.push_back({table, std::move(error)});
  }
  CloseWhenSettled();
}

void FullLoad::Halt(std::exception_ptr error) {
  {
    std::lock_guard lock(outcome_mutex_);
    if (!fatal_) fatal_ = std::move(error);
  }
  halt_.request_stop();
}

}  // namespace

std::vector<TableFailure> RunFullLoad(const FullLoadRequest& request, std::stop_token stop) {
  return FullLoad(request, std::move(stop)).Run();
}

}  // namespace sluice::pipeline
