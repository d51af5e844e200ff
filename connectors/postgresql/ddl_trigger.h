// How a source tells its schema statements: event triggers write a record of each into a table that is published, in
// the statement's own transaction. So the log has it exactly where the statement took effect.
//
// A table and not pg_logical_emit_message(): the server sends those to a follower from 14 on only, and a row in a table
// needs nothing of the follower that rows do not need anyway. A record is deleted as soon as it is written: the log has
// it, and the table stays empty.
//
// A record holds the command's tag, the text that the client sent, what was dropped, and of each table concerned the
// answers of the catalogs to the questions that descriptions are made of (definition_questions.h), at that moment: when
// the log is read the catalogs may be far ahead.
//
// The application must not notice: the function runs with its owner's rights and a fixed search_path; whatever fails in
// it is caught, and recorded as a change that is not known, so that the task stops instead.
#pragma once

#include <string>
#include <vector>

#include "connector/connector.h"
#include "connectors/postgresql/connection.h"

namespace sluice::postgresql {

// The table with the records, the function that writes them and the event triggers bear the task's name
// (SourceObjectName), the first two in Sluice's schema.
// The record table has to be put into the publication then. False: the account may not make event triggers; then
// nothing is left of the attempt. `selected`: which tables are put into the publication when they are created later.
bool InstallDdlTriggers(Connection& connection, const std::string& name,
                        const std::vector<connector::SelectedTables>& selected);
// False: there were none.
bool DropDdlTriggers(Connection& connection, const std::string& name);
// Names of tasks whose event triggers are in this database.
std::vector<std::string> ListDdlTriggers(Connection& connection);
// The account may make event triggers (documentation of CREATE EVENT TRIGGER: superusers; managed servers let the
// members of a role of their own).
bool MayMakeEventTriggers(Connection& connection);

}  // namespace sluice::postgresql
