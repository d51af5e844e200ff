#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/time.h"
#include "connectors/mysql/binlog/bytes.h"
#include "connectors/mysql/binlog/decoder.h"
#include "connectors/mysql/binlog/decoder_tables.h"
#include "connectors/mysql/codes.h"

namespace sluice::mysql::binlog {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;

}  // namespace

void Decoder::OpenGroup(const EventHeader& header, GtidEvent gtid) {
  if (group_.open) AbandonGroup("Another transaction begins before the last one has ended.");
  const size_t bytes = group_.bytes;
  group_ = Group();
  group_.open = true;
  group_.bytes = bytes;
  group_.timestamp = header.timestamp;
  group_.begun = gtid.is_mariadb && !gtid.standalone;
  group_.xa = gtid.prepared_xa;
  group_.gtid = std::move(gtid);
  group_.begin = EndPosition();
  group_.begin.offset = event_begin_;
  group_.begin.rewind = nullptr;
  group_.skipped = skipping_ && BeforeStart();
  if (skipping_ && !group_.skipped && !options_.by_gtid) skipping_ = false;
}

void Decoder::OpenIfClosed(const EventHeader& header) {
  if (!group_.open) OpenGroup(header, GtidEvent());
}

// Whether the group at hand lies before the position that was asked for.
bool Decoder::BeforeStart() const {
  const LogPosition& start = options_.start;
  if (options_.by_gtid) {
    if (group_.gtid.is_mariadb) return before_mariadb_ && before_mariadb_->Contains(group_.gtid.mariadb);
    return before_mysql_ && before_mysql_->Contains(group_.gtid.source, group_.gtid.number);
  }
  const int files = CompareFiles(file_, start.file);
  return files < 0 || (files == 0 && event_begin_ < start.offset);
}

void Decoder::ThrowNoSuchPlace() const {
  throw Error(kHistoryDiverged)
      .Object(fmt::format("position {}:{}", options_.start.file, options_.start.offset))
      .Cause(
          "No transaction ends there in the server's log: the server was restored or lost the end of its log, or the "
          "position is wrong.")
      .Remedy(
          "Give a position as SHOW BINARY LOG STATUS (SHOW MASTER STATUS) prints it, or begin anew with --restart.");
}

void Decoder::AbandonGroup(const char* why) {
  const bool handed_on = group_.parts != 0;
  group_ = Group();
  if (!handed_on) return;  // nobody saw anything of it
  throw Error(kTransactionCut)
      .Cause(why)
      .Remedy("Sluice rolls it back and reads it again by itself.")
      .Retry(RetryClass::kReconnect);
}

model::Transaction& Decoder::Current() {
  if (group_.transaction == nullptr) {
    group_.transaction = std::make_unique<model::Transaction>();
    group_.transaction->first_part = group_.parts == 0;
  }
  return *group_.transaction;
}

void Decoder::Stamp(model::Transaction& transaction) const {
  transaction.gtid = group_.gtid.Text();
  transaction.last_committed = group_.gtid.last_committed;
  transaction.sequence_number = group_.gtid.sequence_number;
  transaction.commit_id = group_.gtid.commit_id;
  transaction.received_micros = NowMicros();
  transaction.bytes = group_.bytes;
  if (group_.gtid.committed_micros != 0) {
    transaction.committed_micros = group_.gtid.committed_micros;
  } else {
    // Whole seconds only. The latest moment that they can mean: a delay is then never shown that there is not.
    const int64_t second = int64_t{group_.timestamp} * kMicrosPerSecond;
    transaction.committed_micros =
        std::max(second, std::min(second + kMicrosPerSecond - 1, transaction.received_micros));
  }
}

std::string Decoder::GtidText() const {
  if (!track_gtids_) return {};
  return options_.traits.is_mariadb ? mariadb_gtids_.Text() : mysql_gtids_.Text();
}

LogPosition Decoder::EndPosition() const {
  LogPosition position;
  position.file = file_;
  position.offset = offset_;
  position.gtid = GtidText();
  position.server = options_.server;
  if (!prepared_.empty()) {
    const auto oldest = std::min_element(prepared_.begin(), prepared_.end(), [](const auto& a, const auto& b) {
      const int files = CompareFiles(a.second.begin.file, b.second.begin.file);
      return files != 0 ? files < 0 : a.second.begin.offset < b.second.begin.offset;
    });
    position.rewind = std::make_shared<LogPosition>(oldest->second.begin);
  }
  return position;
}

