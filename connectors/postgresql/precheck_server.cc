// What concerns a server as a whole: version, encoding, clock, load, open transactions, settings, space.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/stop.h"
#include "base/time.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/precheck.h"

namespace sluice::postgresql {
namespace {

constexpr uint32_t kOldest = 90200;
constexpr uint32_t kOldestWithLog = 90400;

std::string VersionText(uint32_t version) {
  if (version >= 100000) return fmt::format("{}.{}", version / 10000, version % 10000);
  return fmt::format("{}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

uint32_t Major(uint32_t version) {
  return version >= 100000 ? version / 10000 : version / 100;
}

}  // namespace

void CheckVersion(Precheck& check) {
  const std::string text = VersionText(check.connection().version());
  const bool follows = check.types().incremental;
  if (!check.AtLeast(kOldest)) {
    check.Fail("version", "The server's version is supported", text, "PostgreSQL before 9.2 is not supported.",
               "Upgrade the server.");
  } else if (follows && !check.AtLeast(kOldestWithLog)) {
    check.Fail("version", "The server's version is supported", text, "PostgreSQL before 9.4 does not tell its changes.",
               "Upgrade the server, or leave `incremental` out of `types`.");
  } else {
    check.Pass("version", fmt::format("Version {} is supported", text));
  }
}

void CheckVersionsAcross(Precheck& check) {
  if (!check.same_engine()) return;
  const uint32_t source = check.request().source.version;
  const uint32_t own = check.connection().version();
  if (Major(source) <= Major(own)) {
    check.Pass("versions_across", "The destination is not older than the source");
    return;
  }
  check.Warn("versions_across", "The destination is not older than the source", "",
             fmt::format("The source is {} and the destination {}: what the older one does not know (types, options of "
                         "tables and indexes, functions) is refused object by object.",
                         VersionText(source), VersionText(own)),
             "Test with `types: [schema]` alone first, or take a destination of the source's version.");
}

void CheckEncoding(Precheck& check) {
  const std::string encoding = check.Setting("server_encoding");
  if (encoding == "UTF8") {
    check.Pass("encoding", "The database's encoding is UTF8");
    return;
  }
  const bool is_source = check.connection().endpoint().side == "source";
  const std::string database = "database " + check.database();
  if (encoding == "SQL_ASCII") {
    check.Fail("encoding", "The database's encoding is known", database,
               "Its encoding is SQL_ASCII: the server does not know what its bytes mean, and neither does Sluice.",
               is_source ? "Load the database into one with the encoding that its texts really have (pg_dump "
                           "--encoding=...), and migrate that."
                         : "CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0; and take that as the destination.");
  } else if (is_source) {
    check.Pass("encoding", fmt::format("The database's encoding is {}; texts are carried as UTF-8", encoding));
  } else if (encoding == check.request().source.settings.at("server_encoding")) {
    check.Pass("encoding", "Both databases have the encoding " + encoding);
  } else {
    check.Warn(
        "encoding", "The destination can hold every character", database,
        fmt::format("Its encoding is {}: a character that it does not have ends the task with PG-0118.", encoding),
        "CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0; and take that as the destination.");
  }
}

void CheckClock(Precheck& check) {
  const int64_t before = NowMicros();
  const OptionalText answer =
      check.connection().QueryOne("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint");
  const int64_t after = NowMicros();
  int64_t server = 0;
  if (answer) std::from_chars(answer->data(), answer->data() + answer->size(), server);
  const double seconds = static_cast<double>(server - (before + (after - before) / 2)) / 1e6;
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
  const TextRows rows = check.connection().Query(
      "SELECT count(*) FILTER (WHERE state = 'active' AND pid <> pg_backend_pid()), count(*), (SELECT rolconnlimit "
      "FROM "
      "pg_roles WHERE rolname = current_user), count(*) FILTER (WHERE usename = current_user) FROM pg_stat_activity");
  const uint64_t running = ToNumber(rows.at(0)[0]);
  constexpr uint64_t kBusy = 30;
  if (running < kBusy) {
    check.Pass("load", fmt::format("{} sessions are at work on the server", running));
  } else {
    check.Warn("load", "The server is not busy", "", fmt::format("{} sessions are at work at this moment.", running),
               "Migrate off-peak, or lower `limits.readers` and `limits.writers`.");
  }
  constexpr int64_t kWanted = 12;
  const auto used = static_cast<int64_t>(ToNumber(rows.at(0)[1]));
  const int64_t reserved = check.superuser() ? 0 : check.Number("superuser_reserved_connections");
  const int64_t most = check.Number("max_connections") - reserved;
  if (used + kWanted > most) {
    check.Warn(
        "connections", "The server has connections left", "max_connections",
        fmt::format("{} of {} are in use; Sluice takes about {}.", used, most, kWanted),
        fmt::format("ALTER SYSTEM SET max_connections = {}; and restart the server, or lower `limits.readers` and "
                    "`limits.writers`.",
                    check.Number("max_connections") + 50));
  }
  const std::string limit = rows.at(0)[2].value_or("-1");
  if (limit == "-1") return;
  const int64_t own = static_cast<int64_t>(ToNumber(rows.at(0)[3]));
  if (own + kWanted > static_cast<int64_t>(ToNumber(limit))) {
    check.Warn("connection_limit", "The role may open enough sessions", "role " + check.role(),
               fmt::format("Its CONNECTION LIMIT is {}, and {} of its sessions are open.", limit, own),
               fmt::format("ALTER ROLE {} CONNECTION LIMIT {};", Quote(check.role()), own + 50));
  }
}

// Sessions have settings, locks and prepared statements of their own. A pooler shows by a process number that it made
// up.
void CheckPooler(Precheck& check) {
  const OptionalText pid = check.connection().QueryOne("SELECT pg_backend_pid()");
  if (pid == std::to_string(check.connection().pid())) {
    check.Pass("pooler", "The server itself answers");
    return;
  }
  check.Fail("pooler", "The server itself answers", "server " + check.connection().endpoint().Address(),
             "A pooler (PgBouncer, Odyssey, a managed proxy) answers: where it gives each transaction another session, "
             "settings, locks and prepared statements get lost or mixed up, and it passes on no sessions for the log.",
             "Put the server's own host and port into the task file.");
}

// Sluice sets these to 0 for its sessions where it may; a pooler in between may undo that, so they are named.
void CheckTimeouts(Precheck& check) {
  const TextRows rows = check.connection().Query(
      "SELECT c FROM pg_db_role_setting s, unnest(s.setconfig) c WHERE s.setrole IN (0, (SELECT oid FROM pg_roles "
      "WHERE "
      "rolname = session_user)) AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = "
      "current_database())) AND c ~ '^(statement_timeout|idle_in_transaction_session_timeout|transaction_timeout|"
      "idle_session_timeout)=' AND c !~ '=0$'");
  std::vector<std::string> found;
  for (const TextRow& row : rows) found.push_back(row[0].value_or(""));
  if (found.empty()) {
    check.Pass("timeouts", "No timeout is set for the role or the database");
  } else {
    check.Pass("timeouts",
               fmt::format("{} is set for the role or the database; Sluice's sessions run without it", Listed(found)));
  }
}

// Slots and exported snapshots begin where every transaction that was open has ended.
void CheckOpenTransactions(Precheck& check) {
  const TextRows rows = check.connection().Query(
      "SELECT pid, coalesce(usename::text, '?'), extract(epoch FROM clock_timestamp() - xact_start)::bigint, "
      "coalesce(state, '?'), backend_xid IS NOT NULL FROM pg_stat_activity WHERE xact_start < clock_timestamp() - "
      "interval '5 minutes' AND pid <> pg_backend_pid() ORDER BY xact_start LIMIT 5");
  if (rows.empty()) {
    check.Pass("open_transactions", "No transaction has been open for long");
    return;
  }
  std::vector<std::string> sessions;
  for (const TextRow& row : rows) {
    sessions.push_back(fmt::format("pid {} of {} for {} s ({})", row[0].value_or("?"), row[1].value_or("?"),
                                   row[2].value_or("?"), row[3].value_or("?")));
  }
  const bool waits = check.types().incremental && !check.request().resuming;
  check.Warn("open_transactions", "No transaction has been open for long", Listed(sessions),
             waits ? "A replication slot is made only when every transaction that has written by then has ended: the "
                     "start waits for them."
                   : "They keep the server from removing old rows.",
             fmt::format("Wait for their end, or: SELECT pg_terminate_backend({});", rows[0][0].value_or("?")));
}

void CheckPreparedTransactions(Precheck& check) {
  const TextRows rows = check.connection().Query(
      "SELECT gid, extract(epoch FROM clock_timestamp() - prepared)::bigint FROM pg_prepared_xacts WHERE database = "
      "current_database() ORDER BY prepared LIMIT 5");
  if (rows.empty()) {
    check.Pass("prepared_transactions", "No prepared transaction is waiting");
    return;
  }
  std::vector<std::string> names;
  for (const TextRow& row : rows)
    names.push_back(fmt::format("'{}' for {} s", row[0].value_or(""), row[1].value_or("?")));
  const std::string gid = Literal(rows[0][0].value_or(""));
  const bool waits = !check.request().resuming;
  check.Warn("prepared_transactions", "No prepared transaction is waiting", Listed(names),
             waits ? "A replication slot is made only when they have ended: the start waits for them."
                   : "The log is kept from where they began.",
             fmt::format("COMMIT PREPARED {}; or ROLLBACK PREPARED {};", gid, gid));
}

void CheckSpace(Precheck& check) {
  const uint64_t needed = check.request().source_bytes + check.request().source_bytes / 2;
  check.Pass("space",
             fmt::format("About {} of free space are needed (the server cannot tell how much it has)", Bytes(needed)));
}

void CheckWritable(Precheck& check) {
  if (check.connection().QueryOne("SELECT pg_is_in_recovery()") == "t") {
    check.Fail("read_only", "The destination can be written to", "server",
               "It is a standby: it takes its rows from its primary alone.",
               "Take its primary as the destination, or make it one: SELECT pg_promote();");
    return;
  }
  // The session's own setting is off; what the role or the database says, others have to live with.
  const OptionalText set =
      check.connection().QueryOne("SELECT reset_val FROM pg_settings WHERE name = 'default_transaction_read_only'");
  if (set == "on") {
    check.Warn("read_only", "The destination can be written to", "default_transaction_read_only",
               "It is on: Sluice's sessions write all the same, others cannot.",
               fmt::format("ALTER DATABASE {} SET default_transaction_read_only = off;", Quote(check.database())));
  } else {
    check.Pass("read_only", "The destination can be written to");
  }
}

}  // namespace sluice::postgresql
