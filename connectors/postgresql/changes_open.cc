#include "connectors/postgresql/changes_open.h"

#include <fmt/format.h>

#include "base/log.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/slot.h"

namespace sluice::postgresql {
namespace {

constexpr const char* kBeginAnew = "Changes are lost to the task: begin anew with `sluice run --restart`.";

// wal_status came with 13, two_phase with 14, why a slot was given up with 17; conflicting with 16.
std::string Question(uint32_t version, const std::string& slot) {
  return fmt::format(
      "SELECT plugin, slot_type, database = current_database(), restart_lsn, {}, {}, {}, {} "
      "FROM pg_replication_slots WHERE slot_name = {}",
      version >= 90600 ? "confirmed_flush_lsn" : "NULL", version >= 130000 ? "wal_status" : "NULL",
      version >= 170000   ? "invalidation_reason"
      : version >= 160000 ? "CASE WHEN conflicting THEN 'conflict with recovery' END"
                          : "NULL",
      version >= 140000 ? "two_phase" : "false", Literal(slot));
}

// So that it does not happen again; `reason` as the server names it.
std::string KeepTheLog(const std::string& reason) {
  if (reason == "idle_timeout") {
    return " Keep slots that nobody reads for a while: ALTER SYSTEM SET idle_replication_slot_timeout = 0; SELECT "
           "pg_reload_conf();";
  }
  if (reason == "wal_level_insufficient") {
    return " Before that: ALTER SYSTEM SET wal_level = logical; and restart the server.";
  }
  return " Keep more of the log: ALTER SYSTEM SET max_slot_wal_keep_size = -1; SELECT pg_reload_conf();";
}

// A server gives away only what it has on disk: one whose log ends before what was read has lost that. Not asked of a
// standby, which may still receive it.
void CheckLogReaches(Connection& connection, const LogPosition& start) {
  const bool new_names = connection.version() >= 100000;
  const std::optional<uint64_t> written = ParseLsn(
      connection
          .QueryOne(new_names ? "SELECT pg_current_wal_lsn()" : "SELECT pg_current_xlog_location()", "end of the log")
          .value_or(""));
  if (!written || start.lsn <= *written) return;
  throw Error(kHistoryDiverged)
      .Object("position " + FormatLsn(start.lsn))
      .Cause(fmt::format("The server's log ends at {} already: it was restored from a copy of its files or of its "
                         "machine, or lost what it had written.",
                         FormatLsn(*written)))
      .Remedy(kBeginAnew)
      .Side(connection.endpoint().side);
}

}  // namespace

LogPosition CheckHistory(LogSession& session, const LogPosition& start) {
  const std::string& side = session.connection().endpoint().side;
  const LogSession::System now = session.Identify();
  if (!start.system.empty() && start.system != now.identifier) {
    throw Error(kOtherServer)
        .Object("position " + FormatLsn(start.lsn))
        .Cause(fmt::format("it is of the cluster with system identifier {}, this one has {}", start.system,
                           now.identifier))
        .Remedy("Connect to the server that the task began with, or begin anew with `sluice run --restart`.")
        .Side(side);
  }
  LogPosition position = start;
  position.system = now.identifier;
  position.timeline = now.timeline;
  if (start.timeline == 0 || start.timeline == now.timeline) return position;
  // A standby was promoted. What was read before it left the old timeline is its own history too.
  const std::optional<uint64_t> left = session.LeftTimeline(now.timeline, start.timeline);
  if (!left || start.lsn > *left) {
    throw Error(kHistoryDiverged)
        .Object("position " + FormatLsn(start.lsn))
        .Cause(left ? fmt::format("The server is on timeline {} now, which left timeline {} at {}: a standby was "
                                  "promoted that had not received all that the task has read.",
                                  now.timeline, start.timeline, FormatLsn(*left))
                    : fmt::format("The server is on timeline {}, whose history has no timeline {}.", now.timeline,
                                  start.timeline))
        .Remedy("Begin anew with `sluice run --restart`, or connect to the server that the task began with.")
        .Side(side);
  }
  LogInfo("changes", fmt::format("the source is on timeline {} now, {} before; its history holds the position",
                                 now.timeline, start.timeline));
  return position;
}

void CheckSlot(Connection& connection, const std::string& slot, const LogPosition& start) {
  const std::string object = "replication slot " + slot;
  const std::string& side = connection.endpoint().side;
  const TextRows rows = connection.Query(Question(connection.version(), slot), object);
  if (rows.empty()) {
    throw Error(kSlotMissing)
        .Object(object)
        .Cause(
            "It was dropped, or this server was restored or promoted without it. A new one would begin now, and what "
            "happened in between would be missing.")
        .Remedy(kBeginAnew)
        .Side(side);
  }
  const TextRow& row = rows[0];
  const std::string wanted = LogPlugin(connection);
  if (row[1] != "logical" || row[0] != wanted || row[2] != "t" || row[7] == "t") {
    throw Error(kSlotUnfit)
        .Object(object)
        .Cause(fmt::format("It is wanted with plugin {} in this database and without two_phase; it has plugin {}, kind "
                           "{}, {} database, two_phase {}.",
                           wanted, row[0].value_or("none"), row[1].value_or("?"), row[2] == "t" ? "this" : "another",
                           row[7] == "t" ? "on" : "off"))
        .Remedy(fmt::format("Begin anew with `sluice run --restart` after SELECT pg_drop_replication_slot({});",
                            Literal(slot)))
        .Side(side);
  }
  // What follows is not final there: at its promotion a standby has what was brought over from the primary.
  if (connection.QueryOne("SELECT pg_is_in_recovery()") == "t") {
    throw Error(kStandby)
        .Object("server " + connection.endpoint().Address())
        .Cause("It has the task's replication slot, as a copy of the primary's, and nobody may read from that yet.")
        .Remedy(
            "Nothing has to be done if it is about to be promoted: Sluice goes on then. Otherwise take the primary.")
        .Side(side)
        .Retry(RetryClass::kReconnect);
  }
  if (row[5] == "lost" || row[6] || !row[3]) {
    throw Error(kLogRemoved)
        .Object(object)
        .Cause(
            fmt::format("The server gave it up{}: the log that it needs is gone.", row[6] ? " (" + *row[6] + ")" : ""))
        .Remedy(std::string(kBeginAnew) + KeepTheLog(row[6].value_or("")))
        .Side(side);
  }
  CheckLogReaches(connection, start);
  const uint64_t confirmed = ParseLsn(row[4].value_or("")).value_or(0);
  if (confirmed <= start.lsn) return;
  // The server would begin at its own place without a word.
  throw Error(kSlotAhead)
      .Object(object)
      .Cause(fmt::format("The destination is at {}, but changes up to {} were confirmed: the destination was restored "
                         "from a backup, or something else reads from this slot.",
                         FormatLsn(start.lsn), FormatLsn(confirmed)))
      .Remedy(kBeginAnew)
      .Side(side);
}

}  // namespace sluice::postgresql
