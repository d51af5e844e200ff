#include "connectors/postgresql/position.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/error.h"
#include "base/stop.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/sessions.h"

namespace sluice::postgresql {
namespace {

constexpr uint32_t kWalNames = 100000;      // pg_current_wal_lsn; before: pg_current_xlog_location
constexpr uint32_t kFlushPosition = 90600;  // and pg_control_system
constexpr milliseconds kFlushAskEvery{20};
constexpr int64_t kFlushCycles = 3;  // of wal_writer_delay, documentation of synchronous_commit

// inserted, flushed, timeline, system, wal_writer_delay in milliseconds
std::string Question(uint32_t version) {
  const bool wal = version >= kWalNames;
  const bool flush = version >= kFlushPosition;
  const std::string inserted = wal ? "pg_current_wal_insert_lsn()" : "pg_current_xlog_insert_location()";
  const std::string flushed = wal     ? "pg_current_wal_flush_lsn()"
                              : flush ? "pg_current_xlog_flush_location()"
                                      : "pg_current_xlog_location()";
  const std::string received = wal ? "greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())"
                                   : "greatest(pg_last_xlog_receive_location(), pg_last_xlog_replay_location())";
  const std::string file =
      wal ? "pg_walfile_name(pg_current_wal_lsn())" : "pg_xlogfile_name(pg_current_xlog_location())";
  return fmt::format(
      "SELECT CASE WHEN r THEN {2} ELSE {0} END, CASE WHEN r THEN {2} ELSE {1} END, "
      "CASE WHEN r THEN NULL ELSE substr({3}, 1, 8) END, {4}, "
      "(SELECT setting FROM pg_settings WHERE name = 'wal_writer_delay') FROM pg_is_in_recovery() AS r",
      inserted, flushed, received, file, flush ? "(SELECT system_identifier FROM pg_control_system())" : "NULL::text");
}

struct Answer {
  uint64_t inserted = 0;
  LogPosition flushed;
  int64_t writer_delay = 0;
};

Answer Ask(Connection& connection) {
  const TextRows rows = connection.Query(Question(connection.version()), "position");
  Answer answer;
  if (rows.empty()) return answer;
  const TextRow& row = rows[0];
  const auto number = [](const OptionalText& text, auto& value, int base) {
    if (text) std::from_chars(text->data(), text->data() + text->size(), value, base);
  };
  answer.inserted = ParseLsn(row[0].value_or("")).value_or(0);
  answer.flushed.lsn = ParseLsn(row[1].value_or("")).value_or(0);
  number(row[2], answer.flushed.timeline, 16);
  answer.flushed.system = row[3].value_or("");
  number(row[4], answer.writer_delay, 10);
  return answer;
}

}  // namespace

std::string FormatLsn(uint64_t lsn) {
  return fmt::format("{:X}/{:X}", lsn >> 32, lsn & 0xffffffffu);
}

std::optional<uint64_t> ParseLsn(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto half = [](std::string_view digits) -> std::optional<uint64_t> {
    uint32_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
  };
  const auto high = half(text.substr(0, slash));
  const auto low = half(text.substr(slash + 1));
  if (!high || !low) return std::nullopt;
  return (*high << 32) | *low;
}

// Written for each transaction: a tree of JSON is too dear.
model::Position FormatPosition(const LogPosition& position) {
  const bool is_number = position.system.find_first_not_of("0123456789") == std::string::npos;
  const std::string system = is_number ? '"' + position.system + '"' : nlohmann::json(position.system).dump();
  const std::string part = position.part == 0 ? "" : fmt::format(R"("part":{},)", position.part);
  return {"postgresql", fmt::format(R"({{"lsn":"{}",{}"system":{},"timeline":{}}})", FormatLsn(position.lsn), part,
                                    system, position.timeline)};
}

LogPosition ParsePosition(const model::Position& position) {
  const nlohmann::json value = nlohmann::json::parse(position.json, nullptr, false);
  const auto text = [&](const char* key) {
    return value.is_object() && value.contains(key) && value[key].is_string() ? value[key].get<std::string>() : "";
  };
  const auto number = [&](const char* key) -> uint32_t {
    return value.is_object() && value.contains(key) && value[key].is_number_unsigned() ? value[key].get<uint32_t>() : 0;
  };
  const std::optional<uint64_t> lsn = ParseLsn(text("lsn"));
  if (position.engine != "postgresql" || !lsn) {
    throw Error(kBadPosition)
        .Object("position " + position.json)
        .Cause("it is no place in a PostgreSQL log")
        .Remedy("Begin anew with `sluice run --restart`.");
  }
  return {.lsn = *lsn, .system = text("system"), .timeline = number("timeline"), .part = number("part")};
}

bool PositionReached(const model::Position& applied, const model::Position& wanted) {
  if (wanted.empty()) return true;
  if (applied.empty()) return false;
  const LogPosition a = ParsePosition(applied);
  const LogPosition w = ParsePosition(wanted);
  return std::tie(a.lsn, a.part) >= std::tie(w.lsn, w.part);
}

// The log is sent up to where it is flushed. A commit with synchronous_commit = off is seen by others before that, and
// flushed within three cycles of the log's writer; what is not flushed by then is no commit that anybody saw before
// the question (the rest of a page of a transaction that is still open).
model::Position ReadCurrentPosition(Connection& connection) {
  const Answer first = Ask(connection);
  Answer now = first;
  const Deadline deadline = Deadline::After(milliseconds(kFlushCycles * first.writer_delay));
  while (now.flushed.lsn < first.inserted && !deadline.Passed()) {
    if (!SleepFor(connection.stop(), kFlushAskEvery)) throw Error(kStopped);
    now = Ask(connection);
  }
  return FormatPosition(now.flushed);
}

}  // namespace sluice::postgresql
