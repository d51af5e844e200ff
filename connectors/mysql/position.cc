#include "connectors/mysql/position.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "connectors/mysql/binlog/gtid_set.h"
#include "connectors/mysql/codes.h"
#include "connectors/mysql/sessions.h"

namespace sluice::mysql {
namespace {

constexpr const char* kEngine = "mysql";

// How often the position is read again when the log moved on between two of its parts.
constexpr int kReadTries = 3;

void AppendString(std::string& out, const char* name, const std::string& text) {
  if (text.empty()) return;
  if (out.back() != '{') out += ',';
  out += '"';
  out += name;
  out += "\":\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

// By hand: this runs once for every transaction of the log.
void AppendJson(std::string& out, const LogPosition& position) {
  out += '{';
  AppendString(out, "file", position.file);
  if (!position.file.empty()) {
    out += ",\"offset\":";
    out += std::to_string(position.offset);
  }
  AppendString(out, "gtid", position.gtid);
  AppendString(out, "server", position.server);
  if (position.step != 0) out += fmt::format(",\"step\":{}", position.step);
  if (position.rewind != nullptr) {
    out += ",\"rewind\":";
    AppendJson(out, *position.rewind);
  }
  out += '}';
}

LogPosition FromJson(const nlohmann::json& json, int depth) {
  LogPosition position;
  position.file = json.value("file", std::string());
  position.offset = json.value("offset", uint64_t{0});
  position.gtid = json.value("gtid", std::string());
  position.server = json.value("server", std::string());
  position.step = json.value("step", uint32_t{0});
  if (depth == 0 && json.contains("rewind")) {
    position.rewind = std::make_shared<LogPosition>(FromJson(json.at("rewind"), depth + 1));
  }
  return position;
}

Error BadPosition(const model::Position& position, const std::string& cause) {
  return Error(kBadPosition)
      .Object(fmt::format("position {} of engine {}", position.json, position.engine))
      .Cause(cause)
      .Remedy("Begin anew with --restart, or give the position of the source's log as the status command prints it.");
}

std::string BinlogStatusStatement(const Connection& connection) {
  if (!connection.is_mariadb() && connection.version() >= 80200) return "SHOW BINARY LOG STATUS";
  return "SHOW MASTER STATUS";
}

// The GTIDs in the log; empty when the server has none.
std::string ReadGtids(Connection& connection) {
  if (!HasGtids(connection)) return "";
  const char* variable = connection.is_mariadb() ? "SELECT @@GLOBAL.gtid_binlog_pos" : "SELECT @@GLOBAL.gtid_executed";
  std::string text = connection.QueryOne(variable).value_or("");
  std::erase(text, '\n');  // the server breaks long sets into lines
  return text;
}

// Nothing when they cannot be compared.
std::optional<bool> GtidsReached(const std::string& applied, const std::string& wanted) {
  if (applied.empty() || wanted.empty()) return std::nullopt;
  const auto mariadb_applied = MariadbGtidPosition::Parse(applied);
  const auto mariadb_wanted = MariadbGtidPosition::Parse(wanted);
  if (mariadb_applied && mariadb_wanted) return mariadb_applied->Reached(*mariadb_wanted);
  const auto mysql_applied = MysqlGtidSet::Parse(applied);
  const auto mysql_wanted = MysqlGtidSet::Parse(wanted);
  if (mysql_applied && mysql_wanted) return mysql_applied->Contains(*mysql_wanted);
  return std::nullopt;
}

}  // namespace

Result<LogPosition> ParsePosition(const model::Position& position) {
  if (position.empty()) return BadPosition(position, "It is empty.").info();
  if (position.engine != kEngine) return BadPosition(position, "It belongs to another engine.").info();
  const nlohmann::json json = nlohmann::json::parse(position.json, nullptr, false);
  if (!json.is_object()) return BadPosition(position, "It is not a JSON object.").info();
  try {
    LogPosition out = FromJson(json, 0);
    if (out.empty()) return BadPosition(position, "It names neither a file nor GTIDs.").info();
    return out;
  } catch (const nlohmann::json::exception& error) {
    return BadPosition(position, error.what()).info();
  }
}

model::Position FormatPosition(const LogPosition& position) {
  model::Position out{kEngine, {}};
  out.json.reserve(96 + position.gtid.size() + position.server.size() + position.file.size());
  AppendJson(out.json, position);
  return out;
}

std::string ServerIdentity(Connection& connection) {
  if (connection.is_mariadb()) {
    return connection.QueryOne("SELECT CONCAT(@@GLOBAL.server_id, '@', @@GLOBAL.hostname, ':', @@GLOBAL.port)")
        .value_or("");
  }
  if (connection.version() >= 50600) return connection.QueryOne("SELECT @@GLOBAL.server_uuid").value_or("");
  return connection.QueryOne("SELECT CONCAT(@@GLOBAL.server_id, '@', @@GLOBAL.hostname, ':', @@GLOBAL.port)")
      .value_or("");
}

bool HasGtids(Connection& connection) {
  if (connection.is_mariadb()) return connection.version() >= 100002;
  if (connection.version() < 50605) return false;
  return connection.QueryOne("SELECT @@GLOBAL.gtid_mode").value_or("OFF") == "ON";
}

LogPosition ReadLogPosition(Connection& connection) {
  LogPosition position;
  position.server = ServerIdentity(connection);
  std::string before = ReadGtids(connection);
  for (int i = 0; i < kReadTries; ++i) {
    const TextRows rows = connection.Query(BinlogStatusStatement(connection), "binary log");
    if (rows.empty() || rows[0].size() < 2 || !rows[0][0] || rows[0][0]->empty()) {
      throw Error(kBinaryLogOff)
          .Object("server " + connection.endpoint().Address())
          .Cause("The server says that it writes no binary log.")
          .Remedy("Set log_bin, server_id and binlog_format=ROW in the server's configuration and start it again.")
          .Side(connection.endpoint().side);
    }
    position.file = *rows[0][0];
    const std::string offset = rows[0][1].value_or("0");
    std::from_chars(offset.data(), offset.data() + offset.size(), position.offset);
    position.gtid = before;
    if (!connection.is_mariadb() && rows[0].size() >= 5 && HasGtids(connection)) {
      // One answer for both: no need to compare.
      position.gtid = rows[0][4].value_or("");
      std::erase(position.gtid, '\n');
      return position;
    }
    std::string after = ReadGtids(connection);
    if (after == before) break;
    before = std::move(after);
  }
  return position;
}

int CompareFiles(const std::string& a, const std::string& b) {
  const auto number = [](const std::string& name) {
    const size_t dot = name.rfind('.');
    uint64_t value = 0;
    if (dot != std::string::npos) std::from_chars(name.data() + dot + 1, name.data() + name.size(), value);
    return value;
  };
  const uint64_t x = number(a);
  const uint64_t y = number(b);
  return x < y ? -1 : (x > y ? 1 : 0);
}

model::Position ReadCurrentPosition(const connector::Endpoint& endpoint, const connector::SessionContext& context) {
  Connection connection(endpoint, context);
  return FormatPosition(ReadLogPosition(connection));
}

bool PositionReached(const model::Position& applied, const model::Position& wanted) {
  const LogPosition a = ParsePosition(applied).ValueOrThrow();
  const LogPosition w = ParsePosition(wanted).ValueOrThrow();
  // Every transaction of a set that is contained has been passed, wherever it stands; this also holds over a change of
  // primary, and when only the log's file changed. On one server the files tell too.
  const std::optional<bool> by_gtid = GtidsReached(a.gtid, w.gtid);
  if (by_gtid.value_or(false)) return a.step >= w.step || a.gtid != w.gtid;
  const bool same_server = a.server == w.server || a.server.empty() || w.server.empty();
  if (same_server && !a.file.empty() && !w.file.empty()) {
    const int files = CompareFiles(a.file, w.file);
    if (files != 0) return files > 0;
    if (a.offset != w.offset) return a.offset > w.offset;
    return a.step >= w.step;
  }
  if (by_gtid) return false;
  throw Error(kOtherServer)
      .Object(fmt::format("positions {} and {}", applied.json, wanted.json))
      .Cause("They are of different servers, and without GTIDs they cannot be compared.")
      .Remedy("Connect to the server that the task began with, switch GTIDs on, or begin anew with --restart.");
}

}  // namespace sluice::mysql
