// What a column's DEFAULT says, as other engines can be told it.
#pragma once

#include "model/table.h"
#include "sql/token.h"

namespace sluice::mysql {

// `tokens`: what stands behind DEFAULT. A literal is told (Kind::kLiteral) where it is sure which value the server
// makes of it; any other one, and what calls a function, is Kind::kExpression: the source's own words.
model::ColumnDefault DescribeDefault(const model::ColumnType& type, const sql::Tokens& tokens);

}  // namespace sluice::mysql
