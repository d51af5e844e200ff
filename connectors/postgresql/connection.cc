#include "connectors/postgresql/connection.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "connector/owner.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/errors.h"

namespace sluice::postgresql {
namespace {

// Texts that mean the same whatever the server's or role's defaults are (PostgreSQL documentation, chapter 20 "Client
// Connection Defaults").
constexpr std::pair<const char*, const char*> kOutputSettings[] = {
    {"DateStyle", "ISO, MDY"},
    {"IntervalStyle", "postgres"},
    {"TimeZone", "UTC"},
    {"extra_float_digits", "3"},
    {"bytea_output", "hex"},
    {"lc_monetary", "C"},  // money is a number of the smallest coin: as text it would be read by each server's locale
    {"search_path", ""},
    {"quote_all_identifiers", "off"},  // the definitions that are read
};
constexpr std::pair<const char*, const char*> kSessionSettings[] = {
    {"standard_conforming_strings", "on"},
    {"array_nulls", "on"},  // off: NULL in the text of an array is a word
    {"xmloption", "content"},
    {"statement_timeout", "0"},
    {"lock_timeout", "0"},
    {"default_transaction_isolation", "read committed"},
    {"default_transaction_read_only", "off"},
    {"synchronize_seqscans", "off"},
};

// As a session for the log is started with: before 10 it takes no statements. A space within a value has a backslash
// before it.
std::string OutputOptions() {
  std::string options;
  for (const auto& [name, value] : kOutputSettings) {
    options += fmt::format(" -c {}=", name);
    for (const char c : std::string_view(value)) {
      if (c == ' ') options += '\\';
      options += c;
    }
  }
  return options;
}

// Wakes a poll() on a stop request.
class StopWake {
 public:
  explicit StopWake(const std::stop_token& stop) : callback_(stop, Wake{wake_.fd}) {}
  int fd() const { return wake_.fd; }

