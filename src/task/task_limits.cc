#include "task/task_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>

#include "task/context.h"

namespace sluice::task {
namespace {

using nlohmann::json;
using pipeline::Limits;

constexpr const char* kNames[] = {"rows_per_second", "bytes_per_second", "readers", "writers"};

uint64_t Get(const Limits& limits, std::string_view name) {
  if (name == "rows_per_second") return limits.rows_per_second;
  if (name == "bytes_per_second") return limits.bytes_per_second;
  return name == "readers" ? limits.readers : limits.writers;
}

void Set(Limits* limits, std::string_view name, uint64_t value) {
  if (name == "rows_per_second") limits->rows_per_second = value;
  if (name == "bytes_per_second") limits->bytes_per_second = value;
  if (name == "readers") limits->readers = static_cast<uint32_t>(value);
  if (name == "writers") limits->writers = static_cast<uint32_t>(value);
}

std::optional<uint64_t> Get(const LimitsChange& change, std::string_view name) {
  if (name == "rows_per_second") return change.rows_per_second;
  if (name == "bytes_per_second") return change.bytes_per_second;
  return name == "readers" ? change.readers : change.writers;
}

json ToValue(const Limits& limits) {
  json value;
  for (const char* name : kNames) value[name] = Get(limits, name);
  value["memory_bytes"] = limits.memory_bytes;
  return value;
}

Limits LimitsFrom(const json& value) {
  Limits limits;
  for (const char* name : kNames) Set(&limits, name, value.at(name).get<uint64_t>());
  limits.memory_bytes = value.at("memory_bytes").get<uint64_t>();
  return limits;
}

std::string TextOf(std::string_view name) {
  return fmt::format("limit.{}", name);
}

// A changed limit: its value, and what the task file had at that time.
struct Changed {
  uint64_t value = 0;
  uint64_t file = 0;
};

std::optional<Changed> FindChanged(store::Store& store, const std::string& task, std::string_view name) {
  const auto text = store.Text(task, TextOf(name));
  if (!text) return std::nullopt;
  const json value = json::parse(*text);
  return Changed{value.at("value").get<uint64_t>(), value.at("file").get<uint64_t>()};
}

std::string MakeToken() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

Error NotTakenUp(const std::string& task) {
  return Error(kWrongState)
      .Object("task " + task)
      .Cause("the change is written down, but the process that runs the task has not answered in time")
      .Remedy("`sluice limits` shows later what holds; if the process hangs, end it and run the task again.");
}

// Waits until the running process has taken the change up, or has ended: the next one begins with it.
void AwaitAnswer(store::Store& store, const std::string& task, Deadline deadline, const std::stop_token& stop) {
  const std::string token = MakeToken();
  Deadline again = Deadline::After(milliseconds(0));
  while (store.IsLocked(task)) {
    const auto text = store.Text(task, kLimitsNowText);
    const LimitsAnswer answer = text ? AnswerFrom(*text) : LimitsAnswer{};
    if (std::find(answer.tokens.begin(), answer.tokens.end(), token) != answer.tokens.end()) return;
    if (deadline.Passed()) throw NotTakenUp(task);
    // A process that is just starting drops what was asked before it: ask again.
    if (again.Passed()) {
      store.Request(task, std::string(kLimitsRequest) + token);
      again = Deadline::After(milliseconds(2000));
    }
    SleepFor(stop, milliseconds(50));
    ThrowIfStopped(stop);
  }
}

}  // namespace

Limits LimitsInForce(store::Store& store, const std::string& task, const Limits& file) {
  Limits limits = file;
  for (const char* name : kNames) {
    const auto changed = FindChanged(store, task, name);
    if (changed && changed->file == Get(file, name)) Set(&limits, name, changed->value);
  }
  return limits;
}

std::vector<std::string> AdoptFileLimits(store::Store& store, const std::string& task, const Limits& file) {
  std::vector<std::string> lines;
  for (const char* name : kNames) {
    const auto changed = FindChanged(store, task, name);
    if (!changed) continue;
    if (changed->file == Get(file, name)) {
      lines.push_back(fmt::format("limits: {} {} as `sluice limits` has set it (the task file says {})", name,
                                  changed->value, changed->file));
      continue;
    }
    lines.push_back(fmt::format("limits: {} {} as the task file says now, no longer {} as `sluice limits` had set it",
                                name, Get(file, name), changed->value));
    store.RemoveText(task, TextOf(name));
  }
  store.SaveText(task, kFileLimitsText, ToValue(file).dump());
  return lines;
}

void SaveChange(store::Store& store, const std::string& task, const LimitsChange& change) {
  const auto file_text = store.Text(task, kFileLimitsText);
  const Limits file = file_text ? LimitsFrom(json::parse(*file_text)) : Limits{};
  for (const char* name : kNames) {
    const std::optional<uint64_t> value = Get(change, name);
    if (value) {
      store.SaveText(task, TextOf(name), json({{"value", *value}, {"file", Get(file, name)}}).dump());
    } else if (change.reset) {
      store.RemoveText(task, TextOf(name));
    }
  }
}

std::string LimitsText(const Limits& limits) {
  const std::string rows =
      limits.rows_per_second == 0 ? "no limit of rows/s" : fmt::format("{} rows/s", limits.rows_per_second);
  const std::string bytes = limits.bytes_per_second == 0
                                ? "no limit of MB/s"
                                : fmt::format("{} MB/s", static_cast<double>(limits.bytes_per_second) / 1e6);
  return fmt::format("{}, {}, {} reader(s), {} writer(s)", rows, bytes, limits.readers, limits.writers);
}

std::vector<std::pair<std::string, std::string>> LimitTexts(store::Store& store, const std::string& task) {
  std::vector<std::pair<std::string, std::string>> texts;
  std::vector<std::string> names = {kFileLimitsText};
  for (const char* name : kNames) names.push_back(TextOf(name));
  for (const std::string& name : names) {
    if (auto text = store.Text(task, name)) texts.emplace_back(name, *std::move(text));
  }
  return texts;
}

LimitsAnswer MakeAnswer(const Limits& wanted, int phase, uint32_t sessions) {
  LimitsAnswer answer;
  answer.limits = wanted;
  if (phase == 1)
    answer.notes.emplace_back("writers", "tables are still being created; it holds from the full load on");
  if (phase == 2 && sessions > 0 && wanted.readers > sessions) {
    answer.limits.readers = sessions;
    answer.notes.emplace_back(
        "readers", fmt::format("{} at work, since all sessions of a snapshot have to be opened together; {} from the "
                               "next snapshot on (`sluice stop`, then `sluice run`)",
                               sessions, wanted.readers));
  }
  if (phase == 3) {
    answer.notes.emplace_back("readers", "changes are read by one session; it holds for `sluice verify`");
  }
  return answer;
}

std::string ToJson(const LimitsAnswer& answer) {
  return json({{"tokens", answer.tokens}, {"limits", ToValue(answer.limits)}, {"notes", answer.notes}}).dump();
}

LimitsAnswer AnswerFrom(const std::string& text) {
  const json value = json::parse(text);
  return {value.at("tokens").get<std::vector<std::string>>(), LimitsFrom(value.at("limits")),
          value.at("notes").get<std::vector<std::pair<std::string, std::string>>>()};
}

bool LimitsChange::Empty() const {
  return !reset && std::none_of(std::begin(kNames), std::end(kNames),
                                [&](const char* name) { return Get(*this, name).has_value(); });
}

LimitsReport ReportLimits(store::Store& store, const std::string& task) {
  LimitsReport report;
  const auto file = store.Text(task, kFileLimitsText);
  if (!file) return report;
  report.known = true;
  report.file = LimitsFrom(json::parse(*file));
  report.wanted = report.limits = LimitsInForce(store, task, report.file);
  for (const char* name : kNames) {
    const auto changed = FindChanged(store, task, name);
    if (changed && changed->file == Get(report.file, name)) report.changed.emplace_back(name);
  }
  report.running = store.IsLocked(task);
  if (!report.running) return report;
  if (const auto now = store.Text(task, kLimitsNowText)) {
    const LimitsAnswer answer = AnswerFrom(*now);
    report.limits = answer.limits;
    report.notes = answer.notes;
  }
  return report;
}

LimitsReport Task::Limits(const std::string& name, const std::string& state_directory) {
  const auto store = store::Store::Open(state_directory);
  MustFindTask(*store, name, state_directory);
  return ReportLimits(*store, name);
}

LimitsReport Task::ChangeLimits(const std::string& name, const std::string& state_directory, const LimitsChange& change,
                                Deadline deadline, std::stop_token stop) {
  const auto store = store::Store::Open(state_directory);
  const store::TaskRecord record = MustFindTask(*store, name, state_directory);
  if (!store->Text(name, kFileLimitsText)) {
    throw Error(kWrongState)
        .Object("task " + name)
        .Cause("it was never run, so its limits are those of its task file")
        .Remedy("Change `limits` in the task file.");
  }
  if (record.state == store::TaskState::kCompleted) {
    throw Error(kWrongState)
        .Object("task " + name)
        .Cause("it is over, nothing of it runs any more")
        .Remedy("`sluice status` shows how it ended.");
  }
  SaveChange(*store, name, change);
  AwaitAnswer(*store, name, deadline, stop);
  return ReportLimits(*store, name);
}

}  // namespace sluice::task
