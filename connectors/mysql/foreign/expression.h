// Expressions of another engine (defaults, checks, generated columns) in MySQL's words.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "model/table.h"

namespace sluice::mysql {

// Nothing when the expression uses anything that is not known to mean the same here: only columns, numbers, texts,
// comparisons, + - *, AND OR NOT IS NULL IN LIKE CASE, casts that change nothing, and a few functions are. Texts are
// compared for equality alone: their order is another here. `rename`: the column's name here; empty: it is not there.
std::optional<std::string> TranslateExpression(const std::string& expression, const model::Table& table,
                                               const std::function<std::string(const model::Column&)>& rename);

}  // namespace sluice::mysql
