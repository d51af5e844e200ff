#include "pipeline/chunk_pipe.h"

#include <utility>

#include "base/stop.h"

namespace sluice::pipeline {

void ChunkPipe::Put(connector::Block block) {
  std::unique_lock lock(mutex_);
  const size_t size = block.bytes.size();
  changed_.wait(lock, stop_, [&] { return abandoned_ || blocks_.empty() || bytes_ + size <= bytes_max_; });
  ThrowIfStopped(stop_);
  if (abandoned_) throw PipeAbandoned();
  bytes_ += size;
  blocks_.push_back(std::move(block));
  changed_.notify_all();
}

void ChunkPipe::Finish() {
  std::lock_guard lock(mutex_);
  finished_ = true;
  changed_.notify_all();
}

void ChunkPipe::Fail(std::exception_ptr error) {
  std::lock_guard lock(mutex_);
  error_ = std::move(error);
  changed_.notify_all();
}

std::optional<connector::Block> ChunkPipe::Next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop_, [&] { return error_ || finished_ || !blocks_.empty(); });
  ThrowIfStopped(stop_);
  if (error_) std::rethrow_exception(error_);  // what is left is of no use: the chunk is whole or not at all
  if (blocks_.empty()) return std::nullopt;
  connector::Block block = std::move(blocks_.front());
  blocks_.pop_front();
  bytes_ -= block.bytes.size();
  changed_.notify_all();
  return block;
}

void ChunkPipe::Abandon() {
  std::lock_guard lock(mutex_);
  abandoned_ = true;
  blocks_.clear();
  bytes_ = 0;
  changed_.notify_all();
}

std::exception_ptr ChunkPipe::reader_error() const {
  std::lock_guard lock(mutex_);
  return error_;
}

}  // namespace sluice::pipeline
