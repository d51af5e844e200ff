#include "connectors/postgresql/foreign/difference.h"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/ddl.h"

namespace sluice::postgresql {
namespace {

using connector::TableChange;

// Columns that are gone get a name that nothing has.
model::Table Moved(const model::Table& before, const TableChange& change, const TablesAround& around) {
  model::Table moved = before;
  moved.name = change.after->name;
  for (model::Column& column : moved.columns) {
    std::string now = "\x01" + column.name;
    for (const model::Column& one : change.after->columns) {
      const auto renamed = change.renamed_columns.find(one.name);
      if ((renamed == change.renamed_columns.end() ? one.name : renamed->second) == column.name) now = one.name;
    }
    column.name = now;
  }
  for (model::ForeignKey& key : moved.foreign_keys) {
    key.referenced = around.Now(key.referenced);
    for (std::string& column : key.referenced_columns) column = around.ColumnNow(key.referenced, column);
  }
  return moved;
}

std::string Do(const std::string& body) {
  return "DO " + Literal(body);
}

}  // namespace

std::string NoteText(std::string note) {
  std::replace(note.begin(), note.end(), '\n', ' ');
  std::replace(note.begin(), note.end(), '\r', ' ');
  return "-- " + note + "\n";
}

Difference::Difference(const TableChange& change, const model::TablePtr& before, const model::TableMapping& was,
                       const model::TableMapping& is, const model::DdlChange& ddl, const model::NameMap& names,
                       uint32_t version, const TablesAround& around)
    : change_(change),
      before_(*before),
      after_(*change.after),
      renamed_(change.renamed_columns),
      ddl_(ddl),
      was_(was),
      is_(is),
      around_(around),
      moved_table_(Moved(*before, change, around)),
      old_(*before, was, names, version, std::bind_front(&TablesAround::WhyNotBefore, &around)),
      moved_(moved_table_, is, names, version, std::bind_front(&TablesAround::WhyNotAfter, &around)),
      new_(*change.after, is, names, version, std::bind_front(&TablesAround::WhyNotAfter, &around)) {}

std::vector<std::string> Difference::Statements() {
  if (const std::string moved = MoveStatements(was_.destination, is_.destination); !moved.empty()) Add(moved);
  const std::vector<ForeignConstraint> new_keys = new_.ForeignKeys();
  const std::vector<ForeignConstraint> new_checks = new_.Checks();
  const std::vector<ForeignIndex> new_indexes = new_.Indexes();
  const std::vector<Named> old_keys = Joined(old_.ForeignKeys(), moved_.ForeignKeys());
  const std::vector<Named> old_checks = Joined(old_.Checks(), moved_.Checks());
  std::vector<Named> old_indexes;
  const std::vector<ForeignIndex> moved_indexes = moved_.Indexes();
  for (const ForeignIndex& index : old_.Indexes()) {
    const auto moved = std::find_if(moved_indexes.begin(), moved_indexes.end(),
                                    [&](const ForeignIndex& one) { return one.origin == index.origin; });
    old_indexes.push_back({index.name, moved == moved_indexes.end() ? "" : moved->body, ""});
  }
  std::vector<Named> wanted_indexes;
  for (const ForeignIndex& index : new_indexes) wanted_indexes.push_back({index.name, index.body, ""});

  const Plan keys = Compare(old_keys, List(new_keys));
  const Plan checks = Compare(old_checks, List(new_checks));
  const Plan indexes = Compare(old_indexes, wanted_indexes);
  const bool other_primary = moved_.PrimaryKey() != new_.PrimaryKey();

  for (const Named* key : keys.dropped) DropForeignKey(*key);
  for (const Named* check : checks.dropped) Alter("DROP CONSTRAINT IF EXISTS " + Quote(check->name));
  for (const Named* index : indexes.dropped) {
    Add("DROP INDEX IF EXISTS " + Quote(is_.destination.database, index->name));
  }
  if (other_primary && !old_.PrimaryKey().empty()) DropPrimaryKey();
  RenameConstraints(keys);
  RenameConstraints(checks);
  for (const auto& [from, to] : indexes.renamed) {
    Add(fmt::format("ALTER INDEX IF EXISTS {} RENAME TO {}", Quote(is_.destination.database, from), Quote(to)));
  }
  Columns();
  if (other_primary && !new_.PrimaryKey().empty()) Alter("ADD PRIMARY KEY " + new_.PrimaryKey());
  for (const size_t i : indexes.added) Add(new_indexes[i].sql);
  for (const size_t i : checks.added) {
    Alter(fmt::format("ADD CONSTRAINT {} {}", Quote(new_checks[i].name), new_checks[i].body));
  }
  for (const size_t i : keys.added) {
    const ForeignConstraint& key = new_keys[i];
    const bool is_of_this = key.referenced == after_.name;
    if ((!is_of_this && around_.Changes(key.referenced)) || Waited(key)) {
      late_keys_.push_back(key);
    } else {
      Alter(fmt::format("ADD CONSTRAINT {} {}", Quote(key.name), key.body));
    }
  }
  if (before_.comment != after_.comment) Add("COMMENT ON TABLE " + new_.full() + " IS " + Literal(after_.comment));
  AddNotes();
  std::vector<std::string> statements = std::move(first_);
  if (!sql_.empty()) statements.push_back(std::move(sql_));
  return statements;
}

// Whether the table had it before: its rows may contradict it.
bool Difference::Waited(const ForeignConstraint& key) const {
  return std::any_of(before_.foreign_keys.begin(), before_.foreign_keys.end(), [&](const model::ForeignKey& one) {
    return one.name == key.source && !around_.WhyNotBefore(before_, one).empty();
  });
}

std::vector<std::string> Difference::PutOff() const {
  std::vector<std::string> told;
  for (const std::string& text : new_.put_off()) {
    const auto& known = old_.put_off();
    if (std::find(known.begin(), known.end(), text) == known.end()) told.push_back(text);
  }
  return told;
}

// What is left out of what the statement brought.
void Difference::AddNotes() {
  moved_.NoteLostColumns();
  new_.NoteLostColumns();
  std::string comments;
  for (const std::string& note : new_.notes()) {
    const auto& known = moved_.notes();
    if (std::find(known.begin(), known.end(), note) == known.end()) comments += NoteText(note);
  }
  sql_ = comments + sql_;
}

// ---------------------------------------------------------------- keys and constraints

std::vector<Difference::Named> Difference::Joined(const std::vector<ForeignConstraint>& old,
                                                  const std::vector<ForeignConstraint>& moved) {
  std::vector<Named> out;
  for (const ForeignConstraint& one : old) {
    const auto same = std::find_if(moved.begin(), moved.end(),
                                   [&](const ForeignConstraint& other) { return other.origin == one.origin; });
    out.push_back({one.name, same == moved.end() ? "" : same->body, one.column});
  }
  return out;
}

std::vector<Difference::Named> Difference::List(const std::vector<ForeignConstraint>& constraints) {
  std::vector<Named> out;
  for (const ForeignConstraint& one : constraints) out.push_back({one.name, one.body, one.column});
  return out;
}

// What has the same name and says the same stays; what says the same under a name that nobody had is renamed.
Difference::Plan Difference::Compare(const std::vector<Named>& old, const std::vector<Named>& now) {
  Plan plan;
  std::vector<bool> found(now.size());
  for (const Named& one : old) {
    const auto find = [&](bool same_name) {
      for (size_t i = 0; i < now.size(); ++i) {
        if (found[i] || now[i].body != one.body) continue;
        const bool had = std::any_of(old.begin(), old.end(), [&](const Named& was) { return was.name == now[i].name; });
        if (same_name ? now[i].name == one.name : !had) return i;
      }
      return now.size();
    };
    size_t at = find(true);
    if (at == now.size()) at = find(false);
    if (at == now.size()) {
      plan.dropped.push_back(&one);
      continue;
    }
    found[at] = true;
    if (now[at].name != one.name) plan.renamed.emplace_back(one.name, now[at].name);
  }
  for (size_t i = 0; i < now.size(); ++i) {
    if (!found[i]) plan.added.push_back(i);
  }
  return plan;
}

std::string Difference::IfConstraint(const std::string& name, const std::string& sql,
                                     const std::string& otherwise) const {
  return Do(
      fmt::format("BEGIN IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = {}::regclass AND conname = {}) "
                  "THEN {};{} END IF; END",
                  Literal(new_.full()), Literal(name), sql, otherwise));
}

void Difference::RenameConstraints(const Plan& plan) {
  for (const auto& [from, to] : plan.renamed) {
    Add(IfConstraint(from,
                     fmt::format("ALTER TABLE {} RENAME CONSTRAINT {} TO {}", new_.full(), Quote(from), Quote(to))));
  }
}

// A foreign key that stayed would go on changing rows. In a table of the user's own it may have another name.
void Difference::DropForeignKey(const Named& key) {
  Add(IfConstraint(
      key.name, fmt::format("ALTER TABLE {} DROP CONSTRAINT {}", new_.full(), Quote(key.name)),
      fmt::format(
          " ELSIF EXISTS (SELECT FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = "
          "ANY (k.conkey) WHERE k.conrelid = {}::regclass AND k.contype = 'f' AND a.attname = {}) THEN RAISE EXCEPTION "
          "'%', {};",
          Literal(new_.full()), Literal(key.column),
          Literal(fmt::format("the foreign key that is to be dropped is not called {} here", key.name)))));
}

// Its name is the server's affair.
void Difference::DropPrimaryKey() {
  Add(Do(
      fmt::format("DECLARE name text; BEGIN SELECT conname INTO name FROM pg_constraint WHERE conrelid = {}::regclass "
                  "AND contype = 'p'; IF name IS NOT NULL THEN EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', {}, "
                  "name); END IF; END",
                  Literal(new_.full()), Literal(new_.full()))));
}

}  // namespace sluice::postgresql