 private:
  struct EventFd {
    int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    EventFd() { Check(fd >= 0, "eventfd"); }
    ~EventFd() { ::close(fd); }
    EventFd(const EventFd&) = delete;
    EventFd& operator=(const EventFd&) = delete;
  };
  struct Wake {
    int fd;
    void operator()() const { ::eventfd_write(fd, 1); }
  };
  EventFd wake_;
  std::stop_callback<Wake> callback_;
};

// True when the socket is ready, false after the deadline. Throws kStopped.
bool WaitFor(int socket, short events, Deadline deadline, const std::stop_token& stop) {
  const StopWake wake(stop);
  while (true) {
    ThrowIfStopped(stop);
    pollfd entries[] = {{socket, events, 0}, {wake.fd(), POLLIN, 0}};
    const int ready = ::poll(entries, 2, static_cast<int>(deadline.Left().count()));
    if (ready < 0 && errno != EINTR) return true;  // what is wrong with the socket is told by its next use
    if (ready > 0 && entries[0].revents != 0) return true;
    ThrowIfStopped(stop);
    if (deadline.Passed()) return false;
  }
}

std::string ApplicationName(const std::string& purpose) {
  return "sluice" + (purpose.empty() ? "" : " " + purpose);
}

const char* TlsWord(connector::TlsMode mode) {
  switch (mode) {
    case connector::TlsMode::kOff:
      return "disable";
    case connector::TlsMode::kPreferred:
      return "prefer";
    case connector::TlsMode::kRequired:
      return "require";
    case connector::TlsMode::kVerifyCa:
      return "verify-ca";
    case connector::TlsMode::kVerifyFull:
      return "verify-full";
  }
  return "prefer";
}

// The owner's note in a message that repeats it; empty: there was none.
std::string NoteIn(const std::string& message) {
  const size_t begin = message.find('{');
  const size_t end = message.rfind('}');
  return begin == std::string::npos || end == std::string::npos ? "" : message.substr(begin, end + 1 - begin);
}

std::string Field(const PGresult* result, int field) {
  const char* text = PQresultErrorField(result, field);
  return text == nullptr ? "" : text;
}

}  // namespace

// Shuts the socket down from the thread that requests the stop; the blocked thread then sees a lost connection. From 14
// on the server notices too (client_connection_check_interval); an older one is asked to cancel by the destructor.
struct Connection::Interrupt {
  Interrupt(const std::stop_token& stop, int socket) : callback(stop, Shut{socket}) {}
  struct Shut {
    int socket;
    void operator()() const {
      if (socket >= 0) ::shutdown(socket, SHUT_RDWR);
    }
  };
  std::stop_callback<Shut> callback;
};

Connection::Connection(const connector::Endpoint& endpoint, const connector::SessionContext& context,
                       const ConnectOptions& options)
    : endpoint_(endpoint), stop_(context.stop), purpose_(context.purpose) {
  ThrowIfStopped(stop_);
  try {
    Open(options);
    interrupt_ = std::make_unique<Interrupt>(stop_, PQsocket(handle_));
    SetSession(options);
  } catch (...) {
    interrupt_.reset();
    PQfinish(handle_);
    throw;
  }
}

Connection::~Connection() {
  interrupt_.reset();  // before the descriptor is closed: it may be given to someone else
  constexpr uint32_t kNoticesBySelf = 140000;
  if (stop_.stop_requested() && version_ < kNoticesBySelf && PQtransactionStatus(handle_) != PQTRANS_IDLE) Cancel();
  PQfinish(handle_);
}

void Connection::Cancel() const noexcept {
  constexpr milliseconds kWithin{1000};
  try {
    Connection other(endpoint_, {.stop = {}, .purpose = "cancel"},
                     {.answer_within = kWithin, .connect_within = kWithin});
    // The process number may be another session's by now.
    other.Query(
        fmt::format("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = {} AND usename = "
                    "current_user AND application_name = {}",
                    pid_, Literal(ApplicationName(purpose_))));
  } catch (const Error&) {
    // Then the session ends when the server notices that nobody listens.
  }
}

void Connection::Open(const ConnectOptions& options) {
  const connector::Tls& tls = endpoint_.tls;
  const std::string port = std::to_string(endpoint_.port);
  const std::string name = ApplicationName(purpose_);
  std::vector<const char*> keys;
  std::vector<const char*> values;
  const auto add = [&](const char* key, const char* value) {
    keys.push_back(key);
    values.push_back(value);
  };
  add("host", endpoint_.host.c_str());
  add("port", port.c_str());
  add("user", endpoint_.user.c_str());
  add("password", endpoint_.password.Reveal().c_str());
  // Without a name libpq takes the user's: a task file always has one.
  add("dbname", endpoint_.database.c_str());
  add("application_name", name.c_str());
  add("client_encoding", "UTF8");
  add("sslmode", TlsWord(tls.mode));
  add("gssencmode", "disable");
  if (!tls.ca.empty()) add("sslrootcert", tls.ca.c_str());
  if (!tls.certificate.empty()) add("sslcert", tls.certificate.c_str());
  if (!tls.key.empty()) add("sslkey", tls.key.c_str());
  // A dead network is noticed within about a minute. Not tcp_user_timeout: it also ends a connection to a server that
  // is only slow to take what it is sent.
  add("keepalives_idle", "20");
  add("keepalives_interval", "10");
  add("keepalives_count", "4");
  // Nothing but the task file says who we are. A file that cannot be: libpq warns of one that is no plain file.
  add("passfile", "/dev/null/none");
  const std::string settings = options.replication ? OutputOptions() : "";
  if (options.replication) {
    add("replication", "database");
    add("options", settings.c_str());
  }
  add(nullptr, nullptr);

  const std::string object = fmt::format("server {}@{}", endpoint_.user, endpoint_.Address());
  const auto fail = [&](const std::string& text) {
    throw ToConnectError(Redact(text, endpoint_.password), endpoint_.side, object);
  };
  handle_ = PQconnectStartParams(keys.data(), values.data(), 0);
  Check(handle_ != nullptr, "PQconnectStartParams");
  if (PQstatus(handle_) == CONNECTION_BAD) fail(PQerrorMessage(handle_));
  const Deadline deadline = Deadline::After(options.connect_within);
  for (PostgresPollingStatusType state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK;) {
    const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!WaitFor(PQsocket(handle_), events, deadline, stop_)) fail("timeout expired");
    state = PQconnectPoll(handle_);
    if (state == PGRES_POLLING_FAILED) {
      ThrowIfStopped(stop_);
      fail(PQerrorMessage(handle_));
    }
  }
  version_ = static_cast<uint32_t>(PQserverVersion(handle_));
  pid_ = PQbackendPID(handle_);
  PQsetNoticeReceiver(
      handle_, [](void*, const PGresult*) {}, nullptr);
}

