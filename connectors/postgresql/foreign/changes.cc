// Tables that a statement of another engine's log changed, made to follow here: the description after it against the
// one before. Only what keeps every row as it is at the source is followed; anything else stops the task.
#include <fmt/format.h>

#include <functional>
#include <iterator>
#include <map>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/ddl.h"
#include "connectors/postgresql/foreign/difference.h"
#include "connectors/postgresql/foreign/table.h"
#include "connectors/postgresql/foreign/table_translator.h"
#include "connectors/postgresql/foreign/tables_around.h"

namespace sluice::postgresql {
namespace {

using connector::SchemaStatement;
using connector::TableChange;

SchemaStatement Statement(const model::ObjectName& source, const model::ObjectName& here, std::string sql) {
  SchemaStatement statement;
  statement.source = source;
  statement.object = here;
  statement.label = "table " + here.Text();
  statement.sql = std::move(sql);
  return statement;
}

// With foreign_key_checks = 0 the source takes the rows and leaves what refers to them as it is. Foreign keys go out of
// the way and come back unchecked, which is what they are there then.
std::string TruncateReferenced(const std::string& table, const std::string& truncate) {
  return "DO " +
         Literal(fmt::format(
             "DECLARE back text[] := '{{}}'; one text; k record; BEGIN FOR k IN SELECT conrelid::regclass AS at, "
             "conname, "
             "pg_get_constraintdef(oid) AS body FROM pg_constraint WHERE contype = 'f' AND confrelid = {}::regclass "
             "AND "
             "conrelid <> confrelid LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', k.at, k.conname); back := "
             "back || format('ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID', k.at, k.conname, replace(k.body, ' NOT "
             "VALID', '')); END LOOP; {}; FOREACH one IN ARRAY back LOOP EXECUTE one; END LOOP; END",
             Literal(table), truncate));
}

}  // namespace

std::vector<SchemaStatement> TruncateForeign(const model::DdlChange& ddl, const model::NameMap& names) {
  std::vector<SchemaStatement> statements;
  for (const model::ObjectName& source : ddl.objects) {
    if (!names.Selected(source)) continue;
    const model::ObjectName here = names.Map(source);
    // The counter begins anew at the source too.
    const std::string table = Quote(here.database, here.name);
    const std::string truncate = "TRUNCATE TABLE " + table + " RESTART IDENTITY";
    statements.push_back(
        Statement(source, here, ddl.foreign_keys_off ? TruncateReferenced(table, truncate) : truncate));
  }
  return statements;
}

namespace {

// Whether a foreign key of this name is here, in words of the server.
std::string IsThere(const std::string& child, const std::string& key, const std::string& more = "") {
  return fmt::format(
      "EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND conrelid = to_regclass({}) AND conname = {}{})",
      Literal(child), Literal(key), more);
}

std::string If(const std::string& condition, const std::string& sql) {
  return "DO " + Literal(fmt::format("BEGIN IF {} THEN {}; END IF; END", condition, sql));
}

class ForeignChanges {
 public:
  ForeignChanges(const std::vector<TableChange>& changes, const std::vector<model::TablePtr>& before,
                 const model::DdlChange& ddl, const model::NameMap& names, uint32_t version)
      : changes_(changes), ddl_(ddl), names_(names), version_(version), around_(changes, before) {
    for (const TableChange& change : changes) {
      if (!change.renamed_to.name.empty()) moved_[change.renamed_to] = change.before;
    }
  }

  std::vector<SchemaStatement> Run() {
    for (const TableChange& change : changes_) {
      // Its new name is another change; one that is not carried any more stays where it is.
      if (change.before == nullptr || change.renamed_to.name.empty()) Follow(change);
    }
    for (const model::TablePtr& table : around_.ReferringToChanged()) {
      const model::TableMappingPtr mapping = names_.MapTable(*table);
      if (mapping != nullptr) Alter({.name = table->name, .before = table, .after = table}, table, *mapping, *mapping);
    }
    std::move(late_.begin(), late_.end(), std::back_inserter(statements_));
    return std::move(statements_);
  }

 private:
  void Follow(const TableChange& change) {
    const auto from = moved_.find(change.name);
    const model::TablePtr before = change.before == nullptr && from != moved_.end() ? from->second : change.before;
    const model::TableMappingPtr was = before == nullptr ? nullptr : names_.MapTable(*before);
    const model::TableMappingPtr is = change.after == nullptr ? nullptr : names_.MapTable(*change.after);
    if (was != nullptr && change.after == nullptr) {
      Drop(change, *before, *was);
    } else if (was == nullptr && is != nullptr) {
      if (before != nullptr) throw NotCarried(ddl_);  // it has rows that were not followed
      Create(change, *is);
    } else if (was != nullptr && is != nullptr) {
      Alter(change, before, *was, *is);
    }
  }

