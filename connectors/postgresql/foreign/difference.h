// A table here against what a statement of another engine's log made of it at its source.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "connector/connector.h"
#include "connectors/postgresql/foreign/table_translator.h"
#include "connectors/postgresql/foreign/tables_around.h"
#include "connectors/postgresql/foreign/types.h"

namespace sluice::postgresql {

// What is left out, as a comment of a statement: the task's log has it with the statement.
std::string NoteText(std::string note);

// Statements for all of it. Those before the last one add values to types, which the server does not do in a
// transaction (before 12) and which nothing of the same transaction could use; done again they do nothing. The last one
// is done whole or not at all.
class Difference {
 public:
  Difference(const connector::TableChange& change, const model::TablePtr& before, const model::TableMapping& was,
             const model::TableMapping& is, const model::DdlChange& ddl, const model::NameMap& names, uint32_t version,
             const TablesAround& around);

  // Empty: nothing is to be done here. Throws for what cannot be followed exactly.
  std::vector<std::string> Statements();
  // After Statements(): foreign keys to tables that came or changed with the same statement of the log, to be made
  // after all of it; and those that wait from now on, in words.
  const std::vector<ForeignConstraint>& late_keys() const { return late_keys_; }
  std::vector<std::string> PutOff() const;

 private:
  void Add(const std::string& sql) { sql_ += (sql_.empty() ? "" : ";\n") + sql; }
  void Alter(const std::string& action) { Add("ALTER TABLE " + new_.full() + " " + action); }
  void AddNotes();

  // difference.cc: keys and constraints
  struct Named {
    std::string name;  // here, before or now
    std::string body;  // empty: it is no more
    std::string column;
  };
  struct Plan {
    std::vector<const Named*> dropped;
    std::vector<std::pair<std::string, std::string>> renamed;
    std::vector<size_t> added;
  };
  static Plan Compare(const std::vector<Named>& old, const std::vector<Named>& now);
  static std::vector<Named> Joined(const std::vector<ForeignConstraint>& old,
                                   const std::vector<ForeignConstraint>& moved);
  static std::vector<Named> List(const std::vector<ForeignConstraint>& constraints);
  std::string IfConstraint(const std::string& name, const std::string& sql, const std::string& otherwise = "") const;
  void RenameConstraints(const Plan& plan);
  void DropForeignKey(const Named& key);
  bool Waited(const ForeignConstraint& key) const;
  void DropPrimaryKey();

  // difference_columns.cc
  std::string NameBefore(const std::string& name) const;
  const model::Column* Before(const model::Column& column) const;
  void Columns();
  void DropColumns();
  void RenameColumns();
  void RenameTypes();
  void AddColumn(const model::Column& column, const std::string& name);
  void RequireNone(const std::string& condition, const std::string& why);
  void Redefine(const model::Column& was, const model::Column& column, const std::string& name);
  void Retype(const model::Column& was, const model::Column& column, const std::string& name);
  void RetypeEnum(const ForeignType& old_type, const ForeignType& type, const model::Column& was,
                  const model::Column& column, const std::string& name);
  bool AddLabels(const std::vector<std::string>& old_labels, const std::vector<std::string>& labels,
                 const model::ObjectName& type);
  void Comment(const model::Column& column, const std::string& name);

  const connector::TableChange& change_;
  const model::Table& before_;
  const model::Table& after_;
  const std::map<std::string, std::string>& renamed_;
  const model::DdlChange& ddl_;
  const model::TableMapping& was_;
  const model::TableMapping& is_;
  const TablesAround& around_;
  const model::Table moved_table_;  // as before, with the names that its columns and it have now
  ForeignTable old_;
  ForeignTable moved_;
  ForeignTable new_;
  std::vector<ForeignConstraint> late_keys_;
  std::vector<std::string> first_;
  std::string sql_;
};

}  // namespace sluice::postgresql
