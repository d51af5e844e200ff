// Values as canonical text: equal on MySQL and MariaDB exactly when the values are. The session must have utf8mb4 and
// time_zone +00:00. What the forms are:
//   integers, YEAR      decimal digits, no zero fill           BIT        its value as digits
//   DECIMAL             no zeros at the end of the fraction    FLOAT, DOUBLE  shortest text that reads back the same
//   TIME, DATETIME ...  no zeros at the end of the fraction    JSON       see model/canonical_json.h
//   character strings   converted to UTF-8 by the server       binary strings, GEOMETRY, VECTOR  their bytes
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "model/row.h"
#include "model/table.h"

namespace sluice::mysql {

// What has to be done with the server's text of a column.
// kDateOrInfinity: for a peer of another engine, where MySQL's zero date is -infinity (connector/neutral.h).
enum class Form : uint8_t { kAsItIs, kDecimal, kFloat, kFloatUnsignedZero, kFraction, kJson, kDateOrInfinity };
// `negative_zero`: whether both sides have -0 (MariaDB stores 0 instead); if not, it is taken for 0.
// `foreign`: whether the other side is of another engine.
Form FormOf(const model::ColumnType& type, bool negative_zero, bool foreign = false);

// The expression to select, for a column of this type and quoted name.
std::string SelectExpression(const model::ColumnType& type, const std::string& quoted_name);

// `text` in canonical form; it points into `text` or into `arena`.
std::string_view Canonical(Form form, std::string_view text, Arena& arena);

// Whether ranges of this column hold the same rows on both sides whatever the collations are.
bool OrdersAlike(const model::ColumnType& type);
// Whether chunks can be cut along this column with ORDER BY and comparisons by literals.
bool CanBound(const model::ColumnType& type);
// Whether servers of every engine put its values in one order, and take the same literals for them.
bool OrdersEverywhere(const model::ColumnType& type);

// A canonical text as SQL literal that compares with, and can be stored in, a column of this type. For a session with
// utf8mb4, UTC and without NO_BACKSLASH_ESCAPES.
void AppendLiteral(std::string& out, const model::ColumnType& type, std::string_view canonical);
std::string CanonicalLiteral(const model::ColumnType& type, const std::optional<std::string>& canonical);

}  // namespace sluice::mysql
