// Values of the log as PostgreSQL's text into cells (the kinds are listed in model/row.h and docs/postgresql.md).
#pragma once

#include <string_view>

#include "base/arena.h"
#include "model/row.h"
#include "model/table.h"

namespace sluice::postgresql::pgoutput {

// `text` is in UTF-8, of a session with the settings of connection.cc. What the cell needs is copied into the arena.
// Throws kBadMessage when it is no text of the type.
model::Cell CellOfText(model::TypeKind kind, bool is_unsigned, std::string_view text, Arena& arena);

}  // namespace sluice::postgresql::pgoutput
