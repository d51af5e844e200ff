#include "connectors/mysql/prepared.h"

#include <mysql.h>

#include "base/check.h"

namespace sluice::mysql {

bool HasBulk(const Connection& connection) {
  constexpr uint32_t kBulkSince = 100207;
  return connection.is_mariadb() && connection.version() >= kBulkSince;
}

PreparedStatement::PreparedStatement(Connection& connection, const std::string& sql, const std::string& object)
    : connection_(connection), sql_(sql), handle_(mysql_stmt_init(connection.handle())) {
  Check(handle_ != nullptr, "mysql_stmt_init");
  if (mysql_stmt_prepare(handle_, sql.data(), sql.size()) == 0) return;
  try {
    Throw(object, sql.size());
  } catch (...) {
    mysql_stmt_close(handle_);
    throw;
  }
}

PreparedStatement::~PreparedStatement() {
  mysql_stmt_close(handle_);
}

uint64_t PreparedStatement::Run(std::span<st_mysql_bind> binds, size_t rows, size_t bytes, const std::string& object) {
  const auto count = static_cast<unsigned>(rows);
  mysql_stmt_attr_set(handle_, STMT_ATTR_ARRAY_SIZE, &count);
  if (mysql_stmt_bind_param(handle_, binds.data()) != 0 || mysql_stmt_execute(handle_) != 0) Throw(object, bytes);
  return mysql_stmt_affected_rows(handle_);
}

void PreparedStatement::Throw(const std::string& object, size_t sent) {
  connection_.Throw(static_cast<int>(mysql_stmt_errno(handle_)), mysql_stmt_error(handle_), object, sql_, sent);
}

}  // namespace sluice::mysql
