// What is left to do for the operator once a migration is over.
#include <fmt/format.h>

#include <algorithm>

#include "cli/format.h"
#include "cli/report_text.h"
#include "connector/registry.h"

namespace sluice::cli {

Accounts AccountsOf(const task::TaskSpec& spec) {
  Accounts accounts{fmt::format("{} at {}", spec.source.user, spec.source.Address()),
                    fmt::format("{} at {}", spec.destination.user, spec.destination.Address())};
  if (const connector::Connector* source = connector::FindConnector(spec.source.engine)) {
    accounts.source_drop = source->drop_account;
  }
  if (const connector::Connector* destination = connector::FindConnector(spec.destination.engine)) {
    accounts.destination_drop = destination->drop_account;
    accounts.reassign_objects = destination->reassign_objects;
  }
  return accounts;
}

std::vector<std::string> Reminders(const Accounts& accounts, const std::vector<store::ObjectRecord>& objects) {
  const auto any = [&](const std::vector<std::string_view>& kinds) {
    return std::any_of(objects.begin(), objects.end(), [&](const store::ObjectRecord& object) {
      return object.state == "done" && std::find(kinds.begin(), kinds.end(), object.kind) != kinds.end();
    });
  };
  const std::string destination = Printable(accounts.destination);
  std::vector<std::string> reminders = {fmt::format("the accounts made for this migration: {} for {} (source)",
                                                    accounts.source_drop, Printable(accounts.source))};
  if (!accounts.reassign_objects.empty()) {
    reminders.push_back(fmt::format("what was created belongs to {} (destination): {} Then {} may remove it",
                                    destination, accounts.reassign_objects, accounts.destination_drop));
  } else if (any({"trigger"})) {
    // A trigger runs as the account that created it, and fails when that is gone.
    reminders.push_back(fmt::format("triggers run as {} (destination): keep it, with ACCOUNT LOCK", destination));
  } else {
    reminders.back() += fmt::format(" and {} (destination)", destination);
  }
  reminders.push_back("what was opened for Sluice in firewalls and allow-lists");
  if (accounts.reassign_objects.empty() && any({"view", "procedure", "function"})) {
    reminders.push_back(
        "views and routines run with their caller's rights (SQL SECURITY INVOKER): GRANT the application's users "
        "what they use");
  }
  reminders.push_back("users and rights are not migrated: the application's need theirs at the destination");
  return reminders;
}

std::string ReleaseText(const std::string& name, const std::string& place, const std::string& group,
                        const task::ReleaseOutcome& outcome) {
  const auto list = [](const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& one : names) text += (text.empty() ? "" : ", ") + Printable(one);
    return text;
  };
  std::string out = fmt::format("{} is released{}: `run` refuses it from now on.\n", Printable(name),
                                outcome.was_running ? ", its process has ended" : "");
  out += fmt::format("  removed      {} at {}", CountOf(outcome.records, "record", "records"), Printable(place));
  out +=
      outcome.database_removed ? fmt::format("; nothing of Sluice is left there ({} sluice is gone)\n", group) : "\n";
  if (!outcome.source_objects.empty()) {
    out += fmt::format("  removed      at the source: {}\n", list(outcome.source_objects));
  }
  if (!outcome.other_tasks.empty()) {
    out += fmt::format("  left         {} sluice: it holds records of {}\n", group, list(outcome.other_tasks));
  }
  if (!outcome.foreign_tables.empty()) {
    out += fmt::format("  left         {} sluice: tables in it are not Sluice's: {}\n", group,
                       list(outcome.foreign_tables));
  }
  out += fmt::format("  left         what was migrated: {} and their rows\n",
                     CountOf(outcome.objects_left, "object", "objects"));
  out += "  left         the task's log and its records in the state directory";
  out += outcome.source_objects.empty() ? "; nothing was created at the source\n" : "\n";
  return out;
}

}  // namespace sluice::cli
