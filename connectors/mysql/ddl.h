// Understands the statements of a log well enough to say what they do to which objects.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/change.h"
#include "sql/token.h"

namespace sluice::mysql {

// sql_mode as text ("ANSI_QUOTES,...") from text or from the decimal mask that the log holds. Bits of that mask: MySQL
// Internals Manual, "Query_event", Q_SQL_MODE_CODE, and MariaDB's "Query_event: Status variables".
std::string SqlModeText(std::string_view mode);
bool HasSqlMode(std::string_view mode, std::string_view flag);  // `mode` as text or mask

// How a server with this sql_mode reads a statement. Of an unknown flavour every executable comment is read.
sql::Dialect DialectFor(std::string_view sql_mode, std::string_view flavour = "", uint32_t version = 0);

// `kind`, `objects` and `new_names` of the statement, `statement`, `database` and `sql_mode` as given. kOther is what
// is not carried and, more often, what concerns no table: BEGIN, temporary tables, users, events, databases, triggers.
// CREATE TABLE a LIKE b names b as second object, although nothing happens to it: its description is needed for a's.
// DROP DATABASE is kOther too, but has the database as an object without a name, and rows need it.
// Names are as written: with lower_case_table_names=1 the caller lowers them. Never throws, whatever the text is.
model::DdlChange ClassifyDdl(std::string_view statement, std::string_view default_database, std::string_view sql_mode);
model::DdlChange ClassifyDdl(std::string_view statement, std::string_view default_database, std::string_view sql_mode,
                             const sql::Dialect& dialect);

}  // namespace sluice::mysql
