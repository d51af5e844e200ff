// Views, routines and triggers of a database.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "connectors/mysql/catalog.h"
#include "connectors/mysql/codes.h"

namespace sluice::mysql {
namespace {

using model::ObjectKind;
using model::SchemaObject;

const std::string& Text(const OptionalText& cell) {
  static const std::string kEmpty;
  return cell ? *cell : kEmpty;
}

// Where SHOW CREATE of each kind has its columns.
struct ShowColumns {
  const char* what;
  size_t sql_mode;  // 0: has none
  size_t statement;
  size_t charset;
  size_t collation;
};

ShowColumns ColumnsOf(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kView:
      return {"VIEW", 0, 1, 2, 3};
    case ObjectKind::kProcedure:
      return {"PROCEDURE", 1, 2, 3, 4};
    case ObjectKind::kFunction:
      return {"FUNCTION", 1, 2, 3, 4};
    default:
      return {"TRIGGER", 1, 2, 3, 4};
  }
}

}  // namespace

void MySqlCatalog::ShowCreateObject(SchemaObject& object) {
  const ShowColumns at = ColumnsOf(object.kind);
  const std::string title = std::string(model::Name(object.kind)) + " " + object.name.Text();
  const std::string name = Quote(object.name.database, object.name.name);
  std::string privilege = "SELECT, SHOW VIEW";
  std::string on = name;
  if (object.kind == ObjectKind::kTrigger) {
    privilege = "TRIGGER";
    on = Quote(object.table.database, object.table.name);
  } else if (object.kind != ObjectKind::kView) {
    privilege = connection_.is_mariadb() ? "SELECT" : "SHOW_ROUTINE";
    on = connection_.is_mariadb() ? "mysql.proc" : "*.*";
  }
  try {
    const TextRows rows = connection_.Query(fmt::format("SHOW CREATE {} {}", at.what, name), title);
    if (rows.empty() || rows[0].size() <= at.collation) return;
    const TextRow& row = rows[0];
    if (!row[at.statement]) {
      // The server hides the body from an account that may only execute it.
      ThrowDenied(Error(kMissingPrivilege).Native(0, "the statement is hidden"), privilege, title, on);
    }
    object.create_statement = *row[at.statement];
    if (at.sql_mode != 0) object.sql_mode = Text(row[at.sql_mode]);
    object.charset = Text(row[at.charset]);
    object.collation = Text(row[at.collation]);
  } catch (const Error& error) {
    if (error.info().code == kMissingPrivilege.id && error.info().native_code != 0) {
      ThrowDenied(error, privilege, title, on);
    }
    if (error.info().code == kMissingPrivilege.id || error.info().retry != RetryClass::kNever ||
        error.info().code == kStopped.id) {
      throw;
    }
    // A view whose tables are gone, a routine that this version cannot parse: its statement stays empty, and
    // the schema phase reports it.
    LogWarning("catalog", error.info().OneLine());
  }
}

void MySqlCatalog::AddViews(const std::string& database, std::vector<SchemaObject>& objects) {
  std::vector<SchemaObject> views;
  for (const TextRow& row : connection_.Query("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE = "
                                              "'VIEW' AND TABLE_SCHEMA = " +
                                              Literal(database) + " ORDER BY 1")) {
    SchemaObject& view = views.emplace_back();
    view.kind = ObjectKind::kView;
    view.name = {database, Text(row[0])};
    ShowCreateObject(view);
  }
  SortByDependency(views, dialect_);
  std::move(views.begin(), views.end(), std::back_inserter(objects));
}

void MySqlCatalog::AddRoutines(const std::string& database, std::vector<SchemaObject>& objects) {
  // Functions first: views and procedures may call them.
  const TextRows rows = connection_.Query(
      "SELECT ROUTINE_NAME, ROUTINE_TYPE FROM information_schema.ROUTINES WHERE ROUTINE_TYPE IN ('FUNCTION', "
      "'PROCEDURE') AND ROUTINE_SCHEMA = " +
      Literal(database) + " ORDER BY ROUTINE_TYPE, ROUTINE_NAME");
  for (const TextRow& row : rows) {
    SchemaObject& routine = objects.emplace_back();
    routine.kind = Text(row[1]) == "FUNCTION" ? ObjectKind::kFunction : ObjectKind::kProcedure;
    routine.name = {database, Text(row[0])};
    ShowCreateObject(routine);
  }
}

void MySqlCatalog::AddTriggers(const std::string& database, std::vector<SchemaObject>& objects) {
  // Several triggers of one event fire in the order of ACTION_ORDER: they are created in it. MySQL 5.6 has one each.
  const bool has_order = connection_.is_mariadb() ? connection_.version() >= 100203 : connection_.version() >= 50702;
  const TextRows rows = connection_.Query(
      fmt::format("SELECT TRIGGER_NAME, EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS WHERE "
                  "TRIGGER_SCHEMA = {} ORDER BY EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_TIMING, {}TRIGGER_NAME",
                  Literal(database), has_order ? "ACTION_ORDER, " : ""));
  for (const TextRow& row : rows) {
    SchemaObject& trigger = objects.emplace_back();
    trigger.kind = ObjectKind::kTrigger;
    trigger.name = {database, Text(row[0])};
    trigger.table = {Text(row[1]), Text(row[2])};
    ShowCreateObject(trigger);
  }
}

std::vector<SchemaObject> MySqlCatalog::ListObjects(const std::string& database) {
  // Without a default database the server qualifies every name in a view's text, which is what renaming needs; the
  // session of a catalog never has one.
  std::vector<SchemaObject> objects;
  AddRoutines(database, objects);
  AddViews(database, objects);
  AddTriggers(database, objects);
  return objects;
}

void SortByDependency(std::vector<SchemaObject>& views, const sql::Dialect& dialect) {
  std::vector<std::set<model::ObjectName>> reads(views.size());
  for (size_t v = 0; v < views.size(); ++v) {
    const sql::Tokens tokens = sql::Tokenize(views[v].create_statement, dialect);
    for (size_t i = 0; i + 2 < tokens.size(); ++i) {
      if (!tokens[i].IsName() || !tokens[i + 1].IsSymbol(".") || !tokens[i + 2].IsName()) continue;
      const model::ObjectName name{tokens[i].Name(), tokens[i + 2].Name()};
      if (name != views[v].name) reads[v].insert(name);
    }
  }
  std::vector<SchemaObject> sorted;
  std::set<model::ObjectName> waiting;
  for (const SchemaObject& view : views) waiting.insert(view.name);
  std::vector<bool> done(views.size(), false);
  for (bool moved = true; moved;) {
    moved = false;
    for (size_t v = 0; v < views.size(); ++v) {
      const bool ready = !done[v] && std::none_of(reads[v].begin(), reads[v].end(),
                                                  [&](const auto& name) { return waiting.contains(name); });
      if (!ready) continue;
      done[v] = moved = true;
      waiting.erase(views[v].name);
      sorted.push_back(std::move(views[v]));
    }
  }
  // A cycle cannot be; if the text misleads, the rest keeps its order.
  for (size_t v = 0; v < views.size(); ++v) {
    if (!done[v]) sorted.push_back(std::move(views[v]));
  }
  views = std::move(sorted);
}

}  // namespace sluice::mysql
