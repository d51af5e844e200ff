// What is selected, how it is renamed and filtered: the `objects` and `mapping` parts of a task
// file as a pure function from names and descriptions to mappings. No connections here.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/mapping.h"

namespace sluice::selection {

struct TableRule {
  std::string table;   // exact name or a pattern with * and ?
  std::string rename;  // empty: unchanged
  std::string filter;
  std::vector<std::string> exclude_columns;
  std::vector<std::string> include_columns;  // empty: all
  std::map<std::string, std::string> rename_columns;
  std::optional<model::OperationFilter> operations;
};

struct DatabaseRule {
  std::string database;  // exact name or a pattern with * and ?
  std::string rename;
  std::optional<model::OperationFilter> operations;
  bool only_listed = false;                 // `tables` is a list that selects: only these
  std::vector<TableRule> tables;            // rules for tables; with only_listed also the selection
  std::vector<std::string> exclude_tables;  // names or patterns
  bool objects = true;                      // views, routines, triggers too (never with only_listed)
};

struct MappingRule {
  enum class Kind { kDatabase, kTable, kColumn };
  Kind kind = Kind::kTable;
  std::string in;       // "shop", "shop.*", "shop.orders": which objects, with * and ?
  std::string keyword;  // only names that contain it
  std::string match;    // RE2, must match the whole name; with `replace`
  std::string replace;  // $1 .. $9
  std::string prefix;
  std::string suffix;
  std::string letters;  // "upper", "lower"
};

// What names are like at the two engines.
struct NameRules {
  std::string group = "database";  // what groups tables at the source, as its task files say it
  std::set<std::string> reserved;  // groups that are never migrated or made, in small letters
  bool source_columns_ignore_case = true;
  bool destination_columns_ignore_case = true;

  bool IsReserved(std::string_view group_name) const;
};

struct Rules {
  std::vector<DatabaseRule> databases;
  std::vector<MappingRule> mapping;
  NameRules names = {};
};

inline constexpr ErrorCode kBadRule{"SE-0101", "A selection or mapping rule cannot be used"};
inline constexpr ErrorCode kNameCollision{"SE-0102", "Two objects would get the same name"};
inline constexpr ErrorCode kNothingSelected{"SE-0103", "Nothing is selected"};

// Immutable, safe from any thread.
class Selection : public model::NameMap {
 public:
  static Result<std::unique_ptr<Selection>> Make(Rules rules);
  ~Selection() override;

  model::ObjectName Map(const model::ObjectName& source) const override;
  std::string MapDatabase(const std::string& source) const override;
  std::string MapColumn(const model::ObjectName& table, const std::string& column) const override;
  bool Selected(const model::ObjectName& source) const override;
  model::TableMappingPtr MapTable(const model::Table& table) const override;

  bool DatabaseSelected(const std::string& database) const;
  // The rule that a database goes by; null when it is not selected.
  const DatabaseRule* RuleOf(const std::string& database) const;
  // Views, routines and triggers of a database: carried when the database is chosen whole and not
  // switched off.
  bool ObjectsSelected(const std::string& database) const;
  // The names that rules mention without a pattern: to be reported when they do not exist.
  std::vector<std::string> NamedDatabases() const;
  std::vector<model::ObjectName> NamedTables() const;

 private:
  friend Result<std::vector<model::TableMappingPtr>> MapTables(const Selection& selection,
                                                               const std::vector<model::TablePtr>& tables);
  struct State;
  explicit Selection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Mappings for all selected tables; refuses collisions of database, table and column names and
// unknown columns in rules.
Result<std::vector<model::TableMappingPtr>> MapTables(const Selection& selection,
                                                      const std::vector<model::TablePtr>& tables);

}  // namespace sluice::selection
