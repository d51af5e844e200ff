#include "cli/json_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/time.h"

namespace sluice::cli {
namespace {

using Json = nlohmann::ordered_json;

const char* Text(connector::PrecheckStatus status) {
  switch (status) {
    case connector::PrecheckStatus::kPassed:
      return "passed";
    case connector::PrecheckStatus::kWarning:
      return "warning";
    case connector::PrecheckStatus::kFailed:
      return "failed";
  }
  return "failed";
}

const char* Text(pipeline::DifferenceKind kind) {
  switch (kind) {
    case pipeline::DifferenceKind::kMissing:
      return "missing";
    case pipeline::DifferenceKind::kExtra:
      return "extra";
    case pipeline::DifferenceKind::kDifferent:
      return "different";
  }
  return "different";
}

Json OrNull(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json TimeOrNull(int64_t micros) {
  return micros == 0 ? Json(nullptr) : Json(IsoTime(micros));
}

// "[MY-0102] The server refused ..." -> "MY-0102".
Json CodeOf(const std::string& error_block) {
  if (error_block.size() < 3 || error_block.front() != '[') return nullptr;
  const size_t end = error_block.find(']');
  return end == std::string::npos ? Json(nullptr) : Json(error_block.substr(1, end - 1));
}

// What the running process wrote, completed to what docs/cli.md promises.
Json ProgressOf(const task::StatusReport& report) {
  Json progress = ParsedOrText(report.progress_json);
  if (!progress.is_object()) progress = Json::object();
  const auto with = [&](const char* key, Json value) {
    if (!progress.contains(key)) progress[key] = std::move(value);
  };
  with("phase", report.task.phase);
  with("caught_up", false);
  with("delay_ms", nullptr);
  uint64_t rows = 0;
  for (const store::TableRecord& table : report.tables) rows += table.rows;
  with("rows", rows);
  return progress;
}

// The running process tells it about once a second; the record has it from the end of a run.
Json AppliedPosition(const task::StatusReport& report) {
  const Json progress = ParsedOrText(report.progress_json);
  const bool told = progress.is_object() && progress.contains("position") && !progress["position"].is_null();
  return told ? progress["position"] : ParsedOrText(report.task.position);
}

Json TablesOf(const task::StatusReport& report) {
  Json tables = Json::array();
  for (const store::TableRecord& table : report.tables) {
    tables.push_back({{"table", table.table},
                      {"state", table.state},
                      {"rows", table.rows},
                      {"bytes", table.bytes},
                      {"error", OrNull(table.error)}});
  }
  return tables;
}

Json ObjectsOf(const task::StatusReport& report) {
  Json objects = Json::array();
  for (const store::ObjectRecord& object : report.objects) {
    objects.push_back({{"label", object.label},
                       {"kind", object.kind},
                       {"object", object.object},
                       {"stage", object.stage},
                       {"state", object.state},
                       {"statement", object.sql},
                       {"error", OrNull(object.error)}});
  }
  return objects;
}

}  // namespace

std::string JsonLine(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string JsonDocument(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json ToJson(const ErrorInfo& error) {
  Json json = {{"code", error.code},   {"title", error.title},      {"object", error.object},
               {"cause", error.cause}, {"remedy", error.remedy},    {"side", error.side},
               {"stage", error.stage}, {"retry", Name(error.retry)}};
  json["server_code"] = error.native_code == 0 ? Json(nullptr) : Json(error.native_code);
  json["server_message"] = OrNull(error.native_message);
  return json;
}

Json ToJson(const connector::MigrationTypes& types) {
  Json json = Json::array();
  if (types.schema) json.push_back("schema");
  if (types.full) json.push_back("full");
  if (types.incremental) json.push_back("incremental");
  return json;
}

Json ToJson(const task::PrecheckReport& report) {
  Json items = Json::array();
  for (const connector::PrecheckItem& item : report.items) {
    items.push_back({{"id", item.id},
                     {"title", item.title},
                     {"side", item.side},
                     {"status", Text(item.status)},
                     {"object", OrNull(item.object)},
                     {"cause", OrNull(item.cause)},
                     {"remedy", OrNull(item.remedy)}});
  }
  return {{"passed", !report.Failed()},
          {"counts",
           {{"passed", report.Count(connector::PrecheckStatus::kPassed)},
            {"warning", report.Count(connector::PrecheckStatus::kWarning)},
            {"failed", report.Count(connector::PrecheckStatus::kFailed)}}},
          {"items", std::move(items)}};
}

Json ToJson(const pipeline::VerifyTableResult& result) {
  Json differences = Json::array();
  for (const pipeline::Difference& difference : result.differences) {
    Json one = {{"kind", Text(difference.kind)}, {"key", difference.key}};
    one["columns"] = OrNull(difference.columns);
    one["repair"] = OrNull(difference.repair);
    differences.push_back(std::move(one));
  }
  Json json = {{"source", result.source.Text()},
               {"destination", result.destination.Text()},
               {"equal", result.Equal()},
               {"rows_source", result.rows_source},
               {"rows_destination", result.rows_destination},
               {"missing", result.missing},
               {"extra", result.extra},
               {"different", result.different},
               {"differences", std::move(differences)}};
  json["note"] = OrNull(result.note);
  json["error"] = result.error ? ToJson(*result.error) : Json(nullptr);
  return json;
}

Json ToJson(const task::LimitsReport& report) {
  if (!report.known) return nullptr;
  const auto values = [](const pipeline::Limits& limits) {
    return Json{{"rows_per_second", limits.rows_per_second},
                {"megabytes_per_second", static_cast<double>(limits.bytes_per_second) / 1e6},
                {"readers", limits.readers},
                {"writers", limits.writers}};
  };
  Json json = values(report.limits);
  json["memory_bytes"] = report.limits.memory_bytes;
  json["wanted"] = values(report.wanted);
  json["task_file"] = values(report.file);
  json["changed"] = Json::array();
  for (const std::string& name : report.changed) {
    json["changed"].push_back(name == "bytes_per_second" ? "megabytes_per_second" : name);
  }
  json["notes"] = Json::object();
  for (const auto& [limit, note] : report.notes) json["notes"][limit] = note;
  return json;
}

Json ToJson(const task::StatusReport& report) {
  const store::TaskRecord& task = report.task;
  Json progress = ProgressOf(report);
  Json json = {{"name", task.name},
               {"id", task.id},
               {"state", store::Name(task.state)},
               {"phase", task.phase},
               {"running", report.running},
               {"caught_up", progress["caught_up"]},
               {"delay_ms", progress["delay_ms"]},
               {"stopped_for_good", task.final_stop},
               {"ended", OrNull(report.ended)},
               {"created", TimeOrNull(task.created_micros)},
               {"updated", TimeOrNull(task.updated_micros)}};
  json["position"] = AppliedPosition(report);
  json["source_position"] = progress.contains("source_position") ? progress["source_position"] : Json(nullptr);
  json["error"] = OrNull(task.error);
  json["error_code"] = CodeOf(task.error);
  json["limits"] = ToJson(report.limits);
  json["progress"] = std::move(progress);
  json["tables"] = TablesOf(report);
  json["objects"] = ObjectsOf(report);
  return json;
}

Json ParsedOrText(const std::string& text) {
  if (text.empty()) return nullptr;
  Json json = Json::parse(text, nullptr, false);
  return json.is_discarded() ? Json(text) : json;
}

std::string PositionText(const std::string& json) {
  const Json position = ParsedOrText(json);
  if (!position.is_object()) return json;
  const auto member = [&](const char* key) {
    const auto found = position.find(key);
    if (found == position.end() || found->is_null()) return std::string();
    return found->is_string() ? found->get<std::string>() : found->dump();
  };
  std::string text = member("file");
  if (!text.empty()) text += ":" + member("offset");
  const std::string gtid = member("gtid");
  if (!gtid.empty()) text += (text.empty() ? "gtid " : ", gtid ") + gtid;
  return text.empty() ? json : text;
}

}  // namespace sluice::cli
