// What following changes needs of the source's log: settings (PostgreSQL documentation 20.5 "Write Ahead Log", 20.6
// "Replication"), slots, the right to read it, the publication.
#include <fmt/format.h>

#include <algorithm>

#include "base/stop.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/ddl_trigger.h"
#include "connectors/postgresql/names.h"
#include "connectors/postgresql/precheck.h"
#include "connectors/postgresql/publication.h"
#include "connectors/postgresql/slot.h"
#include "connectors/postgresql/test_decoding/encoding.h"

namespace sluice::postgresql {
namespace {

constexpr uint32_t kHasPublications = 100000;
constexpr uint32_t kLogsTruncate = 110000;
constexpr uint32_t kDecodesOnStandby = 160000;

// How a setting that takes effect at a restart is changed there.
std::string Restarting(const Precheck& check, const std::string& name, const std::string& value) {
  if (check.hosting() == "amazon") {
    const std::string parameter = name == "wal_level" ? "rds.logical_replication = 1" : name + " = " + value;
    return fmt::format("Set {} in the instance's parameter group and reboot it.", parameter);
  }
  if (check.hosting() == "azure") return fmt::format("Set the server parameter {} = {} and restart it.", name, value);
  if (check.hosting() == "google") {
    const std::string flag = name == "wal_level" ? "cloudsql.logical_decoding = on" : name + " = " + value;
    return fmt::format("Set the flag {} of the instance; it restarts.", flag);
  }
  return fmt::format("ALTER SYSTEM SET {} = {}; and restart the server.", name, value);
}

std::string GrantReplication(const Precheck& check) {
  if (check.hosting() == "amazon") return fmt::format("GRANT rds_replication TO {};", Quote(check.role()));
  return fmt::format("ALTER ROLE {} REPLICATION;", Quote(check.role()));
}

bool HasOwnSlot(Precheck& check) {
  if (check.request().task.empty()) return false;
  return check.connection()
      .QueryOne("SELECT 1 FROM pg_replication_slots WHERE slot_name = " +
                Literal(SourceObjectName(check.request().task)))
      .has_value();
}

}  // namespace

void CheckLog(Precheck& check) {
  const std::string level = check.Setting("wal_level");
  if (level == "logical") {
    check.Pass("wal_level", "The log holds rows (wal_level = logical)");
  } else {
    check.Fail("wal_level", "The log holds rows (wal_level = logical)", "wal_level",
               fmt::format("It is {}: the log cannot be read as changes of rows.", level),
               Restarting(check, "wal_level", "logical"));
  }
  const auto used =
      static_cast<int64_t>(ToNumber(check.connection().QueryOne("SELECT count(*) FROM pg_replication_slots")));
  const int64_t slots = check.Number("max_replication_slots");
  if (used < slots || HasOwnSlot(check)) {
    check.Pass("max_replication_slots", fmt::format("{} of {} replication slots are free", slots - used, slots));
  } else {
    std::vector<std::string> names;
    for (const TextRow& row :
         check.connection().Query("SELECT slot_name FROM pg_replication_slots ORDER BY active, 1")) {
      names.push_back(row[0].value_or(""));
    }
    check.Fail("max_replication_slots", "A replication slot is free", "max_replication_slots",
               fmt::format("All {} are in use: {}.", slots, Listed(names)),
               Restarting(check, "max_replication_slots", std::to_string(slots + 5)) +
                   (names.empty() ? ""
                                  : " Or remove one that nobody needs: SELECT pg_drop_replication_slot(" +
                                        Literal(names[0]) + ");"));
  }
  const auto senders =
      static_cast<int64_t>(ToNumber(check.connection().QueryOne("SELECT count(*) FROM pg_stat_replication")));
  const int64_t most = check.Number("max_wal_senders");
  if (senders < most) {
    check.Pass("max_wal_senders", fmt::format("{} of {} senders of the log are free", most - senders, most));
  } else {
    check.Fail("max_wal_senders", "A sender of the log is free", "max_wal_senders",
               fmt::format("All {} are in use.", most), Restarting(check, "max_wal_senders", std::to_string(most + 5)));
  }
}

// The right to it, pg_hba.conf and poolers show only when a session for the log is opened.
void CheckReplicationSession(Precheck& check) {
  constexpr const char* kTitle = "The account may read the log";
  if (!check.replication()) {
    check.Fail("replication", kTitle, "role " + check.role(), "It has neither REPLICATION nor is it a superuser.",
               GrantReplication(check));
    return;
  }
  if (check.Setting("wal_level") != "logical") return;  // nobody could
  try {
    Connection session(check.connection().endpoint(), {.stop = check.connection().stop(), .purpose = "precheck"},
                       {.replication = true});
    session.Query("IDENTIFY_SYSTEM", "server");
    check.Pass("replication", kTitle);
  } catch (const Error& error) {
    if (error.info().code == kStopped.id || error.info().code == kTooManyConnections.id) throw;
    check.Fail("replication", kTitle, error.info().object,
               "A session for the log is refused: " + error.info().cause +
                   (error.info().code == kHostNotAllowed.id
                        ? ""
                        : ". A pooler such as PgBouncer between here and the server does not pass such sessions on"),
               error.info().code == kHostNotAllowed.id
                   ? fmt::format("Put a line into pg_hba.conf: host {} {} <this machine's address>/32 scram-sha-256, "
                                 "and SELECT pg_reload_conf();",
                                 check.database(), check.role())
                   : error.info().remedy);
  }
}

void CheckLogRetention(Precheck& check) {
  const std::string keep = check.Setting("max_slot_wal_keep_size");  // 13 and later, MB; -1: without a limit
  constexpr int64_t kLeastMegabytes = 4096;
  if (keep.empty() || keep == "-1") {
    check.Pass("log_retention", "The log is kept until it is read; watch the source's disk while the task is stopped");
  } else if (check.Number("max_slot_wal_keep_size") >= kLeastMegabytes) {
    check.Pass("log_retention", fmt::format("{} MB of log are kept for a slot", keep));
  } else {
    check.Warn(
        "log_retention", "Enough log is kept", "max_slot_wal_keep_size",
        fmt::format("No more than {} MB of log are kept for a slot: a longer break could not be made good, nor a "
                    "copy during which more is written.",
                    keep),
        "ALTER SYSTEM SET max_slot_wal_keep_size = -1; SELECT pg_reload_conf();");
  }
  const int64_t timeout = check.Number("wal_sender_timeout");  // ms
  constexpr int64_t kLeastMilliseconds = 10000;
  if (timeout != 0 && timeout < kLeastMilliseconds) {
    check.Warn("wal_sender_timeout", "The server waits for an answer long enough", "wal_sender_timeout",
               fmt::format("After {} ms without an answer the server ends the session that reads the log.", timeout),
               "ALTER SYSTEM SET wal_sender_timeout = '60s'; SELECT pg_reload_conf();");
  }
  const std::string idle = check.Setting("idle_replication_slot_timeout");  // 18 and later, seconds
  if (!idle.empty() && idle != "0") {
    check.Warn("idle_slot_timeout", "Slots are kept while nobody reads them", "idle_replication_slot_timeout",
               fmt::format("A slot that nobody has read for {} s is given up: a task that is stopped for longer has to "
                           "begin anew.",
                           idle),
               "ALTER SYSTEM SET idle_replication_slot_timeout = 0; SELECT pg_reload_conf();");
  }
}

void CheckPlugin(Precheck& check) {
  constexpr const char* kTitle = "The log's changes can be told";
  const std::string plugin = LogPlugin(check.connection());
  if (plugin == kPgoutput) {
    if (check.AtLeast(kHasPublications)) return;
    return check.Fail("plugin", kTitle, "output plugin pgoutput", "The server has it from 10 on.",
                      "Leave `plugin` out of `source`: test_decoding tells the changes then.");
  }
  const std::string encoding = check.connection().DatabaseEncoding();
  if (!test_decoding::Encoding::Make(encoding)) {
    return check.Fail("plugin", kTitle, "database " + check.database(),
                      "test_decoding tells changes in the database's encoding, and " + encoding + " is not known here.",
                      check.AtLeast(kHasPublications) ? "Set `plugin: pgoutput`." : "Leave `incremental` out.");
  }
  check.Pass("plugin", std::string(kTitle) + " (by test_decoding, which tells those of every table of the database)");
}

void CheckTruncate(Precheck& check) {
  if (check.AtLeast(kLogsTruncate)) return;
  check.Warn(
      "truncate", "TRUNCATE is followed", "server",
      "Before PostgreSQL 11 it is not in the log: a table that is emptied so at the source keeps its rows at the "
      "destination.",
      "Empty tables with DELETE while the task runs, or run TRUNCATE at the destination too.");
}

// A publication of tables wants CREATE on the database and that each table is one's own. One that somebody else made
// does as well.
void CheckPublication(Precheck& check) {
  if (!HasPublication(check.connection())) return;
  const std::string name = SourceObjectName(check.request().task);
  constexpr const char* kTitle = "A publication of the selected tables can be made";
  const std::string narrowed = ReadPublicationState(check.connection(), name).Narrowed();
  if (!narrowed.empty() && check.request().resuming && HasOwnSlot(check)) {
    // Mended now, it would hide what was left out meanwhile.
    check.Fail("publication", "The publication tells what the task follows", "publication " + name,
               "Someone altered it: " + narrowed + ". What it has left out since then cannot be read any more.",
               "Begin anew with `sluice run --restart`.");
    return;
  }
  std::string statement;
  try {
    if (check.superuser() || PublicationFits(check.connection(), name, check.request().tables)) {
      check.Pass("publication", kTitle);
      return;
    }
    statement = PublicationStatement(check.connection(), name, check.request().tables);
  } catch (const Error& error) {
    if (error.info().code != kNoReplicaIdentity.id) throw;
    return;  // an item of its own says so
  }
  const OptionalText own = check.connection().QueryOne(
      fmt::format("SELECT pg_has_role(pubowner, 'USAGE') FROM pg_publication WHERE pubname = {}", Literal(name)));
  std::vector<std::string> tables;
  std::string owner;
  for (const TextRow& row : check.connection().Query(fmt::format(
           "SELECT quote_ident(s.schema) || '.' || quote_ident(s.name), pg_get_userbyid(c.relowner) FROM {} JOIN "
           "pg_namespace n ON n.nspname = s.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.name "
           "WHERE "
           "c.relpersistence = 'p' AND NOT pg_has_role(c.relowner, 'USAGE') ORDER BY 1",
           check.TablesValues(true)))) {
    tables.push_back(row[0].value_or(""));
    if (owner.empty()) owner = row[1].value_or("");
  }
  if (!tables.empty() || own == "f") {
    const bool has_name = !check.request().task.empty();
    const std::string object =
        tables.empty() ? "publication " + name : (tables.size() == 1 ? "table " : "tables ") + Listed(tables);
    const std::string cause =
        own == "f"
            ? fmt::format("Publication {} belongs to somebody else, and is there {}.", name,
                          narrowed.empty() ? "with other tables or options" : "with less: " + narrowed)
            : fmt::format("Only the owner of a table can put it into a publication, and {} is not a member of {}.",
                          check.role(), owner);
    // The publication bears the task's identifier, which a task gets with its first run.
    const std::string remedy =
        has_name ? fmt::format(
                       "{}{}; as a superuser or the tables' owner, in database {}. Tables that are added to the "
                       "task later have to be added to it in the same way.",
                       own ? fmt::format("DROP PUBLICATION {}; ", Quote(name)) : "", statement, check.database())
                 : fmt::format(
                       "Run the task: the precheck of the run names the CREATE PUBLICATION that a superuser or "
                       "the tables' owner can make for it. Or: GRANT {} TO {};",
                       Quote(owner), Quote(check.role()));
    check.Fail("publication", kTitle, object, cause, remedy);
    return;
  }
  if (!own && check.connection().QueryOne("SELECT has_database_privilege(current_database(), 'CREATE')") != "t") {
    check.Fail("publication", kTitle, "database " + check.database(),
               fmt::format("{} has no CREATE on it, which the publication needs.", check.role()),
               fmt::format("GRANT CREATE ON DATABASE {} TO {};", Quote(check.database()), Quote(check.role())));
    return;
  }
  check.Pass("publication", kTitle);
}

// Asked for where any table's rules allow any kind of statement beside TRUNCATE, which the log itself has.
void CheckDdl(Precheck& check) {
  if (!check.same_engine()) return;
  const auto& mappings = check.request().mappings;
  const bool wanted = std::any_of(mappings.begin(), mappings.end(), [](const model::TableMappingPtr& mapping) {
    const std::set<model::DdlKind>& kinds = mapping->operations.ddl;
    return kinds.size() > (kinds.contains(model::DdlKind::kTruncateTable) ? 1 : 0);
  });
  if (!wanted) return;
  constexpr const char* kTitle = "Statements that change tables can be followed";
  if (!HasPublication(check.connection())) {
    return check.Warn("ddl", kTitle, "output plugin test_decoding",
                      "It does not tell them: a table that is altered at the source stops the task, and one that is "
                      "created there is not followed.",
                      "Set `operations: {ddl: []}` and alter nothing while the task runs.");
  }
  if (!MayMakeEventTriggers(check.connection())) {
    const std::string give = check.hosting() == "amazon"   ? "GRANT rds_superuser TO {};"
                             : check.hosting() == "azure"  ? "GRANT azure_pg_admin TO {};"
                             : check.hosting() == "google" ? "GRANT cloudsqlsuperuser TO {};"
                                                           : "ALTER ROLE {} SUPERUSER;";
    return check.Warn(
        "ddl", kTitle, "role " + check.role(),
        "Event triggers tell of them, which only a superuser can make. Without, a table that is altered at "
        "the source stops the task, and one that is created there is not followed.",
        fmt::format(fmt::runtime(give), Quote(check.role())) +
            " or set `operations: {ddl: []}` and alter nothing while the task runs.");
  }
  check.Pass("ddl", kTitle);
}

void CheckStandby(Precheck& check) {
  if (check.connection().QueryOne("SELECT pg_is_in_recovery()") != "t") return;
  if (!check.AtLeast(kDecodesOnStandby)) {
    check.Fail("standby", "The source tells its changes", "server",
               "It is a standby, and before PostgreSQL 16 those do not tell their changes.",
               "Take its primary as the source.");
    return;
  }
  check.Fail("standby", "The source tells its changes", "server",
             "It is a standby: the publication has to be made at its primary, which Sluice does not know.",
             "Take its primary as the source.");
}

}  // namespace sluice::postgresql
