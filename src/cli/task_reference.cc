#include "cli/task_reference.h"

#include <fmt/format.h>

#include <filesystem>

#include "cli/codes.h"
#include "store/store.h"
#include "task/task_file.h"

namespace sluice::cli {
namespace {

bool IsFile(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

bool LooksLikeFile(const std::string& operand) {
  return operand.find('/') != std::string::npos || operand.ends_with(".yaml") || operand.ends_with(".yml");
}

std::vector<std::string> TaskNames(const std::string& state_directory) {
  std::vector<std::string> names;
  std::error_code error;
  if (!std::filesystem::is_directory(state_directory, error)) return names;
  for (const store::TaskRecord& task : store::Store::Open(state_directory)->Tasks()) names.push_back(task.name);
  return names;
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string OnlyTask(const Invocation& invocation, const std::vector<std::string>& names) {
  if (names.size() == 1) return names.front();
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  throw Error(kWhichTask)
      .Cause(names.empty() ? fmt::format("{} holds no task", invocation.state_directory)
                           : fmt::format("{} holds {} tasks: {}", invocation.state_directory, names.size(), list))
      .Remedy("Name the task: --task shop.yaml");
}

}  // namespace

std::string TaskNameOf(const std::string& operand) {
  if (!IsFile(operand) && !LooksLikeFile(operand)) return operand;
  task::ParsedTaskFile parsed = task::ParseTaskFile(operand).ValueOrThrow();
  if (!parsed.spec.name.empty()) return parsed.spec.name;
  return task::LoadTaskFile(operand).ValueOrThrow().name;
}

ObjectReference ResolveObject(const Invocation& invocation, bool object_wanted) {
  ObjectReference reference;
  reference.task = invocation.task;
  std::vector<std::string> operands = invocation.operands;
  const std::vector<std::string> names = TaskNames(invocation.state_directory);
  const auto is_task = [&](const std::string& operand) { return IsFile(operand) || Contains(names, operand); };
  // `retry TASK OBJECT` and `retry OBJECT TASK`: whichever of the two is a task. A file decides
  // before a name.
  if (reference.task.empty() && (operands.size() == 2 || !object_wanted) && !operands.empty()) {
    size_t at = 0;
    if (operands.size() == 2 && !IsFile(operands[0]) && (IsFile(operands[1]) || !is_task(operands[0]))) {
      at = is_task(operands[1]) || LooksLikeFile(operands[1]) ? 1 : 0;
    }
    reference.task = operands[at];
    operands.erase(operands.begin() + static_cast<std::ptrdiff_t>(at));
  }
  if (operands.size() > (object_wanted ? 1 : 0)) {
    throw Error(kUsage)
        .Object(operands.back())
        .Cause("more was given than this command takes")
        .Remedy("`sluice schema --help` tells how it is used.");
  }
  if (!operands.empty()) reference.object = operands.front();
  if (object_wanted && (reference.object.empty() || (reference.task.empty() && IsFile(reference.object)))) {
    throw Error(kUsage)
        .Cause("no object is named")
        .Remedy("`sluice schema list` shows them; or give --all for every object that has failed.");
  }
  if (reference.task.empty()) reference.task = OnlyTask(invocation, names);
  reference.name = TaskNameOf(reference.task);
  return reference;
}

}  // namespace sluice::cli
