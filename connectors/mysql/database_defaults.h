// The default collations of the source's databases, which tables have that are created without one: a statement of the
// log does not say them. What they were at the position that reading begins at is not recorded anywhere: until the log
// says otherwise they are taken to be what they are when reading begins.
#pragma once

#include <map>
#include <string>

#include "connectors/mysql/connection.h"
#include "connectors/mysql/create_table.h"
#include "model/change.h"
#include "sql/cursor.h"
#include "sql/token.h"

namespace sluice::mysql {

class DatabaseDefaults {
 public:
  explicit DatabaseDefaults(Connection& source);
  // For tests: collations by database, default collations by character set.
  DatabaseDefaults(std::map<std::string, std::string> databases, std::map<std::string, std::string> charsets)
      : databases_(std::move(databases)), charsets_(std::move(charsets)) {}

  // Of the session that ran a statement.
  struct SessionDefaults {
    std::string server;   // for a database that is created without one
    std::string utf8mb4;  // what "utf8mb4" alone means; empty: what it means to the server
  };
  // Each schema statement of the log in order: takes in what it does to a database, and gives one that creates a table
  // its `database_collation`.
  void Follow(model::DdlChange& ddl, const sql::Dialect& dialect, const SessionDefaults& session);

 private:
  void FollowDatabase(const std::string& current, const sql::Tokens& tokens, const SessionDefaults& session);
  // The default that options name, starting with what there is without them.
  std::string CollationOf(sql::Cursor& options, std::string collation, const SessionDefaults& session) const;

  std::map<std::string, std::string> databases_;
  std::map<std::string, std::string> charsets_;
};

// Gives a definition that says no character set the one of its database: as the log tells it, else as this server has a
// database of that name now. False where neither is known.
bool AddDefaultCollation(Connection& server, const model::DdlChange& ddl, const std::string& database,
                         CreateTable& definition);

}  // namespace sluice::mysql
