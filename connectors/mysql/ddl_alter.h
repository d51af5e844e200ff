// ALTER TABLE taken apart into actions and put together again for another server, with names mapped.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/mysql/create_table.h"
#include "connectors/mysql/flavour.h"
#include "connectors/mysql/schema_mapping.h"
#include "model/mapping.h"

namespace sluice::mysql {

struct AlterContext {
  model::ObjectName source;  // the table as the source calls it
  const ColumnNames& columns;
  const model::NameMap& names;
  const Flavour& flavour;
  // The table as it stands where the statement will run: tells whether a key to be dropped was ever made there.
  const CreateTable& target;
  // The table after the statement, as the source describes it: keys that the statement leaves unnamed get the names
  // that the source's server gave them. Null: the server names them.
  const model::Table* after = nullptr;
};

struct AlterText {
  std::vector<std::string> actions;          // empty: nothing is left to do
  std::optional<model::ObjectName> renamed;  // the source's new name for the table; not among the actions
  // Definitions of the columns that the statement adds or changes, by lower-case new name at the source, as written
  // there; without FIRST and AFTER. A column that is only renamed has its old definition's name in `renamed_columns`.
  std::map<std::string, sql::Tokens> defined;
  std::map<std::string, std::string> renamed_columns;  // new name, lower case -> old name
};

// `tokens` is the whole statement. Never throws for what it does not know: such an action is taken over as it is.
AlterText TranslateAlter(const sql::Tokens& tokens, std::string_view default_database, const AlterContext& context,
                         Notes& notes);

// CREATE INDEX and DROP INDEX as actions of ALTER TABLE.
AlterText TranslateCreateIndex(const sql::Tokens& tokens, const AlterContext& context, Notes& notes);
AlterText TranslateDropIndex(const sql::Tokens& tokens, const AlterContext& context, Notes& notes);

}  // namespace sluice::mysql
