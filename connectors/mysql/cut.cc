// The protocols, in the order in which they are tried:
//
// A. Without a lock (MariaDB with a binary log; MySQL with GTIDs), a few rounds, and many more when B is refused.
//    MariaDB: START TRANSACTION WITH CONSISTENT SNAPSHOT notes the place in the log that the snapshot stands for
//    (status variables binlog_snapshot_file and _position; MariaDB Knowledge Base, "Enhancements for START TRANSACTION
//    WITH CONSISTENT SNAPSHOT"). Readers with the same place see the same rows: exact.
//    MySQL (only with a binary log): a commit goes through these states: written to the log, which owns its GTID
//    (gtid_owned); visible to readers; counted in gtid_executed and no longer owned. So:
//      1. G = gtid_executed: all of it is visible from here on;
//      2. start the snapshots;
//      3. gtid_owned empty, then gtid_executed = G: nothing beyond G was visible to any snapshot;
//      4. read the log's end P;
//      5. gtid_owned empty and gtid_executed = G once more: nothing beyond G stands before P. G and P are the cut.
// B. With FLUSH TABLES WITH READ LOCK (needs RELOAD): 1. lock, waiting a few seconds at most, since everybody who
//    writes waits behind us; 2. start the snapshots; 3. read the log's end; 4. unlock. Exact.
// C. Neither: MariaDB, or no position needed: one reader, exact. MySQL that shall be followed: G of step A.1 and the
//    log's end after the snapshots, inexact; between the two changes are applied so that both cases come out right.
//    The log's end BEFORE the snapshots would not do: transactions are in the log before they are visible.
// D. MySQL without GTIDs and without RELOAD: the log's end P; wait until those who had written to the log by then are
//    through (two seconds, and nobody left waiting for a semi-synchronous replica); snapshots; the log's end P'. Exact
//    when P' = P, else inexact from P to P'.
#include "connectors/mysql/cut.h"

#include <fmt/format.h>
#include <mysql.h>

#include <cstdlib>
#include <exception>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/stop.h"
#include "connectors/mysql/codes.h"
#include "connectors/mysql/position.h"

