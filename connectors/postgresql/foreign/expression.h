// Expressions of another engine (defaults, checks, generated columns) in PostgreSQL's words.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "model/table.h"

namespace sluice::postgresql {

// Nothing when the expression uses anything that is not known to mean the same here: only columns, numbers, texts,
// comparisons, + - *, AND OR NOT IS NULL IN BETWEEN CASE, and a few functions are, each with operands of one kind,
// since MySQL converts between kinds and PostgreSQL does not. Texts are compared by MySQL without regard to case unless
// the column says otherwise: then nothing too; their order is never the same. `rename`: the column's name here; empty:
// it is not there. `wanted`: the type of the column that gets the value; null: it is a condition.
std::optional<std::string> TranslateExpression(const std::string& expression, const model::Table& table,
                                               const std::function<std::string(const model::Column&)>& rename,
                                               const model::ColumnType* wanted = nullptr);

}  // namespace sluice::postgresql
