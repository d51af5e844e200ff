#include "connectors/postgresql/slot.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/ddl_trigger.h"
#include "connectors/postgresql/names.h"
#include "connectors/postgresql/publication.h"
#include "connectors/postgresql/sessions.h"

namespace sluice::postgresql {
namespace {

constexpr uint32_t kSlotsNamePid = 90500;
constexpr uint32_t kHasPublications = 100000;
constexpr uint32_t kSlotsFailOver = 170000;
constexpr milliseconds kSlotWaitTold{5000};
constexpr milliseconds kSlotFreeWithin{15000};
constexpr milliseconds kSlotAskEvery{200};

std::string SlotObject(const std::string& name) {
  return "replication slot " + name;
}

struct SlotState {
  bool active = false;
  std::string active_pid;
};

std::optional<SlotState> ReadSlot(Connection& connection, const std::string& name) {
  const TextRows rows =
      connection.Query(fmt::format("SELECT active, {} FROM pg_replication_slots WHERE slot_name = {}",
                                   connection.version() >= kSlotsNamePid ? "active_pid" : "NULL", Literal(name)),
                       SlotObject(name));
  if (rows.empty()) return std::nullopt;
  return SlotState{rows[0][0] == "t", rows[0][1].value_or("")};
}

LogPosition IdentifySystem(Connection& replication) {
  const TextRows rows = replication.Query("IDENTIFY_SYSTEM", "server");
  LogPosition position;
  if (rows.empty() || rows[0].size() < 2) return position;
  position.system = rows[0][0].value_or("");
  const std::string timeline = rows[0][1].value_or("0");
  std::from_chars(timeline.data(), timeline.data() + timeline.size(), position.timeline);
  return position;
}

// Who a new slot waits for, for the log; a failure to ask is no failure of the slot.
std::string Blockers(const Connection& replication) {
  try {
    Connection connection(replication.endpoint(), {.stop = replication.stop(), .purpose = "slot"},
                          {.answer_within = milliseconds(5000)});
    std::string text;
    const TextRows rows = connection.Query(
        "SELECT pid, usename, date_trunc('second', clock_timestamp() - xact_start) FROM pg_stat_activity "
        "WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid() ORDER BY xact_start LIMIT 5");
    for (const TextRow& row : rows) {
      text += fmt::format("{}pid {} of {} since {}", text.empty() ? "" : ", ", row[0].value_or("?"),
                          row[1].value_or("?"), row[2].value_or("?"));
    }
    return text.empty() ? "" : " (" + text + ")";
  } catch (const Error& error) {
    if (error.info().code == kStopped.id) throw;
    return "";
  }
}

ResultPtr RunSlotCommand(Connection& replication, const std::string& command, const std::string& object) {
  if (PQsendQuery(replication.handle(), command.c_str()) != 1) replication.ThrowLast(object, command);
  try {
    const Clock::time_point begun = Clock::now();
    bool told = false;
    while (PQisBusy(replication.handle()) == 1) {
      replication.WaitReadable(Deadline::After(milliseconds(1000)));
      if (PQconsumeInput(replication.handle()) != 1) replication.ThrowLast(object, command);
      if (told || Clock::now() - begun < kSlotWaitTold) continue;
      told = true;
      LogInfo("slot", fmt::format("{} waits for transactions that began before it{}", object, Blockers(replication)));
    }
  } catch (...) {
    // A server that waits for a lock does not notice that its client went away.
    replication.Cancel();
    throw;
  }
  ResultPtr result(PQgetResult(replication.handle()));
  while (const ResultPtr rest{PQgetResult(replication.handle())}) {
  }
  try {
    return replication.Expect(std::move(result), {PGRES_TUPLES_OK}, object, command);
  } catch (const Error& error) {
    constexpr std::string_view kConfigurationLimit = "53400";
    constexpr std::string_view kUndefinedFile = "58P01";
    if (error.info().native_message.starts_with(kUndefinedFile)) {
      throw Error(kUnsupported)
          .Object("output plugin " + LogPlugin(replication))
          .Cause(error.info().cause)
          .Remedy(LogPlugin(replication) == kPgoutput
                      ? "The server's installation is not complete: install its package again."
                      : "Install the server's contrib modules (package postgresql-contrib).")
          .Native(0, error.info().native_message)
          .Side(error.info().side);
    }
    if (!error.info().native_message.starts_with(kConfigurationLimit)) throw;
    throw Error(kNoSlotFree)
        .Object(object)
        .Cause(error.info().cause)
        .Remedy(
            "Remove one that nobody needs: SELECT slot_name, active FROM pg_replication_slots; SELECT "
            "pg_drop_replication_slot('NAME'); or raise the limit: ALTER SYSTEM SET max_replication_slots = 20; and "
            "restart the server.")
        .Native(0, error.info().native_message)
        .Side(error.info().side);
  }
}

}  // namespace

std::string LogPlugin(const Connection& connection) {
  const std::string& asked = connection.endpoint().plugin;
  if (!asked.empty()) return asked;
  return connection.version() >= kHasPublications ? kPgoutput : kTestDecoding;
}

bool HasPublication(const Connection& connection) {
  return connection.version() >= kHasPublications && LogPlugin(connection) == kPgoutput;
}

ExportedSlot CreateSlot(Connection& replication, const std::string& name, bool temporary) {
  const std::string object = SlotObject(name);
  ExportedSlot slot;
  slot.position = IdentifySystem(replication);
  const bool names_snapshot = replication.version() >= kHasPublications;
  if (temporary && !names_snapshot) {
    throw Error(kUnsupported)
        .Object(object)
        .Cause("the server has no temporary replication slots before version 10")
        .Remedy("Begin anew with `sluice run --restart`: tables that were not loaded cannot be added to the cut.")
        .Side(replication.endpoint().side);
  }
  // A slot that fails over is brought to the standbys that ask for it (sync_replication_slots); elsewhere it is as
  // others.
  const bool fails_over = !temporary && replication.version() >= kSlotsFailOver;
  const std::string command = fmt::format("CREATE_REPLICATION_SLOT {}{} LOGICAL {}{}", Quote(name),
                                          temporary ? " TEMPORARY" : "", LogPlugin(replication),
                                          fails_over       ? " (SNAPSHOT 'export', FAILOVER)"
                                          : names_snapshot ? " EXPORT_SNAPSHOT"
                                                           : "");
  const ResultPtr result = RunSlotCommand(replication, command, object);
  // slot_name, consistent_point, snapshot_name, output_plugin
  const std::optional<uint64_t> lsn = PQntuples(result.get()) == 1 && PQnfields(result.get()) >= 3
                                          ? ParseLsn(PQgetvalue(result.get(), 0, 1))
                                          : std::nullopt;
  if (!lsn) {
    throw Error(kStatementFailed)
        .Object(object)
        .Cause("the server's answer to CREATE_REPLICATION_SLOT has no consistent point")
        .Side(replication.endpoint().side);
  }
  slot.position.lsn = *lsn;
  slot.snapshot = PQgetvalue(result.get(), 0, 2);
  return slot;
}

bool DropSlot(Connection& connection, const std::string& name) {
  const std::optional<SlotState> slot = ReadSlot(connection, name);
  if (!slot) return false;
  if (slot->active) {
    throw Error(kInUse)
        .Object(SlotObject(name))
        .Cause(fmt::format("the session with pid {} reads from it", slot->active_pid))
        .Remedy(fmt::format("Stop the task that uses it; if none does, SELECT pg_terminate_backend({});",
                            slot->active_pid.empty() ? "pid" : slot->active_pid))
        .Retry(RetryClass::kBackoff)
        .Side(connection.endpoint().side);
  }
  connection.Execute(fmt::format("SELECT pg_drop_replication_slot({})", Literal(name)), SlotObject(name));
  return true;
}

namespace {

std::vector<connector::SourceObject> ListObjects(const connector::Endpoint& endpoint,
                                                 const connector::SessionContext& context) {
  Connection connection(endpoint, context);
  const bool new_names = connection.version() >= kHasPublications;
  // On a standby the newest place is what it has received and replayed.
  const std::string newest =
      new_names ? "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END"
                : "CASE WHEN pg_is_in_recovery() THEN pg_last_xlog_replay_location() "
                  "ELSE pg_current_xlog_location() END";
  std::vector<connector::SourceObject> objects;
  for (const TextRow& row : connection.Query(
           fmt::format("SELECT slot_name, active, greatest({}({}, restart_lsn), 0)::bigint FROM pg_replication_slots "
                       "WHERE slot_name LIKE 'sluice\\_%' AND database = current_database() ORDER BY slot_name",
                       new_names ? "pg_wal_lsn_diff" : "pg_xlog_location_diff", newest))) {
    connector::SourceObject object{.kind = "replication slot", .name = row[0].value_or(""), .in_use = row[1] == "t"};
    if (row[2]) std::from_chars(row[2]->data(), row[2]->data() + row[2]->size(), object.log_bytes);
    objects.push_back(std::move(object));
  }
  if (!new_names) return objects;
  const auto used = [&](const std::string& name) {
    return std::any_of(objects.begin(), objects.end(), [&](const connector::SourceObject& other) {
      return other.kind == "replication slot" && other.name == name && other.in_use;
    });
  };
  for (const TextRow& row :
       connection.Query("SELECT pubname FROM pg_publication WHERE pubname LIKE 'sluice\\_%' ORDER BY pubname")) {
    connector::SourceObject object{.kind = "publication", .name = row[0].value_or("")};
    object.in_use = used(object.name);
    objects.push_back(std::move(object));
  }
  for (const std::string& name : ListDdlTriggers(connection)) {
    objects.push_back({.kind = "event trigger", .name = name, .in_use = used(name)});
  }
  return objects;
}

}  // namespace

std::vector<connector::SourceObject> ListSourceObjects(const connector::Endpoint& endpoint,
                                                       const connector::SessionContext& context) {
  std::vector<connector::SourceObject> objects = ListObjects(endpoint, context);
  for (connector::SourceObject& object : objects) object.task = object.name.substr(SourceObjectName("").size());
  return objects;
}

std::vector<std::string> ReleaseSourceObjects(const connector::Endpoint& endpoint, const std::string& task,
                                              const connector::SessionContext& context) {
  Connection connection(endpoint, context);
  const std::string name = SourceObjectName(task);
  std::vector<std::string> removed;
  // The session of a stream that has just ended may still hold the slot for a moment.
  for (const Deadline deadline = Deadline::After(kSlotFreeWithin);;) {
    try {
      if (DropSlot(connection, name)) removed.push_back(SlotObject(name));
      break;
    } catch (const Error& error) {
      const bool busy = error.info().code == kInUse.id || error.info().code == kLockConflict.id;
      if (!busy || deadline.Passed()) throw;
    }
    if (!SleepFor(context.stop, kSlotAskEvery)) throw Error(kStopped);
  }
  if (DropDdlTriggers(connection, name)) removed.push_back("event trigger " + name);
  if (DropPublication(connection, name)) removed.push_back("publication " + name);
  return removed;
}

}  // namespace sluice::postgresql
