// What the event triggers of a source wrote into its log (ddl_trigger.h), as a change of the described tables.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "connectors/postgresql/names_in_text.h"
#include "model/change.h"

namespace sluice::postgresql {

// `record`: the text of the record; `before`: the tables as they were. Nothing: none of them changed. Throws
// kSchemaDrift when the source could not say what happened, kBadMessage for a text that is no record.
std::optional<model::DdlChange> ReadDdlRecord(std::string_view record, const std::vector<model::TablePtr>& before,
                                              KnownNames known);

// A row as the server writes it as one text: "(1,,"a ""b""")"; exposed for its test. Throws kBadMessage.
std::vector<std::optional<std::string>> ParseRowText(std::string_view text);

}  // namespace sluice::postgresql
