// What is left to do for the operator once a migration is over.
#include <fmt/format.h>

#include <algorithm>

#include "cli/format.h"
#include "cli/report_text.h"

namespace sluice::cli {

Accounts AccountsOf(const task::TaskSpec& spec) {
  return {fmt::format("{} at {}", spec.source.user, spec.source.Address()),
          fmt::format("{} at {}", spec.destination.user, spec.destination.Address())};
}

std::vector<std::string> Reminders(const Accounts& accounts, const std::vector<store::ObjectRecord>& objects) {
  const auto any = [&](const std::vector<std::string_view>& kinds) {
    return std::any_of(objects.begin(), objects.end(), [&](const store::ObjectRecord& object) {
      return object.state == "done" && std::find(kinds.begin(), kinds.end(), object.kind) != kinds.end();
    });
  };
  std::vector<std::string> reminders = {
      fmt::format("the accounts made for this migration: DROP USER for {} (source)", Printable(accounts.source))};
  if (any({"trigger"})) {
    // A trigger runs as the account that created it, and fails when that is gone.
    reminders.push_back(
        fmt::format("triggers run as {} (destination): keep it, with ACCOUNT LOCK", Printable(accounts.destination)));
  } else {
    reminders.back() += fmt::format(" and {} (destination)", Printable(accounts.destination));
  }
  reminders.push_back("what was opened for Sluice in firewalls and allow-lists");
  if (any({"view", "procedure", "function"})) {
    reminders.push_back(
        "views and routines run with their caller's rights (SQL SECURITY INVOKER): GRANT the application's users "
        "what they use");
  }
  reminders.push_back("users and rights are not migrated: the application's need theirs at the destination");
  return reminders;
}

std::string ReleaseText(const std::string& name, const std::string& place, const task::ReleaseOutcome& outcome) {
  const auto list = [](const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& one : names) text += (text.empty() ? "" : ", ") + Printable(one);
    return text;
  };
  std::string out = fmt::format("{} is released{}: `run` refuses it from now on.\n", Printable(name),
                                outcome.was_running ? ", its process has ended" : "");
  out += fmt::format("  removed      {} at {}", CountOf(outcome.records, "record", "records"), Printable(place));
  out += outcome.database_removed ? "; nothing of Sluice is left there (database sluice is gone)\n" : "\n";
  if (!outcome.source_objects.empty()) {
    out += fmt::format("  removed      at the source: {}\n", list(outcome.source_objects));
  }
  if (!outcome.other_tasks.empty()) {
    out += fmt::format("  left         database sluice: it holds records of {}\n", list(outcome.other_tasks));
  }
  if (!outcome.foreign_tables.empty()) {
    out += fmt::format("  left         database sluice: tables in it are not Sluice's: {}\n",
                       list(outcome.foreign_tables));
  }
  out += fmt::format("  left         what was migrated: {} and their rows\n",
                     CountOf(outcome.objects_left, "object", "objects"));
  out += "  left         the task's log and its records in the state directory";
  out += outcome.source_objects.empty() ? "; nothing was created at the source\n" : "\n";
  return out;
}

}  // namespace sluice::cli
