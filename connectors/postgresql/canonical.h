// Values as canonical text, equal on every version of PostgreSQL, and on other engines for what both can hold, exactly
// when the values are. They are read in binary form (documentation of the types' send functions is their source,
// src/backend/utils/adt), which costs the server least:
//   boolean             1, 0                          integers      decimal digits
//   numeric             no zeros at the fraction's end, but as written where it has no limits and both sides are
//   PostgreSQL;
//                       NaN, Infinity, -Infinity
//   real, double        shortest text that reads back the same double; NaN, Infinity, -Infinity
//   date, time ...      ISO, no zeros at the fraction's end, UTC; infinity, -infinity, "0044-03-15 BC"
//   bit(n)              its value as digits           uuid          lower case
//   character strings   UTF-8; char(n) without the spaces at its end
//   bytea               its bytes                     JSON          see model/canonical_json.h
//   geometric types and arrays of floats   PostgreSQL's own text, each number as the shortest that reads back the same
//   all else            PostgreSQL's own text
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "model/table.h"

namespace sluice::postgresql {

// How a column's binary value becomes text.
enum class Form : uint8_t {
  kBytes,  // as they are
  kPadded,
  kBoolean,
  kInteger,
  kUnsigned,
  kFloat,
  kFloatUnsignedZero,
  kNumeric,
  kNumericAsWritten,  // with the zeros at its end
  kDate,
  kTime,
  kTimestamp,
  kBits,
  kUuid,
  kJson,
  kTextWithFloats,    // of double precision: geometric types and arrays; servers before 12 write more digits
  kTextWithFloats32,  // of real
};

// `negative_zero`: whether both sides have -0; if not, it is taken for 0. `same_engine`: both keep how many digits a
// numeric without limits was written with, so that counts too; another engine keeps types of our own as the text that
// the source gave.
Form FormOf(const model::ColumnType& type, bool negative_zero, bool same_engine = false);

// The expression to select, for a column of this type and quoted name.
std::string SelectExpression(const model::ColumnType& type, const std::string& quoted_name);

// The text of a binary value; it points into `value` or into `arena`. Nothing when it is none of this form.
std::optional<std::string_view> Canonical(Form form, std::string_view value, Arena& arena);

// Whether chunks can be cut along this column with ORDER BY and comparisons by literals.
bool CanBound(const model::ColumnType& type);
// Whether servers of every engine put its values in one order, and take the same literals for them.
bool OrdersEverywhere(const model::ColumnType& type);

// A canonical text as an SQL expression that compares with, and can be stored in, a column of this type. For any
// session with client_encoding UTF8 and UTC.
std::string CanonicalLiteral(const model::ColumnType& type, const std::optional<std::string>& canonical);

}  // namespace sluice::postgresql
