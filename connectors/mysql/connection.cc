#include "connectors/mysql/connection.h"

#include <fmt/format.h>
#include <mysql.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "base/stop.h"
#include "connectors/mysql/codes.h"
#include "connectors/mysql/errors.h"

namespace sluice::mysql {

namespace {

// Ends the setting up of a connection on a stop request: until it is done nobody but the library knows the socket. The
// library's callback runs in the thread that connects, and is given nothing of ours.
class ConnectWait {
 public:
  explicit ConnectWait(const std::stop_token& stop) : callback_(stop, Wake{wake_.fd}) { current_ = this; }
  ~ConnectWait() { current_ = nullptr; }
  ConnectWait(const ConnectWait&) = delete;
  ConnectWait& operator=(const ConnectWait&) = delete;

  // As the library's own: 1 when the socket is ready, 0 after `timeout_ms`, -1 with errno.
  static int Wait(my_socket socket, my_bool is_read, int timeout_ms) {
    const Deadline deadline = Deadline::After(milliseconds(timeout_ms));
    while (true) {
      pollfd entries[] = {{socket, static_cast<short>(is_read != 0 ? POLLIN : POLLOUT), 0},
                          {current_ != nullptr ? current_->wake_.fd : -1, POLLIN, 0}};
      const int ready = ::poll(entries, 2, timeout_ms > 0 ? static_cast<int>(deadline.Left().count()) : -1);
      if (ready < 0 && errno == EINTR) continue;
      if (ready == 0) errno = ETIMEDOUT;
      if (ready <= 0) return ready;
      errno = entries[1].revents != 0 ? ECANCELED : FailureOf(socket, entries[0].revents);
      return errno == 0 ? 1 : -1;
    }
  }

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

  // The library itself tells a refused connection from one without an answer no better than "in progress".
  static int FailureOf(my_socket socket, short events) {
    int failure = 0;
    socklen_t size = sizeof(failure);
    if ((events & (POLLERR | POLLHUP)) != 0) ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &failure, &size);
    return failure;
  }

  inline static thread_local const ConnectWait* current_ = nullptr;
  EventFd wake_;
  std::stop_callback<Wake> callback_;
};

// Whoever waits for an answer learns within about a minute that the network or the other machine is gone; by the
// system's own settings it would take hours. Best effort. Not TCP_USER_TIMEOUT: it also ends a connection to a server
// that is only slow to take what it is sent.
void KeepAlive(int socket) {
  const std::pair<int, int> settings[] = {{TCP_KEEPIDLE, 20}, {TCP_KEEPINTVL, 10}, {TCP_KEEPCNT, 4}};
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  for (const auto& [name, value] : settings) ::setsockopt(socket, IPPROTO_TCP, name, &value, sizeof(value));
}

}  // namespace

// Shuts the socket down from the thread that requests the stop; the blocked thread then sees a lost connection.
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

