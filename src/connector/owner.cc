#include "connector/owner.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/stop.h"

namespace sluice::connector {

std::string ToNote(const Owner& owner) {
  const nlohmann::json note = {
      {"token", owner.token}, {"host", owner.host}, {"process", owner.process}, {"since", owner.since}};
  return note.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

Owner OwnerFrom(const std::string& note) {
  const nlohmann::json value = nlohmann::json::parse(note, nullptr, false);
  if (!value.is_object()) return {};
  const auto text = [&](const char* key) {
    const auto found = value.find(key);
    return found != value.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto process = value.find("process");
  const bool has_process = process != value.end() && process->is_number_integer();
  return {.token = text("token"),
          .host = text("host"),
          .process = has_process ? process->get<int64_t>() : 0,
          .since = text("since")};
}

std::string Text(const Owner& owner) {
  return fmt::format("process {} on {}, since {}", owner.process, owner.host, owner.since);
}

Error TakenOver(const std::string& note) {
  const Owner owner = OwnerFrom(note);
  if (owner.token.empty()) {
    return Error(kTakenOver)
        .Object("the task's record of its owner, in Sluice's own database")
        .Cause(
            "it is gone: the task was released from another state directory, or that database was removed. This run "
            "ends, and has written nothing since")
        .Remedy("Begin anew with `sluice run --restart`, or give the task up.")
        .Side("destination");
  }
  return Error(kTakenOver)
      .Object("the task's record of its owner, in Sluice's own database")
      .Cause(fmt::format("it names {}. This run ends, and has written nothing since", Text(owner)))
      .Remedy(
          "Two state directories have this task, one of them a copy. Go on with the other one, and remove this one "
          "unless it has other tasks. Or stop the other run, and begin anew here with `sluice run --restart`.")
      .Side("destination");
}

bool IsTakenOver(const ErrorInfo& error) {
  return error.code == kTakenOver.id;
}

bool IsRefusal(const ErrorInfo& error) {
  return error.retry == RetryClass::kNever && error.code != kStopped.id && !IsTakenOver(error);
}

}  // namespace sluice::connector
