// One connection to a PostgreSQL server: RAII over libpq's PGconn. Used by one thread at a time; a stop request on the
// context's token shuts its socket down, so that a blocked call returns and throws kStopped. All texts are UTF-8.
//
// Every session runs with the settings that kSessionSettings in connection.cc lists: ISO dates, UTC, exact floats, an
// empty search_path (name everything with its schema; pg_catalog is found without), row security an error.
#pragma once

#include <libpq-fe.h>

#include <charconv>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/stop.h"
#include "connector/endpoint.h"

namespace sluice::postgresql {

using OptionalText = std::optional<std::string>;
using TextRow = std::vector<OptionalText>;
using TextRows = std::vector<TextRow>;

struct ConnectOptions {
  // A walsender session of the database: it takes replication commands, and from version 10 on plain statements.
  bool replication = false;
  // Loaders and appliers: the server ends a session that is silent within a transaction after this; 0: never.
  milliseconds idle_in_transaction{0};
  // For questions that a server answers at once: then the server ends them, or, where the network is dead without a
  // word, the session ends itself (kConnectionLost). 0: no limit.
  milliseconds answer_within{0};
  milliseconds connect_within{10'000};
};

// With this the message begins of a statement that has failed because another run owns the task; the note follows.
inline constexpr std::string_view kOwnerIs = "sluice owner: ";

struct FreeResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, FreeResult>;

class Connection {
 public:
  // Throws what ToConnectError() says, or kStopped.
  Connection(const connector::Endpoint& endpoint, const connector::SessionContext& context,
             const ConnectOptions& options = {});
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Runs one or several statements (one implicit transaction unless they say otherwise) and discards their results.
  // `object` names what it is about in errors. A COPY among them is refused.
  void Execute(std::string_view sql, std::string_view object = "");
  // Keeps the whole result, as text: for catalogs, not for data.
  TextRows Query(std::string_view sql, std::string_view object = "");
  // The first cell of the first row.
  OptionalText QueryOne(std::string_view sql, std::string_view object = "");
  // Parameters are texts ($1, $2 ...); nothing = NULL. `binary`: the result's values come in binary form.
  ResultPtr Run(const std::string& sql, std::span<const OptionalText> parameters, std::string_view object = "",
                bool binary = false);

  // COPY ... FROM STDIN: begin, any number of data calls (cut anywhere), then one of the two ends. CopyEnd gives the
  // number of rows; after CopyAbort the statement has failed and the transaction with it, which is what was wanted.
  void CopyInBegin(const std::string& sql, std::string_view object);
  void CopyData(std::string_view bytes);
  uint64_t CopyEnd();
  void CopyAbort(const std::string& why);
  // COPY ... TO STDOUT: begin, then one message (text: a row) a call until nothing comes. The view is valid until the
  // next call. CopyOutCancel ends it early.
  void CopyOutBegin(const std::string& sql, std::string_view object);
  std::optional<std::string_view> CopyOutNext();
  void CopyOutCancel();

  // Waits until the socket has something to read; false when the deadline passed. Throws kStopped.
  bool WaitReadable(Deadline deadline);

  // Throws what a failed result says, or kStopped after a stop request.
  [[noreturn]] void Throw(const PGresult* result, std::string_view object = "", std::string_view statement = "");
  // The same for a failure that has no result (PQerrorMessage).
  [[noreturn]] void ThrowLast(std::string_view object = "", std::string_view statement = "");
  // Throws unless the result is of one of these kinds.
  ResultPtr Expect(ResultPtr result, std::initializer_list<ExecStatusType> wanted, std::string_view object,
                   std::string_view statement);

  // Asks the server through another session, for some seconds at most, to end what this one runs; best effort, and
  // whatever state the connection is in. libpq's own way waits for as long as a dead network lets it.
  void Cancel() const noexcept;

  PGconn* handle() { return handle_; }
  const connector::Endpoint& endpoint() const { return endpoint_; }
  std::stop_token stop() const { return stop_; }
  int pid() const { return pid_; }
  // major * 10000 + minor, from 10 on with 0 in the hundreds: 150018, 180004; before: 90624.
  uint32_t version() const { return version_; }
  uint32_t major() const { return version_ / 10000; }
  // As the server calls it: "UTF8", "LATIN1".
  std::string DatabaseEncoding() const;

 private:
  void Open(const ConnectOptions& options);
  void SetSession(const ConnectOptions& options);
  // As PQexec and PQexecParams, within `answer_within_`.
  ResultPtr Ask(const std::string& sql);
  ResultPtr Answered(bool sent);
  void AwaitAnswer(Deadline deadline);

  connector::Endpoint endpoint_;
  std::stop_token stop_;
  std::string purpose_;
  PGconn* handle_ = nullptr;
  uint32_t version_ = 0;
  int pid_ = 0;
  milliseconds answer_within_{0};
  std::string copy_object_;
  std::unique_ptr<char, void (*)(void*)> copied_{nullptr, PQfreemem};
  struct Interrupt;
  std::unique_ptr<Interrupt> interrupt_;
};

// `name` in double quotes, inner ones doubled.
std::string Quote(std::string_view name);
std::string Quote(std::string_view schema, std::string_view name);
// 'text' for a session with standard_conforming_strings (all of ours); E'...' where it has a backslash, so that the
// statement means the same in any session.
std::string Literal(std::string_view text);

// What this session commits is on the server's disk when it is told so, also where that is switched off for others: a
// source is told of it, and forgets it.
void CommitDurably(Connection& connection);

// A whole number that a server has written; 0: NULL.
template <typename Number>
Number NumberOf(const OptionalText& text) {
  Number number = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

// {"a","b"}: the text of an array, for a parameter.
std::string ArrayText(const std::vector<std::string>& elements);

// Triggers and foreign keys do not act on what this session writes, where the account may have that
// (session_replication_role; superusers, and from 15 on whoever was granted SET on it). False: it may not.
bool SilenceTriggers(Connection& connection);

}  // namespace sluice::postgresql