uint64_t ToNumber(const OptionalText& text) {
  uint64_t value = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

Connection::Connection(const connector::Endpoint& endpoint, const connector::SessionContext& context,
                       const ConnectOptions& options)
    : endpoint_(endpoint), stop_(context.stop), purpose_(context.purpose) {
  ThrowIfStopped(stop_);
  const bool tls = endpoint_.tls.mode != connector::TlsMode::kOff;
  try {
    Open(options, tls);
  } catch (const Error& error) {
    // "preferred" means: a server without TLS is taken as it is.
    const bool fall_back = endpoint_.tls.mode == connector::TlsMode::kPreferred && error.info().code == kTlsFailed.id;
    if (!fall_back) throw;
    Open(options, false);
  }
  interrupt_ = std::make_unique<Interrupt>(stop_, static_cast<int>(mysql_get_socket(handle_)));
  try {
    ReadVersion();
    SetSession(options);
  } catch (...) {
    interrupt_.reset();
    mysql_close(handle_);
    throw;
  }
}

Connection::~Connection() {
  interrupt_.reset();  // before the descriptor is closed: it may be given to someone else
  if (handle_ != nullptr) mysql_close(handle_);
}

void Connection::Open(const ConnectOptions& options, bool with_tls) {
  handle_ = mysql_init(nullptr);
  Check(handle_ != nullptr, "mysql_init");
  const unsigned connect_timeout = 10;
  mysql_optionsv(handle_, MYSQL_OPT_CONNECT_TIMEOUT, &connect_timeout);
  if (options.read_timeout_seconds != 0) {
    mysql_optionsv(handle_, MYSQL_OPT_READ_TIMEOUT, &options.read_timeout_seconds);
  }
  const unsigned local_infile = options.local_infile ? 1 : 0;
  mysql_optionsv(handle_, MYSQL_OPT_LOCAL_INFILE, &local_infile);
  mysql_optionsv(handle_, MYSQL_SET_CHARSET_NAME, options.charset.c_str());
  mysql_optionsv(handle_, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "sluice");
  if (!purpose_.empty()) mysql_optionsv(handle_, MYSQL_OPT_CONNECT_ATTR_ADD, "sluice_purpose", purpose_.c_str());
  if (with_tls) {
    const connector::Tls& tls = endpoint_.tls;
    const auto file = [](const std::string& name) { return name.empty() ? nullptr : name.c_str(); };
    mysql_ssl_set(handle_, file(tls.key), file(tls.certificate), file(tls.ca), nullptr, nullptr);
    const my_bool enforce = 1;
    mysql_optionsv(handle_, MYSQL_OPT_SSL_ENFORCE, &enforce);
    const my_bool verify = tls.mode >= connector::TlsMode::kVerifyFull ? 1 : 0;
    mysql_optionsv(handle_, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
  }
  unsigned long flags = CLIENT_FOUND_ROWS;
  if (options.multi_statements) flags |= CLIENT_MULTI_STATEMENTS;
  mysql_optionsv(handle_, MARIADB_OPT_IO_WAIT, reinterpret_cast<void*>(&ConnectWait::Wait));
  const ConnectWait wait(stop_);
  // TCP always: "localhost" would mean a Unix socket to the library, and the port would be ignored.
  const std::string host = endpoint_.host == "localhost" ? "127.0.0.1" : endpoint_.host;
  if (mysql_real_connect(handle_, host.c_str(), endpoint_.user.c_str(), endpoint_.password.Reveal().c_str(), nullptr,
                         endpoint_.port, nullptr, flags) == nullptr) {
    const int code = static_cast<int>(mysql_errno(handle_));
    const std::string message = Redact(mysql_error(handle_), endpoint_.password);
    mysql_close(handle_);
    handle_ = nullptr;
    ThrowIfStopped(stop_);
    throw ToError(code, message, endpoint_.side, fmt::format("server {}@{}", endpoint_.user, endpoint_.Address()));
  }
  mysql_optionsv(handle_, MARIADB_OPT_IO_WAIT, nullptr);  // from here on the socket is shut down instead
  KeepAlive(static_cast<int>(mysql_get_socket(handle_)));
}

void Connection::ReadVersion() {
  version_text_ = mysql_get_server_info(handle_);
  is_mariadb_ = version_text_.find("MariaDB") != std::string::npos;
  std::string_view text = version_text_;
  // MariaDB before 11 greets old clients with a "5.5.5-" in front.
  if (is_mariadb_ && text.starts_with("5.5.5-")) text.remove_prefix(6);
  uint32_t parts[3] = {0, 0, 0};
  size_t part = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      parts[part] = parts[part] * 10 + static_cast<uint32_t>(c - '0');
    } else if (c != '.' || ++part == 3) {
      break;
    }
  }
  version_ = parts[0] * 10000 + parts[1] * 100 + parts[2];
}

// Says all that a session's reads and writes hang on: whatever is not said comes from the server's global settings, or
// from its init_connect, which may even be another character set than the one that was agreed on.
void Connection::SetSession(const ConnectOptions& options) {
  // The collation is the one that the library asks for when it connects; the server's own default may be another.
  const bool is_utf8 = options.charset == "utf8mb4";
  std::string settings = "SET NAMES " + options.charset + (is_utf8 ? " COLLATE utf8mb4_general_ci" : "");
  settings += fmt::format(
      ", SESSION time_zone='+00:00', SESSION sql_mode='{}', SESSION wait_timeout=28800, SESSION net_read_timeout=3600, "
      "SESSION net_write_timeout=3600, SESSION autocommit=1, SESSION completion_type=0, SESSION sql_safe_updates=0, "
      "SESSION sql_select_limit=18446744073709551615",
      kSessionSqlMode);
  constexpr uint32_t kMariadbLimitSince = 100101, kMysqlLimitSince = 50708;
  if (is_mariadb_ && version_ >= kMariadbLimitSince) settings += ", SESSION max_statement_time=0";
  if (!is_mariadb_ && version_ >= kMysqlLimitSince) settings += ", SESSION max_execution_time=0";
  Execute(settings);
}