namespace sluice::mysql {
namespace {

constexpr const char* kComponent = "mysql.cut";
constexpr int kFirstRounds = 3;
constexpr int kLastRounds = 60;
constexpr milliseconds kRoundPause{50};
constexpr int kLockTries = 3;
constexpr int kLockWaitSeconds = 3;
constexpr milliseconds kLockPause{2000};
constexpr int kAbandonedSeconds = 20;
constexpr milliseconds kSettle{2000};
constexpr milliseconds kSettleAtMost{30000};

std::string HowMany(size_t readers) {
  return fmt::format("{} {}", readers, readers == 1 ? "reader" : "readers");
}

// Sent to all readers before the first answer is read: on a busy source the snapshots lie closer together.
void StartAll(const Readers& readers) {
  constexpr std::string_view kStart = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
  for (const auto& reader : readers) {
    if (mysql_send_query(reader->handle(), kStart.data(), kStart.size()) != 0) reader->ThrowLast("", kStart);
  }
  std::exception_ptr failure;
  for (const auto& reader : readers) {  // every answer has to be read, whatever the first says
    try {
      if (mysql_read_query_result(reader->handle()) != 0) reader->ThrowLast("", kStart);
    } catch (const Error&) {
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

connector::Cut ExactCut(const LogPosition& position, std::string how) {
  connector::Cut cut;
  if (!position.empty()) cut.start = cut.end = FormatPosition(position);
  cut.how = std::move(how);
  return cut;
}

// Without a binary log nothing gets a GTID, whatever gtid_mode says (it is ON by default from some 9.x on): that none
// is new would not say that nothing was committed.
bool KeepsLog(Connection& connection) {
  return connection.QueryOne("SELECT @@GLOBAL.log_bin").value_or("0") == "1";
}

class CutTaker {
 public:
  CutTaker(Connection& control, Readers& readers, bool with_position)
      : control_(control),
        readers_(readers),
        with_position_(with_position),
        has_gtids_(!control.is_mariadb() && HasGtids(control) && KeepsLog(control)) {}

  connector::Cut Take() {
    if (auto cut = TryWithoutLock(kFirstRounds)) return *std::move(cut);
    if (auto cut = TryWithLock()) return *std::move(cut);
    if (auto cut = TryWithoutLock(kLastRounds)) return *std::move(cut);
    if (control_.is_mariadb() || !with_position_) return TakeWithOneReader();
    return has_gtids_ ? TakeBetweenGtids() : TakeBetweenPlaces();
  }

 private:
  std::optional<connector::Cut> TryWithoutLock(int rounds) {
    for (int round = 0; round < rounds; ++round) {
      if (round != 0 && !SleepFor(control_.stop(), kRoundPause)) ThrowIfStopped(control_.stop());
      auto cut = control_.is_mariadb() ? TryMariadbRound() : TryMysqlRound();
      if (cut) return cut;
      if (!can_do_without_lock_) return std::nullopt;
    }
    return std::nullopt;
  }
  std::optional<connector::Cut> TryMariadbRound();
  std::optional<connector::Cut> TryMysqlRound();
  std::optional<connector::Cut> TryWithLock();
  bool Lock();
  void Unlock() {
    control_.Execute("UNLOCK TABLES");
    control_.Execute("SET SESSION wait_timeout = 28800");
  }
  connector::Cut TakeWithOneReader();
  connector::Cut TakeBetweenGtids();
  connector::Cut TakeBetweenPlaces();

  void StartSnapshots() { StartAll(readers_); }
  // The place that a MariaDB snapshot stands for; empty when the server keeps no binary log.
  LogPosition SnapshotPlace(Connection& reader);
  std::string GtidExecuted() {
    std::string text = control_.QueryOne("SELECT @@GLOBAL.gtid_executed").value_or("");
    std::erase(text, '\n');
    return text;
  }
  // In this order: a transaction moves from the second to the first.
  bool NothingBeyond(const std::string& executed) {
    return control_.QueryOne("SELECT @@GLOBAL.gtid_owned").value_or("").empty() && GtidExecuted() == executed;
  }
  void WaitUntilSettled();

  Connection& control_;
  Readers& readers_;
  const bool with_position_;
  const bool has_gtids_;  // MySQL's
  bool can_do_without_lock_ = true;
};

LogPosition CutTaker::SnapshotPlace(Connection& reader) {
  LogPosition place;
  const TextRows rows = reader.Query(
      "SHOW SESSION STATUS WHERE Variable_name IN ('binlog_snapshot_file', "
      "'binlog_snapshot_position')");
  for (const TextRow& row : rows) {
    if (row.size() < 2 || !row[0] || !row[1]) continue;
    if (row[0]->ends_with("file") || row[0]->ends_with("FILE")) {
      place.file = *row[1];
    } else {
      place.offset = std::strtoull(row[1]->c_str(), nullptr, 10);
    }
  }
  return place;
}

std::optional<connector::Cut> CutTaker::TryMariadbRound() {
  StartSnapshots();
  LogPosition place = SnapshotPlace(*readers_.front());
  if (place.file.empty()) {
    can_do_without_lock_ = false;
    return std::nullopt;
  }
  for (const auto& reader : readers_) {
    const LogPosition other = SnapshotPlace(*reader);
    if (other.file != place.file || other.offset != place.offset) return std::nullopt;
  }
  const std::string how =
      fmt::format("snapshots at the same place in the log, without a lock, {}", HowMany(readers_.size()));
  if (!with_position_) return ExactCut({}, how);
  place.gtid =
      control_.QueryOne(fmt::format("SELECT BINLOG_GTID_POS({}, {})", Literal(place.file), place.offset)).value_or("");
  place.server = ServerIdentity(control_);
  return ExactCut(place, how);
}

std::optional<connector::Cut> CutTaker::TryMysqlRound() {
  if (!has_gtids_) {
    can_do_without_lock_ = false;
    return std::nullopt;
  }
  const std::string executed = GtidExecuted();        // A.1
  StartSnapshots();                                   // A.2
  if (!NothingBeyond(executed)) return std::nullopt;  // A.3
  const std::string how =
      fmt::format("GTIDs unchanged over all snapshots, without a lock, {}", HowMany(readers_.size()));
  if (!with_position_) return ExactCut({}, how);
  LogPosition position = ReadLogPosition(control_);   // A.4
  if (!NothingBeyond(executed)) return std::nullopt;  // A.5
  position.gtid = executed;
  return ExactCut(position, how);
}

bool CutTaker::Lock() {
  // If this process or the network dies now, the server must not keep everybody's writes locked.
  control_.Execute(
      fmt::format("SET SESSION lock_wait_timeout = {}, wait_timeout = {}", kLockWaitSeconds, kAbandonedSeconds));
  for (int attempt = 1; attempt <= kLockTries; ++attempt) {
    if (attempt != 1 && !SleepFor(control_.stop(), kLockPause)) ThrowIfStopped(control_.stop());
    try {
      control_.Execute("FLUSH TABLES WITH READ LOCK");
      return true;
    } catch (const Error& error) {
      const std::string& code = error.info().code;
      if (code == kMissingPrivilege.id || code == kAccessDenied.id) {
        LogInfo(kComponent, "FLUSH TABLES WITH READ LOCK is not granted (RELOAD): going on without it");
        return false;
      }
      if (code != kLockConflict.id) throw;
      LogWarning(kComponent,
                 fmt::format("FLUSH TABLES WITH READ LOCK did not get its lock within {} s (attempt {} of {}): a long "
                             "statement or transaction is running on the source",
                             kLockWaitSeconds, attempt, kLockTries));
    }
  }
  return false;
}

std::optional<connector::Cut> CutTaker::TryWithLock() {
  if (!Lock()) return std::nullopt;  // B.1
  LogPosition position;
  try {
    StartSnapshots();                                          // B.2
    if (with_position_) position = ReadLogPosition(control_);  // B.3
  } catch (const Error& error) {
    if (error.info().retry != RetryClass::kReconnect) Unlock();
    throw;
  }
  Unlock();  // B.4
  return ExactCut(position, fmt::format("FLUSH TABLES WITH READ LOCK, {}", HowMany(readers_.size())));
}

connector::Cut CutTaker::TakeWithOneReader() {
  readers_.resize(1);
  can_do_without_lock_ = true;
  if (with_position_) {
    if (auto cut = TryMariadbRound()) return *std::move(cut);
    ReadLogPosition(control_);  // says why there is none
  }
  StartSnapshots();
  return ExactCut({}, "one reader, since the account may not lock (RELOAD) and snapshots could not be compared");
}

connector::Cut CutTaker::TakeBetweenGtids() {
  connector::Cut cut;
  LogPosition start;
  start.gtid = GtidExecuted();
  start.server = ServerIdentity(control_);
  StartSnapshots();
  LogPosition end = ReadLogPosition(control_);
  // The end's GTIDs must hold everything before its place: those on their way have to arrive.
  const Deadline deadline = Deadline::After(kSettleAtMost);
  while (!control_.QueryOne("SELECT @@GLOBAL.gtid_owned").value_or("").empty() && !deadline.Passed()) {
    if (!SleepFor(control_.stop(), milliseconds(5))) ThrowIfStopped(control_.stop());
  }
  end.gtid = GtidExecuted();
  cut.start = FormatPosition(start);
  cut.end = FormatPosition(end);
  cut.exact = false;
  cut.how = fmt::format("between two GTID sets, since the account may not lock (RELOAD) and the source is busy, {}",
                        HowMany(readers_.size()));
  return cut;
}

void CutTaker::WaitUntilSettled() {
  const Deadline deadline = Deadline::After(kSettleAtMost);
  bool waiting = true;
  for (milliseconds pause = kSettle; waiting && !deadline.Passed(); pause = milliseconds(200)) {
    if (!SleepFor(control_.stop(), pause)) ThrowIfStopped(control_.stop());
    waiting = false;
    // rpl_semi_sync_master_wait_sessions, or ..._source_...: commits that are in the log but not visible yet.
    for (const TextRow& row : control_.Query("SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync%wait_sessions'")) {
      if (row.size() >= 2 && row[1].value_or("0") != "0") waiting = true;
    }
  }
}

connector::Cut CutTaker::TakeBetweenPlaces() {
  connector::Cut cut;
  const LogPosition start = ReadLogPosition(control_);
  WaitUntilSettled();
  StartSnapshots();
  const LogPosition end = ReadLogPosition(control_);
  cut.start = FormatPosition(start);
  cut.end = FormatPosition(end);
  cut.exact = cut.start == cut.end;
  cut.how = fmt::format(
      "between two places in the log, since the server has no GTIDs and the account may not lock "
      "(RELOAD), {}",
      HowMany(readers_.size()));
  return cut;
}

}  // namespace

connector::Cut TakeCut(Connection& control, Readers& readers, bool with_position) {
  connector::Cut cut = CutTaker(control, readers, with_position).Take();
  LogInfo(kComponent, "cut taken: " + cut.how + (cut.start.empty() ? "" : ", position " + cut.start.json));
  return cut;
}

}  // namespace sluice::mysql
