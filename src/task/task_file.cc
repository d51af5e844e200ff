#include "task/task_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "connector/registry.h"
#include "task/task_file_keys.h"
#include "task/task_file_reading.h"
#include "task/yaml_tree.h"

namespace sluice::task {
namespace {

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

// A task without a name is called as its file.
std::string NameFromPath(const std::string& path) {
  std::string name = std::filesystem::path(path).stem().string().substr(0, kTaskNameBytesMax);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !IsNameCharacter(c); }, '-');
  const size_t start = name.find_first_not_of("-._");
  return start == std::string::npos ? "task" : name.substr(start);
}

void ReadName(Reading* reading, const YamlValue& value, std::string* name) {
  const std::optional<std::string> text = reading->Name(value, "`name`");
  if (!text) return;
  const bool legal = text->size() <= kTaskNameBytesMax && std::all_of(text->begin(), text->end(), IsNameCharacter) &&
                     text->front() != '-' && text->front() != '.';
  if (!legal) {
    reading->Add(value, "`name` may have up to 64 letters, digits, `-`, `_` and `.`, the first no `-` or `.`");
    return;
  }
  *name = *text;
}

void ReadVersion(Reading* reading, const YamlValue& value) {
  const std::optional<std::string> text = reading->Text(value, "`version`");
  if (text && *text != "1") reading->Add(value, "`version` must be 1, the only form of task files so far");
}

// What names are like at both engines; of one that is not known nothing is asked.
selection::NameRules NamesOf(const TaskSpec& spec) {
  selection::NameRules names;
  if (const connector::Connector* source = connector::FindConnector(spec.source.engine)) {
    names.group = source->group;
    names.reserved = source->reserved;
    names.source_columns_ignore_case = source->columns_ignore_case;
  }
  if (const connector::Connector* destination = connector::FindConnector(spec.destination.engine)) {
    names.reserved.insert(destination->reserved.begin(), destination->reserved.end());
    names.destination_columns_ignore_case = destination->columns_ignore_case;
  }
  return names;
}

void ReadTask(Reading* reading, const YamlValue& root, TaskSpec* spec) {
  MapReading map(reading, root, "a task file", keys::kTask);
  if (!map.is_map()) return;
  if (const YamlValue* version = map.Require("version")) ReadVersion(reading, *version);
  if (const YamlValue* name = map.Get("name")) ReadName(reading, *name, &spec->name);
  if (const YamlValue* source = map.Require("source")) ReadEndpoint(reading, *source, "source", &spec->source);
  if (const YamlValue* destination = map.Require("destination")) {
    ReadEndpoint(reading, *destination, "destination", &spec->destination);
  }
  if (const YamlValue* types = map.Require("types")) ReadTypes(reading, *types, &spec->types);
  spec->rules.names = NamesOf(*spec);
  if (const YamlValue* objects = map.Require("objects")) ReadObjects(reading, *objects, &spec->rules);
  if (const YamlValue* mapping = map.Get("mapping")) ReadMapping(reading, *mapping, &spec->rules);
  if (const YamlValue* limits = map.Get("limits")) ReadLimits(reading, *limits, &spec->limits);
  if (const YamlValue* options = map.Get("options")) ReadOptions(reading, *options, spec);
  CheckPair(reading, root, *spec);
}

Error Unreadable(const std::string& path, const std::string& cause) {
  return Error(kTaskFileUnreadable).Object("file " + path).Cause(cause).Remedy("Give the path of a task file.");
}

}  // namespace

std::string Mistake::Text(const std::string& path) const {
  return fmt::format("{}:{}:{}: {}", path, line, column, message);
}

Result<ParsedTaskFile> ParseTaskText(const std::string& text, const std::string& path_for_messages) {
  YamlValue root;
  YamlProblem problem;
  if (!ParseYaml(text, &root, &problem)) {
    const Mistake mistake{problem.line, problem.column, problem.message};
    return Error(kTaskFileInvalid)
        .Object("file " + path_for_messages)
        .Cause(mistake.Text(path_for_messages))
        .Remedy("The reference of task files is docs/task-file.md.");
  }
  ParsedTaskFile parsed;
  parsed.spec.name = NameFromPath(path_for_messages);
  Reading reading(std::filesystem::path(path_for_messages).parent_path().string());
  ReadTask(&reading, root, &parsed.spec);
  parsed.mistakes = reading.TakeMistakes();
  parsed.spec.frozen_hash = FrozenHash(parsed.spec);
  return parsed;
}

Result<ParsedTaskFile> ParseTaskFile(const std::string& path) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code)) return Unreadable(path, "It is a directory.");
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return Unreadable(path, std::strerror(errno));
  // One byte more than allowed tells that there is too much.
  std::string text(kYamlBytesMax + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(stream.gcount()));
  if (stream.bad()) return Unreadable(path, "Reading it failed.");
  return ParseTaskText(text, path);
}

Result<TaskSpec> LoadTaskFile(const std::string& path) {
  Result<ParsedTaskFile> parsed = ParseTaskFile(path);
  if (!parsed) return parsed.error();
  const std::vector<Mistake>& mistakes = parsed.value().mistakes;
  if (mistakes.empty()) return std::move(parsed).value().spec;
  const bool same = std::all_of(mistakes.begin(), mistakes.end(),
                                [&](const Mistake& mistake) { return mistake.code == mistakes.front().code; });
  ErrorCode code = kTaskFileInvalid;
  for (const ErrorCode& known : {kSecretUnavailable, kPairNotOffered}) {
    if (same && mistakes.front().code == known.id) code = known;
  }
  std::string cause;
  for (const Mistake& mistake : mistakes) cause += (cause.empty() ? "" : "\n") + mistake.Text(path);
  return Error(code)
      .Object("file " + path)
      .Cause(std::move(cause))
      .Remedy(std::string_view(code.id) == kSecretUnavailable.id
                  ? "Set the variable, or make the file readable, for the user and in the shell or service that starts "
                    "sluice."
                  : "The reference of task files is docs/task-file.md.");
}

}  // namespace sluice::task
