// One connection to a MySQL-family server: RAII over libmariadb's MYSQL handle. Used by one thread at a time; a stop
// request on the context's token shuts its socket down, so that a blocked call returns and throws kStopped.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "connector/endpoint.h"

// libmariadb's handle, as its mysql.h declares it.
typedef struct st_mysql MYSQL;
typedef struct st_mysql_res MYSQL_RES;

namespace sluice::mysql {

struct ConnectOptions {
  std::string charset = "utf8mb4";  // "binary": bytes come and go in each column's own character set
  bool local_infile = false;        // the caller installs its own handler: no file of this machine is ever read
  bool multi_statements = false;
  unsigned read_timeout_seconds = 0;  // 0: none; blocked calls end by the stop token
};

using OptionalText = std::optional<std::string>;
using TextRow = std::vector<OptionalText>;
using TextRows = std::vector<TextRow>;

// The number that it begins with; 0 where there is none.
uint64_t ToNumber(const OptionalText& text);

class Connection {
 public:
  // Connects, sets time_zone='+00:00', long session timeouts, the sql_mode kSessionSqlMode, and back to their defaults
  // what a server may have set otherwise for all sessions: limits of rows and time, autocommit, the character set.
  Connection(const connector::Endpoint& endpoint, const connector::SessionContext& context,
             const ConnectOptions& options = {});
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Runs a statement and discards its result, if any. `object` names what it is about in errors.
  void Execute(std::string_view sql, std::string_view object = "");
  // Runs a query and keeps its whole result: for catalogs, not for data.
  TextRows Query(std::string_view sql, std::string_view object = "");
  // The first cell of the first row.
  OptionalText QueryOne(std::string_view sql, std::string_view object = "");
  // Begins a query whose rows are fetched one by one with mysql_fetch_row(); free the result before the next call.
  MYSQL_RES* Stream(std::string_view sql, std::string_view object = "");

  // Throws what mysql_errno()/mysql_error() say, or kStopped after a stop request.
  [[noreturn]] void ThrowLast(std::string_view object = "", std::string_view statement = "");
  // The same for an error that a prepared statement holds; `sent` is about the size of what was sent.
  [[noreturn]] void Throw(int native, const std::string& message, std::string_view object, std::string_view statement,
                          size_t sent);
  // The session's max_allowed_packet, asked for once. Whoever sends rows asks before the first: only then can a
  // connection that the server ended over a packet that was too long be told from a lost one.
  size_t PacketLimit();

  MYSQL* handle() { return handle_; }
  const connector::Endpoint& endpoint() const { return endpoint_; }
  std::stop_token stop() const { return stop_; }
  uint64_t id() const;  // thread id at the server
  bool is_mariadb() const { return is_mariadb_; }
  uint32_t version() const { return version_; }  // 101119, 80400, 90700
  const std::string& version_text() const { return version_text_; }

 private:
  void Open(const ConnectOptions& options, bool with_tls);
  void ReadVersion();
  void SetSession(const ConnectOptions& options);

  connector::Endpoint endpoint_;
  std::stop_token stop_;
  std::string purpose_;
  MYSQL* handle_ = nullptr;
  bool is_mariadb_ = false;
  uint32_t version_ = 0;
  std::string version_text_;
  size_t packet_limit_ = 0;  // 0: not asked for yet
  struct Interrupt;
  std::unique_ptr<Interrupt> interrupt_;
};

// Strict about values, lenient about what MySQL itself may already hold: zero and invalid dates, AUTO_INCREMENT 0.
inline constexpr const char* kSessionSqlMode =
    "STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION";
// The same without the strictness: for statements whose outcome is looked at afterwards.
inline constexpr const char* kLooseSqlMode = "NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION";

// `name` in backticks, inner backticks doubled.
std::string Quote(std::string_view name);
std::string Quote(std::string_view database, std::string_view name);
// 'text' with backslash escapes, for a session without NO_BACKSLASH_ESCAPES.
std::string Literal(std::string_view text);
void AppendEscaped(std::string& out, std::string_view text);

}  // namespace sluice::mysql
