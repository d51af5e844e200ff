// What the selected tables themselves bring along: keys, engines, types, foreign keys, row filters.
#include <fmt/format.h>

#include <charconv>
#include <set>

#include "connector/cascades.h"
#include "connectors/mysql/codes.h"
#include "connectors/mysql/ddl_values.h"
#include "connectors/mysql/precheck.h"
#include "connectors/mysql/precheck_settings.h"

namespace sluice::mysql {
namespace {

using model::TypeKind;

std::string TableList(const std::vector<std::string>& names) {
  return (names.size() == 1 ? "table " : "tables ") + Listed(names);
}

// Of a column that is more in its table than the value that a change of it has: an ENUM's number, the digits that are
// shown. Empty: it is the same.
std::string AsInChanges(const model::Column& column) {
  const std::string name = Quote(column.name);
  switch (column.type.kind) {
    case TypeKind::kEnum:
    case TypeKind::kSet:
      return "CONCAT(" + name + ",'')";
    case TypeKind::kFloat32:
      return "CONCAT(" + name + ",'')*1e0";
    case TypeKind::kYear:
      return name + "+0";
    default:
      return column.type.native.find("zerofill") != std::string::npos ? name + "+0" : "";
  }
}

// The rows that fit if it is asked about values, as it is for changes; nothing: there is no such column.
OptionalText CountAsChanges(Precheck& check, const model::Table& table, const model::TableMapping& mapping) {
  std::string columns;
  bool differs = false;
  for (const model::Column& column : table.columns) {
    const std::string changed = AsInChanges(column);
    differs = differs || !changed.empty();
    columns += (columns.empty() ? "" : ",") + (changed.empty() ? "" : changed + " AS ") + Quote(column.name);
  }
  if (!differs) return std::nullopt;
  return check.connection().QueryOne(
      fmt::format("SELECT COUNT(*) FROM (SELECT {} FROM {}) AS {} WHERE ({}\n)", columns,
                  Quote(table.name.database, table.name.name), Quote(table.name.name), mapping.filter),
      "table " + table.name.Text());
}

}  // namespace

void CheckKeys(Precheck& check) {
  std::vector<std::string> keyless;
  for (const model::TablePtr& table : check.request().tables) {
    if (table->IdentityKey() == nullptr) keyless.push_back(table->name.Text());
  }
  if (keyless.empty()) {
    check.Pass("keys", "Every table has a primary key or a unique key without NULLs");
    return;
  }
  check.Warn(
      "keys", "Every table has a primary key or a unique key without NULLs", TableList(keyless),
      "Without a key a table is read in one piece, changes look through all its rows, and it can be verified only "
      "while nothing writes to it. Its rows still arrive exactly once.",
      fmt::format("ALTER TABLE {} ADD PRIMARY KEY (...); at the source, if you can.", keyless[0]));
}

void CheckEngines(Precheck& check) {
  std::vector<std::string> without;
  std::string engines;
  for (const model::TablePtr& table : check.request().tables) {
    if (table->transactional) continue;
    without.push_back(table->name.Text());
    if (engines.find(table->storage_engine) == std::string::npos) {
      engines += (engines.empty() ? "" : ", ") + table->storage_engine;
    }
  }
  if (without.empty()) {
    check.Pass("engines", "Every table's rows are in the snapshot");
    return;
  }
  check.Warn(
      "engines", "Every table's rows are in the snapshot", TableList(without),
      fmt::format("{} has no transactions: what is written to these tables while they are read may be met twice or "
                  "not at all.",
                  engines),
      check.types().incremental
          ? fmt::format("Do not write to them during the copy, or: ALTER TABLE {} ENGINE=InnoDB;", without[0])
          : "Do not write to them during the copy.");
}

void CheckTypes(Precheck& check) {
  std::vector<std::string> unknown;
  std::vector<std::string> sequences;
  for (const model::TablePtr& table : check.request().tables) {
    if (table->storage_engine == "SEQUENCE") {
      sequences.push_back(table->name.Text());
      continue;
    }
    for (const model::Column& column : table->columns) {
      if (column.type.kind == TypeKind::kOther && column.generated == model::Generated::kNo) {
        unknown.push_back(fmt::format("{}.{} ({})", table->name.Text(), column.name, column.type.native));
      }
    }
  }
  if (!sequences.empty()) {
    check.Fail(
        "sequences", "No sequence is selected", "sequence " + Listed(sequences),
        "Sequences of MariaDB are not carried.",
        "Leave them out: `exclude` under `tables` in `objects`; create them at the destination at the switch-over.");
  }
  if (unknown.empty()) {
    check.Pass("types", "Every column's type is supported");
    return;
  }
  check.Fail("types", "Every column's type is supported", "column " + Listed(unknown),
             "Sluice does not know these types.",
             "Leave the columns out: `columns: {exclude: [...]}` under the table in `objects`.");
}

void CheckVersioned(Precheck& check) {
  if (!check.types().incremental) return;
  std::vector<std::string> versioned;
  for (const model::TablePtr& table : check.request().tables) {
    if (IsVersioned(sql::Tokenize(table->create_statement, {}))) versioned.push_back(table->name.Text());
  }
  if (versioned.empty()) {
    check.Pass("versioned", "No table keeps old versions of its rows");
    return;
  }
  check.Fail(
      "versioned", "No table keeps old versions of its rows", TableList(versioned),
      "The log has changes of system-versioned tables as changes of their versions, which cannot be followed.",
      "Leave them out and carry them with a task without `incremental`, or ALTER TABLE ... DROP SYSTEM VERSIONING; "
      "at the source.");
}

void CheckForeignKeys(Precheck& check) {
  std::set<model::ObjectName> selected;
  for (const model::TablePtr& table : check.request().tables) selected.insert(table->name);
  std::vector<std::string> outside;
  std::vector<std::string> cascading;
  for (const model::TablePtr& table : check.request().tables) {
    for (const model::ForeignKey& key : table->foreign_keys) {
      if (!selected.contains(key.referenced)) {
        outside.push_back(fmt::format("{}.{} to {}", table->name.Text(), key.name, key.referenced.Text()));
      }
    }
  }
  for (const model::TablePtr& table : check.request().tables) {
    for (const model::ForeignKey& key : table->foreign_keys) {
      if (connector::ActsOnRows(key) && !selected.contains(key.referenced)) cascading.push_back(table->name.Text());
    }
  }
  if (check.types().incremental && !LogsCascades(check.connection())) {
    connector::FailCascades(check, connector::CascadesOverExcluded(check.request()), "A column of the key is left out.",
                            "Carry the column, or leave the tables out.");
  }
  if (outside.empty()) {
    check.Pass("foreign_keys", "Foreign keys stay within the selected tables");
    return;
  }
  check.Warn(
      "foreign_keys", "Foreign keys stay within the selected tables", "foreign key " + Listed(outside),
      "They refer to tables that are not selected: they cannot be created unless those tables are there already.",
      "Select the referenced tables too, or create them at the destination before.");
  if (!cascading.empty() && check.types().incremental) {
    check.Fail(
        "cascades", "Cascades can be carried out at the destination", TableList(cascading),
        "What a cascade does is not in the binary log; the destination must carry it out, and for that it needs the "
        "referenced table with its changes.",
        "Select the referenced tables too, or leave these tables out.");
  }
}

void CheckFilters(Precheck& check) {
  for (size_t i = 0; i < check.request().mappings.size(); ++i) {
    const model::TableMappingPtr& mapping = check.request().mappings[i];
    if (mapping->filter.empty()) continue;
    const std::string object = "table " + mapping->source.Text();
    try {
      const OptionalText count = check.connection().QueryOne(
          fmt::format("SELECT COUNT(*) FROM {} WHERE ({}\n)", Quote(mapping->source.database, mapping->source.name),
                      mapping->filter),
          object);
      const std::string rows = count.value_or("0");
      const OptionalText as_changes =
          check.types().incremental ? CountAsChanges(check, *check.request().tables[i], *mapping) : std::nullopt;
      if (as_changes && *as_changes != rows) {
        check.Fail(
            "filter", "The row filter can be used", object,
            fmt::format("{} rows fit \"{}\" in the table, but {} where it is asked about the values that changes "
                        "have: the number of an ENUM or SET, the digits that a FLOAT, YEAR or ZEROFILL shows.",
                        rows, mapping->filter, *as_changes),
            "Compare ENUM and SET with texts, numbers with numbers, and FLOAT in a range.");
      } else if (rows == "0") {
        check.Warn("filter", "The row filter can be used", object, fmt::format("No row fits \"{}\".", mapping->filter),
                   "Check the condition.");
      } else {
        check.Pass("filter", fmt::format("{} rows of {} fit \"{}\"", rows, mapping->source.Text(), mapping->filter));
      }
    } catch (const Error& error) {
      if (error.info().retry == RetryClass::kReconnect || error.info().code == kStopped.id) throw;
      check.Fail("filter", "The row filter can be used", object,
                 fmt::format("The source refuses \"{}\": {}", mapping->filter, error.info().native_message),
                 "Correct `filter` in the task file.");
    }
  }
}

}  // namespace sluice::mysql
