// The progress display as text: pure functions of a sample, so that tests can look at every line.
#pragma once

#include <string>
#include <vector>

#include "cli/sample.h"
#include "cli/terminal.h"
#include "connector/connector.h"

namespace sluice::cli {

struct ViewOptions {
  std::string name;                 // of the task
  connector::MigrationTypes types;  // phases that are shown
  bool verify = false;              // a verification instead of a run
  Terminal terminal;
  TerminalSize size;
  int64_t not_delayed_within_micros = 1'000'000;
  std::string last_message;  // shown as the reason when nothing moves
  bool stopping = false;
};

// The redrawn block: a bar per phase, the busiest tables, what the changes do.
std::vector<std::string> RenderBlock(const Sample& sample, const ViewOptions& options);

// One plain line, for logs and pipes.
std::string RenderLine(const Sample& sample, const ViewOptions& options);

// "not delayed" or "350 ms behind".
std::string DelayText(const Sample& sample, int64_t not_delayed_within_micros);

}  // namespace sluice::cli
