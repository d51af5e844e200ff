// QUERY events: statements of the log, with the session state they ran in (MySQL Internals Manual, "Query_event";
// MariaDB manual, "QUERY_EVENT").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/mysql/binlog/event.h"

namespace sluice::mysql::binlog {

struct QueryEvent {
  std::string_view database;  // views into the event
  std::string_view statement;
  std::string inflated;  // the statement when the event is compressed; `statement` is empty then
  bool foreign_keys_off = false;
  bool unique_checks_off = false;
  std::optional<uint64_t> sql_mode;
  uint16_t client_charset = 0;  // collation numbers; 0 = unknown
  uint16_t connection_collation = 0;
  uint16_t server_collation = 0;
  uint16_t utf8mb4_collation = 0;  // MySQL: what "utf8mb4" alone means to the session
  uint16_t error_code = 0;
  std::string_view time_zone;            // of the session; empty: the statement did not need it
  std::optional<uint32_t> microseconds;  // of the second in which it began; nothing: the statement did not need them
  std::optional<bool> explicit_timestamps;
  bool maria_explicit_timestamps = false;  // MariaDB 10.10 and later: the same, in a flag
  uint16_t counter_step = 1;               // auto_increment_increment and _offset
  uint16_t counter_begin = 1;

  std::string_view text() const { return inflated.empty() ? statement : std::string_view(inflated); }
};

QueryEvent ParseQuery(EventType type, std::string_view body, const FormatDescription& format);

// What a statement means to the flow of the log.
enum class Verb {
  kBegin,
  kCommit,
  kRollback,
  kSavepoint,
  kRollbackTo,
  kReleaseSavepoint,
  kXaStart,
  kXaEnd,
  kXaPrepare,
  kXaCommit,
  kXaRollback,
  kRows,   // changes rows by itself: the log is not in row format
  kOther,  // a schema statement, or one that concerns no data
};

struct StatementStart {
  Verb verb = Verb::kOther;
  std::string name;      // of the savepoint; of the XA transaction, as X'..',X'..',n in lower case without spaces
  std::string database;  // kRows: of the first table named, empty = the default one
  std::string words;     // the first two words, for messages that must not quote passwords
};

StatementStart ReadStatementStart(std::string_view statement);

// Statements that servers and hosting services write to tables of their own, whatever the format.
bool IsSystemDatabase(std::string_view database);

}  // namespace sluice::mysql::binlog
