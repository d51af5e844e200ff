// Tells the user what a long command does while it does it: a redrawn block on a terminal,
// otherwise a plain line every few seconds, with --json one JSON object a line.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "cli/live_region.h"
#include "cli/progress_view.h"
#include "cli/sample.h"
#include "cli/signals.h"

namespace sluice::cli {

enum class ReportMode {
  kSilent,  // one JSON document comes at the end
  kJsonLines,
  kPlain,
  kLive,
};

struct ReporterOptions {
  ReportMode mode = ReportMode::kPlain;
  ViewOptions view;
  milliseconds sample_every{200};
  milliseconds live_every{200};
  milliseconds plain_every{5000};
  milliseconds json_every{1000};
};

// Say() is safe from any thread. The counters are read in a thread of the reporter's own between
// Start and Finish.
class Reporter {
 public:
  Reporter(ReporterOptions options, const task::LiveState* live, SignalWatcher& signals);
  ~Reporter();
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;

  void Start();
  // Ends the display; what was said stays.
  void Finish();
  void Say(const std::string& line);
  // The counters as they are now.
  Sample Now();

 private:
  void Loop(const std::stop_token& stop);
  void Show(const Sample& sample);
  void ShowStop();
  void PrintLine(const std::string& line);
  milliseconds Every() const;

  const ReporterOptions options_;
  SignalWatcher& signals_;
  const task::LiveState* live_;
  std::mutex mutex_;  // guards what follows
  std::unique_ptr<Sampler> sampler_;
  std::string last_message_;
  size_t repeated_ = 0;  // how often the last message came again
  std::atomic<bool> stopping_{false};
  std::atomic<bool> suspended_{false};
  LiveRegion region_;
  std::jthread thread_;
};

}  // namespace sluice::cli
