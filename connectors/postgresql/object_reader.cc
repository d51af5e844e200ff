#include "connectors/postgresql/object_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "connectors/postgresql/catalog.h"
#include "connectors/postgresql/definition_read.h"

namespace sluice::postgresql {
namespace {

// Objects below are the server's own (FirstNormalObjectId in access/transam.h).
constexpr const char* kFirstUserId = "16384";

}  // namespace

Dependencies Dependencies::Read(Connection& connection) {
  Dependencies read;
  // What makes a view is a rule; other rules are objects of their own.
  const Rows owners(connection.Run(
      "SELECT 'pg_rewrite', oid, 'pg_class', ev_class FROM pg_rewrite WHERE ev_type = '1' "
      "UNION ALL SELECT 'pg_attrdef', oid, 'pg_class', adrelid FROM pg_attrdef "
      "UNION ALL SELECT 'pg_constraint', oid, CASE WHEN contypid <> 0 THEN 'pg_type' ELSE 'pg_class' END, "
      "CASE WHEN contypid <> 0 THEN contypid ELSE conrelid END FROM pg_constraint WHERE contypid <> 0 OR conrelid <> 0 "
      "UNION ALL SELECT 'pg_type', oid, 'pg_class', typrelid FROM pg_type WHERE typrelid <> 0 "
      "UNION ALL SELECT 'pg_type', oid, 'pg_type', typelem FROM pg_type WHERE typelem <> 0 AND typcategory = 'A' "
      "UNION ALL SELECT 'pg_class', indexrelid, 'pg_class', indrelid FROM pg_index",
      {}, "catalog"));
  for (size_t r = 0; r < owners.size(); ++r) {
    read.owners_[{owners.Text(r, 0), owners.Id(r, 1)}] = {owners.Text(r, 2), owners.Id(r, 3)};
  }
  if (connection.version() >= 140000) {
    const Rows ranges(connection.Run("SELECT rngmultitypid, rngtypid FROM pg_range WHERE rngmultitypid <> 0", {}));
    for (size_t r = 0; r < ranges.size(); ++r) {
      read.owners_[{"pg_type", ranges.Id(r, 0)}] = {"pg_type", ranges.Id(r, 1)};
    }
  }
  // Foreign keys need their tables only when these are there.
  const Rows edges(connection.Run(
      fmt::format("SELECT DISTINCT d.classid::regclass::text, d.objid, d.refclassid::regclass::text, d.refobjid "
                  "FROM pg_depend d WHERE d.objid >= {0} AND d.refobjid >= {0} AND d.deptype IN ('n', 'a', 'i', 'e') "
                  "AND NOT (d.classid = 'pg_constraint'::regclass AND EXISTS (SELECT FROM pg_constraint k "
                  "WHERE k.oid = d.objid AND k.contype = 'f'))",
                  kFirstUserId),
      {}, "catalog"));
  for (size_t r = 0; r < edges.size(); ++r) {
    const ObjectId from = read.OwnerOf({edges.Text(r, 0), edges.Id(r, 1)});
    const ObjectId to = read.OwnerOf({edges.Text(r, 2), edges.Id(r, 3)});
    if (from != to) read.needs_[from].insert(to);
  }
  return read;
}

ObjectId Dependencies::OwnerOf(ObjectId id) const {
  for (auto at = owners_.find(id); at != owners_.end(); at = owners_.find(id)) id = at->second;
  return id;
}

std::set<ObjectId> Dependencies::Needed(const std::set<ObjectId>& by) const {
  std::set<ObjectId> needed;
  std::vector<ObjectId> open;
  for (const ObjectId& id : by) open.push_back(OwnerOf(id));
  while (!open.empty()) {
    const ObjectId id = open.back();
    open.pop_back();
    if (!needed.insert(id).second) continue;
    const auto at = needs_.find(id);
    if (at != needs_.end()) open.insert(open.end(), at->second.begin(), at->second.end());
  }
  return needed;
}

void Dependencies::Sort(std::vector<FoundObject>& objects) const {
  std::map<ObjectId, size_t> places;
  for (size_t i = 0; i < objects.size(); ++i) places[OwnerOf(objects[i].id)] = i;
  std::vector<size_t> order;
  std::set<ObjectId> seen;
  // Depth first with a stack of its own: chains of views can be long.
  struct Step {
    ObjectId id;
    bool done = false;
  };
  std::vector<Step> open;
  for (auto object = objects.rbegin(); object != objects.rend(); ++object) open.push_back({OwnerOf(object->id)});
  while (!open.empty()) {
    const Step step = open.back();
    open.pop_back();
    if (step.done) {
      const auto place = places.find(step.id);
      if (place != places.end()) order.push_back(place->second);
      continue;
    }
    if (!seen.insert(step.id).second) continue;
    open.push_back({step.id, true});
    const auto at = needs_.find(step.id);
    if (at == needs_.end()) continue;
    for (const ObjectId& need : at->second) {
      if (!seen.contains(need)) open.push_back({need});
    }
  }
  std::vector<FoundObject> sorted;
  sorted.reserve(objects.size());
  for (const size_t i : order) sorted.push_back(std::move(objects[i]));
  objects = std::move(sorted);
}

Rows ObjectReader::Ask(const std::string& sql) {
  const OptionalText parameters[] = {schema_};
  return Rows(connection_.Run(sql, parameters, "schema " + schema_));
}

model::SchemaObject& ObjectReader::Add(model::ObjectKind kind, const char* catalog, uint32_t id,
                                       const std::string& name, std::string statement) {
  FoundObject& found = found_.emplace_back();
  found.id = {catalog, id};
  found.object.kind = kind;
  found.object.name = {schema_, name};
  found.object.create_statement = std::move(statement);
  return found.object;
}

std::string ObjectReader::Comment(const std::string& what, const std::string& comment) {
  return comment.empty() ? "" : fmt::format(";\nCOMMENT ON {} IS {}", what, Literal(comment));
}

std::vector<model::SchemaObject> ObjectReader::Run() {
  using model::ObjectKind;
  ReadExtensions();
  ReadCollations();
  ReadEnums();
  ReadComposites();
  ReadRanges();
  ReadDomains();
  ReadSequences();
  ReadFunctions();
  ReadAggregates();
  ReadOperators();
  ReadViews();
  ReadRules();
  ReadPolicies();
  ReadTriggers();

  const Dependencies dependencies = Dependencies::Read(connection_);
  std::set<ObjectId> tables;
  const Rows ids =
      Ask("SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
          "WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')");
  for (size_t r = 0; r < ids.size(); ++r) tables.insert({"pg_class", ids.Id(r, 0)});
  // What a type, a domain or a sequence needs comes before the tables too.
  std::set<ObjectId> early = tables;
  std::set<ObjectId> all = tables;
  for (const FoundObject& found : found_) {
    if (found.id.first == "pg_extension") continue;
    all.insert(found.id);
    const ObjectKind kind = found.object.kind;
    if (kind == ObjectKind::kType || kind == ObjectKind::kDomain || kind == ObjectKind::kCollation ||
        kind == ObjectKind::kSequence) {
      early.insert(found.id);
    }
  }
  const std::set<ObjectId> needed_early = dependencies.Needed(early);
  const std::set<ObjectId> needed = dependencies.Needed(all);
  std::erase_if(found_, [&](const FoundObject& found) {
    return found.id.first == "pg_extension" && found.object.name.database != schema_ &&
           found.object.name.database != "pg_catalog" && !needed.contains(found.id);
  });
  dependencies.Sort(found_);

  const KnownNames known = KnownNames::Read(connection_);
  std::vector<model::SchemaObject> objects;
  objects.reserve(found_.size());
  for (FoundObject& found : found_) {
    model::SchemaObject& object = found.object;
    const bool is_late = object.kind == ObjectKind::kView || object.kind == ObjectKind::kMaterializedView ||
                         object.kind == ObjectKind::kRule || object.kind == ObjectKind::kPolicy ||
                         object.kind == ObjectKind::kTrigger;
    object.before_tables = object.kind == ObjectKind::kExtension || (!is_late && needed_early.contains(found.id));
    References references;
    known.Find(object.create_statement, references);
    object.named_relations.assign(references.relations.begin(), references.relations.end());
    object.named_others.assign(references.others.begin(), references.others.end());
    objects.push_back(std::move(object));
  }
  return objects;
}

std::vector<model::SchemaObject> ReadObjects(Connection& connection, const std::string& schema) {
  return ObjectReader(connection, schema).Run();
}

}  // namespace sluice::postgresql
