// Carries one chunk's blocks from the reader's thread to the writer's, bounded in bytes. The two sides may end in any
// order: a reader that fails hands its error on, a writer that gives up lets the reader stop early.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>

#include "connector/connector.h"

namespace sluice::pipeline {

// Thrown by Put() when the writer does not want the rest. Not an error: the writer says what happened.
class PipeAbandoned : public std::exception {
 public:
  const char* what() const noexcept override { return "the writer of this chunk gave up"; }
};

class ChunkPipe : public connector::BlockSink, public connector::BlockSource {
 public:
  // One block is always let in, so that a row larger than the bound passes.
  ChunkPipe(size_t bytes_max, std::stop_token stop) : bytes_max_(bytes_max), stop_(std::move(stop)) {}

  // Reader's side: Put..., then exactly one of the two ends.
  void Put(connector::Block block) override;
  void Finish();
  void Fail(std::exception_ptr error);

  // Writer's side: Next until nothing comes; Abandon when it will not call Next again (also after the end).
  std::optional<connector::Block> Next() override;
  void Abandon();

  // What Fail() was given; null otherwise.
  std::exception_ptr reader_error() const;

 private:
  const size_t bytes_max_;
  const std::stop_token stop_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<connector::Block> blocks_;
  size_t bytes_ = 0;
  bool finished_ = false;
  bool abandoned_ = false;
  std::exception_ptr error_;
};

}  // namespace sluice::pipeline
