// What concerns a server as a whole: version, clock, load, open transactions, settings, space.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "base/stop.h"
#include "base/time.h"
#include "connectors/mysql/codes.h"
#include "connectors/mysql/flavour.h"
#include "connectors/mysql/open_transactions.h"
#include "connectors/mysql/precheck.h"

namespace sluice::mysql {
namespace {

std::string VersionText(uint32_t version) {
  return fmt::format("{}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

// The source's modes but for those that the destination does not know.
std::string TranslatedMode(Precheck& check, const std::string& mode) {
  const Capabilities capabilities = ReadCapabilities(check.connection());
  return Flavour(check.request().source, capabilities).SqlMode(mode);
}

constexpr const char* kXaTitle = "No prepared XA transaction is waiting";

void ReportPrepared(Precheck& check, const std::set<std::string>& names) {
  std::string remedy;
  for (const std::string& name : names) {
    remedy += fmt::format("{}XA COMMIT {}; or XA ROLLBACK {};", remedy.empty() ? "" : " ", name, name);
  }
  const std::string object = Listed(std::vector<std::string>(names.begin(), names.end()));
  // What a task that goes on reads of the log begins before them, as it was checked when the task was new.
  if (!check.types().incremental || check.request().resuming) {
    check.Warn("xa", kXaTitle, object, "Their rows are locked, and not in the snapshot until they are committed.",
               remedy);
    return;
  }
  check.Fail("xa", kXaTitle, object,
             "Their rows are in the log before the place that changes are followed from, and not in the copy: when one "
             "of them is committed its rows would be missing.",
             remedy);
}

void CheckPreparedTransactions(Precheck& check) {
  // Applications with XA have some for a moment all the time: only those that stay count.
  constexpr int kLooks = 3;
  constexpr milliseconds kPause{700};
  try {
    std::set<std::string> staying = PreparedNow(check.connection());
    for (int look = 1; look < kLooks && !staying.empty(); ++look) {
      if (!SleepFor(check.connection().stop(), kPause)) throw Error(kStopped);
      const std::set<std::string> now = PreparedNow(check.connection());
      std::erase_if(staying, [&now](const std::string& name) { return !now.contains(name); });
    }
    if (staying.empty()) {
      check.Pass("xa", kXaTitle);
    } else {
      ReportPrepared(check, staying);
    }
  } catch (const Error& error) {
    if (error.info().retry == RetryClass::kReconnect || error.info().code == kStopped.id) throw;
    // MySQL 8 wants XA_RECOVER_ADMIN for it: not worth a privilege.
    check.Pass("xa",
               "Prepared XA transactions are not looked for, since the account lacks XA_RECOVER_ADMIN: where the "
               "application uses XA, ask XA RECOVER; at the source before the start");
  }
}

}  // namespace

void CheckVersion(Precheck& check) {
  const uint32_t least = check.mariadb() ? 100300 : 50100;
  const std::string& text = check.connection().version_text();
  if (check.AtLeast(least)) {
    check.Pass("version", fmt::format("Version {} is supported", text));
  } else {
    check.Fail("version", "The server's version is supported", text,
               fmt::format("{} before {} is not supported.", check.mariadb() ? "MariaDB" : "MySQL", VersionText(least)),
               "Upgrade the server.");
  }
}

void CheckVersionsAcross(Precheck& check) {
  const connector::ServerInfo& source = check.request().source;
  const uint32_t own = check.connection().version();
  if (source.engine != "mysql") {
    check.Pass("versions_across",
               fmt::format("From {} {} to {} {}: types are translated or named", source.engine, source.version_text,
                           check.mariadb() ? "mariadb" : "mysql", VersionText(own)));
    return;
  }
  const bool same = (source.flavour == "mariadb") == check.mariadb();
  if (same && source.version / 100 > own / 100) {
    check.Warn("versions_across", "The destination is not older than the source", "",
               fmt::format("The source is {} and the destination {}: what the older one does not know (types, "
                           "collations, functions in defaults and views) is refused object by object.",
                           VersionText(source.version), VersionText(own)),
               "Test with S alone first, or take a destination of the source's version.");
  } else if (!same) {
    check.Pass("versions_across",
               fmt::format("From {} {} to {} {}: differences are translated or named", source.flavour,
                           VersionText(source.version), check.mariadb() ? "mariadb" : "mysql", VersionText(own)));
  } else {
    check.Pass("versions_across", "The destination is not older than the source");
  }
}

void CheckClock(Precheck& check) {
  const int64_t before = NowMicros();
  const OptionalText answer =
      check.connection().QueryOne("SELECT CAST(UNIX_TIMESTAMP(UTC_TIMESTAMP(6)) * 1000000 AS SIGNED)");
  const int64_t after = NowMicros();
  int64_t server = 0;
  if (answer) std::from_chars(answer->data(), answer->data() + answer->size(), server);
  const int64_t here = before + (after - before) / 2;
  const double seconds = static_cast<double>(server - here) / 1e6;
  if (std::abs(seconds) <= 5) {
    check.Pass("clock", "The server's clock agrees with this machine's");
    return;
  }
  check.Warn("clock", "The server's clock agrees with this machine's", "",
             fmt::format("It is {:.1f} s {}: the delay that is shown will be wrong by that much.", std::abs(seconds),
                         seconds > 0 ? "ahead" : "behind"),
             "Let both machines follow a time server (NTP).");
}

void CheckLoad(Precheck& check) {
  const uint64_t running = ToNumber(check.connection().Query("SHOW GLOBAL STATUS LIKE 'Threads_running'").at(0).at(1));
  constexpr uint64_t kBusy = 30;
  if (running < kBusy) {
    check.Pass("load", fmt::format("{} threads are running on the server", running));
  } else {
    check.Warn("load", "The server is not busy", "", fmt::format("{} threads are running at this moment.", running),
               "Migrate off-peak, or lower `limits.readers` and `limits.writers`.");
  }
  const uint64_t most = check.Number("max_connections");
  const uint64_t used = ToNumber(check.connection().Query("SHOW GLOBAL STATUS LIKE 'Threads_connected'").at(0).at(1));
  constexpr uint64_t kWanted = 12;
  if (most != 0 && used + kWanted > most) {
    check.Warn("connections", "The server has connections left", "max_connections",
               fmt::format("{} of {} are in use.", used, most),
               fmt::format("SET GLOBAL max_connections = {};", most + 50));
  }
}

void CheckOpenTransactions(Precheck& check) {
  TextRows rows;
  try {
    rows = check.connection().Query(
        "SELECT trx_mysql_thread_id, TIMESTAMPDIFF(SECOND, trx_started, NOW()) FROM "
        "information_schema.INNODB_TRX "
        "WHERE trx_started < NOW() - INTERVAL 5 MINUTE ORDER BY 2 DESC LIMIT 5");
  } catch (const Error& error) {
    // Without PROCESS a server shows the account's own sessions only: not worth a privilege.
    if (error.info().code != kMissingPrivilege.id) throw;
    check.Pass("open_transactions", "Long transactions cannot be looked for without PROCESS");
    CheckPreparedTransactions(check);
    return;
  }
  if (rows.empty()) {
    check.Pass("open_transactions", "No transaction has been open for long");
  } else {
    std::vector<std::string> sessions;
    for (const TextRow& row : rows) {
      sessions.push_back(fmt::format("session {} for {} s", row[0].value_or("?"), row[1].value_or("?")));
    }
    check.Warn("open_transactions", "No transaction has been open for long", Listed(sessions),
               "A long statement makes the lock for the exact cut wait, and everybody who writes "
               "behind it.",
               fmt::format("Wait for its end, or: KILL {};", rows[0][0].value_or("?")));
  }
  CheckPreparedTransactions(check);
}

void CheckSettings(Precheck& check) {
  const auto& source = check.request().source.settings;
  const auto differs = [&](const char* name, const char* title, const std::string& why, const std::string& remedy) {
    const auto found = source.find(name);
    if (found == source.end() || found->second.empty() || check.Variable(name).empty()) return;
    if (found->second == check.Variable(name)) {
      check.Pass(name, title);
      return;
    }
    check.Warn(name, title, name,
               fmt::format("Source: '{}', destination: '{}'. {}", found->second, check.Variable(name), why), remedy);
  };
  const auto wanted = [&](const char* name) {
    const auto found = source.find(name);
    return found == source.end() ? std::string() : found->second;
  };
  const std::string mode = TranslatedMode(check, wanted("sql_mode"));
  if (mode == check.Variable("sql_mode")) {
    check.Pass("sql_mode", "Both servers have the same sql_mode");
  } else {
    differs("sql_mode", "Both servers have the same sql_mode",
            "The migration itself does not depend on it; the application may.",
            fmt::format("SET GLOBAL sql_mode = {};", Literal(mode)));
  }
  differs("time_zone", "Both servers have the same time zone",
          "TIMESTAMP values are carried in UTC; NOW() will differ.",
          fmt::format("SET GLOBAL time_zone = {};", Literal(wanted("time_zone"))));
  if (check.Variable("time_zone") == "SYSTEM") {
    differs("system_time_zone", "Both machines have the same time zone",
            "TIMESTAMP values are carried in UTC; NOW() will differ.",
            "Set the machine's time zone, or time_zone on both servers.");
  }
  differs("lower_case_table_names", "Both servers treat letters of table names alike",
          "Statements of the application may then miss tables.",
          "It can only be set when the destination's data directory is made.");
  differs("character_set_server", "Both servers have the same default character set",
          "Tables are carried with their own; only new databases are made with the default.",
          fmt::format("SET GLOBAL character_set_server = {};", wanted("character_set_server")));
}

void CheckSpace(Precheck& check) {
  const uint64_t needed = check.request().source_bytes + check.request().source_bytes / 2;
  TextRows disks;
  try {
    // MariaDB's DISKS plugin (needs FILE); blocks of 1024 bytes.
    if (check.mariadb()) {
      disks = check.connection().Query(
          "SELECT Available, Path FROM information_schema.DISKS WHERE LOCATE(Path, @@datadir) = 1 "
          "ORDER BY "
          "LENGTH(Path) DESC LIMIT 1");
    }
  } catch (const Error& error) {
    if (error.info().retry == RetryClass::kReconnect) throw;
  }
  if (disks.empty()) {
    check.Pass("space", fmt::format("About {} of free space are needed (the server cannot tell how much it has)",
                                    Bytes(needed)));
    return;
  }
  const uint64_t available = ToNumber(disks[0][0]) * 1024;
  if (available >= needed) {
    check.Pass("space", fmt::format("{} are free, about {} are needed", Bytes(available), Bytes(needed)));
  } else {
    check.Fail("space", "The destination has enough space", disks[0][1].value_or(""),
               fmt::format("{} are free; about {} are needed (data, indexes, and the destination's own log).",
                           Bytes(available), Bytes(needed)),
               "Free space on this volume or enlarge it.");
  }
}

}  // namespace sluice::mysql
