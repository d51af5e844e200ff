// Places in the binary log. As JSON in model::Position: {"file":"binlog.000003","offset":4711,"gtid":"0-1-100",
// "server":"..."}. What is unknown is left out. Three more fields serve restarts inside a group of the log:
// "step": how many of the transactions that the group at this place was split into are done (a CREATE TABLE ... SELECT
// gives two); "rewind": a place before this one where reading has to begin, because a prepared (XA) transaction that
// is still open stands there.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "connector/endpoint.h"
#include "connectors/mysql/connection.h"
#include "model/position.h"

namespace sluice::mysql {

struct LogPosition {
  std::string file;     // empty: known by its GTID set only
  uint64_t offset = 0;  // of the next event
  std::string gtid;     // MySQL: executed set; MariaDB: last GTID per domain; empty: the server has none
  std::string server;   // ServerIdentity() of the server whose files are meant
  uint32_t step = 0;
  std::shared_ptr<const LogPosition> rewind;

  bool empty() const { return file.empty() && gtid.empty(); }
};

Result<LogPosition> ParsePosition(const model::Position& position);
model::Position FormatPosition(const LogPosition& position);

// Tells a server from its replicas and from others: server_uuid, or server_id@hostname:port on MariaDB.
std::string ServerIdentity(Connection& connection);

// Where the server's log ends. Exact while nothing is written (FLUSH TABLES WITH READ LOCK); otherwise `gtid` may lie
// before `file` and `offset`, never after. Throws kBinaryLogOff.
LogPosition ReadLogPosition(Connection& connection);

// Whether the server gives its transactions GTIDs (always on MariaDB from 10.0; MySQL: gtid_mode=ON).
bool HasGtids(Connection& connection);

// Compares numbers at the end of file names as numbers: binlog.999999 is before binlog.1000000.
int CompareFiles(const std::string& a, const std::string& b);

}  // namespace sluice::mysql
