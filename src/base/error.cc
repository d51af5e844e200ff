#include "base/error.h"

#include <fmt/format.h>

namespace sluice {

std::string_view Name(RetryClass retry) {
  switch (retry) {
    case RetryClass::kNever:
      return "never";
    case RetryClass::kReconnect:
      return "reconnect";
    case RetryClass::kBackoff:
      return "backoff";
    case RetryClass::kOnce:
      return "once";
  }
  return "never";
}

std::string ErrorInfo::OneLine() const {
  std::string line = fmt::format("[{}] {}", code, title);
  if (!object.empty()) line += ": " + object;
  if (!cause.empty()) line += ": " + cause;
  if (native_code != 0) line += fmt::format(" ({}: {})", native_code, native_message);
  return line;
}

std::string ErrorInfo::Block() const {
  std::string block = fmt::format("[{}] {}\n", code, title);
  if (!stage.empty() || !side.empty()) {
    block += fmt::format("  where:  {}{}{}\n", stage, !stage.empty() && !side.empty() ? ", " : "", side);
  }
  if (!object.empty()) block += fmt::format("  object: {}\n", object);
  if (!cause.empty()) block += fmt::format("  cause:  {}\n", cause);
  if (native_code != 0) block += fmt::format("  server: {} {}\n", native_code, native_message);
  if (!remedy.empty()) block += fmt::format("  remedy: {}\n", remedy);
  return block;
}

Error::Error(const ErrorCode& code) {
  info_.code = code.id;
  info_.title = code.title;
  Describe();
}

Error::Error(ErrorInfo info) : info_(std::move(info)) {
  Describe();
}

Error&& Error::Object(std::string text) && {
  info_.object = std::move(text);
  Describe();
  return std::move(*this);
}

Error&& Error::Cause(std::string text) && {
  info_.cause = std::move(text);
  Describe();
  return std::move(*this);
}

Error&& Error::Remedy(std::string text) && {
  info_.remedy = std::move(text);
  return std::move(*this);
}

Error&& Error::Native(int code, std::string message) && {
  info_.native_code = code;
  info_.native_message = std::move(message);
  Describe();
  return std::move(*this);
}

Error&& Error::Retry(RetryClass retry) && {
  info_.retry = retry;
  return std::move(*this);
}

Error&& Error::Side(std::string side) && {
  info_.side = std::move(side);
  return std::move(*this);
}

const char* Error::what() const noexcept {
  return what_.c_str();
}

void Error::Describe() {
  what_ = info_.OneLine();
}

}  // namespace sluice
