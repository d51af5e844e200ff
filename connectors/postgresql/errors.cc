#include "connectors/postgresql/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "connectors/postgresql/codes.h"

namespace sluice::postgresql {
namespace {

struct Class {
  std::vector<std::string_view> states;  // five characters, or two: the whole class
  const ErrorCode* code;
  RetryClass retry;
  const char* remedy;
};

// Looked through in order: single states before their class.
const std::vector<Class>& Classes() {
  static const std::vector<Class> classes = {
      {{"57P01", "57P02", "57P05", "25P03", "08"},
       &kConnectionLost,
       RetryClass::kReconnect,
       "Sluice connects again by itself."},
      {{"57P03"},
       &kCannotConnect,
       RetryClass::kReconnect,
       "The server starts or stops; Sluice connects again by itself."},
      {{"28"},
       &kAccessDenied,
       RetryClass::kNever,
       "Check `user` and `password`, and that the role may log in: ALTER ROLE name LOGIN;"},
      {{"3D000"}, &kNoSuchDatabase, RetryClass::kNever, "Correct `database`, or create it: CREATE DATABASE name;"},
      {{"40001", "40P01", "55P03", "55006"},
       &kLockConflict,
       RetryClass::kBackoff,
       "Sluice tries again; look for long transactions: SELECT pid, state, query FROM pg_stat_activity;"},
      {{"57014"},
       &kTimedOut,
       RetryClass::kBackoff,
       "ALTER ROLE of this account: SET statement_timeout = 0; and ask who cancels statements."},
      {{"53300"},
       &kTooManyConnections,
       RetryClass::kBackoff,
       "Raise max_connections (or the role's CONNECTION LIMIT), or lower `limits.readers` and `limits.writers`."},
      {{"53"}, &kDiskFull, RetryClass::kBackoff, "Free space and memory on the server."},
      {{"58030"}, &kDiskFull, RetryClass::kBackoff, "Look at the server's log: its disk failed or is full."},
      {{"54"}, &kRowTooLarge, RetryClass::kNever, "Leave the column out, or make the value smaller at the source."},
      {{"42501"},
       &kMissingPrivilege,
       RetryClass::kNever,
       "Grant the account what the server names; `sluice precheck` prints the GRANTs that the task needs."},
      {{"42P01", "42703", "42704", "42883", "3F000"},
       &kMissingObject,
       RetryClass::kNever,
       "Create it, or take it out of the task's objects."},
      {{"42P04", "42P06", "42P07", "42710", "42723", "42712", "42701"},
       &kAlreadyExists,
       RetryClass::kNever,
       "Remove or rename the object at the destination."},
      {{"23505", "23P01"},
       &kDuplicateKey,
       RetryClass::kNever,
       "Something else wrote to the destination. Remove those rows, or begin anew with --restart."},
      {{"23503"},
       &kForeignKeyViolated,
       RetryClass::kNever,
       "Check that the referenced table is part of the task and that nothing else writes to the destination."},
      {{"22", "23"},
       &kValueRefused,
       RetryClass::kNever,
       "Widen the column at the destination, mend the value at the source, or leave the column out."},
      {{"25006"},
       &kReadOnly,
       RetryClass::kBackoff,
       "The server is a standby, or default_transaction_read_only is on: SHOW default_transaction_read_only;"},
      {{"0A000"}, &kUnsupported, RetryClass::kNever, ""},
  };
  return classes;
}

const Class& Classify(std::string_view state) {
  static const Class other = {{}, &kStatementFailed, RetryClass::kNever, ""};
  for (const Class& one : Classes()) {
    for (const std::string_view known : one.states) {
      if (state.starts_with(known)) return one;
    }
  }
  return other;
}

std::string Shorten(std::string_view statement) {
  constexpr size_t kShown = 400;
  return std::string(statement.substr(0, kShown)) + (statement.size() > kShown ? " ..." : "");
}

// "table public.t", with the column when it is known.
std::string NamedObject(const ServerMessage& message) {
  if (message.table.empty()) return "";
  std::string text = "table " + (message.schema.empty() ? "" : message.schema + ".") + message.table;
  if (!message.column.empty()) text += ", column " + message.column;
  return text;
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

Error ConnectError(const ErrorCode& code, RetryClass retry, const char* remedy) {
  return Error(code).Retry(retry).Remedy(remedy);
}

// libpq's own words, which are the same from 9.x to 17 (fe-connect.c is not translated under C); the server's come in
// its lc_messages, and are told by the address that precedes them. Unknown texts are "cannot be reached".
Error ClassifyConnect(const std::string& text) {
  if (Has(text, "could not translate host name") || Has(text, "Name or service not known")) {
    return ConnectError(kUnknownHost, RetryClass::kBackoff, "Check the spelling of `host` and the name server.");
  }
  if (Has(text, "no pg_hba.conf entry") || Has(text, "pg_hba.conf rejects")) {
    return ConnectError(
        kHostNotAllowed, RetryClass::kNever,
        "Add a line for this database, role and address to pg_hba.conf of that server (SHOW hba_file;), e.g. "
        "\"hostssl DATABASE ROLE ADDRESS/32 scram-sha-256\", then SELECT pg_reload_conf();");
  }
  if (Has(text, "password authentication failed") || Has(text, "no password supplied") ||
      Has(text, "authentication failed") || Has(text, "is not permitted to log in") ||
      Has(text, "does not support SCRAM") || (Has(text, "role \"") && Has(text, "does not exist"))) {
    return ConnectError(
        kAccessDenied, RetryClass::kNever,
        "Check `user` and `password`; the role must be there and may log in: ALTER ROLE name LOGIN PASSWORD "
        "'...';");
  }
  if (Has(text, "must be superuser or replication role") || Has(text, "permission denied to start WAL sender")) {
    return ConnectError(kMissingPrivilege, RetryClass::kNever, "ALTER ROLE name REPLICATION;");
  }
  if (Has(text, "database \"") && Has(text, "does not exist")) {
    return ConnectError(kNoSuchDatabase, RetryClass::kNever, "Correct `database`, or create it: CREATE DATABASE name;");
  }
  if (Has(text, "permission denied for database")) {
    return ConnectError(kMissingPrivilege, RetryClass::kNever, "GRANT CONNECT ON DATABASE name TO role;");
  }
  if (Has(text, "too many clients") || Has(text, "too many connections") || Has(text, "remaining connection slots") ||
      Has(text, "number of requested standby connections")) {
    return ConnectError(
        kTooManyConnections, RetryClass::kBackoff,
        "Raise max_connections (for the log: max_wal_senders) of that server, or lower `limits.readers` "
        "and `limits.writers`.");
  }
  if (Has(text, "certificate") || Has(text, "SSL") || Has(text, "root.crt")) {
    // Under load a server that dies while it shakes hands looks like this too.
    const bool lost = Has(text, "SSL SYSCALL error") || Has(text, "unexpected eof");
    return ConnectError(kTlsFailed, lost ? RetryClass::kReconnect : RetryClass::kNever,
                        "Check `tls` of the task file and the server's certificates (SHOW ssl;).");
  }
  if (Has(text, "the database system is") || Has(text, "Connection refused") || Has(text, "timeout expired") ||
      Has(text, "timed out")) {
    return ConnectError(kCannotConnect, RetryClass::kReconnect,
                        "Check that the server runs, that host and port are right, and that no firewall is between.");
  }
  return ConnectError(
      kCannotConnect, RetryClass::kReconnect,
      "Check that the server runs and listens on this address (listen_addresses), that host and port are "
      "right, and that no firewall is between.");
}

}  // namespace

Error ToError(const ServerMessage& message, const std::string& side, const std::string& object,
              std::string_view statement) {
  const bool lost = message.state.empty();
  static const Class own = {{}, &kConnectionLost, RetryClass::kReconnect, "Sluice connects again by itself."};
  const Class& mapping = lost ? own : Classify(message.state);
  std::string cause = message.primary;
  if (!message.detail.empty()) cause += ": " + message.detail;
  if (!message.context.empty()) cause += "; " + message.context;
  if (!statement.empty()) cause += "; statement: " + Shorten(statement);
  std::string remedy = mapping.remedy;
  if (!message.hint.empty()) remedy += (remedy.empty() ? "" : " ") + ("The server's hint: " + message.hint);
  const std::string named = NamedObject(message);
  const std::string about = named.size() > object.size() && named.starts_with(object) ? named : object;
  Error error(*mapping.code);
  error.info().already_exists = mapping.code == &kAlreadyExists;
  return std::move(error)
      .Object(about.empty() ? named : about)
      .Cause(std::move(cause))
      .Remedy(std::move(remedy))
      .Native(0, lost ? message.primary : message.state + ": " + message.primary)
      .Retry(mapping.retry)
      .Side(side);
}

Error ToConnectError(const std::string& text, const std::string& side, const std::string& object) {
  std::string line = text;
  std::replace(line.begin(), line.end(), '\n', ' ');
  while (!line.empty() && line.back() == ' ') line.pop_back();
  std::string cause = line;
  if (Has(text, "timeout expired")) cause += ": no answer, a firewall may drop the packets";
  return ClassifyConnect(text).Object(object).Cause(std::move(cause)).Native(0, line).Side(side);
}

}  // namespace sluice::postgresql