void Connection::SetSession(const ConnectOptions& options) {
  constexpr uint32_t kWalSenderTakesSql = 100000;
  if (options.replication && version_ < kWalSenderTakesSql) return;
  std::string sql;
  const auto set = [&](const char* name, std::string_view value) {
    sql += fmt::format("SET {} = {};", name, Literal(value));
  };
  for (const auto& [name, value] : kOutputSettings) set(name, value);
  for (const auto& [name, value] : kSessionSettings) set(name, value);
  if (version_ >= 90500) set("row_security", "off");
  const auto idle = std::to_string(options.idle_in_transaction.count());
  if (version_ >= 90600) set("idle_in_transaction_session_timeout", idle);
  if (version_ >= 140000) set("idle_session_timeout", "0");
  if (version_ >= 170000) set("transaction_timeout", "0");
  if (version_ >= 140000) set("client_connection_check_interval", "1000");
  answer_within_ = options.answer_within;
  if (options.answer_within.count() > 0) set("statement_timeout", std::to_string(options.answer_within.count()));
  Execute(sql);
}

std::string Connection::DatabaseEncoding() const {
  const char* encoding = PQparameterStatus(handle_, "server_encoding");
  return encoding == nullptr ? "" : encoding;
}

ResultPtr Connection::Expect(ResultPtr result, std::initializer_list<ExecStatusType> wanted, std::string_view object,
                             std::string_view statement) {
  const ExecStatusType status = PQresultStatus(result.get());
  for (const ExecStatusType one : wanted) {
    if (status == one) return result;
  }
  if (result == nullptr) ThrowLast(object, statement);
  Throw(result.get(), object, statement);
}

ResultPtr Connection::Ask(const std::string& sql) {
  if (answer_within_.count() == 0) return ResultPtr(PQexec(handle_, sql.c_str()));
  return Answered(PQsendQuery(handle_, sql.c_str()) == 1);
}

// The last result, as PQexec gives it.
ResultPtr Connection::Answered(bool sent) {
  constexpr milliseconds kOnTheWayMost{5000};  // the server has the first word
  if (!sent) return nullptr;
  const Deadline deadline = Deadline::After(answer_within_ + std::min(answer_within_, kOnTheWayMost));
  ResultPtr last;
  while (true) {
    AwaitAnswer(deadline);
    ResultPtr next(PQgetResult(handle_));
    if (next == nullptr) return last;
    last = std::move(next);
    const ExecStatusType status = PQresultStatus(last.get());
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) return last;
  }
}

void Connection::AwaitAnswer(Deadline deadline) {
  while (PQisBusy(handle_) == 1) {
    if (!WaitReadable(deadline)) {
      throw Error(kConnectionLost)
          .Object("server " + endpoint_.Address())
          .Cause(fmt::format("no answer within {} s: the network between is dead, or the server is stuck",
                             answer_within_.count() / 1000))
          .Remedy("Nothing has to be done if it comes back: Sluice connects again.")
          .Side(endpoint_.side)
          .Retry(RetryClass::kReconnect);
    }
    if (PQconsumeInput(handle_) != 1) return;  // PQgetResult tells why
  }
}

void Connection::Execute(std::string_view sql, std::string_view object) {
  const std::string text(sql);
  Expect(Ask(text), {PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY}, object, sql);
}