void Connection::Execute(std::string_view sql, std::string_view object) {
  if (mysql_real_query(handle_, sql.data(), sql.size()) != 0) ThrowLast(object, sql);
  do {
    MYSQL_RES* result = mysql_store_result(handle_);
    if (result != nullptr) {
      mysql_free_result(result);
    } else if (mysql_field_count(handle_) != 0) {
      ThrowLast(object, sql);
    }
    const int next = mysql_next_result(handle_);
    if (next < 0) break;
    if (next > 0) ThrowLast(object, sql);
  } while (true);
}

TextRows Connection::Query(std::string_view sql, std::string_view object) {
  if (mysql_real_query(handle_, sql.data(), sql.size()) != 0) ThrowLast(object, sql);
  std::unique_ptr<MYSQL_RES, void (*)(MYSQL_RES*)> result(mysql_store_result(handle_), mysql_free_result);
  if (result == nullptr) {
    if (mysql_field_count(handle_) != 0) ThrowLast(object, sql);
    return {};
  }
  const unsigned columns = mysql_num_fields(result.get());
  TextRows rows;
  rows.reserve(mysql_num_rows(result.get()));
  while (MYSQL_ROW row = mysql_fetch_row(result.get())) {
    const unsigned long* lengths = mysql_fetch_lengths(result.get());
    TextRow& out = rows.emplace_back(columns);
    for (unsigned i = 0; i < columns; ++i) {
      if (row[i] != nullptr) out[i].emplace(row[i], lengths[i]);
    }
  }
  return rows;
}

OptionalText Connection::QueryOne(std::string_view sql, std::string_view object) {
  TextRows rows = Query(sql, object);
  if (rows.empty() || rows[0].empty()) return std::nullopt;
  return std::move(rows[0][0]);
}

MYSQL_RES* Connection::Stream(std::string_view sql, std::string_view object) {
  if (mysql_real_query(handle_, sql.data(), sql.size()) != 0) ThrowLast(object, sql);
  MYSQL_RES* result = mysql_use_result(handle_);
  if (result == nullptr) ThrowLast(object, sql);
  return result;
}

void Connection::ThrowLast(std::string_view object, std::string_view statement) {
  Throw(static_cast<int>(mysql_errno(handle_)), mysql_error(handle_), object, statement, statement.size());
}

void Connection::Throw(int native, const std::string& message, std::string_view object, std::string_view statement,
                       size_t sent) {
  ThrowIfStopped(stop_);
  Error error = ToSessionError(native, Redact(message, endpoint_.password), endpoint_.side, std::string(object),
                               std::string(statement));
  // The server answers such a packet with an error and hangs up; as the packet is still on its way, the client seldom
  // gets to see the answer.
  constexpr size_t kPacketHead = 64;
  const bool lost = error.info().retry == RetryClass::kReconnect;
  if (!lost || packet_limit_ == 0 || sent + kPacketHead < packet_limit_) throw error;
  throw PacketTooLarge(std::move(error), sent, packet_limit_);
}

size_t Connection::PacketLimit() {
  constexpr size_t kDefault = 1 << 20;  // of the oldest servers
  if (packet_limit_ == 0) {
    const OptionalText most = QueryOne("SELECT @@SESSION.max_allowed_packet");
    packet_limit_ = most ? std::strtoull(most->c_str(), nullptr, 10) : 0;
    if (packet_limit_ == 0) packet_limit_ = kDefault;
  }
  return packet_limit_;
}

uint64_t Connection::id() const {
  return mysql_thread_id(handle_);
}

std::string Quote(std::string_view name) {
  std::string out = "`";
  for (const char c : name) {
    if (c == '`') out += '`';
    out += c;
  }
  out += '`';
  return out;
}

std::string Quote(std::string_view database, std::string_view name) {
  return Quote(database) + "." + Quote(name);
}

void AppendEscaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '\0':
        out += "\\0";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\x1a':
        out += "\\Z";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\'':
        out += "\\'";
        break;
      default:
        out += c;
    }
  }
}

std::string Literal(std::string_view text) {
  std::string out = "'";
  AppendEscaped(out, text);
  out += '\'';
  return out;
}

}  // namespace sluice::mysql
