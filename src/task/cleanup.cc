// What stands at a source for tasks, and the removal of what is left of those that are gone.
#include <fmt/format.h>

#include <algorithm>

#include "task/context.h"

namespace sluice::task {
namespace {

bool IsSameTask(const std::string& id, const connector::SourceObject& object) {
  // Names at a server have small letters only.
  return id.size() == object.task.size() && std::equal(id.begin(), id.end(), object.task.begin(), [](char a, char b) {
           return std::tolower(static_cast<unsigned char>(a)) == b;
         });
}

Error Refused(const connector::SourceObject& object, const std::string& cause, const std::string& remedy) {
  return Error(kWrongState).Object(object.kind + " " + object.name).Cause(cause).Remedy(remedy).Side("source");
}

}  // namespace

CleanupReport Task::Cleanup(const std::string& state_directory, const std::vector<std::string>& remove,
                            std::stop_token stop) {
  const auto store = store::Store::Open(state_directory);
  const std::vector<store::TaskRecord> tasks = store->Tasks();
  const connector::SessionContext session{stop, "cleanup"};
  const auto known = [&](const connector::SourceObject& object) -> const store::TaskRecord* {
    const auto found =
        std::find_if(tasks.begin(), tasks.end(), [&](const auto& task) { return IsSameTask(task.id, object); });
    return found == tasks.end() ? nullptr : &*found;
  };
  CleanupReport report;
  const std::vector<connector::SourceObject> before = context_->source->SourceObjects(session);
  for (const std::string& name : remove) {
    const auto found = std::find_if(before.begin(), before.end(), [&](const auto& one) { return one.name == name; });
    if (found == before.end()) {
      throw Error(kNoSuchObject)
          .Object(name)
          .Cause("nothing of Sluice's has this name at " + context_->spec.source.Address())
          .Remedy("`sluice cleanup TASK.yaml` lists what is there.")
          .Side("source");
    }
    const store::TaskRecord* task = known(*found);
    if (task != nullptr && !task->final_stop) {
      throw Refused(*found, fmt::format("task {} of this state directory goes on from it", task->name),
                    "`sluice release` ends the task and removes it.");
    }
    if (found->in_use) {
      throw Refused(*found, "a session reads from it: another Sluice follows this source",
                    "Stop that process first: SELECT active_pid FROM pg_replication_slots;");
    }
    for (std::string& what : context_->source->ReleaseSource(found->task, session)) {
      report.removed.push_back(std::move(what));
    }
  }
  for (connector::SourceObject& object : context_->source->SourceObjects(session)) {
    const store::TaskRecord* task = known(object);
    report.entries.push_back({std::move(object), task == nullptr ? "" : task->name});
  }
  return report;
}

}  // namespace sluice::task