TextRows Connection::Query(std::string_view sql, std::string_view object) {
  const std::string text(sql);
  const ResultPtr result = Expect(Ask(text), {PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY}, object, sql);
  const int count = PQntuples(result.get());
  const int columns = PQnfields(result.get());
  TextRows rows(static_cast<size_t>(count));
  for (int r = 0; r < count; ++r) {
    TextRow& row = rows[static_cast<size_t>(r)];
    row.resize(static_cast<size_t>(columns));
    for (int c = 0; c < columns; ++c) {
      if (PQgetisnull(result.get(), r, c) != 0) continue;
      row[static_cast<size_t>(c)].emplace(PQgetvalue(result.get(), r, c),
                                          static_cast<size_t>(PQgetlength(result.get(), r, c)));
    }
  }
  return rows;
}

OptionalText Connection::QueryOne(std::string_view sql, std::string_view object) {
  TextRows rows = Query(sql, object);
  if (rows.empty() || rows[0].empty()) return std::nullopt;
  return std::move(rows[0][0]);
}

namespace {

// libpq wants texts that end with a zero byte; values with one inside are no text of PostgreSQL's.
std::vector<const char*> Pointers(std::span<const OptionalText> parameters) {
  std::vector<const char*> pointers;
  pointers.reserve(parameters.size());
  for (const OptionalText& one : parameters) pointers.push_back(one ? one->c_str() : nullptr);
  return pointers;
}

}  // namespace

ResultPtr Connection::Run(const std::string& sql, std::span<const OptionalText> parameters, std::string_view object,
                          bool binary) {
  const std::vector<const char*> values = Pointers(parameters);
  const int count = static_cast<int>(values.size());
  ResultPtr result;
  if (answer_within_.count() == 0) {
    result.reset(PQexecParams(handle_, sql.c_str(), count, nullptr, values.data(), nullptr, nullptr, binary ? 1 : 0));
  } else {
    result = Answered(
        PQsendQueryParams(handle_, sql.c_str(), count, nullptr, values.data(), nullptr, nullptr, binary ? 1 : 0) == 1);
  }
  return Expect(std::move(result), {PGRES_COMMAND_OK, PGRES_TUPLES_OK}, object, sql);
}

void Connection::CopyInBegin(const std::string& sql, std::string_view object) {
  Expect(ResultPtr(PQexec(handle_, sql.c_str())), {PGRES_COPY_IN}, object, sql);
  copy_object_ = object;
}

void Connection::CopyData(std::string_view bytes) {
  constexpr size_t kMost = 1 << 20;
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, kMost);
    if (PQputCopyData(handle_, part.data(), static_cast<int>(part.size())) != 1) {
      // The server's own words, if it sent some before it hung up, are in the result.
      if (PQputCopyEnd(handle_, nullptr) == 1) CopyEnd();
      ThrowLast(copy_object_);
    }
    bytes.remove_prefix(part.size());
  }
}

uint64_t Connection::CopyEnd() {
  if (PQtransactionStatus(handle_) == PQTRANS_ACTIVE) PQputCopyEnd(handle_, nullptr);
  ResultPtr result(PQgetResult(handle_));
  while (const ResultPtr rest{PQgetResult(handle_)}) {
  }
  result = Expect(std::move(result), {PGRES_COMMAND_OK}, copy_object_, "");
  const std::string_view count = PQcmdTuples(result.get());
  uint64_t rows = 0;
  std::from_chars(count.data(), count.data() + count.size(), rows);
  return rows;
}

void Connection::CopyAbort(const std::string& why) {
  PQputCopyEnd(handle_, why.c_str());
  while (const ResultPtr rest{PQgetResult(handle_)}) {
  }
  if (PQstatus(handle_) == CONNECTION_BAD) ThrowLast(copy_object_);
}

void Connection::CopyOutBegin(const std::string& sql, std::string_view object) {
  Expect(ResultPtr(PQexec(handle_, sql.c_str())), {PGRES_COPY_OUT}, object, sql);
  copy_object_ = object;
}

