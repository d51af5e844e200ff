// Which run of a task may write at the destination: the newest one that has taken the task over. A state directory that
// was copied, or restored with its machine, knows the same task as the first one; no lock on a machine keeps the two
// apart, so the destination does.
//
// The owner is a note in the destination's bookkeeping. A run takes the task over (Bookkeeping::TakeOver) and tells the
// Destination (WriteAs); from then on each transaction of its sessions makes sure, until it is committed, that the note
// is still the run's own.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace sluice::connector {

inline constexpr ErrorCode kTakenOver{"CN-0101", "Another run of this task has taken over"};

inline constexpr const char* kOwnerNote = "owner";  // its name

struct Owner {
  std::string token;  // random, of one run
  std::string host;
  int64_t process = 0;
  std::string since;  // "2026-11-23T06:12:16Z"
};

// The note's text: ASCII, the same for the same owner.
std::string ToNote(const Owner& owner);
// Without a token where the text is none of ours.
Owner OwnerFrom(const std::string& note);

// "process 4711 on db1, since 2026-11-23T06:12:16Z"
std::string Text(const Owner& owner);

// What ends a run whose note is not there any more; `note`: the text that is, empty if there is none.
Error TakenOver(const std::string& note);
bool IsTakenOver(const ErrorInfo& error);
// Whether it is the change or statement that was refused, and for good; else the session failed, or the run is to end.
bool IsRefusal(const ErrorInfo& error);

}  // namespace sluice::connector
