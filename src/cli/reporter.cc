#include "cli/reporter.h"

#include <fmt/format.h>
#include <pthread.h>

#include <nlohmann/json.hpp>

#include "base/time.h"
#include "cli/format.h"
#include "cli/json_text.h"

namespace sluice::cli {
namespace {

std::string ProgressJson(const Sample& sample, const ViewOptions& view) {
  static constexpr const char* kPhases[] = {"starting", "schema", "full", "incremental", "finished"};
  nlohmann::ordered_json json = {{"event", "progress"},
                                 {"time", IsoTime(NowMicros())},
                                 {"phase", kPhases[std::clamp(sample.phase, 0, 4)]},
                                 {"elapsed_seconds", sample.elapsed_seconds},
                                 {"objects_total", sample.objects_total},
                                 {"objects_done", sample.objects_done},
                                 {"objects_failed", sample.objects_failed},
                                 {"tables", sample.tables},
                                 {"tables_finished", sample.tables_finished},
                                 {"rows", sample.rows},
                                 {"rows_estimated", sample.rows_total},
                                 {"bytes", sample.bytes_now},
                                 {"rows_per_second", sample.rows_per_second},
                                 {"bytes_per_second", sample.bytes_per_second}};
  json["seconds_left"] = sample.seconds_left ? nlohmann::ordered_json(*sample.seconds_left) : nullptr;
  json["inserts"] = sample.inserts;
  json["updates"] = sample.updates;
  json["deletes"] = sample.deletes;
  json["ddl"] = sample.ddl;
  json["transactions"] = sample.transactions;
  json["transactions_per_second"] = sample.transactions_per_second;
  json["changes_per_second"] = sample.changes_per_second;
  json["delay_ms"] = sample.delay_micros / 1000;
  json["caught_up"] = sample.caught_up;
  json["not_delayed"] = sample.phase >= 3 && DelayText(sample, view.not_delayed_within_micros) == "not delayed";
  json["position"] = sample.position;
  return JsonLine(json);
}

}  // namespace

Reporter::Reporter(ReporterOptions options, const task::LiveState* live, SignalWatcher& signals)
    : options_(std::move(options)), signals_(signals), live_(live), region_(options_.view.terminal) {
  if (live_ != nullptr) sampler_ = std::make_unique<Sampler>(*live_, Clock::now());
}

Reporter::~Reporter() {
  Finish();
}

void Reporter::Start() {
  const int fd = options_.view.terminal.fd;
  SignalHooks hooks;
  hooks.on_stop = [this] { ShowStop(); };
  if (options_.mode == ReportMode::kLive) {
    LiveRegion::RestoreOnCrash();
    hooks.before_end = [fd] { LiveRegion::EmergencyRestore(fd); };
    hooks.before_suspend = [this] {
      suspended_ = true;
      region_.Close(false);
    };
    hooks.after_resume = [this] { suspended_ = false; };
  }
  signals_.SetHooks(std::move(hooks));
  if (options_.mode != ReportMode::kSilent && live_ != nullptr) {
    thread_ = std::jthread([this](const std::stop_token& stop) { Loop(stop); });
  }
}

void Reporter::Finish() {
  signals_.SetHooks({});
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  size_t repeated = 0;
  {
    std::lock_guard lock(mutex_);
    std::swap(repeated, repeated_);
  }
  if (repeated > 0) PrintLine(fmt::format("(the same {} more times)", Count(repeated)));
  region_.Close(false);
}

milliseconds Reporter::Every() const {
  if (options_.mode == ReportMode::kLive) return options_.live_every;
  return options_.mode == ReportMode::kJsonLines ? options_.json_every : options_.plain_every;
}

void Reporter::Loop(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "display");
  // A plain line waits for its time; the display is there at once.
  Clock::time_point shown_at = options_.mode == ReportMode::kLive ? Clock::time_point() : Clock::now();
  do {
    const Clock::time_point now = Clock::now();
    const Sample sample = Now();
    if (now - shown_at < Every()) continue;
    shown_at = now;
    Show(sample);
  } while (SleepFor(stop, options_.sample_every));
}

Sample Reporter::Now() {
  std::lock_guard lock(mutex_);
  if (!sampler_) return {};
  return sampler_->Take(Clock::now());
}

void Reporter::Show(const Sample& sample) {
  if (suspended_) return;
  ViewOptions view = options_.view;
  view.size = SizeOf(view.terminal);
  view.stopping = stopping_;
  {
    std::lock_guard lock(mutex_);
    view.last_message = last_message_;
  }
  const int fd = view.terminal.fd;
  switch (options_.mode) {
    case ReportMode::kLive:
      region_.Draw(RenderBlock(sample, view));
      break;
    case ReportMode::kPlain:
      WriteAll(fd, IsoTime(NowMicros()) + " " + RenderLine(sample, view) + "\n");
      break;
    case ReportMode::kJsonLines:
      WriteAll(fd, ProgressJson(sample, view));
      break;
    case ReportMode::kSilent:
      break;
  }
}

void Reporter::ShowStop() {
  stopping_ = true;
  if (options_.mode == ReportMode::kPlain) Say("Stopping: what is in flight is being finished.");
}

void Reporter::Say(const std::string& line) {
  if (options_.mode == ReportMode::kJsonLines) {
    const nlohmann::ordered_json json = {{"event", "message"}, {"time", IsoTime(NowMicros())}, {"text", line}};
    WriteAll(options_.view.terminal.fd, JsonLine(json));
    return;
  }
  size_t repeated = 0;
  {
    std::lock_guard lock(mutex_);
    if (line == last_message_) {
      ++repeated_;
      return;
    }
    last_message_ = line;
    std::swap(repeated, repeated_);
  }
  if (repeated > 0) PrintLine(fmt::format("(the same {} more times)", Count(repeated)));
  PrintLine(line);
}

void Reporter::PrintLine(const std::string& line) {
  switch (options_.mode) {
    case ReportMode::kLive:
      region_.Print(PrintableLines(line));
      break;
    case ReportMode::kPlain:
      WriteAll(options_.view.terminal.fd, IsoTime(NowMicros()) + " " + PrintableLines(line) + "\n");
      break;
    default:
      break;
  }
}

}  // namespace sluice::cli
