#include "connectors/postgresql/pgoutput/relations.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "connectors/postgresql/codes.h"

namespace sluice::postgresql::pgoutput {
namespace {

using model::ObjectName;
using model::TablePtr;

constexpr const char* kBeginAnew =
    "Give the table back the form it had and run the task again, or begin anew with `sluice run --restart`.";

[[noreturn]] void ThrowDrift(const ObjectName& name, std::string cause, const char* remedy = kBeginAnew) {
  throw Error(kSchemaDrift).Object("table " + name.Text()).Cause(std::move(cause)).Remedy(remedy).Side("source");
}

std::string JoinNames(const std::vector<ObjectName>& names) {
  std::string text;
  for (const ObjectName& name : names) text += (text.empty() ? "" : ", ") + name.Text();
  return text;
}

}  // namespace

void Relations::Set(Relation relation) {
  const uint32_t oid = relation.oid;
  Known& known = known_[oid];
  known.relation = std::move(relation);
  known.plan = {};
}

const RelationPlan& Relations::PlanOf(uint32_t oid) {
  const auto found = known_.find(oid);
  if (found == known_.end()) ThrowBadMessage("it names a relation that was not described before");
  if (found->second.plan.generation != definitions_.generation()) Plan(found->second);
  return found->second.plan;
}

void Relations::Plan(Known& known) {
  const Relation& relation = known.relation;
  known.plan = {};
  known.plan.name = {relation.schema, relation.name};
  known.plan.whole_rows = relation.identity == 'f';
  std::optional<SourceCatalog::Place> place;
  known.plan.table = Describe(known, place);
  known.plan.partitioned = place && place->partitioned;
  if (known.plan.table == nullptr) {
    LeaveOut(known, place);
  } else {
    PlanColumns(known);
  }
  known.plan.generation = definitions_.generation();
}

// The log's own name comes first: it is the one of that time. A partition is known by its root alone, and may have any
// name; another table that was renamed is one that the task does not know.
TablePtr Relations::Describe(const Known& known, std::optional<SourceCatalog::Place>& place) {
  place = catalog_.PlaceOf(known.relation.oid);
  if (TablePtr table = definitions_.Find(known.plan.name).value_or(nullptr)) return table;
  if (!place || catalog_.FollowedAs(known.relation.oid) == place->root) return nullptr;
  return definitions_.Find(place->root).value_or(nullptr);
}

// Rows without a description: left out where that is right, else an error.
void Relations::LeaveOut(const Known& known, const std::optional<SourceCatalog::Place>& place) {
  const ObjectName& name = known.plan.name;
  const uint32_t oid = known.relation.oid;
  const std::optional<ObjectName> followed = catalog_.FollowedAs(oid);
  if (followed && *followed != name) {
    ThrowDrift(*followed, fmt::format("{} was renamed to {} at the source", followed->Text(), name.Text()));
  }
  if (!place) {
    // A partition that came and went again before its rows were read: nothing of them is in its table either.
    if (told_.insert(oid).second) {
      LogWarning("changes", fmt::format("rows of {} are left out: it is gone from the source", name.Text()));
    }
    return;
  }
  if (selected_(place->root)) {
    ThrowDrift(name, "the task has no description of it: it was created, renamed or attached after the task began");
  }
  const std::vector<ObjectName> missing = catalog_.Missing();
  if (!missing.empty()) {
    ThrowDrift(name, fmt::format("it is in the publication but not in the task, and of the task's tables the source no "
                                 "longer has {}: it may have been renamed",
                                 JoinNames(missing)));
  }
  if (told_.insert(oid).second) {
    LogInfo("changes", fmt::format("rows of {} are left out: it is not selected", name.Text()));
  }
}

void Relations::PlanColumns(Known& known) {
  const model::Table& table = *known.plan.table;
  const ObjectName& name = known.plan.name;
  std::vector<bool> seen(table.columns.size(), false);
  for (const RelationColumn& column : known.relation.columns) {
    size_t index = 0;
    while (index < table.columns.size() && table.columns[index].name != column.name) ++index;
    if (index == table.columns.size()) {
      ThrowDrift(name, fmt::format("column {} is new, or was renamed", column.name));
    }
    const model::Column& described = table.columns[index];
    const bool by_name = column.type == 0;
    const std::string type = by_name ? column.type_name : catalog_.TypeText(column.type, column.modifier);
    const std::string was = by_name ? catalog_.PlainType(described.type.native) : described.type.native;
    // The catalog is ahead of the log: of a type that is gone by now it says "???".
    if (!was.empty() && was != type && type != "???") {
      ThrowDrift(name, fmt::format("column {} is {} in the log, and was {}", column.name, type, was));
    }
    seen[index] = true;
    known.plan.columns.push_back({static_cast<uint32_t>(index), described.type.kind, described.type.is_unsigned,
                                  column.key, neutral_ && described.type.kind == model::TypeKind::kChar});
  }
  for (size_t i = 0; i < seen.size(); ++i) {
    if (seen[i] || table.columns[i].generated != model::Generated::kNo) continue;
    if (catalog_.IsUnlisted(known.relation.oid, table, table.columns[i].name)) continue;
    ThrowDrift(name, fmt::format("column {} is gone", table.columns[i].name));
  }
}

}  // namespace sluice::postgresql::pgoutput
