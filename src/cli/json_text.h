// JSON as the commands print it. Text that is not UTF-8 (it comes from servers) is repaired, never
// thrown about.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/error.h"
#include "connector/connector.h"
#include "pipeline/verify.h"
#include "task/task.h"

namespace sluice::cli {

std::string JsonLine(const nlohmann::ordered_json& json);      // one line with its end
std::string JsonDocument(const nlohmann::ordered_json& json);  // indented, with its end

nlohmann::ordered_json ToJson(const ErrorInfo& error);                  // {"code","title",...}, for {"error": ...}
nlohmann::ordered_json ToJson(const connector::MigrationTypes& types);  // ["schema","full"]
nlohmann::ordered_json ToJson(const task::PrecheckReport& report);
nlohmann::ordered_json ToJson(const pipeline::VerifyTableResult& result);
nlohmann::ordered_json ToJson(const task::StatusReport& report);
nlohmann::ordered_json ToJson(const task::LimitsReport& report);  // null when the task was never run

// The value that `text` holds, the text itself when it is no JSON, null when it is empty.
nlohmann::ordered_json ParsedOrText(const std::string& text);

// For people: "binlog.000003:4711, gtid 0-1-100"; the text as it is when it has another shape.
std::string PositionText(const std::string& json);

}  // namespace sluice::cli
