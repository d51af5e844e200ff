// The precheck's report: what failed and what to do about it first, what passed in as few lines as
// it takes.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/format.h"
#include "cli/report_text.h"

namespace sluice::cli {
namespace {

using connector::PrecheckItem;
using connector::PrecheckStatus;

constexpr size_t kSameShown = 20;
constexpr size_t kIndent = 11;

// Items that say the same about several objects.
struct Group {
  const PrecheckItem* first = nullptr;
  std::vector<const PrecheckItem*> items;
};

std::vector<Group> GroupsOf(const std::vector<const PrecheckItem*>& items) {
  std::vector<Group> groups;
  std::map<std::pair<std::string, std::string>, size_t> found;
  for (const PrecheckItem* item : items) {
    const auto [at, added] = found.try_emplace({item->title, item->cause}, groups.size());
    if (added) groups.push_back({item, {}});
    groups[at->second].items.push_back(item);
  }
  return groups;
}

// Remedies stand alone on their lines, to be copied.
void AppendRemedies(const Group& group, std::string* out) {
  std::vector<std::string> seen;
  for (const PrecheckItem* item : group.items) {
    if (item->remedy.empty() || std::find(seen.begin(), seen.end(), item->remedy) != seen.end()) continue;
    if (seen.size() == kSameShown) break;
    seen.push_back(item->remedy);
  }
  if (seen.empty()) return;
  *out += std::string(kIndent, ' ') + "to do:\n";
  for (const std::string& remedy : seen) *out += Indent(PrintableLines(remedy), kIndent + 2);
}

void AppendGroup(const Group& group, std::string_view word, Colour colour, const TextStyle& style, std::string* out) {
  *out += fmt::format("  {} {}\n", Coloured(style.terminal, colour, PadRight(word, kIndent - 3)),
                      Coloured(style.terminal, Colour::kBold, Printable(group.first->title)));
  const std::string space(kIndent, ' ');
  size_t shown = 0;
  for (const PrecheckItem* item : group.items) {
    if (item->object.empty()) continue;
    if (shown++ < kSameShown) *out += fmt::format("{}object: {}\n", space, Printable(item->object));
  }
  if (shown > kSameShown) *out += fmt::format("{}and {} more (--json lists all)\n", space, shown - kSameShown);
  if (!group.first->cause.empty()) {
    const std::string cause = Printable(group.first->cause);
    *out += fmt::format("{}cause:  {}\n", space, Wrap(cause, style.columns, kIndent + 8, kIndent + 8));
  }
  AppendRemedies(group, out);
}

std::string PassedLines(const std::vector<Group>& groups, const TextStyle& style) {
  std::string out;
  std::string line = "  " + Coloured(style.terminal, Colour::kGreen, PadRight("passed", kIndent - 3)) + " ";
  bool first = true;
  for (const Group& group : groups) {
    std::string word = Printable(group.first->title);
    if (group.items.size() > 1) word += fmt::format(" ({})", group.items.size());
    if (!first) line += ";";
    if (!first && DisplayWidth(line) + 1 + DisplayWidth(word) >= style.columns) {
      out += line + "\n";
      line = std::string(kIndent - 1, ' ');
    }
    line += (first ? "" : " ") + word;
    first = false;
  }
  return out + line + "\n";
}

std::string SideText(const std::string& side, const std::vector<const PrecheckItem*>& items, const TextStyle& style) {
  std::vector<const PrecheckItem*> by_status[3];
  for (const PrecheckItem* item : items) by_status[static_cast<size_t>(item->status)].push_back(item);
  std::string heading = side.empty() ? "Task" : side;
  heading.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(heading.front())));
  std::string out = Coloured(style.terminal, Colour::kBold, heading) + "\n";
  for (const Group& group : GroupsOf(by_status[static_cast<size_t>(PrecheckStatus::kFailed)])) {
    AppendGroup(group, "FAILED", Colour::kRed, style, &out);
  }
  for (const Group& group : GroupsOf(by_status[static_cast<size_t>(PrecheckStatus::kWarning)])) {
    AppendGroup(group, "warning", Colour::kYellow, style, &out);
  }
  const auto passed = GroupsOf(by_status[static_cast<size_t>(PrecheckStatus::kPassed)]);
  if (!passed.empty()) out += PassedLines(passed, style);
  return out;
}

}  // namespace

std::string PrecheckText(const task::PrecheckReport& report, const TextStyle& style) {
  std::string out;
  for (const std::string side : {"source", "destination", ""}) {
    std::vector<const PrecheckItem*> items;
    for (const PrecheckItem& item : report.items) {
      const bool other = item.side != "source" && item.side != "destination";
      if (side.empty() ? other : item.side == side) items.push_back(&item);
    }
    if (!items.empty()) out += SideText(side, items, style) + "\n";
  }
  const size_t failed = report.Count(PrecheckStatus::kFailed);
  const size_t warnings = report.Count(PrecheckStatus::kWarning);
  std::string end;
  if (failed > 0) {
    end = fmt::format("The precheck failed: {} to mend", CountOf(failed, "item", "items"));
    if (warnings > 0) end += fmt::format(", {}", CountOf(warnings, "warning", "warnings"));
    return out + Coloured(style.terminal, Colour::kRed, end + ".") + "\n";
  }
  end = fmt::format("The precheck passed: {} looked at", CountOf(report.items.size(), "item", "items"));
  if (warnings > 0) end += fmt::format(", {}", CountOf(warnings, "warning", "warnings"));
  return out + Coloured(style.terminal, warnings > 0 ? Colour::kYellow : Colour::kGreen, end + ".") + "\n";
}

}  // namespace sluice::cli
