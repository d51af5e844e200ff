// Lines at the bottom of a terminal that are redrawn in place, with ordinary lines scrolling above
// them.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal.h"

namespace sluice::cli {

// Safe from any thread. Each frame is one write, lines are overwritten rather than cleared (no
// flicker), and a frame never has more rows than the terminal, whatever its size has become since
// the last one. The cursor is hidden while something is drawn, and shown again by Close(), the
// destructor or EmergencyRestore().
class LiveRegion {
 public:
  explicit LiveRegion(const Terminal& terminal);
  ~LiveRegion();
  LiveRegion(const LiveRegion&) = delete;
  LiveRegion& operator=(const LiveRegion&) = delete;

  // Replaces what is drawn. Lines wider than the terminal are cut.
  void Draw(const std::vector<std::string>& lines);
  // A line above the region, which stays.
  void Print(std::string_view line);
  // Takes the region away; `keep` leaves its last frame standing. Draw() begins a new one.
  void Close(bool keep);

  // For a signal or a crash: shows the cursor; async-signal-safe, takes no lock.
  static void EmergencyRestore(int fd);
  // From now on a crash of the program shows the cursor of standard output again before it ends the
  // process.
  static void RestoreOnCrash();

 private:
  std::string ToTop(size_t columns) const;
  std::string Frame(const std::vector<std::string>& lines, const TerminalSize& size);

  const Terminal terminal_;
  std::mutex mutex_;
  std::vector<std::string> drawn_;  // as cut for the terminal then; the cursor stands at the end of the last
  std::vector<std::string> wanted_;
};

}  // namespace sluice::cli
