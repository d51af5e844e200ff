#include "task/ownership.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "base/time.h"
#include "task/task.h"

namespace sluice::task {
namespace {

using connector::Owner;

constexpr size_t kTokensKept = 1000;  // a service that is started again and again makes many

struct Known {
  std::vector<std::string> tokens;  // of the runs of this state directory, the newest last
  bool arrived = false;             // one of them was at the destination

  bool Has(const std::string& token) const { return std::find(tokens.begin(), tokens.end(), token) != tokens.end(); }
};

Known Load(store::Store& store, const std::string& name) {
  const auto text = store.Text(name, kOwnersText);
  if (!text) return {};
  const nlohmann::json value = nlohmann::json::parse(*text);
  return {value.at("tokens").get<std::vector<std::string>>(), value.at("arrived").get<bool>()};
}

void Save(store::Store& store, const std::string& name, const Known& known) {
  store.SaveText(name, kOwnersText, nlohmann::json({{"tokens", known.tokens}, {"arrived", known.arrived}}).dump());
}

Owner MakeOwner() {
  std::random_device random;
  char host[256] = {};
  ::gethostname(host, sizeof(host) - 1);
  return {.token = fmt::format("{:08x}{:08x}{:08x}", random(), random(), random()),
          .host = host,
          .process = ::getpid(),
          .since = IsoTime(NowMicros())};
}

Error RunElsewhere(const std::string& name, const Owner& owner, const std::string& cause) {
  return Error(kRunElsewhere)
      .Object("task " + name)
      .Cause(fmt::format("{} ({}). Nothing was written", cause, Text(owner)))
      .Remedy(
          "Use that state directory (--state, on that host), and remove this one unless it has other tasks. Or begin "
          "anew with `sluice run --restart`, which ends the other run.");
}

void RefuseUnknown(const std::string& name, const Known& known, const Owner& owner) {
  if (known.Has(owner.token)) return;
  throw RunElsewhere(name, owner, "it was run since from another state directory, which this one is an older copy of");
}

Error RecordsGone(const std::string& name) {
  return Error(kWrongState)
      .Object("task " + name)
      .Cause(
          "the destination no longer holds the task's records: they were released from another state directory, or "
          "Sluice's database there was removed, or another server answers at its address")
      .Remedy("Restore them, or begin anew with `sluice run --restart`.")
      .Side("destination");
}

}  // namespace

void RefuseForeign(store::Store& store, const store::TaskRecord& record, connector::Bookkeeping& bookkeeping) {
  if (const auto owner = bookkeeping.LoadOwner(record.id)) RefuseUnknown(record.name, Load(store, record.name), *owner);
}

void RefuseBeforeCut(store::Store& store, const store::TaskRecord& record, connector::Bookkeeping& bookkeeping) {
  if (!bookkeeping.LoadNote(record.id, "cut")) return;
  bool carries = false;
  for (const store::TableRecord& table : store.Tables(record.name)) {
    if (!table.cut.empty()) return;
    carries = carries || table.state != "skipped";
  }
  if (!carries) return;
  throw RunElsewhere(record.name, bookkeeping.LoadOwner(record.id).value_or(Owner{}),
                     "its copy has begun since from another state directory, which this one is an older copy of");
}

Owner TakeOver(store::Store& store, const store::TaskRecord& record, connector::Bookkeeping& bookkeeping,
               bool by_force) {
  const bool has_begun = !record.spec_hash.empty();
  const Owner owner = MakeOwner();
  for (;;) {
    const std::optional<Owner> former = bookkeeping.LoadOwner(record.id);
    Known known = Load(store, record.name);
    if (!by_force && former) {
      RefuseUnknown(record.name, known, *former);
      if (has_begun) RefuseBeforeCut(store, record, bookkeeping);
    }
    if (!by_force && !former && has_begun && known.arrived) throw RecordsGone(record.name);
    if (!known.Has(owner.token)) known.tokens.push_back(owner.token);
    if (known.tokens.size() > kTokensKept) known.tokens.erase(known.tokens.begin());
    Save(store, record.name, known);
    bookkeeping.Prepare();
    if (!bookkeeping.TakeOver(record.id, owner, former)) continue;
    known.arrived = true;
    Save(store, record.name, known);
    return owner;
  }
}

}  // namespace sluice::task
