// Views, routines and triggers: their statements with names mapped, DEFINER removed, SQL SECURITY INVOKER.
#pragma once

#include <string>
#include <string_view>

#include "connector/connector.h"
#include "connectors/mysql/flavour.h"
#include "model/mapping.h"
#include "sql/token.h"

namespace sluice::mysql {

struct BodyContext {
  std::string default_database;     // of the source
  model::ObjectName trigger_table;  // NEW and OLD are rows of it; empty: no trigger
  bool view = false;
};

// Databases, tables and columns named from tokens[begin] on. Names that a query resolves by itself (a column without
// its table in a routine) stay as they are: no grammar here could tell whose they are.
void MapNames(sql::Tokens& tokens, size_t begin, const BodyContext& context, const model::NameMap& names);

// The statement of a SchemaObject, or of CREATE or ALTER VIEW, PROCEDURE, FUNCTION in the log, for the destination.
// `name` is what it is called there. Nothing is known of the source but its statement and dialect.
std::string TranslateObjectStatement(model::ObjectKind kind, std::string_view statement, const sql::Dialect& dialect,
                                     const BodyContext& context, const model::ObjectName& name,
                                     const model::NameMap& names, const Flavour& flavour, Notes& notes);

}  // namespace sluice::mysql
