// Which privileges a migration needs, against what the account has. One item per GRANT that is missing.
#include <fmt/format.h>

#include <map>
#include <set>

#include "connectors/mysql/precheck.h"

namespace sluice::mysql {
namespace {

using model::ObjectKind;
using Names = std::vector<std::string>;

std::string Joined(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

void ReportMissing(Precheck& check, const std::string& on, const std::string& object, const Names& missing) {
  std::string cause = fmt::format("{} has no {}.", check.account(), Joined(missing));
  if (!check.grants().roles().empty()) {
    cause += fmt::format(" Roles that were granted to it ({}) count only while they are active: SET DEFAULT ROLE.",
                         Joined(check.grants().roles()));
  }
  check.Fail("privileges", "The account has the privileges it needs", object, std::move(cause),
             fmt::format("GRANT {} ON {} TO {};", Joined(missing), on, check.account()));
}

// Whether a database was chosen whole: then a table that nobody has made yet is selected.
bool ChosenWhole(const Precheck& check, const std::string& database) {
  return check.request().names != nullptr &&
         check.request().names->Selected({database, "sluice table that does not exist"});
}

struct Missing {
  std::map<std::string, Names> databases;  // privileges by database
  std::map<model::ObjectName, Names> tables;
};

void Report(Precheck& check, const Missing& missing) {
  for (const auto& [database, privileges] : missing.databases) {
    ReportMissing(check, check.Database(database) + ".*", "database " + database, privileges);
  }
  for (const auto& [table, privileges] : missing.tables) {
    ReportMissing(check, Quote(table.database, table.name), "table " + table.Text(), privileges);
  }
}

void FindSelect(Precheck& check, Missing& missing) {
  for (size_t i = 0; i < check.request().tables.size(); ++i) {
    const model::Table& table = *check.request().tables[i];
    const std::string& database = table.name.database;
    if (check.grants().OnDatabase("SELECT", database)) continue;
    if (ChosenWhole(check, database)) {
      // Tables that the account may not read, it does not even see; and new ones are to be followed.
      missing.databases[database] = {"SELECT"};
      continue;
    }
    Names columns;
    if (i < check.request().mappings.size()) {
      for (const model::ColumnMapping& column : check.request().mappings[i]->columns) columns.push_back(column.source);
    }
    if (!columns.empty() && check.grants().OnColumns("SELECT", database, table.name.name, columns)) continue;
    // The parser may not know every way to a right: the server's own answer counts.
    if (check.Allowed("SELECT * FROM " + Quote(database, table.name.name) + " LIMIT 0")) continue;
    missing.tables[table.name] = {"SELECT"};
  }
  // What the account has no right on, the server does not show.
  for (const model::ObjectName& name : check.request().missing) {
    if (check.grants().OnDatabase("SELECT", name.database)) continue;
    if (name.name.empty()) {
      // Where only some tables are chosen, each is missing by itself.
      if (ChosenWhole(check, name.database)) missing.databases[name.database] = {"SELECT"};
    } else if (!check.grants().OnTable("SELECT", name.database, name.name)) {
      missing.tables[name] = {"SELECT"};
    }
  }
}

void FindForObjects(Precheck& check, Missing& missing) {
  std::set<std::string> views;
  for (const model::SchemaObject& object : check.request().objects) {
    const std::string& database = object.name.database;
    if (object.kind == ObjectKind::kView && !check.grants().OnTable("SHOW VIEW", database, object.name.name)) {
      if (views.insert(database).second) missing.databases[database].push_back("SHOW VIEW");
    }
  }
  std::set<std::string> databases;
  for (const model::TablePtr& table : check.request().tables) databases.insert(table->name.database);
  Names no_triggers;
  for (const std::string& database : databases) {
    if (ChosenWhole(check, database) && !check.grants().OnDatabase("TRIGGER", database))
      no_triggers.push_back(database);
  }
  if (!no_triggers.empty()) {
    check.Warn("triggers_hidden", "Triggers can be seen", "database " + Listed(no_triggers),
               "Without TRIGGER the server does not show triggers; those that there are would not be migrated.",
               fmt::format("GRANT TRIGGER ON {}.* TO {};", check.Database(no_triggers[0]), check.account()));
  }
}

void CheckRoutinesVisible(Precheck& check) {
  if (check.grants().Global("SELECT") || check.grants().OnTable("SELECT", "mysql", "proc")) return;
  if (!check.mariadb() && check.grants().Global("SHOW_ROUTINE")) return;
  std::set<std::string> whole;
  for (const model::TablePtr& table : check.request().tables) {
    const std::string& database = table->name.database;
    if (!ChosenWhole(check, database)) continue;
    if (check.mariadb() && check.grants().OnDatabase("SHOW CREATE ROUTINE", database)) continue;
    whole.insert(database);
  }
  if (whole.empty()) return;
  std::string grant = "GRANT SELECT ON `mysql`.`proc` TO ";
  if (!check.mariadb() && check.AtLeast(80020)) grant = "GRANT SHOW_ROUTINE ON *.* TO ";
  if (!check.mariadb() && check.AtLeast(80000) && !check.AtLeast(80020)) grant = "GRANT SELECT ON *.* TO ";
  check.Warn("routines_hidden", "Procedures and functions can be seen",
             "database " + Listed({whole.begin(), whole.end()}),
             "Without this privilege the server shows only routines that the account itself made; others would not be "
             "migrated.",
             grant + check.account() + ";");
}

void FindReplication(Precheck& check) {
  Names missing;
  if (!check.grants().Global("REPLICATION SLAVE")) missing.push_back("REPLICATION SLAVE");
  const bool renamed = check.mariadb() && check.AtLeast(100502);
  if (!check.grants().Global("REPLICATION CLIENT") &&
      !check.Allowed(!check.mariadb() && check.AtLeast(80200) ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS")) {
    missing.push_back(renamed ? "BINLOG MONITOR" : "REPLICATION CLIENT");
  }
  if (!missing.empty()) ReportMissing(check, "*.*", "server", missing);
}

// What one destination database has to allow.
Names NeededAtDestination(const Precheck& check, const std::string& database) {
  const connector::MigrationTypes types = check.types();
  std::set<std::string> needed{"SELECT"};
  if (types.full || types.incremental) needed.insert({"INSERT", "UPDATE", "DELETE"});
  if (types.schema) needed.insert({"CREATE", "ALTER", "INDEX", "DROP", "REFERENCES"});
  for (const model::TableMappingPtr& mapping : check.request().mappings) {
    if (types.incremental && mapping->destination.database == database && !mapping->operations.ddl.empty()) {
      needed.insert({"CREATE", "ALTER", "INDEX", "DROP", "REFERENCES"});
    }
  }
  const bool own_engine = check.request().source.engine == "mysql";  // objects of another are not carried
  if (types.schema && own_engine && check.request().names != nullptr) {
    for (const model::SchemaObject& object : check.request().objects) {
      if (check.request().names->MapDatabase(object.name.database) != database) continue;
      switch (object.kind) {
        case ObjectKind::kView:
          needed.insert({"CREATE VIEW", "SHOW VIEW"});
          break;
        case ObjectKind::kTrigger:
          needed.insert("TRIGGER");
          break;
        case ObjectKind::kProcedure:
        case ObjectKind::kFunction:
          needed.insert({"CREATE ROUTINE", "ALTER ROUTINE"});
          break;
        default:
          break;
      }
    }
  }
  return {needed.begin(), needed.end()};
}

}  // namespace

void CheckSourceRights(Precheck& check) {
  Missing missing;
  FindSelect(check, missing);
  if (check.types().schema) FindForObjects(check, missing);
  const bool all = missing.databases.empty() && missing.tables.empty();
  Report(check, missing);
  if (all) check.Pass("privileges", "The account may read what is selected");
  if (check.types().schema) CheckRoutinesVisible(check);
  if (check.types().incremental) FindReplication(check);
}

void CheckDestinationRights(Precheck& check) {
  Missing missing;
  const auto look = [&](const std::string& database, const Names& needed) {
    for (const std::string& privilege : needed) {
      if (check.grants().OnDatabase(privilege, database)) continue;
      bool on_tables = !check.types().schema;
      bool any = false;
      for (const model::TableMappingPtr& mapping : check.request().mappings) {
        if (mapping->destination.database != database) continue;
        any = true;
        on_tables = on_tables && check.grants().OnTable(privilege, database, mapping->destination.name);
      }
      if (!on_tables || !any) missing.databases[database].push_back(privilege);
    }
  };
  for (const std::string& database : check.request().destination_databases) {
    look(database, NeededAtDestination(check, database));
  }
  // Sluice's own records; shadow copies of tables are altered there when the source's schema changes.
  look("sluice", {"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "INDEX", "DROP", "REFERENCES"});
  if (missing.databases.empty()) check.Pass("privileges", "The account may write where it has to");
  Report(check, missing);
}

}  // namespace sluice::mysql
