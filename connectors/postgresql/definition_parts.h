// Rows of catalog queries, and what of a definition one row holds. The columns' numbers are those of the queries in
// definition_read.cc and catalog_objects*.cc.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/definition.h"
#include "model/table.h"

namespace sluice::postgresql {

// A result whose values are texts; NULL reads as empty, 0 and false.
class Rows {
 public:
  explicit Rows(ResultPtr result) : result_(std::move(result)) {}
  // An answer that was given before, and written down.
  explicit Rows(TextRows recorded) : recorded_(std::move(recorded)) {}

  size_t size() const { return result_ ? static_cast<size_t>(PQntuples(result_.get())) : recorded_.size(); }
  bool IsNull(size_t row, int column) const;
  std::string Text(size_t row, int column) const;
  char Letter(size_t row, int column) const;  // ' ' when there is none
  bool Flag(size_t row, int column) const;
  int64_t Number(size_t row, int column) const;
  double Real(size_t row, int column) const;
  uint32_t Id(size_t row, int column) const { return static_cast<uint32_t>(Number(row, column)); }
  std::vector<std::string> List(size_t row, int column) const;           // a JSON array of texts
  std::map<std::string, std::string> Map(size_t row, int column) const;  // a JSON object of texts

 private:
  ResultPtr result_;
  TextRows recorded_;  // without a result
};

// Of pg_sequence, as `q`.
inline constexpr const char* kSequenceColumns =
    "format_type(q.seqtypid, -1), q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache, q.seqcycle";

Definition RelationOf(const Rows& rows, size_t row);
ColumnDefinition ColumnOf(const Rows& rows, size_t row);
ForeignKeyDefinition ForeignKeyOf(const Rows& rows, size_t row);
IndexDefinition IndexOf(const Rows& rows, size_t row);
// From kSequenceColumns, the first of which has this number.
SequenceDefinition SequenceOf(const Rows& rows, size_t row, int first);
// Of a server before 10.
void ReadSequenceItself(Connection& connection, SequenceDefinition& sequence);

// CREATE SEQUENCE and its comment, under this name; without what owns it.
std::string SequenceStatement(const SequenceDefinition& sequence, const model::ObjectName& name);
// "START WITH 1 INCREMENT BY 1 ...", as CREATE SEQUENCE and GENERATED AS IDENTITY have it.
std::string SequenceOptions(const SequenceDefinition& sequence);

// Whether two values of the type are equal only when their texts are, under a deterministic collation.
bool ComparesByBytes(const model::ColumnType& type, const std::string& base_name);

}  // namespace sluice::postgresql
