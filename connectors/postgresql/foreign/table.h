// Statements that make a table of another engine here, from its description.
#pragma once

#include <string>
#include <vector>

#include "connector/connector.h"

namespace sluice::postgresql {

// In the stages of SchemaWriter; `version` of the server as Connection::version(). What cannot be kept is a note of the
// table's own statement.
std::vector<connector::SchemaStatement> TranslateForeignTable(const model::Table& table,
                                                              const model::TableMapping& mapping,
                                                              const model::NameMap& names, uint32_t version);

// What a statement of the source's log makes of tables here; `before`: all tables as they were. Throws for what cannot
// be followed.
std::vector<connector::SchemaStatement> TranslateForeignChanges(const std::vector<connector::TableChange>& changes,
                                                                const std::vector<model::TablePtr>& before,
                                                                const model::DdlChange& ddl,
                                                                const model::NameMap& names, uint32_t version);
std::vector<connector::SchemaStatement> TruncateForeign(const model::DdlChange& ddl, const model::NameMap& names);

// The reasons why the table cannot be made here: "column a: there is no type here for ..." Empty: it can.
std::vector<std::string> WhyNotHere(const model::Table& table, const model::TableMapping& mapping);

}  // namespace sluice::postgresql
