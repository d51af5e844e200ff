#include "task/session.h"

#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <random>

#include "base/log.h"
#include "base/time.h"
#include "task/ownership.h"
#include "task/task_limits.h"

namespace sluice::task {
namespace {

// Identifies a task at the destination; random, so that two state directories never meet there.
std::string MakeId(const std::string& name) {
  std::random_device random;
  std::string safe;
  for (const char c : name.substr(0, 24)) safe += isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return fmt::format("{}_{:08x}{:08x}", safe, random(), random());
}

// A position as the value that it is; null when it is not known.
nlohmann::json ValueOf(const std::string& position) {
  nlohmann::json value = nlohmann::json::parse(position, nullptr, false);
  return value.is_discarded() ? nlohmann::json(nullptr) : value;
}

}  // namespace

Session::Session(Task::Context& context, const std::string& state_directory, LiveState* live,
                 std::function<void(const std::string&)> say, std::stop_token external_stop)
    : context_(context),
      say_(std::move(say)),
      state_directory_(state_directory),
      external_(std::move(external_stop), [this] { stop_.request_stop(); }),
      store_(store::Store::Open(state_directory)),
      lock_(store_->Lock(context.spec.name)),
      own_live_(live == nullptr ? std::make_unique<LiveState>() : nullptr),
      live_(live == nullptr ? own_live_.get() : live),
      limits_(context.spec.limits),
      rate_(context.spec.limits) {
  if (auto found = store_->FindTask(context.spec.name)) {
    record_ = *found;
  } else {
    record_.name = context.spec.name;
    record_.id = MakeId(record_.name);
    record_.created_micros = NowMicros();
    Save();
  }
  store_->TakeRequests(record_.name);  // what was asked of an earlier process is not meant for this one
  store_->RemoveText(record_.name, kLimitsNowText);
  limit_lines_ = AdoptFileLimits(*store_, record_.name, context.spec.limits);
  limits_.Change(LimitsInForce(*store_, record_.name, context.spec.limits));
  rate_.Change(limits());
}

Session::~Session() {
  supervisor_.request_stop();
  if (supervisor_.joinable()) supervisor_.join();
}

void Session::Say(const std::string& line) {
  LogInfo("task", record_.name + ": " + line);
  std::lock_guard lock(say_mutex_);
  if (say_) say_(line);
}

void Session::SayRetry(const ErrorInfo& error, milliseconds pause) {
  Say(fmt::format("{}; trying again in {:.1f} s", error.OneLine(), static_cast<double>(pause.count()) / 1000));
}

void Session::Save() {
  record_.updated_micros = NowMicros();
  store_->SaveTask(record_);
}

void Session::SetState(store::TaskState state, const std::string& phase) {
  record_.state = state;
  record_.phase = phase;
  if (state == store::TaskState::kMigrating) record_.error.clear();
  Save();
}

void Session::Fail(Error& error) {
  if (error.info().stage.empty()) error.info().stage = record_.phase;
  record_.state = store::TaskState::kFailed;
  record_.error = error.info().Block();
  Save();
  LogError("task", record_.name + ": " + error.info().OneLine());
}

void Session::Persist(const std::function<void()>& work) {
  constexpr milliseconds kFirstPause(500);
  constexpr milliseconds kLongestPause(30'000);
  std::optional<Deadline> give_up;  // from the first failure of a row: what moved rows in between begins a new one
  milliseconds pause = kFirstPause;
  for (;;) {
    const uint64_t moved = live_->progress.rows_loaded;
    try {
      return work();
    } catch (const Error& error) {
      if (!give_up || live_->progress.rows_loaded != moved) {
        give_up = Deadline::After(context_.spec.give_up);
        pause = kFirstPause;
      }
      if (error.info().retry == RetryClass::kNever || give_up->Passed()) throw;
      SayRetry(error.info(), pause);
    }
    SleepFor(stop(), pause);
    ThrowIfStopped(stop());
    pause = std::min(pause * 2, kLongestPause);
  }
}

void Session::TakeOver(bool by_force) {
  connector::Destination& destination = *context_.destination;
  const auto bookkeeping = destination.OpenBookkeeping({stop(), "bookkeeping"});
  const connector::Owner owner = task::TakeOver(*store_, record_, *bookkeeping, by_force);
  destination.WriteAs({task_id(), connector::ToNote(owner)});
}

void Session::StartSupervisor() {
  for (const std::string& line : limit_lines_) Say(line);
  supervisor_ = std::jthread([this](std::stop_token own) {
    pthread_setname_np(pthread_self(), "supervisor");
    Supervise(std::move(own));
  });
}

void Session::Supervise(std::stop_token own) {
  // A connection of its own: the session's store belongs to the session's thread.
  const auto store = store::Store::Open(state_directory_);
  for (int tick = 0; !own.stop_requested(); ++tick) {
    try {
      TakeRequests(*store);
      if (tick % 5 == 0) store->SaveText(record_.name, "progress", ProgressJson());
    } catch (const Error& error) {
      LogWarning("task", error.info().OneLine());  // a full disk must not end the migration; the next save tells
    }
    SleepFor(own, milliseconds(200));
  }
  try {
    store->SaveText(record_.name, "progress", ProgressJson());
  } catch (const Error& error) {
    LogWarning("task", error.info().OneLine());
  }
}

void Session::TakeRequests(store::Store& store) {
  for (const std::string& request : store.TakeRequests(record_.name)) {
    if (request == "stop") {
      Say("stop requested");
      stop_.request_stop();
    } else if (request.starts_with(kLimitsRequest)) {
      answered_.push_back(request.substr(kLimitsRequest.size()));
    }
  }
  TakeLimits(store);
}

void Session::TakeLimits(store::Store& store) {
  constexpr size_t kTokensKept = 16;
  if (answered_.size() > kTokensKept) answered_.erase(answered_.begin(), answered_.end() - kTokensKept);
  const pipeline::Limits wanted = LimitsInForce(store, record_.name, context_.spec.limits);
  if (wanted != limits()) {
    Say("limits changed: " + LimitsText(wanted));
    rate_.Change(wanted);
    limits_.Change(wanted);
  }
  LimitsAnswer answer = MakeAnswer(wanted, live_->phase, reading_sessions_);
  answer.tokens = answered_;
  std::string text = ToJson(answer);
  if (text == answer_) return;
  store.SaveText(record_.name, kLimitsNowText, text);
  answer_ = std::move(text);
}

std::string Session::ProgressJson() const {
  static constexpr const char* kPhases[] = {"starting", "schema", "full", "incremental", "finished"};
  const pipeline::Progress& progress = live_->progress;
  nlohmann::json tables = nlohmann::json::array();
  if (live_->tables_ready) {
    for (const auto& table : progress.tables) {
      tables.push_back({{"table", table->source.Text()},
                        {"rows_estimated", table->rows_estimated.load()},
                        {"rows_done", table->rows_done.load()},
                        {"bytes_done", table->bytes_done.load()},
                        {"chunks_total", table->chunks_total.load()},
                        {"chunks_done", table->chunks_done.load()},
                        {"finished", table->finished.load()}});
    }
  }
  return nlohmann::json({{"updated", IsoTime(NowMicros())},
                         {"updated_micros", NowMicros()},
                         {"process", ::getpid()},
                         {"phase", kPhases[live_->phase.load()]},
                         {"objects_total", live_->objects_total.load()},
                         {"objects_done", live_->objects_done.load()},
                         {"objects_failed", live_->objects_failed.load()},
                         {"rows_total", progress.rows_total.load()},
                         {"rows_loaded", progress.rows_loaded.load()},
                         {"bytes_loaded", progress.bytes_loaded.load()},
                         {"inserts", progress.inserts.load()},
                         {"updates", progress.updates.load()},
                         {"deletes", progress.deletes.load()},
                         {"ddl", progress.ddl.load()},
                         {"transactions", progress.transactions.load()},
                         {"change_bytes", progress.change_bytes.load()},
                         {"position", ValueOf(progress.applied_position.Get())},
                         {"source_position", ValueOf(progress.source_position.Get())},
                         {"caught_up", progress.caught_up.load()},
                         {"delay_ms", progress.delay_micros.load() / 1000},
                         {"tables", std::move(tables)}})
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace sluice::task
