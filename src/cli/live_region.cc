#include "cli/live_region.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "cli/format.h"

namespace sluice::cli {
namespace {

// ECMA-48 control sequences, and DEC's cursor mode. 2026 is synchronised output: terminals that do
// not know it ignore it.
constexpr std::string_view kHideCursor = "\x1b[?25l";
constexpr std::string_view kShowCursor = "\x1b[?25h";
constexpr std::string_view kBeginFrame = "\x1b[?2026h";
constexpr std::string_view kEndFrame = "\x1b[?2026l";
constexpr std::string_view kClearLine = "\x1b[K";
constexpr std::string_view kClearBelow = "\x1b[J";

void HandleCrash(int signal) {
  LiveRegion::EmergencyRestore(STDOUT_FILENO);
  raise(signal);  // the default action is back: SA_RESETHAND
}

}  // namespace

LiveRegion::LiveRegion(const Terminal& terminal) : terminal_(terminal) {}

LiveRegion::~LiveRegion() {
  Close(true);
}

// Most terminals wrap what no longer fits when they become narrower, so that a line drawn earlier
// may now be several.
std::string LiveRegion::ToTop(size_t columns) const {
  size_t rows = 0;
  for (const std::string& line : drawn_) {
    rows += std::max<size_t>(1, (DisplayWidth(line) + columns - 1) / std::max<size_t>(1, columns));
  }
  if (rows <= 1) return "\r";
  return fmt::format("\r\x1b[{}A", rows - 1);
}

std::string LiveRegion::Frame(const std::vector<std::string>& lines, const TerminalSize& size) {
  const size_t rows = std::min(lines.size(), size.rows > 1 ? size.rows - 1 : 1);
  // The last column stays free: a full line would leave the cursor in between two rows.
  const size_t width = size.columns > 1 ? size.columns - 1 : 1;
  std::string out;
  drawn_.clear();
  for (size_t i = 0; i < rows; ++i) {
    drawn_.push_back(Cut(lines[i], width, terminal_.utf8));
    if (i > 0) out += "\n";
    out += drawn_.back();
    out += kClearLine;
  }
  return out;
}

void LiveRegion::Draw(const std::vector<std::string>& lines) {
  std::lock_guard lock(mutex_);
  const TerminalSize size = SizeOf(terminal_);
  wanted_ = lines;
  std::string out(kBeginFrame);
  out += kHideCursor;
  if (!drawn_.empty()) out += ToTop(size.columns);
  out += Frame(lines, size);
  out += kClearBelow;
  out += kEndFrame;
  WriteAll(terminal_.fd, out);
}

void LiveRegion::Print(std::string_view line) {
  std::lock_guard lock(mutex_);
  if (drawn_.empty()) {
    WriteAll(terminal_.fd, std::string(line) + "\n");
    return;
  }
  const TerminalSize size = SizeOf(terminal_);
  std::string out(kBeginFrame);
  out += ToTop(size.columns);
  out += kClearBelow;
  out += line;
  out += "\n";
  out += Frame(wanted_, size);
  out += kEndFrame;
  WriteAll(terminal_.fd, out);
}

void LiveRegion::Close(bool keep) {
  std::lock_guard lock(mutex_);
  if (drawn_.empty()) return;
  std::string out;
  if (keep) {
    out = "\n";
  } else {
    out = ToTop(SizeOf(terminal_).columns);
    out += kClearBelow;
  }
  out += kShowCursor;
  drawn_.clear();
  WriteAll(terminal_.fd, out);
}

void LiveRegion::EmergencyRestore(int fd) {
  static constexpr char kRestore[] = "\x1b[?2026l\x1b[?25h\r\n";
  [[maybe_unused]] const ssize_t written = write(fd, kRestore, sizeof kRestore - 1);
}

void LiveRegion::RestoreOnCrash() {
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    struct sigaction action {};
    sigaction(signal, nullptr, &action);
    if (action.sa_handler != SIG_DFL) continue;  // a sanitizer's
    action.sa_handler = HandleCrash;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(signal, &action, nullptr);
  }
}

}  // namespace sluice::cli
