#include "connectors/mysql/statement_session.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/stop.h"
#include "connectors/mysql/codes.h"
#include "sql/token.h"

namespace sluice::mysql {
namespace {

constexpr std::string_view kSystemZone = "SYSTEM";

bool Mentions(const sql::Tokens& statement, std::string_view word) {
  return std::any_of(statement.begin(), statement.end(), [&](const sql::Token& token) { return token.Is(word); });
}

// "+05:45": what the system's zone was at that moment.
std::string OffsetAt(Connection& source, int64_t micros) {
  constexpr int64_t kMicrosPerSecond = 1'000'000;
  const OptionalText offset = source.QueryOne(
      fmt::format("SELECT TIME_FORMAT(TIMEDIFF(CONVERT_TZ(t, '+00:00', 'SYSTEM'), t), '%H:%i') FROM (SELECT "
                  "FROM_UNIXTIME({}) AS t) AS moment",
                  micros / kMicrosPerSecond));
  if (!offset) {
    throw Error(kUnsupported)
        .Object("server")
        .Cause(fmt::format("it does not say what its system's time zone was {} seconds after 1970 began",
                           micros / kMicrosPerSecond))
        .Remedy("Set time_zone at the source to a zone with a name, then begin anew with `sluice run --restart`.")
        .Side("source");
  }
  return (offset->starts_with('-') ? "" : "+") + *offset;
}

// Only where it is not so already: some versions want a right for it.
void SetIfOther(Connection& connection, const char* variable, int64_t wanted, const std::string& object) {
  const OptionalText now = connection.QueryOne(fmt::format("SELECT CAST(@@SESSION.{} AS SIGNED)", variable));
  if (now && *now == std::to_string(wanted)) return;
  connection.Execute(fmt::format("SET SESSION {} = {}", variable, wanted), object);
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
  const sql::Tokens tokens = sql::Tokenize(statement, {});
  if (session.explicit_timestamps && Mentions(tokens, "TIMESTAMP")) {
    SetIfOther(destination, "explicit_defaults_for_timestamp", *session.explicit_timestamps ? 1 : 0, object);
  }
  if (Mentions(tokens, "AUTO_INCREMENT")) {
    SetIfOther(destination, "auto_increment_increment", session.counter_step, object);
    SetIfOther(destination, "auto_increment_offset", session.counter_begin, object);
  }
}

void ResumeSession(Connection& destination) {
  destination.Execute("SET SESSION timestamp = DEFAULT, time_zone = '+00:00'");
}

}  // namespace sluice::mysql
