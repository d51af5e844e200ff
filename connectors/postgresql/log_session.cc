#include "connectors/postgresql/log_session.h"

#include <fmt/format.h>

#include <charconv>

#include "base/time.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/errors.h"
#include "connectors/postgresql/names.h"
#include "connectors/postgresql/pgoutput/bytes.h"
#include "connectors/postgresql/slot.h"

namespace sluice::postgresql {
namespace {

// Of test_decoding (documentation, appendix F), whose transactions without changes are left out.
constexpr const char* kTextOptions = R"("include-xids" '1', "include-timestamp" '1', "skip-empty-xacts" '1')";

// Of pgoutput: protocol versions by the server's (documentation, "Logical Streaming Replication Parameters"): 2 streams
// transactions that still run, 3 and 4 add prepared transactions and parallel streams, which are not asked for.
std::string Options(const Connection& connection, const std::string& publication) {
  if (LogPlugin(connection) == kTestDecoding) return kTextOptions;
  const uint32_t version = connection.version();
  const int protocol = version >= 160000 ? 4 : version >= 150000 ? 3 : version >= 140000 ? 2 : 1;
  // A list of quoted identifiers inside of a literal.
  std::string options = fmt::format("proto_version '{}', publication_names {}", protocol, Literal(Quote(publication)));
  if (version >= 140000) options += ", streaming 'on'";
  return options;
}

uint32_t Number(const std::string& text) {
  uint32_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void PutNumber(std::string& to, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) to += static_cast<char>(value >> shift & 0xff);
}

Error LogGone(const Error& error) {
  ErrorInfo info = error.info();
  info.code = kLogRemoved.id;
  info.title = kLogRemoved.title;
  info.retry = RetryClass::kNever;
  info.remedy =
      "Changes are lost to the task: begin anew with `sluice run --restart`. Keep more of the log: "
      "ALTER SYSTEM SET max_slot_wal_keep_size = -1; SELECT pg_reload_conf();";
  return Error(std::move(info));
}

Error SlotGone(const Error& error) {
  ErrorInfo info = error.info();
  info.code = kSlotMissing.id;
  info.title = kSlotMissing.title;
  info.remedy = "Begin anew with `sluice run --restart`; find out who dropped it.";
  return Error(std::move(info));
}

bool StateIs(const Error& error, std::string_view state) {
  return error.info().native_message.starts_with(state);
}

// What the server says of a slot or of the log, in our words.
[[noreturn]] void Rethrow(const Error& error) {
  if (StateIs(error, "58P01")) throw LogGone(error);  // undefined_file: a segment of the log
  if (StateIs(error, "55000") && error.info().cause.find("slot") != std::string::npos) throw LogGone(error);
  if (StateIs(error, "42704") && error.info().cause.find("publication") == std::string::npos) throw SlotGone(error);
  throw error;
}

}  // namespace

LogSession::LogSession(const connector::Endpoint& endpoint, const connector::SessionContext& context)
    : connection_(endpoint, context, {.replication = true}) {}

LogSession::System LogSession::Identify() {
  const TextRows rows = connection_.Query("IDENTIFY_SYSTEM", "server");
  if (rows.empty() || rows[0].size() < 2) return {};
  return {rows[0][0].value_or(""), Number(rows[0][1].value_or(""))};
}

// The file has lines of a timeline, where it was left, and why, with tabs between.
std::optional<uint64_t> LogSession::LeftTimeline(uint32_t present, uint32_t timeline) {
  if (present <= 1) return std::nullopt;  // the first one has no history
  const TextRows rows = connection_.Query(fmt::format("TIMELINE_HISTORY {}", present), "timeline history");
  if (rows.empty() || rows[0].size() < 2) return std::nullopt;
  std::string_view content = rows[0][1] ? std::string_view(*rows[0][1]) : std::string_view();
  // Binary in the result, so that some versions send it in the form of bytea: \x and hex digits.
  std::string decoded;
  if (content.starts_with("\\x")) {
    for (size_t i = 2; i + 1 < content.size(); i += 2) {
      uint8_t byte = 0;
      std::from_chars(content.data() + i, content.data() + i + 2, byte, 16);
      decoded += static_cast<char>(byte);
    }
    content = decoded;
  }
  while (!content.empty()) {
    const size_t end = std::min(content.find('\n'), content.size());
    const std::string line(content.substr(0, end));
    content.remove_prefix(std::min(end + 1, content.size()));
    const size_t tab = line.find('\t');
    if (tab == std::string::npos || Number(line) != timeline) continue;
    return ParseLsn(std::string_view(line).substr(tab + 1, line.find('\t', tab + 1) - tab - 1));
  }
  return std::nullopt;
}

void LogSession::Start(const std::string& slot, const std::string& publication, uint64_t lsn) {
  object_ = "replication slot " + slot;
  const std::string command = fmt::format("START_REPLICATION SLOT {} LOGICAL {} ({})", Quote(slot), FormatLsn(lsn),
                                          Options(connection_, publication));
  try {
    connection_.Expect(ResultPtr(PQexec(connection_.handle(), command.c_str())), {PGRES_COPY_BOTH}, object_, command);
  } catch (const Error& error) {
    Rethrow(error);
  }
}

std::optional<LogMessage> LogSession::Read() {
  // With TLS what does not fit is kept by the library, where no poll() sees it: the second time takes the rest of the
  // record, of 16 KiB at most.
  constexpr int kTimes = 2;
  for (int times = 0;; ++times) {
    char* data = nullptr;
    const int size = PQgetCopyData(connection_.handle(), &data, 1);
    message_.reset(data);
    if (size > 0) {
      if (auto message = Parse({data, static_cast<size_t>(size)})) return message;
      continue;
    }
    if (size < 0) Ended();
    if (times == kTimes) return std::nullopt;
    if (PQconsumeInput(connection_.handle()) != 1) connection_.ThrowLast(object_);
  }
}

std::optional<LogMessage> LogSession::Parse(std::string_view bytes) const {
  pgoutput::Bytes rest(bytes);
  LogMessage message;
  switch (rest.Char()) {
    case 'w':
      message.lsn = rest.U64();
      rest.Take(16);  // how far the server's log is, its clock
      message.body = rest.Rest();
      return message;
    case 'k':
      message.kind = LogMessage::Kind::kKeepalive;
      message.lsn = rest.U64();
      rest.U64();
      message.wants_answer = rest.U8() != 0;
      return message;
    default:
      pgoutput::ThrowBadMessage("the server sends something that is neither a change nor a sign of life");
  }
}

// The server ended the stream: its error, or an orderly shutdown.
void LogSession::Ended() {
  try {
    while (const ResultPtr result{PQgetResult(connection_.handle())}) {
      if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR) connection_.Throw(result.get(), object_);
      if (PQresultStatus(result.get()) == PGRES_COPY_IN || PQresultStatus(result.get()) == PGRES_COPY_BOTH) break;
    }
    connection_.ThrowLast(object_);
  } catch (const Error& error) {
    Rethrow(error);
  }
}

void LogSession::Answer(uint64_t received, uint64_t durable, bool ask) {
  constexpr int64_t kEpochs = 946'684'800'000'000;  // 1970-01-01 to 2000-01-01
  std::string answer = "r";
  PutNumber(answer, received);
  PutNumber(answer, durable);
  PutNumber(answer, durable);
  PutNumber(answer, static_cast<uint64_t>(NowMicros() - kEpochs));
  answer += ask ? '\1' : '\0';
  if (PQputCopyData(connection_.handle(), answer.data(), static_cast<int>(answer.size())) != 1 ||
      PQflush(connection_.handle()) != 0) {
    connection_.ThrowLast(object_);
  }
}

}  // namespace sluice::postgresql
