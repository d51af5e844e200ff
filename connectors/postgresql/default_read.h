// Defaults and checks in the server's words, as other engines are told of them (model::ColumnDefault, TableCheck).
#pragma once

#include <string>

#include "model/table.h"

namespace sluice::postgresql {

// `expression`: pg_get_expr() in a session with the settings of connection.cc; empty: none.
model::ColumnDefault ReadDefault(const std::string& expression, const model::ColumnType& type);

// The expression of pg_get_constraintdef(): "CHECK ((a > 0))" -> "(a > 0)". One that its rows need not all fulfil
// keeps what says so.
std::string CheckExpression(const std::string& definition);

}  // namespace sluice::postgresql
