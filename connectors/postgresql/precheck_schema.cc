// What the schema needs of the destination: extensions, types, collations.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "connectors/postgresql/precheck.h"
#include "connectors/postgresql/server.h"

namespace sluice::postgresql {
namespace {

constexpr uint32_t kTrustsExtensions = 130000;

void CheckExtension(Precheck& check, const std::string& name, bool may_create) {
  const std::string literal = Literal(name);
  if (check.connection().QueryOne("SELECT 1 FROM pg_extension WHERE extname = " + literal)) {
    check.Pass("extensions", fmt::format("Extension {} is there", name));
    return;
  }
  constexpr const char* kTitle = "The destination has every extension";
  const std::string object = "extension " + name;
  const std::string create = fmt::format("CREATE EXTENSION {};", Quote(name));
  if (!check.connection().QueryOne("SELECT 1 FROM pg_available_extensions WHERE name = " + literal)) {
    check.Fail("extensions", kTitle, object, "The destination does not have it: what is made of it cannot be created.",
               "Install it on the destination's machine (its package), or exclude what uses it.");
    return;
  }
  const bool is_trusted =
      check.AtLeast(kTrustsExtensions) &&
      check.connection().QueryOne("SELECT bool_or(trusted) FROM pg_available_extension_versions WHERE name = " +
                                  literal) == "t";
  if (check.superuser() || !check.hosting().empty() || (is_trusted && may_create)) {
    check.Pass("extensions", fmt::format("Extension {} can be created", name));
  } else {
    check.Fail("extensions", kTitle, object, fmt::format("{} may not create it.", check.role()),
               fmt::format("As a superuser, in database {}: {}", check.database(), create));
  }
}

}  // namespace

void CheckExtensions(Precheck& check) {
  if (!check.same_engine()) return;
  const bool may_create =
      check.connection().QueryOne("SELECT has_database_privilege(current_database(), 'CREATE')") == "t";
  for (const model::SchemaObject& object : check.request().objects) {
    if (object.kind == model::ObjectKind::kExtension) CheckExtension(check, object.name.name, may_create);
  }
}

void CheckTypes(Precheck& check) {
  if (!check.same_engine()) return;
  // Types of the system itself have no schema in their names; others come with the schema or an extension.
  std::map<std::string, std::set<std::string>> columns;  // by type
  for (const model::TablePtr& table : check.request().tables) {
    for (const model::Column& column : table->columns) {
      if (column.type.native.find('.') == std::string::npos) {
        columns[column.type.native].insert(table->name.Text() + "." + column.name);
      }
    }
  }
  bool all = true;
  for (const auto& [type, used] : columns) {
    // The modifier may stand in the middle: "timestamp(3) without time zone", "numeric(4,2)[]".
    const std::string base =
        type.substr(0, type.find('(')) + type.substr(std::min(type.find(')'), type.size() - 1) + 1);
    if (check.connection().QueryOne(fmt::format("SELECT to_regtype({})", Literal(base)))) continue;
    all = false;
    check.Fail("types", "The destination knows every type", "column " + Listed({used.begin(), used.end()}, 5),
               fmt::format("The destination has no type {}.", type),
               "Take a destination of the source's version, or leave the columns out: `columns: {exclude: [...]}`.");
  }
  if (all) check.Pass("types", "The destination knows every type");
}

void CheckCollations(Precheck& check) {
  if (!check.same_engine()) return;
  std::set<std::string> made;  // by the schema phase
  for (const model::SchemaObject& object : check.request().objects) {
    if (object.kind == model::ObjectKind::kCollation) made.insert(object.name.database);
  }
  std::map<std::string, std::set<std::string>> used;
  for (const model::TablePtr& table : check.request().tables) {
    for (const model::Column& column : table->columns) {
      if (!column.type.collation.empty()) used[column.type.collation].insert(table->name.Text());
    }
  }
  bool all = true;
  for (const auto& [collation, tables] : used) {
    const bool is_system = collation.starts_with("pg_catalog.");
    if (!is_system) continue;
    if (check.connection().QueryOne(
            fmt::format("SELECT 1 FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace WHERE "
                        "quote_ident(n.nspname) || '.' || quote_ident(c.collname) = {} AND c.collencoding IN (-1, "
                        "pg_char_to_encoding(getdatabaseencoding())) LIMIT 1",
                        Literal(collation)))) {
      continue;
    }
    all = false;
    check.Fail("collations", "The destination has every collation", "collation " + collation,
               fmt::format("It is not there; used by {}.", Listed({tables.begin(), tables.end()}, 5)),
               "Make the locale on the destination's machine, then: SELECT pg_import_system_collations('pg_catalog');");
  }
  const auto& source = check.request().source.settings;
  const auto theirs = source.find("collation");
  const std::string own = DatabaseCollation(check.connection());
  if (all) check.Pass("collations", "The destination has every collation");
  if (theirs == source.end() || theirs->second.empty() || own == theirs->second) return;
  check.Warn(
      "database_collation", "Both databases order texts alike", "database " + check.database(),
      fmt::format("Default collation of the source: {}, of the destination: {}. Texts may be ordered differently, "
                  "and what differs in equality (ICU, other versions of the C library) shows in unique keys.",
                  theirs->second, own),
      "CREATE DATABASE ... TEMPLATE template0 LC_COLLATE ... LC_CTYPE ...; as the source's, if the order matters.");
}

}  // namespace sluice::postgresql
