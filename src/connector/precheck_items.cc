#include "connector/precheck_items.h"

#include <fmt/format.h>

namespace sluice::connector {

void PrecheckItems::Pass(std::string id, std::string title) {
  items_.push_back({.id = engine_ + "." + id, .title = std::move(title), .side = side_});
}

void PrecheckItems::Warn(std::string id, std::string title, std::string object, std::string cause, std::string remedy) {
  items_.push_back({.id = engine_ + "." + id,
                    .title = std::move(title),
                    .side = side_,
                    .status = PrecheckStatus::kWarning,
                    .object = std::move(object),
                    .cause = std::move(cause),
                    .remedy = std::move(remedy)});
}

void PrecheckItems::Fail(std::string id, std::string title, std::string object, std::string cause, std::string remedy) {
  Warn(std::move(id), std::move(title), std::move(object), std::move(cause), std::move(remedy));
  items_.back().status = PrecheckStatus::kFailed;
}

void PrecheckItems::Run(const char* id, const std::function<void()>& topic) {
  try {
    topic();
  } catch (const Error& error) {
    if (error.info().retry == RetryClass::kReconnect || error.info().code == kStopped.id) throw;
    Warn(id, "This check could not be made", error.info().object, error.info().cause, error.info().remedy);
  }
}

void PrecheckItems::WarnOfForeignObjects(const std::vector<model::SchemaObject>& objects) {
  if (objects.empty()) return;
  std::vector<std::string> names;
  for (const model::SchemaObject& object : objects) {
    names.push_back(std::string(model::Name(object.kind)) + " " + object.name.Text());
  }
  Warn("foreign_objects", "Everything selected is carried", Listed(names),
       "Views, routines, triggers and types are written in the words of another engine: they are not carried.",
       "`sluice schema list` shows each with its statement; write it anew, and have it created with "
       "`sluice schema retry TASK.yaml OBJECT --statement FILE`.");
}

std::string Listed(const std::vector<std::string>& names, size_t most) {
  std::string text;
  for (size_t i = 0; i < names.size() && i < most; ++i) text += (i != 0 ? ", " : "") + names[i];
  if (names.size() > most) text += fmt::format(" and {} more", names.size() - most);
  return text;
}

std::string Bytes(uint64_t bytes) {
  constexpr uint64_t kMiB = 1ull << 20;
  if (bytes < 1024 * kMiB) return fmt::format("{} MiB", (bytes + kMiB - 1) / kMiB);
  return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (1024.0 * kMiB));
}

}  // namespace sluice::connector
