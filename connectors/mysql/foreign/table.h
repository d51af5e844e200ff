// Statements that make a table of another engine here, from its description.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "connector/connector.h"
#include "connectors/mysql/flavour.h"

namespace sluice::mysql {

// In the stages of SchemaWriter. What cannot be kept is a note of the table's own statement. `free_name`: a name for a
// constraint ("c" a check, "f" a foreign key) that no other of the database has, empty: the server is to give one.
using FreeName = std::function<std::string(char kind, const std::string& database, const std::string& name)>;
std::vector<connector::SchemaStatement> TranslateForeignTable(const model::Table& table,
                                                              const model::TableMapping& mapping,
                                                              const model::NameMap& names, const Capabilities& server,
                                                              const FreeName& free_name);

// What a statement of the source's log makes of tables here. Throws for what cannot be followed.
std::vector<connector::SchemaStatement> TranslateForeignChanges(const model::DdlChange& ddl,
                                                                const model::NameMap& names);

// The reasons why the table cannot be made here: "column a: there is no type here for ..." Empty: it can.
std::vector<std::string> WhyNotHere(const model::Table& table, const model::TableMapping& mapping,
                                    const Capabilities& server);

}  // namespace sluice::mysql
