#include "connectors/mysql/binlog/session.h"

#include <fmt/format.h>
#include <mysql.h>
#include <poll.h>

#include <charconv>
#include <random>

extern "C" {
#include <ma_pvio.h>
}

#include "base/error.h"
#include "base/stop.h"
#include "connectors/mysql/codes.h"

namespace sluice::mysql::binlog {
namespace {

constexpr int kRegisterReplica = 0x15;  // COM_REGISTER_SLAVE
constexpr int kBinlogDump = 0x12;       // COM_BINLOG_DUMP
constexpr int kBinlogDumpGtid = 0x1e;   // COM_BINLOG_DUMP_GTID, which MariaDB's library does not name

constexpr unsigned kFirstEventSeconds = 600;  // the server may have to look through long files for a GTID
constexpr unsigned kSilenceSeconds = 30;
constexpr const char* kHeartbeatNanos = "500000000";

void AppendInt(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

// High, so that it meets no server's own: those are small numbers or addresses.
uint32_t RandomServerId() {
  std::random_device device;
  return std::uniform_int_distribution<uint32_t>(0xf0000000u, 0xfffffffeu)(device);
}

std::string RandomUuid() {
  std::random_device device;
  const auto word = [&] { return static_cast<unsigned>(device()); };
  return fmt::format("{:08x}-{:04x}-4{:03x}-a{:03x}-{:08x}{:04x}", word(), word() & 0xffff, word() & 0xfff,
                     word() & 0xfff, word(), word() & 0xffff);
}

CollationNames ReadCollations(Connection& connection) {
  const bool many_sets = connection.is_mariadb() && connection.version() >= 101000;
  // From 10.10 on a collation of MariaDB may belong to several character sets, each pair with a number of its own.
  const char* sql = many_sets ? "SELECT ID, CHARACTER_SET_NAME, FULL_COLLATION_NAME FROM "
                                "information_schema.COLLATION_CHARACTER_SET_APPLICABILITY"
                              : "SELECT ID, CHARACTER_SET_NAME, COLLATION_NAME FROM information_schema.COLLATIONS";
  CollationNames names;
  for (const TextRow& row : connection.Query(sql, "collations")) {
    if (row.size() < 3 || !row[0] || !row[1] || !row[2]) continue;
    uint16_t id = 0;
    std::from_chars(row[0]->data(), row[0]->data() + row[0]->size(), id);
    names[id] = {*row[1], *row[2]};
  }
  return names;
}

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string OldestLog(const connector::Endpoint& endpoint, const connector::SessionContext& context) {
  try {
    Connection connection(endpoint, context);
    const TextRows rows = connection.Query("SHOW BINARY LOGS");
    return rows.empty() || rows[0].empty() ? "" : rows[0][0].value_or("");
  } catch (const Error&) {
    return "";  // only for the message
  }
}

std::string PurgedRemedy(bool is_mariadb) {
  return fmt::format(
      "What is missing cannot be had back: begin anew with --restart. Before that let the source keep its logs longer: "
      "SET GLOBAL {}; on Amazon RDS call mysql.rds_set_configuration('binlog retention hours', 168);",
      is_mariadb ? "expire_logs_days = 7" : "binlog_expire_logs_seconds = 604800");
}

}  // namespace

LogSession::LogSession(const connector::Endpoint& endpoint, const connector::SessionContext& context)
    : endpoint_(endpoint),
      context_(context),
      connection_(endpoint, context,
                  [] {
                    ConnectOptions options;
                    options.read_timeout_seconds = kFirstEventSeconds;
                    return options;
                  }()),
      server_id_(RandomServerId()) {
  server_.is_mariadb = connection_.is_mariadb();
  server_.has_gtids = HasGtids(connection_);
  server_.identity = ServerIdentity(connection_);
  server_.lower_case_names = connection_.QueryOne("SELECT @@GLOBAL.lower_case_table_names").value_or("0") == "1";
  server_.collations = ReadCollations(connection_);
}

void LogSession::PrepareMysql() {
  const bool new_words = connection_.version() >= 80026;
  connection_.Execute(fmt::format("SET @master_heartbeat_period={}", kHeartbeatNanos));
  connection_.Execute(fmt::format("SET @slave_uuid='{}'", RandomUuid()));
  if (!new_words) return;
  connection_.Execute(fmt::format("SET @source_heartbeat_period={}", kHeartbeatNanos));
  connection_.Execute("SET @replica_uuid=@slave_uuid");
}

void LogSession::PrepareMariadb(const LogPosition& start, bool by_gtid) {
  connection_.Execute(fmt::format("SET @master_heartbeat_period={}", kHeartbeatNanos));
  connection_.Execute("SET @mariadb_slave_capability=4");
  if (!by_gtid) return;
  connection_.Execute(fmt::format("SET @slave_connect_state={}", Literal(start.gtid)));
  connection_.Execute("SET @slave_gtid_strict_mode=1");
  connection_.Execute("SET @slave_gtid_ignore_duplicates=0");
}

void LogSession::Begin(const LogPosition& start, bool by_gtid) {
  start_ = start;
  // Servers from 5.6 and MariaDB 5.3 on take checksums off for readers that do not say they know them.
  const bool knows_checksums = connection_.is_mariadb() || connection_.version() >= 50601;
  if (knows_checksums) {
    connection_.Execute("SET @master_binlog_checksum=@@GLOBAL.binlog_checksum");
    connection_.Execute("SET @source_binlog_checksum=@@GLOBAL.binlog_checksum");
    server_.checksums = connection_.QueryOne("SELECT @master_binlog_checksum").value_or("NONE") == "CRC32";
  }
  // A schema statement may keep us from reading for hours.
  connection_.Execute("SET SESSION net_write_timeout=31536000");
  if (connection_.is_mariadb()) {
    PrepareMariadb(start, by_gtid);
  } else {
    PrepareMysql();
  }
  Register();
  std::string bytes;
  if (by_gtid && !connection_.is_mariadb()) {
    constexpr uint16_t kThroughGtid = 4;
    const MysqlGtidSet set = MysqlGtidSet::Parse(start.gtid).value_or(MysqlGtidSet());
    const std::string encoded = set.Encode();
    AppendInt(bytes, kThroughGtid, 2);
    AppendInt(bytes, server_id_, 4);
    AppendInt(bytes, 0, 4);  // no file name
    AppendInt(bytes, 4, 8);
    AppendInt(bytes, encoded.size(), 4);
    bytes += encoded;
    Command(kBinlogDumpGtid, bytes);
    return;
  }
  AppendInt(bytes, by_gtid ? 4 : start.offset, 4);
  AppendInt(bytes, 0, 2);
  AppendInt(bytes, server_id_, 4);
  if (!by_gtid) bytes += start.file;
  Command(kBinlogDump, bytes);
}

void LogSession::Register() {
  std::string bytes;
  AppendInt(bytes, server_id_, 4);
  constexpr std::string_view kHost = "sluice";
  AppendInt(bytes, kHost.size(), 1);
  bytes += kHost;
  AppendInt(bytes, 0, 1);  // user
  AppendInt(bytes, 0, 1);  // password
  AppendInt(bytes, 0, 2);  // port
  AppendInt(bytes, 0, 4);  // rank
  AppendInt(bytes, 0, 4);  // source's id
  MYSQL* const mysql = connection_.handle();
  if (mysql->methods->db_command(mysql, static_cast<enum_server_command>(kRegisterReplica), bytes.data(), bytes.size(),
                                 0, nullptr) != 0) {
    ThrowIfNotAllowed();
    connection_.ThrowLast("binary log", "registering as a replica");
  }
}

// Sends it without reading an answer: the answer is the log.
void LogSession::Command(int command, const std::string& bytes) {
  MYSQL* const mysql = connection_.handle();
  if (mysql->methods->db_command(mysql, static_cast<enum_server_command>(command), bytes.data(), bytes.size(), 1,
                                 nullptr) != 0) {
    connection_.ThrowLast("binary log", "asking for the log");
  }
}

bool LogSession::Idle() const {
  MYSQL* const mysql = const_cast<LogSession*>(this)->connection_.handle();
  if (mysql->net.pvio == nullptr) return true;
  if (!ReadAhead(mysql).empty()) return false;
  pollfd entry{static_cast<int>(mysql_get_socket(mysql)), POLLIN, 0};
  return ::poll(&entry, 1, 0) <= 0;
}

std::string_view LogSession::Read() {
  MYSQL* const mysql = connection_.handle();
  AwaitPacket();
  const unsigned long size = mysql_net_read_packet(mysql);
  if (size == static_cast<unsigned long>(packet_error)) ThrowRefusal();
  if (!check_.Follows(mysql, size)) ThrowPacketsMissing();
  if (first_read_) {
    first_read_ = false;
    MARIADB_PVIO* const pvio = mysql->net.pvio;
    if (pvio != nullptr) pvio->methods->set_timeout(pvio, PVIO_READ_TIMEOUT, static_cast<int>(kSilenceSeconds));
  }
  const std::string_view packet(reinterpret_cast<const char*>(mysql->net.read_pos), size);
  if (packet.empty() || (static_cast<uint8_t>(packet[0]) == 0xfe && packet.size() < 9)) {
    ThrowLost("The server ended the log: it is shutting down, or another reader came with the same server id.");
  }
  return packet.substr(1);
}

void LogSession::AwaitPacket() {
  const unsigned seconds = first_read_ ? kFirstEventSeconds : kSilenceSeconds;
  switch (check_.Await(connection_.handle(), static_cast<int>(seconds * 1000))) {
    case PacketCheck::Finding::kGood:
      return;
    case PacketCheck::Finding::kMissing:
      ThrowPacketsMissing();
    case PacketCheck::Finding::kSilence:
      ThrowLost(fmt::format("Nothing came for {} s, not even the signs of life that were asked for.", seconds),
                " If it comes back, look at the network between.");
  }
}

void LogSession::ThrowPacketsMissing() {
  ThrowLost("Packets of the connection are missing: something between relays them in part only.",
            " If it comes back, look at proxies and load balancers between.");
}

void LogSession::ThrowLost(const std::string& cause, const char* advice) {
  throw Error(kConnectionLost)
      .Object("binary log of server " + endpoint_.Address())
      .Cause(cause)
      .Remedy(std::string("Sluice connects again by itself.") + advice)
      .Retry(RetryClass::kReconnect)
      .Side(endpoint_.side);
}

// MySQL says "access denied" as if the password were wrong.
void LogSession::ThrowIfNotAllowed() {
  const int native = static_cast<int>(mysql_errno(connection_.handle()));
  if (native != 1045 && native != 1142 && native != 1227) return;
  throw Error(kMissingPrivilege)
      .Object(fmt::format("account {} at server {}", endpoint_.user, endpoint_.Address()))
      .Cause("It may not read the binary log.")
      .Remedy(fmt::format("GRANT {} ON *.* TO '{}'@'<host>';",
                          connection_.is_mariadb() && connection_.version() >= 100502
                              ? "REPLICATION SLAVE, BINLOG MONITOR"
                              : "REPLICATION SLAVE, REPLICATION CLIENT",
                          endpoint_.user))
      .Native(native, Redact(mysql_error(connection_.handle()), endpoint_.password))
      .Side(endpoint_.side);
}

void LogSession::ThrowRefusal() {
  ThrowIfStopped(context_.stop);
  ThrowIfNotAllowed();
  MYSQL* const mysql = connection_.handle();
  const int native = static_cast<int>(mysql_errno(mysql));
  const std::string message = Redact(mysql_error(mysql), endpoint_.password);
  const auto raise = [&](const ErrorCode& code, const std::string& cause, const std::string& remedy,
                         RetryClass retry = RetryClass::kNever) {
    throw Error(code)
        .Object(fmt::format("binary log of server {} at {}", endpoint_.Address(), FormatPosition(start_).json))
        .Cause(cause)
        .Remedy(remedy)
        .Native(native, message)
        .Retry(retry)
        .Side(endpoint_.side);
  };
  // 1236 is every refusal of the thread that sends the log; what it is, its text says.
  const bool gtid_gone =
      native == 1789 || native == 1945 || native == 1955 || Contains(message, "Could not find GTID state");
  if (gtid_gone || Contains(message, "purged") || Contains(message, "first log file name") ||
      Contains(message, "Could not open log file") || native == 1373) {
    const std::string oldest = OldestLog(endpoint_, context_);
    raise(kLogPurged,
          oldest.empty()
              ? "The server no longer has the log at this position."
              : fmt::format("The server no longer has the log at this position; its oldest file is {}.", oldest),
          PurgedRemedy(server_.is_mariadb));
  }
  if (Contains(message, "same server_uuid") || Contains(message, "same server_id") ||
      Contains(message, "same server_id/")) {
    raise(kConnectionLost, "Another reader came with the same server id.", "Sluice connects again with another one.",
          RetryClass::kReconnect);
  }
  const bool beyond = Contains(message, "position > file size") || Contains(message, "impossible position") ||
                      Contains(message, "more GTIDs than") || native == 1950 || native == 1951 ||
                      Contains(message, "not in the master's binlog") || Contains(message, "which is not in the");
  if (beyond) {
    raise(kHistoryDiverged,
          "The position is not in the server's log: the server was restored, lost the end of its log in a crash, or is "
          "another one than before.",
          "Begin anew with --restart. sync_binlog = 1 and innodb_flush_log_at_trx_commit = 1 at the source prevent it "
          "after a crash.");
  }
  if (native >= 2000 || native == 0) connection_.ThrowLast("binary log of server " + endpoint_.Address());
  if (native == 1236) {
    raise(kDumpRefused, "The server does not send its log from this position.",
          "See the server's own words. If the log is broken there, begin anew with --restart.");
  }
  connection_.ThrowLast("binary log of server " + endpoint_.Address());
}

}  // namespace sluice::mysql::binlog