std::optional<std::string_view> Connection::CopyOutNext() {
  char* data = nullptr;
  const int size = PQgetCopyData(handle_, &data, 0);
  copied_.reset(data);
  if (size > 0) return std::string_view(data, static_cast<size_t>(size));
  if (size == -2) ThrowLast(copy_object_);
  ResultPtr result(PQgetResult(handle_));
  while (const ResultPtr rest{PQgetResult(handle_)}) {
  }
  Expect(std::move(result), {PGRES_COMMAND_OK}, copy_object_, "");
  return std::nullopt;
}

void Connection::CopyOutCancel() {
  Cancel();
  char* data = nullptr;
  while (PQgetCopyData(handle_, &data, 0) > 0) copied_.reset(data);
  copied_.reset();
  while (const ResultPtr rest{PQgetResult(handle_)}) {
  }
}

bool Connection::WaitReadable(Deadline deadline) {
  return WaitFor(PQsocket(handle_), POLLIN, deadline, stop_);
}

void Connection::Throw(const PGresult* result, std::string_view object, std::string_view statement) {
  ThrowIfStopped(stop_);
  ServerMessage message{.state = Field(result, PG_DIAG_SQLSTATE),
                        .primary = Redact(Field(result, PG_DIAG_MESSAGE_PRIMARY), endpoint_.password),
                        .detail = Redact(Field(result, PG_DIAG_MESSAGE_DETAIL), endpoint_.password),
                        .hint = Field(result, PG_DIAG_MESSAGE_HINT),
                        .context = Redact(Field(result, PG_DIAG_CONTEXT), endpoint_.password),
                        .schema = Field(result, PG_DIAG_SCHEMA_NAME),
                        .table = Field(result, PG_DIAG_TABLE_NAME),
                        .column = Field(result, PG_DIAG_COLUMN_NAME),
                        .constraint = Field(result, PG_DIAG_CONSTRAINT_NAME)};
  if (message.state.empty() || PQstatus(handle_) == CONNECTION_BAD) {
    // An error of its own that the server ended the session with tells more than "the connection is lost".
    const bool fatal = message.state.starts_with("57P") || message.state.starts_with("25P");
    if (!fatal) ThrowLast(object, statement);
  }
  if (!endpoint_.fence.task.empty() && message.primary.find(kOwnerIs) != std::string::npos) {
    throw connector::TakenOver(NoteIn(message.primary));
  }
  throw ToError(message, endpoint_.side, std::string(object), statement);
}

void Connection::ThrowLast(std::string_view object, std::string_view statement) {
  ThrowIfStopped(stop_);
  ServerMessage message;
  message.primary = Redact(PQerrorMessage(handle_), endpoint_.password);
  while (!message.primary.empty() && message.primary.back() == '\n') message.primary.pop_back();
  if (message.primary.empty()) message.primary = "the connection ended";
  throw ToError(message, endpoint_.side, std::string(object), statement);
}

std::string Quote(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
  return out;
}

std::string Quote(std::string_view schema, std::string_view name) {
  return Quote(schema) + "." + Quote(name);
}

std::string Literal(std::string_view text) {
  const bool backslash = text.find('\\') != std::string_view::npos;
  std::string out = backslash ? "E'" : "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += c;
    out += c;
  }
  out += '\'';
  return out;
}

std::string ArrayText(const std::vector<std::string>& elements) {
  std::string text = "{";
  for (const std::string& element : elements) {
    text += text.size() > 1 ? ",\"" : "\"";
    for (const char c : element) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text + "}";
}

void CommitDurably(Connection& connection) {
  connection.Execute(
      "SELECT set_config('synchronous_commit', 'local', false) WHERE current_setting('synchronous_commit') = 'off'");
}

bool SilenceTriggers(Connection& connection) {
  try {
    connection.Execute("SET session_replication_role = replica");
    return true;
  } catch (const Error& error) {
    if (error.info().code != kMissingPrivilege.id) throw;
    return false;
  }
}

}  // namespace sluice::postgresql
