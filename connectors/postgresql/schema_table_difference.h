// What makes the destination's table follow a change of the source's, from the definitions before and after it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/schema_table.h"
#include "sql/token.h"

namespace sluice::postgresql {

// Statements of one table, each to be run as a whole; foreign keys apart, since other tables are involved.
struct TableDifferenceSql {
  std::string before;  // foreign keys that go
  std::string table;
  std::string after;  // foreign keys that come
};

// One table that was carried before and is carried after. Columns are told by their numbers, all else by name and text.
class TableDifference {
 public:
  TableDifference(const Definition& before, const model::TableMapping& was, const Definition& after,
                  const model::TableMapping& is, const model::DdlChange& ddl, const model::NameMap& names,
                  uint32_t version);

  // Tables that were carried as such and may be partitions of this one now, by their numbers; before Run().
  void Joining(std::map<uint32_t, model::TableMappingPtr> tables) { joining_ = std::move(tables); }
  // Throws NotCarried() for what cannot be followed exactly, whatever else the statement did.
  TableDifferenceSql Run();

 private:
  using IndexList = std::vector<const IndexDefinition*>;

  void Add(const std::string& sql) { sql_.table += (sql_.table.empty() ? "" : ";\n") + sql; }
  void Alter(const std::string& action);
  [[noreturn]] void Refuse(const std::string& why) const;
  void RequireSameKind() const;
  void ForeignKeys();
  void Checks();
  void DropIndexes();
  void AddIndexes();
  bool IsSame(const IndexDefinition& old, const IndexDefinition& now) const;
  void Partitions(const Definition& before, const Definition& after);
  void Join(const Definition& parent, const Definition& part, const model::TableMapping& was);
  void Partition(const Definition& before, const Definition& after);
  // Of its own, or of what inherits from it and changes with it.
  bool HasRows() const { return !after_.empty || after_.has_children; }
  void Settings();
  // schema_table_difference_columns.cc
  void Columns();
  void RenameColumns();
  void AddColumn(const ColumnDefinition& column);
  void Redefine(const ColumnDefinition& was, const ColumnDefinition& column);
  void ChangeType(const ColumnDefinition& was, const ColumnDefinition& column);
  void ChangeValue(const ColumnDefinition& was, const ColumnDefinition& column);
  void RequireStatedConversion(const ColumnDefinition& was, const ColumnDefinition& column) const;
  void RequireFirstDefault(const ColumnDefinition& column) const;
  std::vector<sql::Tokens> SeenStatements(const std::string& what, bool beside_rows) const;
  const ColumnDefinition* Before(const ColumnDefinition& column) const;
  std::string NameHere(const ColumnDefinition& column) const { return Quote(new_.columns_.Map(column.name)); }

  const Definition& before_;
  const Definition& after_;
  Definition renamed_;  // `before` with the names of `after`: texts are compared with it
  const model::TableMapping& was_;
  const model::TableMapping& is_;
  const model::DdlChange& ddl_;
  const model::NameMap& names_;
  const uint32_t version_;
  TableTranslator old_;
  TableTranslator new_;
  TableDifferenceSql sql_;
  std::map<uint32_t, model::TableMappingPtr> joining_;
};

}  // namespace sluice::postgresql
