// The events that begin a group of the log: MySQL's GTID events (plain, anonymous, tagged) and MariaDB's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "connectors/mysql/binlog/event.h"
#include "connectors/mysql/binlog/gtid_set.h"

namespace sluice::mysql::binlog {

struct GtidEvent {
  // MySQL
  std::string source;  // "uuid" or "uuid:tag"; empty: anonymous, or MariaDB
  uint64_t number = 0;
  uint64_t last_committed = 0;
  uint64_t sequence_number = 0;
  int64_t committed_micros = 0;  // on the server that sends the log; 0 = not said
  // MariaDB
  bool is_mariadb = false;
  MariadbGtid mariadb;
  uint64_t commit_id = 0;
  bool standalone = false;   // one statement, no commit after it
  bool prepared_xa = false;  // ends with an XA prepare
  bool alter_start = false;  // ALTER TABLE announced ahead (binlog_alter_two_phase)
  bool alter_rollback = false;

  std::string Text() const;  // empty when anonymous
};

// `body` follows the header and ends before the checksum.
GtidEvent ParseMysqlGtid(EventType type, std::string_view body);
GtidEvent ParseTaggedGtid(std::string_view body);
GtidEvent ParseMariadbGtid(const EventHeader& header, std::string_view body);

}  // namespace sluice::mysql::binlog
