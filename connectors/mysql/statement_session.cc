#include "connectors/mysql/statement_session.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/stop.h"
#include "base/time.h"
#include "connectors/mysql/codes.h"
#include "sql/token.h"

namespace sluice::mysql {
namespace {

constexpr std::string_view kSystemZone = "SYSTEM";

bool Mentions(std::string_view statement, std::string_view word) {
  return sql::ToLower(statement).find(word) != std::string::npos;
}

// "+05:45": what the system's zone was at that moment.
std::string OffsetAt(Connection& source, int64_t micros) {
  constexpr int64_t kMicrosPerSecond = 1'000'000;
  const OptionalText offset = source.QueryOne(
      fmt::format("SELECT TIME_FORMAT(TIMEDIFF(CONVERT_TZ(t, '+00:00', 'SYSTEM'), t), '%H:%i') FROM (SELECT "
                  "FROM_UNIXTIME({}) AS t) AS moment",
                  micros / kMicrosPerSecond));
  if (!offset) return "";
  return (offset->starts_with('-') ? "" : "+") + *offset;
}

// Only where it is not so already: the right to set it may be missing.
void SetIfOther(Connection& connection, const char* variable, int64_t wanted, const std::string& object) {
  const OptionalText now = connection.QueryOne(fmt::format("SELECT CAST(@@SESSION.{} AS SIGNED)", variable));
  if (now && *now == std::to_string(wanted)) return;
  try {
    connection.Execute(fmt::format("SET SESSION {} = {}", variable, wanted), object);
  } catch (const Error& error) {
    if (error.info().code != kMissingPrivilege.id) throw;
    throw Error(kMissingPrivilege)
        .Object(object)
        .Cause(
            fmt::format("the source ran a statement with {} = {}, and this account may not set it", variable, wanted))
        .Remedy(fmt::format("GRANT SESSION_VARIABLES_ADMIN ON *.* TO the account, or SET GLOBAL {} = {};", variable,
                            wanted))
        .Native(error.info().native_code, error.info().native_message)
        .Side(error.info().side);
  }
}

void SetZone(Connection& connection, const model::StatementSession& session, const std::string& object) {
  const std::string& zone = session.utc_offset.empty() ? session.time_zone : session.utc_offset;
  if (zone.empty() || zone == kSystemZone) return;
  try {
    connection.Execute("SET SESSION time_zone = " + Literal(zone), object);
  } catch (const Error& error) {
    if (error.info().retry != RetryClass::kNever || error.info().code == kStopped.id) throw;
    throw Error(kUnsupported)
        .Object(object)
        .Cause(fmt::format("the source ran a statement in the time zone {}, which the destination does not know", zone))
        .Remedy(
            "Load the time zones at the destination: mysql_tzinfo_to_sql /usr/share/zoneinfo | mysql mysql (MariaDB: "
            "mariadb-tzinfo-to-sql).")
        .Native(error.info().native_code, error.info().native_message)
        .Side(error.info().side);
  }
}

}  // namespace

bool IsIncomplete(const model::StatementSession& session) {
  return !session.explicit_timestamps || (session.time_zone == kSystemZone && session.utc_offset.empty());
}

void CompleteSession(Connection& source, model::StatementSession& session) {
  if (!session.explicit_timestamps) {
    session.explicit_timestamps =
        source.QueryOne("SELECT @@GLOBAL.explicit_defaults_for_timestamp").value_or("0") != "0";
  }
  if (session.time_zone == kSystemZone) session.utc_offset = OffsetAt(source, session.began_micros);
}

void AssumeSession(Connection& destination, const model::StatementSession& session, std::string_view statement,
                   const std::string& object) {
  if (session.began_micros != 0) {
    constexpr int64_t kMicrosPerSecond = 1'000'000;
    destination.Execute(fmt::format("SET SESSION timestamp = {}.{:06}", session.began_micros / kMicrosPerSecond,
                                    session.began_micros % kMicrosPerSecond),
                        object);
  }
  SetZone(destination, session, object);
  if (session.explicit_timestamps && Mentions(statement, "timestamp")) {
    SetIfOther(destination, "explicit_defaults_for_timestamp", *session.explicit_timestamps ? 1 : 0, object);
  }
  if (Mentions(statement, "auto_increment")) {
    SetIfOther(destination, "auto_increment_increment", session.counter_step, object);
    SetIfOther(destination, "auto_increment_offset", session.counter_begin, object);
  }
}

// The last three stay: they are set again where they matter, and need rights.
void ResumeSession(Connection& destination) {
  destination.Execute("SET SESSION timestamp = DEFAULT, time_zone = '+00:00'");
}

}  // namespace sluice::mysql