  void Drop(const TableChange& change, const model::Table& before, const model::TableMapping& was) {
    const ForeignTable gone(before, was, names_, version_);
    std::string types;
    for (const model::ObjectName& type : gone.EnumTypes()) {
      types += ";\nDROP TYPE IF EXISTS " + Quote(type.database, type.name);
    }
    // All of a statement at once, since they may refer to each other.
    if (ddl_.kind == model::DdlKind::kDropTable && !statements_.empty()) {
      dropped_.tables += ", " + gone.full();
      dropped_.types += types;
    } else {
      dropped_ = {"", "DROP TABLE IF EXISTS " + gone.full(), types};
      statements_.push_back(Statement(change.name, was.destination, ""));
    }
    DropKeysTo(change.name, gone.full());
    statements_.back().sql = dropped_.keys + dropped_.tables + dropped_.types;
  }

  // Only a source that checks none lets the table go. They stay part of the tables that refer, and come back with it.
  void DropKeysTo(const model::ObjectName& gone, const std::string& full) {
    for (const model::TablePtr& table : around_.ReferringTo(gone)) {
      const model::TableMappingPtr mapping = names_.MapTable(*table);
      if (mapping == nullptr) continue;
      ForeignTable child(*table, *mapping, names_, version_);
      for (const ForeignConstraint& key : child.ForeignKeys()) {
        if (key.referenced != gone) continue;
        dropped_.keys +=
            If(IsThere(child.full(), key.name, fmt::format(" AND confrelid = to_regclass({})", Literal(full))),
               fmt::format("ALTER TABLE {} DROP CONSTRAINT {}", child.full(), Quote(key.name))) +
            ";\n";
        if (around_.Has(gone)) continue;
        statements_.back().notes.push_back(fmt::format("foreign key {} of table {} waits: table {} is gone", key.source,
                                                       mapping->destination.Text(), gone.Text()));
      }
    }
  }

  // All in one: a crash in between could not be told from none.
  void Create(const TableChange& change, const model::TableMapping& is) {
    ForeignTable table(*change.after, is, names_, version_, std::bind_front(&TablesAround::WhyNotAfter, &around_));
    std::string sql;
    for (const SchemaStatement& one : table.Run()) {
      for (const std::string& note : one.notes) sql = NoteText(note) + sql;
      sql += one.sql + ";\n";
    }
    statements_.push_back(Statement(change.name, is.destination, sql));
    statements_.back().notes = table.put_off();
  }

  void Alter(const TableChange& change, const model::TablePtr& before, const model::TableMapping& was,
             const model::TableMapping& is) {
    Difference difference(change, before, was, is, ddl_, names_, version_, around_);
    std::vector<std::string> sqls = difference.Statements();
    const std::vector<std::string> put_off = difference.PutOff();
    if (sqls.empty() && !put_off.empty()) sqls.push_back(NoteText(put_off.front()));
    for (const std::string& sql : sqls) statements_.push_back(Statement(change.name, is.destination, sql));
    if (!put_off.empty()) statements_.back().notes = put_off;
    for (const ForeignConstraint& key : difference.late_keys()) AddLate(change.name, is.destination, key);
  }

  // The table that it refers to came with this statement, and its rows may come later. What is done stays when it is
  // run again.
  void AddLate(const model::ObjectName& source, const model::ObjectName& here, const ForeignConstraint& key) {
    const std::string full = Quote(here.database, here.name);
    const std::string label = fmt::format("foreign key {} of table {}", key.source, here.Text());
    SchemaStatement add =
        Statement(source, here,
                  If("NOT " + IsThere(full, key.name),
                     fmt::format("ALTER TABLE {} ADD CONSTRAINT {} {} NOT VALID", full, Quote(key.name), key.body)));
    SchemaStatement validate =
        Statement(source, here,
                  If(IsThere(full, key.name, " AND NOT convalidated"),
                     fmt::format("ALTER TABLE {} VALIDATE CONSTRAINT {}", full, Quote(key.name))));
    add.stage = validate.stage = connector::SchemaStage::kForeignKeys;
    add.label = label;
    // What one that acts did at the source would be missing here.
    if (!key.acts) add.if_refused = SchemaStatement::IfRefused::kGoOn;
    validate.label = "validation of " + label;
    validate.if_refused = SchemaStatement::IfRefused::kTryLater;
    late_.push_back(std::move(add));
    late_.push_back(std::move(validate));
  }

  const std::vector<TableChange>& changes_;
  const model::DdlChange& ddl_;
  const model::NameMap& names_;
  const uint32_t version_;
  const TablesAround around_;
  std::map<model::ObjectName, model::TablePtr> moved_;  // by the new name
  struct {
    std::string keys;
    std::string tables;
    std::string types;
  } dropped_;
  std::vector<SchemaStatement> statements_;
  std::vector<SchemaStatement> late_;
};

}  // namespace

std::vector<SchemaStatement> TranslateForeignChanges(const std::vector<TableChange>& changes,
                                                     const std::vector<model::TablePtr>& before,
                                                     const model::DdlChange& ddl, const model::NameMap& names,
                                                     uint32_t version) {
  return ForeignChanges(changes, before, ddl, names, version).Run();
}

}  // namespace sluice::postgresql
