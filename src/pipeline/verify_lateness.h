// Tells rows that differ from rows that are only late: what the source had at a moment is expected at the destination
// when changes are applied up to the position that the source had after it.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/stop.h"
#include "pipeline/verify.h"

namespace sluice::pipeline {

// Of one thread. Without VerifyRequest::applying nothing is ever late.
class Lateness {
 public:
  // A moment: the number of the Look() after it, whose position is the one to reach.
  using Mark = size_t;

  Lateness(const VerifyRequest& request, std::stop_token stop);

  // Asks both sides; before the reads whose results are judged by it.
  void Look();
  // Of what is read from the source now.
  Mark Now() const { return goals_.size(); }
  bool IsLate(Mark mark) const { return is_watched_ && mark >= reached_; }
  // What stood at the source at the beginning is not applied yet.
  bool Waits() const { return IsLate(0); }
  // Why it does not wait any more for what is late; empty: it does, or nothing was.
  const std::string& given_up() const { return given_up_; }

 private:
  void GiveUp(const std::string& why);

  const VerifyRequest& request_;
  std::stop_token stop_;
  bool is_watched_;
  std::vector<model::Position> goals_;
  size_t reached_ = 0;  // so many of them are
  model::Position applied_;
  Clock::time_point moved_at_ = Clock::now();
  std::string given_up_;
};

}  // namespace sluice::pipeline
