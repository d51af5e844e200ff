// The task file of the way back.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "connector/registry.h"
#include "selection/rules.h"
#include "task/context.h"
#include "task/yaml_tree.h"

namespace sluice::task {
namespace {

constexpr std::string_view kNameEnd = "-reverse";

// A JSON string is a YAML string whatever is in it.
std::string Quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string Scalar(const std::string& text) {
  const bool is_number =
      !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= '0' && c <= '9'; });
  return is_number || text == "true" || text == "false" ? text : Quoted(text);
}

// In flow style. References to secrets stay references.
std::string Flow(const YamlValue& value) {
  std::string out;
  switch (value.kind) {
    case YamlValue::Kind::kNull:
      return "null";
    case YamlValue::Kind::kScalar:
      return Scalar(value.text);
    case YamlValue::Kind::kList:
      for (const YamlValue& item : value.items) out += (out.empty() ? "" : ", ") + Flow(item);
      return "[" + out + "]";
    case YamlValue::Kind::kMap:
      for (const YamlEntry& entry : value.entries) {
        out += (out.empty() ? "" : ", ") + entry.key + ": " + Flow(entry.value);
      }
      return "{" + out + "}";
  }
  return out;
}

// What the task carries, where that is not the default.
std::string Operations(const model::OperationFilter& operations) {
  const model::OperationFilter usual = selection::DefaultOperations();
  const auto add = [](std::string* list, bool wanted, std::string_view word) {
    if (wanted) *list += fmt::format("{}{}", list->empty() ? "" : ", ", word);
  };
  std::string text;
  if (!(operations.insert && operations.update && operations.remove)) {
    std::string dml;
    add(&dml, operations.insert, "insert");
    add(&dml, operations.update, "update");
    add(&dml, operations.remove, "delete");
    text += "dml: [" + dml + "]";
  }
  if (operations.ddl != usual.ddl) {
    std::string ddl;
    for (const model::DdlKind kind : operations.ddl) add(&ddl, true, model::Name(kind));
    text += fmt::format("{}ddl: [{}]", text.empty() ? "" : ", ", ddl);
  }
  return text.empty() ? "" : ", operations: {" + text + "}";
}

// One table as the destination has it, and the names to go back to.
std::string TableLine(const model::TableMapping& mapping) {
  std::string line = "{table: " + Quoted(mapping.destination.name);
  if (mapping.destination.name != mapping.source.name) line += ", rename: " + Quoted(mapping.source.name);
  std::string columns;
  for (const model::ColumnMapping& column : mapping.columns) {
    if (column.source == column.destination) continue;
    columns += (columns.empty() ? "" : ", ") + Quoted(column.destination) + ": " + Quoted(column.source);
  }
  if (!columns.empty()) line += ", columns: {rename: {" + columns + "}}";
  return line + Operations(mapping.operations) + "}";
}

}  // namespace

std::string Task::ReverseTaskFile(const std::string& text, std::stop_token stop) {
  const TaskSpec& spec = context_->spec;
  if (connector::FindPair(spec.destination.engine, spec.source.engine) == nullptr) {
    throw Error(kPairNotOffered)
        .Object(spec.destination.engine + " to " + spec.source.engine)
        .Cause("the way back would be a pair that is not offered")
        .Remedy("`sluice pairs` lists what is.");
  }
  YamlValue root;
  YamlProblem problem;
  if (!ParseYaml(text, &root, &problem)) throw Error(kTaskFileUnreadable).Cause(problem.message);
  const Plan plan = MakePlan(*context_, std::move(stop));
  // Groups of the destination; a group goes back to one of the source, which mapping rules could have merged.
  std::map<std::pair<std::string, std::string>, std::string> groups;
  for (const model::TableMappingPtr& mapping : plan.mappings) {
    groups[{mapping->destination.database, mapping->source.database}] += "      - " + TableLine(*mapping) + "\n";
  }
  std::string out = fmt::format(
      "# The way back of the task {}: what is written at its destination after the switch-over goes to its source.\n"
      "# `sluice cutover --reverse THIS_FILE` begins it at the right point. The accounts are those of the other\n"
      "# direction: `sluice precheck THIS_FILE` tells what rights they need besides.\n"
      "version: 1\nname: {}\n",
      Quoted(spec.name), Quoted(spec.name.substr(0, kTaskNameBytesMax - kNameEnd.size()) + std::string(kNameEnd)));
  const auto side = [&](const char* name, std::string_view taken) {
    if (const YamlValue* value = root.Find(taken)) out += fmt::format("{}: {}\n", name, Flow(*value));
  };
  side("source", "destination");
  side("destination", "source");
  out += "types: [incremental]\nobjects:\n";
  const connector::Connector* from = connector::FindConnector(spec.destination.engine);
  for (const auto& [names, tables] : groups) {
    out += fmt::format("  - {}: {}\n", from->group, Quoted(names.first));
    if (names.first != names.second) out += fmt::format("    rename: {}\n", Quoted(names.second));
    out += "    tables:\n" + tables;
  }
  for (const char* key : {"limits", "options"}) {
    if (const YamlValue* value = root.Find(key)) out += fmt::format("{}: {}\n", key, Flow(*value));
  }
  return out;
}

}  // namespace sluice::task
