#include "base/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace sluice {
namespace {

spdlog::level::level_enum Native(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string JsonText(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

// Process-wide by nature: where lines go is decided once, by main, before any thread is started.
struct LogState {
  std::shared_ptr<spdlog::logger> logger;
  bool json = false;
  LogState() {
    logger = std::make_shared<spdlog::logger>("sluice", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    logger->set_level(spdlog::level::warn);
  }
};

LogState& State() {
  static LogState state;
  return state;
}

}  // namespace

void StartLog(const LogOptions& options) {
  LogState& state = State();
  if (!options.file.empty()) {
    state.logger =
        std::make_shared<spdlog::logger>("sluice", std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file));
    state.logger->flush_on(spdlog::level::info);
  }
  state.json = options.json;
  state.logger->set_level(Native(options.level));
  state.logger->set_pattern(
      options.json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})" : "%Y-%m-%dT%H:%M:%S.%eZ %l %v",
      spdlog::pattern_time_type::utc);
}

void Log(LogLevel level, std::string_view component, std::string_view message) {
  LogState& state = State();
  if (state.json) {
    state.logger->log(Native(level), R"("component":"{}","message":"{}")", JsonText(component), JsonText(message));
  } else {
    state.logger->log(Native(level), "{}: {}", component, message);
  }
}

}  // namespace sluice
