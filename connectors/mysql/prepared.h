// A prepared statement that is run over arrays of rows: MariaDB's COM_STMT_BULK_EXECUTE (MariaDB documentation,
// "COM_STMT_BULK_EXECUTE"; libmariadb, STMT_ATTR_ARRAY_SIZE).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "connectors/mysql/connection.h"

struct st_mysql_bind;
struct st_mysql_stmt;

namespace sluice::mysql {

// Whether the server runs a statement over arrays (MariaDB from 10.2.7 on).
bool HasBulk(const Connection& connection);

// Belongs to its connection's thread; destroy it before the connection. Errors are those of Connection::Throw().
class PreparedStatement {
 public:
  PreparedStatement(Connection& connection, const std::string& sql, const std::string& object);
  ~PreparedStatement();
  PreparedStatement(const PreparedStatement&) = delete;
  PreparedStatement& operator=(const PreparedStatement&) = delete;

  // `binds`: one a parameter, each with arrays of `rows` values; `bytes`: about how many are sent, for messages. Rows
  // that the statement matched or inserted, over all of them.
  uint64_t Run(std::span<st_mysql_bind> binds, size_t rows, size_t bytes, const std::string& object);

 private:
  [[noreturn]] void Throw(const std::string& object, size_t sent);

  Connection& connection_;
  const std::string sql_;
  st_mysql_stmt* handle_;
};

}  // namespace sluice::mysql