// The group's GTID belongs to the set from now on.
void Decoder::Count() {
  if (!track_gtids_) return;
  if (group_.gtid.is_mariadb) {
    mariadb_gtids_.Set(group_.gtid.mariadb);
  } else if (!group_.gtid.source.empty()) {
    mysql_gtids_.Add(group_.gtid.source, group_.gtid.number);
  }
}

void Decoder::CutPart() {
  Flush();
  model::TransactionPtr part = std::move(group_.transaction);
  part->first_part = group_.parts == 0;
  part->last_part = false;
  part->ordinal = ordinal_ + 1;
  Stamp(*part);
  group_.bytes = 0;
  ++group_.parts;
  options_.emit(std::move(part));
}

// A new file counts as a transaction without rows where only files tell how far the log was read: an idle source whose
// log rotated is then not waited for.
void Decoder::CountFile(const EventHeader& header) {
  if (track_gtids_ || skipping_ || group_.open) return;
  ++ordinal_;
  empties_ = true;
  empties_committed_ = int64_t{header.timestamp} * kMicrosPerSecond;
  empties_gtid_.clear();
}

void Decoder::CloseGroup() {
  CloseWith(std::move(group_.transaction));
}

void Decoder::CloseGroupEmpty() {
  CloseWith(nullptr);
}

void Decoder::CloseWith(model::TransactionPtr transaction) {
  const bool has_rows = transaction != nullptr && !transaction->rows.empty();
  if (group_.skipped) {
    const bool over =
        !options_.by_gtid && CompareFiles(file_, options_.start.file) == 0 && offset_ > options_.start.offset;
    if (over) ThrowNoSuchPlace();
    Count();
    group_ = Group();
    return;
  }
  steps_to_skip_ = 0;
  if (!has_rows && group_.parts == 0) {
    Count();
    ++ordinal_;
    empties_ = true;
    model::Transaction stamped;
    Stamp(stamped);
    empties_committed_ = stamped.committed_micros;
    empties_gtid_ = std::move(stamped.gtid);
    group_ = Group();
    return;
  }
  Flush();  // what was merged, with the set of GTIDs as it is before this group
  if (transaction == nullptr) transaction = std::make_unique<model::Transaction>();
  transaction->first_part = group_.parts == 0;
  transaction->last_part = true;
  transaction->ordinal = ++ordinal_;
  Stamp(*transaction);
  Count();
  transaction->end = FormatPosition(EndPosition());
  group_ = Group();
  options_.emit(std::move(transaction));
}

void Decoder::Flush() {
  if (!empties_) return;
  empties_ = false;
  auto merged = std::make_unique<model::Transaction>();
  merged->ordinal = ordinal_;
  LogPosition end = EndPosition();
  if (group_.open) end.offset = group_.begin.offset;  // before the group that is being read
  merged->end = FormatPosition(end);
  merged->gtid = std::move(empties_gtid_);
  merged->committed_micros = empties_committed_;
  merged->received_micros = NowMicros();
  options_.emit(std::move(merged));
}

// Takes back the rows after the first `rows` of the part numbered `parts`: those of transactional tables.
void Decoder::Rollback(size_t rows, size_t parts) {
  if (group_.parts > parts) {
    throw Error(kLateRollback)
        .Cause("More than one part of it was handed on before the log said that it was rolled back.")
        .Remedy(
            "Such groups are written when tables of different engines change together. Leave the tables that are "
            "not InnoDB out of the task's objects and begin anew with --restart.");
  }
  if (group_.transaction == nullptr) return;
  std::vector<model::RowChange>& changes = group_.transaction->rows;
  if (rows >= changes.size()) return;
  changes.erase(std::remove_if(changes.begin() + static_cast<ptrdiff_t>(rows), changes.end(),
                               [](const model::RowChange& change) { return change.table->transactional; }),
                changes.end());
}

}  // namespace sluice::mysql::binlog
