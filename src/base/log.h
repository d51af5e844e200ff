// Structured log lines to standard error or a file. Never hand a secret to it: secrets have no formatter.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  std::string file;   // empty: standard error
  bool json = false;  // one JSON object a line
};

// Call once from main, before threads start. Without it, warnings and errors go to standard error.
void StartLog(const LogOptions& options);

// Safe from any thread.
void Log(LogLevel level, std::string_view component, std::string_view message);
inline void LogDebug(std::string_view component, std::string_view message) {
  Log(LogLevel::kDebug, component, message);
}
inline void LogInfo(std::string_view component, std::string_view message) {
  Log(LogLevel::kInfo, component, message);
}
inline void LogWarning(std::string_view component, std::string_view message) {
  Log(LogLevel::kWarning, component, message);
}
inline void LogError(std::string_view component, std::string_view message) {
  Log(LogLevel::kError, component, message);
}

}  // namespace sluice
