#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "base/time.h"
#include "connectors/mysql/binlog/bytes.h"
#include "connectors/mysql/binlog/charset.h"
#include "connectors/mysql/binlog/decoder.h"
#include "connectors/mysql/binlog/decoder_tables.h"
#include "connectors/mysql/codes.h"

namespace sluice::mysql::binlog {
namespace {

constexpr size_t kQuotedMax = 300;

void Lower(std::string& text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
}

// MySQL 8.0.21 on ends the CREATE TABLE of a CREATE TABLE ... SELECT so in the log: the rows follow in one group.
bool CutStartTransaction(std::string_view& statement) {
  constexpr std::string_view kSuffix = "START TRANSACTION";
  std::string_view text = statement;
  while (!text.empty() && (text.back() == ' ' || text.back() == ';' || text.back() == '\n')) text.remove_suffix(1);
  if (!text.ends_with(kSuffix)) return false;
  text.remove_suffix(kSuffix.size());
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  if (!text.empty() && text.back() != ')' && !text.ends_with("*/") &&
      text.size() + kSuffix.size() == statement.size()) {
    return false;  // part of a longer word
  }
  statement = text;
  return true;
}

// Without regard to case, as servers compare these names. Between letters that are not ASCII no two servers agree on
// what is the same: a name that is only written otherwise is then not found, and that is said.
bool SameSavepoint(std::string a, std::string b) {
  Lower(a);
  Lower(b);
  return a == b;
}

model::StatementSession SessionOf(const EventHeader& header, const QueryEvent& query, const ServerTraits& traits) {
  constexpr int64_t kMicrosPerSecond = 1'000'000;
  constexpr uint8_t kMicrosecondDigits = 6;
  constexpr uint32_t kFlagSince = 101000;
  model::StatementSession session;
  session.began_micros = int64_t{header.timestamp} * kMicrosPerSecond + query.microseconds.value_or(0);
  session.began_digits = query.microseconds ? kMicrosecondDigits : 0;
  session.time_zone = query.time_zone;
  session.explicit_timestamps = query.explicit_timestamps;
  if (traits.is_mariadb && traits.version >= kFlagSince) session.explicit_timestamps = query.maria_explicit_timestamps;
  session.counter_step = query.counter_step;
  session.counter_begin = query.counter_begin;
  return session;
}

}  // namespace

void Decoder::OnQuery(const EventHeader& header, std::string_view body) {
  const QueryEvent query = ParseQuery(header.type, body, format_);
  const StatementStart start = ReadStatementStart(query.text());
  OpenIfClosed(header);
  switch (start.verb) {
    case Verb::kBegin:
      group_.begun = true;
      return;
    case Verb::kCommit:
      CloseGroup();
      return;
    case Verb::kRollback:
      Rollback(0, 0);
      CloseGroup();
      return;
    case Verb::kSavepoint: {
      const size_t rows = group_.transaction == nullptr ? 0 : group_.transaction->rows.size();
      std::erase_if(group_.savepoints, [&](const Savepoint& one) { return SameSavepoint(one.name, start.name); });
      group_.savepoints.push_back({start.name, rows, group_.parts});
      return;
    }
    case Verb::kRollbackTo: {
      const auto found = std::find_if(group_.savepoints.begin(), group_.savepoints.end(),
                                      [&](const Savepoint& one) { return SameSavepoint(one.name, start.name); });
      if (found != group_.savepoints.end()) {
        Rollback(found->rows, found->parts);
      } else if (group_.transaction != nullptr || group_.parts != 0) {
        ThrowBadEvent(fmt::format("It rolls back to savepoint {}, which the transaction has not set.", start.name));
      }
      return;
    }
    case Verb::kReleaseSavepoint:
      return;
    case Verb::kXaStart:
      group_.begun = true;
      group_.xa = true;
      return;
    case Verb::kXaEnd:
      return;
    case Verb::kXaPrepare:
      return;  // an event of its own says it
    case Verb::kXaCommit:
    case Verb::kXaRollback:
      OnXaEnd(start);
      return;
    case Verb::kRows:
      OnRowStatement(query, start);
      return;
    case Verb::kOther:
      OnSchemaStatement(header, query, start);
      return;
  }
}

void Decoder::OnRowStatement(const QueryEvent& query, const StatementStart& start) {
  const std::string database = start.database.empty() ? std::string(query.database) : start.database;
  if (!group_.skipped && !IsSystemDatabase(database)) {
    throw Error(kStatementInLog)
        .Cause(fmt::format("It was logged as a statement, so the rows it changed are not known: {}",
                           query.text().substr(0, kQuotedMax)))
        .Remedy(
            "SET GLOBAL binlog_format = 'ROW'; on the source and let its sessions log in again. What happened "
            "before cannot be followed: begin anew with --restart.");
  }
  if (!group_.begun) CloseGroup();
}

bool Decoder::Wanted(const model::DdlChange& ddl) const {
  const auto selected = [&](const model::ObjectName& name) {
    if (name.name.empty()) return !name.database.empty() && !IsSystemDatabase(name.database);  // a database
    return !options_.selected || options_.selected(name);
  };
  return std::any_of(ddl.objects.begin(), ddl.objects.end(), selected) ||
         std::any_of(ddl.new_names.begin(), ddl.new_names.end(), selected);
}

std::string Decoder::CollationName(uint16_t number) const {
  const auto found = options_.collations.find(number);
  return found == options_.collations.end() ? std::string() : found->second.second;
}

void Decoder::OnSchemaStatement(const EventHeader& header, const QueryEvent& query, const StatementStart& start) {
  std::string_view statement = query.text();
  const bool rows_follow = CutStartTransaction(statement);
  // An ALTER TABLE that MariaDB announces ahead comes again when it has been done.
  const bool skipped = group_.skipped || group_.gtid.alter_start || group_.gtid.alter_rollback;
  model::DdlChange ddl;
  bool wanted = false;
  if (!skipped) {
    const auto names = options_.collations.find(query.client_charset);
    const std::string charset = names == options_.collations.end() ? std::string() : names->second.first;
    const std::string sql_mode = query.sql_mode ? std::to_string(*query.sql_mode) : std::string();
    bool converted = false;
    const std::string text = ToUtf8(statement, charset, converted);
    ddl = options_.classify(text, query.database, sql_mode);
    if (options_.lower_case_names) {
      for (model::ObjectName& name : ddl.objects) Lower(name.database), Lower(name.name);
      for (model::ObjectName& name : ddl.new_names) Lower(name.database), Lower(name.name);
    }
    ddl.charset = converted ? "utf8mb4" : charset;
    if (!converted) ddl.collation = CollationName(query.connection_collation);
    ddl.foreign_keys_off = query.foreign_keys_off;
    ddl.session = SessionOf(header, query, options_.traits);
    if (options_.complete) {
      options_.complete(ddl, CollationName(query.server_collation), CollationName(query.utf8mb4_collation));
    }
    wanted = Wanted(ddl);
    if (!wanted && ddl.kind == model::DdlKind::kOther && start.words != "DROP TEMPORARY") {
      // Two words only: what follows may be a password.
      LogInfo("binlog", fmt::format("not carried: {} ... at {}:{}", start.words, file_, event_begin_));
    }
  }
  if (group_.begun || rows_follow) {
    // A commit will follow, and rows may come before it.
    group_.begun = true;
    if (wanted) EmitDdl(std::move(ddl));
    return;
  }
  if (!wanted) {
    CloseGroup();
    return;
  }
  auto transaction = std::make_unique<model::Transaction>();
  transaction->ddl = std::move(ddl);
  Flush();
  transaction->ordinal = ++ordinal_;
  Stamp(*transaction);
  Count();
  transaction->end = FormatPosition(EndPosition());
  group_ = Group();
  options_.emit(std::move(transaction));
}

// A schema statement inside of a group: a transaction of its own, whose end is within the group.
void Decoder::EmitDdl(model::DdlChange ddl) {
  if (group_.transaction != nullptr && !group_.transaction->rows.empty()) {
    ThrowBadEvent("A schema statement after rows of the same transaction.");
  }
  ++group_.step;
  if (steps_to_skip_ >= group_.step) return;
  Flush();
  auto transaction = std::make_unique<model::Transaction>();
  transaction->ddl = std::move(ddl);
  transaction->ordinal = ++ordinal_;
  Stamp(*transaction);
  LogPosition end = group_.begin;
  end.step = group_.step;
  end.rewind = EndPosition().rewind;
  transaction->end = FormatPosition(end);
  options_.emit(std::move(transaction));
}

void Decoder::OnXaPrepare(std::string_view body) {
  Bytes bytes(body);
  const bool one_phase = bytes.U8() != 0;
  const uint32_t format = bytes.U32();
  const uint32_t global = bytes.U32();
  const uint32_t branch = bytes.U32();
  if (global > 64 || branch > 64) ThrowBadEvent("Its XA id is longer than one can be.");
  const auto hex = [](std::string_view text) {
    std::string out = "x'";
    for (const char c : text) out += fmt::format("{:02x}", static_cast<unsigned>(static_cast<uint8_t>(c)));
    return out + "'";
  };
  const std::string global_hex = hex(bytes.Take(global));
  const std::string name = fmt::format("{},{},{}", global_hex, hex(bytes.Take(branch)), format);
  if (!group_.open) ThrowBadEvent("An XA prepare outside of any transaction.");
  if (one_phase) {
    CloseGroup();
    return;
  }
  Held held;
  held.transaction = std::move(group_.transaction);
  held.begin = group_.begin;
  const bool has_rows = held.transaction != nullptr && !held.transaction->rows.empty();
  // Kept even without rows of ours: its commit must find it.
  if (!has_rows) held.transaction = nullptr;
  prepared_[name] = std::move(held);
  CloseGroupEmpty();
}

void Decoder::OnXaEnd(const StatementStart& start) {
  const auto found = prepared_.find(start.name);
  if (start.verb == Verb::kXaRollback) {
    if (found != prepared_.end()) prepared_.erase(found);
    CloseGroupEmpty();
    return;
  }
  if (found == prepared_.end()) {
    if (group_.skipped) {
      CloseGroupEmpty();
      return;
    }
    throw Error(kPreparedTransaction)
        .Cause(fmt::format("XA transaction {} is committed here, but was prepared before the position that was begun "
                           "at.",
                           start.name))
        .Remedy("Let no prepared transactions be open (XA RECOVER; shows them) and begin anew with --restart.");
  }
  model::TransactionPtr transaction = std::move(found->second.transaction);
  prepared_.erase(found);
  CloseWith(std::move(transaction));
}

}  // namespace sluice::mysql::binlog
