#include "connectors/mysql/database_defaults.h"

#include <algorithm>

#include "sql/cursor.h"

namespace sluice::mysql {

DatabaseDefaults::DatabaseDefaults(Connection& source) {
  for (const TextRow& row :
       source.Query("SELECT SCHEMA_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA", "databases")) {
    if (row.size() == 2 && row[0] && row[1]) databases_[*row[0]] = *row[1];
  }
  for (const TextRow& row :
       source.Query("SELECT CHARACTER_SET_NAME, DEFAULT_COLLATE_NAME FROM information_schema.CHARACTER_SETS",
                    "character sets")) {
    if (row.size() == 2 && row[0] && row[1]) charsets_[*row[0]] = *row[1];
  }
}

void DatabaseDefaults::Follow(model::DdlChange& ddl, const sql::Dialect& dialect, const SessionDefaults& session) {
  if (ddl.kind == model::DdlKind::kCreateTable && !ddl.objects.empty()) {
    const auto found = databases_.find(ddl.objects[0].database);
    if (found != databases_.end()) ddl.database_collation = found->second;
  } else if (ddl.kind == model::DdlKind::kOther) {
    FollowDatabase(ddl.database, sql::Tokenize(ddl.statement, dialect), session);
  }
}

// CREATE [OR REPLACE] | ALTER | DROP, DATABASE | SCHEMA [IF [NOT] EXISTS] [name] [options]
void DatabaseDefaults::FollowDatabase(const std::string& current, const sql::Tokens& tokens,
                                      const SessionDefaults& session) {
  sql::Cursor cursor(tokens);
  const bool creates = cursor.TakeWord("CREATE");
  const bool drops = !creates && cursor.TakeWord("DROP");
  if (!creates && !drops && !cursor.TakeWord("ALTER")) return;
  cursor.TakeWords({"OR", "REPLACE"});
  if (!cursor.TakeWord("DATABASE") && !cursor.TakeWord("SCHEMA")) return;
  const bool unless_there = cursor.TakeWords({"IF", "NOT", "EXISTS"});
  cursor.TakeWords({"IF", "EXISTS"});
  const bool is_current = cursor.AtEnd() || cursor.SeesWord("DEFAULT") || cursor.SeesWord("CHARACTER") ||
                          cursor.SeesWord("CHARSET") || cursor.SeesWord("COLLATE");
  std::string name = current;
  if (creates || drops || !is_current) {
    name = cursor.Peek().Name();
    cursor.Skip();
  }
  if (drops) {
    databases_.erase(name);
  } else if (!unless_there || !databases_.contains(name)) {
    const std::string collation = CollationOf(cursor, creates ? session.server : std::string(), session);
    if (!collation.empty()) databases_[name] = collation;
  }
}

std::string DatabaseDefaults::CollationOf(sql::Cursor& options, std::string collation,
                                          const SessionDefaults& session) const {
  bool is_named = false;
  for (; !options.AtEnd(); options.Skip()) {
    const bool charset = options.TakeWords({"CHARACTER", "SET"}) || options.TakeWord("CHARSET");
    if (!charset && !options.TakeWord("COLLATE")) continue;
    options.TakeSymbol("=");
    const std::string value = sql::ToLower(options.Peek().value);
    if (value == "default") {
      collation = session.server;
    } else if (!charset) {
      collation = value;
      is_named = true;
    } else if (!is_named) {
      const auto found = charsets_.find(value);
      collation = found == charsets_.end() ? std::string() : found->second;
      if (value == "utf8mb4" && !session.utf8mb4.empty()) collation = session.utf8mb4;
    }
  }
  return collation;
}

bool AddDefaultCollation(Connection& server, const model::DdlChange& ddl, const std::string& database,
                         CreateTable& definition) {
  if (std::any_of(definition.options.begin(), definition.options.end(), SaysCharset)) return true;
  std::string collation = ddl.database_collation;
  if (collation.empty()) {
    collation = server
                    .QueryOne("SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = " +
                              Literal(database))
                    .value_or("");
  }
  if (collation.empty()) return false;
  size_t at = 0;
  for (TableOption& option : ParseOptions(sql::Tokenize("COLLATE=" + collation, {}), at)) {
    definition.options.push_back(std::move(option));
  }
  return true;
}

}  // namespace sluice::mysql
