// The statements that write many rows at once. Values come as arrays, one parameter a column, and become the rows of u:
//
//   UPDATE ONLY "shop"."t" AS t SET "a" = u.c1::numeric FROM unnest($1::int8[], $2::text[]) AS u(c0, c1)
//   WHERE t."id" = u.c0
#pragma once

#include <string>
#include <vector>

#include "connectors/postgresql/applier_target.h"
#include "connectors/postgresql/values.h"

namespace sluice::postgresql {

struct RowsParameter {
  size_t column = 0;  // into the target's columns
  bool before = false;
  Wire wire = Wire::kText;
};

struct RowsStatement {
  std::string sql;
  std::vector<RowsParameter> parameters;
};

// Statements without a text: nothing to do.
RowsStatement InsertStatement(const AppliedTable& target, const Shape& shape);
// Sets the columns of `set` where the identity is that of the image before (or after). Where columns that an UPDATE may
// not name (GENERATED ALWAYS AS IDENTITY) are among them, only rows that have the new value there already.
RowsStatement UpdateStatement(const AppliedTable& target, const Shape& shape, bool before = true);
// Takes the rows that still have another value in such a column out and puts them back with the new one.
RowsStatement ReinsertStatement(const AppliedTable& target, const Shape& shape);
RowsStatement DeleteStatement(const AppliedTable& target, const Shape& shape, bool before = true);
// Removes the rows that hold the unique values of the images after.
RowsStatement GiveWayStatement(const AppliedTable& target, const Shape& shape, const UniqueIndex& index);
// Removes the rows of the images before whose successors (images after) are there too.
RowsStatement MergeAwayStatement(const AppliedTable& target, const Shape& shape);

// The value's expression in a column of u: cast where it travels as a text.
std::string ValueOf(const std::string& column, Wire wire, const StoredColumn& stored);

}  // namespace sluice::postgresql
