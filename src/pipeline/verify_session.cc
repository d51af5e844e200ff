#include "pipeline/verify_session.h"

#include <algorithm>
#include <exception>
#include <thread>

#include "base/error.h"
#include "base/stop.h"

namespace sluice::pipeline {

void VerifySession::Do(const std::function<void(connector::VerifyReader&)>& work) {
  constexpr int kAttempts = 20;
  milliseconds pause{100};
  for (int attempt = 1;; ++attempt) {
    try {
      if (reader_ == nullptr) reader_ = open_();
      work(*reader_);
      return;
    } catch (const Error& error) {
      reader_.reset();
      ThrowIfStopped(stop_);
      if (error.info().retry == RetryClass::kNever || attempt == kAttempts) throw;
    }
    if (!SleepFor(stop_, pause)) ThrowIfStopped(stop_);
    pause = std::min(pause * 2, milliseconds(10'000));
  }
}

void RunBoth(const std::function<void()>& first, const std::function<void()>& second) {
  std::exception_ptr second_error;
  std::exception_ptr first_error;
  {
    std::jthread thread([&] {
      try {
        second();
      } catch (...) {
        second_error = std::current_exception();
      }
    });
    try {
      first();
    } catch (...) {
      first_error = std::current_exception();
    }
  }
  if (first_error) std::rethrow_exception(first_error);
  if (second_error) std::rethrow_exception(second_error);
}

}  // namespace sluice::pipeline
