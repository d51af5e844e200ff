// Columns as text that other engines can read (connector/neutral.h), by way of COPY's text format.
#pragma once

#include <string>
#include <string_view>

#include "model/table.h"

namespace sluice::postgresql {

// The expression to select for a column.
std::string SelectNeutral(const model::Column& column);

// Appends a row of COPY's text format with the escapes that other engines do not know undone: \b, \f and \v, which
// stand for one byte each (documentation of COPY, "Text Format").
void AppendNeutralRow(std::string& out, std::string_view row);

}  // namespace sluice::postgresql
