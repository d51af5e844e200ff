// What following changes needs of the source's binary log. Variables: MySQL 8.4 Reference Manual 19.1.6.4 "Binary
// Logging Options and Variables"; MariaDB documentation "Replication and Binary Log System Variables".
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "connectors/mysql/precheck.h"

namespace sluice::mysql {
namespace {

bool IsAmazon(const Precheck& check) {
  return check.Variable("basedir").starts_with("/rdsdbbin") || !check.Variable("aurora_version").empty();
}

std::set<std::string> SourceDatabases(const Precheck& check) {
  std::set<std::string> databases;
  for (const model::TablePtr& table : check.request().tables) databases.insert(table->name.database);
  return databases;
}

std::set<std::string> Split(const std::string& list) {
  std::set<std::string> parts;
  size_t begin = 0;
  while (begin <= list.size()) {
    const size_t end = std::min(list.find(',', begin), list.size());
    if (end > begin) parts.insert(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

void CheckBinaryLog(Precheck& check) {
  const bool amazon = IsAmazon(check);
  if (!check.On("log_bin")) {
    check.Fail("log_bin", "Binary log is on", "log_bin",
               "The source writes no binary log, so changes cannot be followed.",
               amazon ? "Set the instance's automated backup retention to 1 day or more: that turns the log on."
                      : "Put log_bin=mysql-bin and a server_id into the server's configuration under [mysqld] and "
                        "restart it.");
    return;
  }
  check.Pass("log_bin", "Binary log is on");
  const std::string format = check.Variable("binlog_format");
  if (format == "ROW" || format.empty()) {  // gone from the newest versions, which know only ROW
    check.Pass("binlog_format", "Binary log has row format");
  } else {
    check.Fail("binlog_format", "Binary log has row format", "binlog_format",
               fmt::format("It is {}: the log holds statements instead of rows.", format),
               amazon
                   ? "Set binlog_format=ROW in the instance's parameter group."
                   : "SET GLOBAL binlog_format = 'ROW'; and close the sessions that were open before it (put it into "
                     "the configuration too).");
  }
  const std::string image = check.Variable("binlog_row_image");
  if (image.empty() || image == "FULL" || image == "FULL_NODUP") {  // before 5.6 every image is full
    check.Pass("binlog_row_image", "Row images are complete");
  } else {
    check.Fail("binlog_row_image", "Row images are complete", "binlog_row_image",
               fmt::format("It is {}: unchanged columns are missing from the log.", image),
               amazon ? "Set binlog_row_image=full in the instance's parameter group."
                      : "SET GLOBAL binlog_row_image = 'FULL'; and close the sessions that were open before it (put it "
                        "into the configuration too).");
  }
  if (check.Number("server_id") == 0) {
    check.Fail("server_id", "Server has an id", "server_id", "It is 0: the server sends its log to nobody.",
               "SET GLOBAL server_id = 1; with a number that no other server of the replication has.");
  } else {
    check.Pass("server_id", "Server has an id");
  }
  const std::string options = check.Variable("binlog_row_value_options");
  if (!options.empty()) {
    check.Pass("partial_json", fmt::format("Partial JSON updates in the log ({}) are understood", options));
  }
}

void CheckLogRetention(Precheck& check) {
  constexpr uint64_t kHour = 3600;
  constexpr uint64_t kLeast = 24 * kHour;
  if (!check.On("log_bin")) return;
  if (IsAmazon(check)) {
    uint64_t hours = 0;
    for (const TextRow& row : check.connection().Query("CALL mysql.rds_show_configuration")) {
      if (row.size() < 2 || row[0] != "binlog retention hours" || !row[1]) continue;
      std::from_chars(row[1]->data(), row[1]->data() + row[1]->size(), hours);
    }
    if (hours * kHour >= kLeast) {
      check.Pass("log_retention", fmt::format("Logs are kept for {} hours", hours));
    } else {
      check.Warn("log_retention", "Logs are kept long enough", "binlog retention hours",
                 fmt::format("Logs are kept for {} hours; a longer break could not be made good.", hours),
                 "CALL mysql.rds_set_configuration('binlog retention hours', 24);");
    }
    return;
  }
  uint64_t seconds = check.Number("binlog_expire_logs_seconds");
  if (seconds == 0) {
    double days = 0;
    const std::string text = check.Variable("expire_logs_days");
    std::from_chars(text.data(), text.data() + text.size(), days);
    seconds = static_cast<uint64_t>(days * 24 * kHour);
  }
  const std::string auto_purge = check.Variable("binlog_expire_logs_auto_purge");
  if (seconds == 0 || auto_purge == "OFF") {
    check.Pass("log_retention", "Logs are never removed by themselves");
  } else if (seconds >= kLeast) {
    check.Pass("log_retention", fmt::format("Logs are kept for {} hours", seconds / kHour));
  } else {
    const bool by_seconds = !check.Variable("binlog_expire_logs_seconds").empty();
    check.Warn("log_retention", "Logs are kept long enough", "binlog_expire_logs_seconds",
               fmt::format("Logs are removed after {} minutes; a longer break could not be made good.", seconds / 60),
               by_seconds ? "SET GLOBAL binlog_expire_logs_seconds = 259200;" : "SET GLOBAL expire_logs_days = 3;");
  }
  const uint64_t space = check.Number("max_binlog_total_size");  // MariaDB 11.4
  if (space != 0 && space < check.request().source_bytes) {
    check.Warn("log_space", "Logs may grow as large as the data", "max_binlog_total_size",
               fmt::format("Old logs are removed above {}.", Bytes(space)), "SET GLOBAL max_binlog_total_size = 0;");
  }
}

void CheckLogFilters(Precheck& check) {
  if (!check.On("log_bin")) return;
  const TextRows status = check.connection().Query(!check.mariadb() && check.AtLeast(80200) ? "SHOW BINARY LOG STATUS"
                                                                                            : "SHOW MASTER STATUS");
  if (!status.empty() && status[0].size() >= 4) {
    const std::set<std::string> only = Split(status[0][2].value_or(""));
    const std::set<std::string> ignored = Split(status[0][3].value_or(""));
    std::vector<std::string> hidden;
    for (const std::string& database : SourceDatabases(check)) {
      if ((!only.empty() && !only.contains(database)) || ignored.contains(database)) hidden.push_back(database);
    }
    if (hidden.empty()) {
      check.Pass("log_filters", "No selected database is left out of the log");
    } else {
      check.Fail("log_filters", "No selected database is left out of the log", "database " + Listed(hidden),
                 "binlog_do_db or binlog_ignore_db leaves it out of the binary log.",
                 "Remove binlog_do_db and binlog_ignore_db from the server's configuration and restart it.");
    }
  }
  const std::string updates = check.Variable("log_replica_updates").empty() ? check.Variable("log_slave_updates")
                                                                            : check.Variable("log_replica_updates");
  if (updates != "OFF") return;
  // Only a replica has something to lose by it; without the right to ask, the operator has to know.
  TextRows replica;
  const bool asked = check.Allowed("DO 1") && [&] {
    try {
      replica = check.connection().Query(!check.mariadb() && check.AtLeast(80022) ? "SHOW REPLICA STATUS"
                                                                                  : "SHOW SLAVE STATUS");
      return true;
    } catch (const Error&) {
      return false;
    }
  }();
  if (!asked || replica.empty()) return;
  check.Fail(
      "log_replica_updates", "A replica logs what it applies", "log_replica_updates",
      "The source is a replica that keeps what it applies out of its own log.",
      "Put log_replica_updates=ON (before MySQL 8.0.26 and on MariaDB: log_slave_updates) into its configuration "
      "and restart it, or take its primary as the source.");
}

void CheckCut(Precheck& check) {
  if (!check.types().full) return;
  if (check.grants().Global("RELOAD") || (!check.mariadb() && check.grants().Global("FLUSH_TABLES"))) {
    check.Pass("cut", "The copy and the changes can meet at an exact point");
    return;
  }
  if (check.mariadb()) {
    check.Pass("cut", "The copy and the changes meet at the snapshot's own log position");
    return;
  }
  const std::string grant =
      fmt::format("GRANT {} ON *.* TO {};", check.AtLeast(80023) ? "FLUSH_TABLES" : "RELOAD", check.account());
  if (check.Variable("gtid_mode") == "ON") {
    check.Pass("cut", "The copy and the changes meet by GTIDs, without a lock");
    return;
  }
  check.Warn("cut", "The copy and the changes can meet at an exact point", "gtid_mode",
             "The account may not run FLUSH TABLES WITH READ LOCK, and the server has no GTIDs: the cut takes some "
             "seconds of waiting, and changes around it are applied so that either order comes out right.",
             grant +
                 " Or switch GTIDs on, step by step: SET GLOBAL enforce_gtid_consistency = ON; SET GLOBAL gtid_mode = "
                 "OFF_PERMISSIVE; SET GLOBAL gtid_mode = ON_PERMISSIVE; SET GLOBAL gtid_mode = ON;");
}

}  // namespace sluice::mysql
