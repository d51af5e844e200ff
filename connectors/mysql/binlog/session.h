// The connection over which a server sends its log: registers as a replica and reads raw events. libmariadb carries the
// packets; nothing of them is interpreted by it. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "connectors/mysql/binlog/decoder.h"
#include "connectors/mysql/binlog/packet_check.h"
#include "connectors/mysql/connection.h"
#include "connectors/mysql/position.h"

namespace sluice::mysql::binlog {

// What has to be known of a server before its log is read.
struct LogServer {
  bool is_mariadb = false;
  bool has_gtids = false;
  bool checksums = false;
  bool lower_case_names = false;
  std::string identity;
  CollationNames collations;
};

class LogSession {
 public:
  LogSession(const connector::Endpoint& endpoint, const connector::SessionContext& context);

  const LogServer& server() const { return server_; }
  Connection& connection() { return connection_; }

  // Asks for the log: by GTID for everything that is not in `start.gtid`, else from file and offset (at most 2^32).
  void Begin(const LogPosition& start, bool by_gtid);

  // Whether nothing has arrived that was not read yet. May say so too early when the connection is encrypted.
  bool Idle() const;
  // The next event, with its header, valid until the next call. Blocks; ends by the stop token (kStopped), by silence
  // of 30 s (the server is asked for a heartbeat every half second; kReconnect), by missing packets (kReconnect), or by
  // what the server says.
  std::string_view Read();

 private:
  void PrepareMysql();
  void PrepareMariadb(const LogPosition& start, bool by_gtid);
  void Register();
  void Command(int command, const std::string& bytes);
  void AwaitPacket();
  [[noreturn]] void ThrowPacketsMissing();
  [[noreturn]] void ThrowLost(const std::string& cause, const char* advice = "");
  void ThrowIfNotAllowed();
  [[noreturn]] void ThrowRefusal();

  connector::Endpoint endpoint_;
  connector::SessionContext context_;
  Connection connection_;
  LogServer server_;
  uint32_t server_id_ = 0;
  LogPosition start_;
  PacketCheck check_;
  bool first_read_ = true;
};

}  // namespace sluice::mysql::binlog
