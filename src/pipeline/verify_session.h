// One side's reading session of a verification: opened when first used, opened again when the connection is lost.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "connector/connector.h"

namespace sluice::pipeline {

// Used by one thread at a time.
class VerifySession {
 public:
  using Open = std::function<std::unique_ptr<connector::VerifyReader>()>;
  VerifySession(Open open, std::stop_token stop) : open_(std::move(open)), stop_(std::move(stop)) {}

  // Runs `work`; once more with a new connection after each lost one, some minutes long. `work` has to begin from
  // nothing each time it is called.
  void Do(const std::function<void(connector::VerifyReader&)>& work);

 private:
  Open open_;
  std::stop_token stop_;
  std::unique_ptr<connector::VerifyReader> reader_;
};

// Runs the two at the same time and waits for both; rethrows the first one's error, else the second's.
void RunBoth(const std::function<void()>& first, const std::function<void()>& second);

}  // namespace sluice::pipeline
