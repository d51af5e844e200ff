// Names of objects inside statements and expressions that the server wrote with an empty search_path: there the names
// of user's objects have their schemas. What exists at the source is looked up there, what they become is known at the
// destination; between the two the names that were found travel as References.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/mapping.h"
#include "model/name.h"
#include "sql/token.h"

namespace sluice::postgresql {

class Connection;

inline constexpr sql::Dialect kDialect{.family = sql::Family::kPostgreSql};

// Where `what` stands in a statement outside of quoted names and literals, the first or the last time; npos: nowhere.
size_t FindOutsideQuotes(std::string_view text, std::string_view what, bool last = false);

struct References {
  std::set<model::ObjectName> relations;  // tables and views: the mapping may give them another name
  std::set<model::ObjectName> others;     // sequences, types, functions ...: only their schema may change

  void Add(const References& more);
  bool operator==(const References&) const = default;
};

// All names of user's objects of the database.
class KnownNames {
 public:
  static KnownNames Read(Connection& connection);
  void AddRelation(const model::ObjectName& name) { all_.relations.insert(name); }
  void AddOther(const model::ObjectName& name) { all_.others.insert(name); }

  // Adds what `text` names. Bodies of functions ($$...$$) are looked into too.
  void Find(std::string_view text, References& found) const;

 private:
  void Find(const sql::Tokens& tokens, References& found) const;

  References all_;
};

// What names become at the destination.
class NameRewriter {
 public:
  NameRewriter(const References& references, const model::NameMap& names);

  // `text` with every referenced name replaced; as it was where none changes.
  std::string Rewrite(std::string_view text) const;
  // One that is not referenced keeps its name and gets the schema that its own schema becomes.
  model::ObjectName Map(const model::ObjectName& name) const;

 private:
  bool Rewrite(sql::Tokens& tokens) const;
  bool RewriteString(sql::Token& token, bool names_object) const;

  std::map<model::ObjectName, model::ObjectName> changed_;
  std::map<std::string, std::string> schemas_;  // those that change, of the names that are referenced
  const model::NameMap& names_;
};

// A table's columns at the destination.
class ColumnRewriter {
 public:
  ColumnRewriter(const model::TableMapping& mapping, const model::NameMap& names, std::vector<std::string> columns);

  bool LeftOut(const std::string& column) const { return left_out_.contains(column); }
  std::string Map(const std::string& column) const;
  bool AnyChanged() const { return !renamed_.empty() || !left_out_.empty(); }
  const std::map<std::string, std::string>& renamed() const { return renamed_; }
  // An expression over the table's columns, or the definition of a constraint or index from its first "(" on. False
  // when it uses a column that is left out; `text` is then as it was.
  bool Rewrite(std::string& text) const;

 private:
  std::set<std::string> left_out_;
  std::map<std::string, std::string> renamed_;
};

}  // namespace sluice::postgresql
