#include "store/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "base/check.h"
#include "base/error.h"
#include "store/store.h"

namespace sluice::store {
namespace {

struct Advice {
  std::string_view cause;
  std::string_view remedy;
  RetryClass retry;
};

// What the primary result codes mean for a user; https://www.sqlite.org/rescode.html.
Advice AdviceFor(int code) {
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {"Another process has kept it locked for too long.",
              "Look for another sluice process (or an open SQLite shell) on the same state directory.",
              RetryClass::kBackoff};
    case SQLITE_FULL:
      return {"The file system is full.", "Free some space, then start the task again: it goes on where it was.",
              RetryClass::kBackoff};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {"The file is damaged or is no store of Sluice.",
              "Put a backup of the file in its place. Without one, move it away and start the task "
              "with --restart; "
              "the destination's objects must be emptied first.",
              RetryClass::kNever};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
      return {"The file or its directory cannot be written by this user.",
              "Give this user the directory and the files in it (chown, chmod u+rwX), or name "
              "another with --state.",
              RetryClass::kNever};
    case SQLITE_IOERR:
      return {"Reading or writing the file failed.",
              "Look at the system log for errors of the disk; the state directory must be on a "
              "local file system.",
              RetryClass::kBackoff};
    default:
      return {"The store's library refused a call.", "Check that the state directory is on a local file system.",
              RetryClass::kNever};
  }
}

}  // namespace

Database::Database(const std::string& file, int busy_ms) : file_(file) {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(file.c_str(), &handle_, flags, nullptr);
  if (code != SQLITE_OK) {
    try {
      Fail(code);
    } catch (...) {
      sqlite3_close(handle_);  // a handle exists even when opening failed
      throw;
    }
  }
  sqlite3_busy_timeout(handle_, busy_ms);
  sqlite3_extended_result_codes(handle_, 1);
}

Database::~Database() {
  Check(sqlite3_close(handle_) == SQLITE_OK, "a statement outlived its database");
}

void Database::Execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) Fail(code);
}

void Database::Fail(int code) {
  const Advice advice = AdviceFor(code);
  const std::string message = handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  throw Error(kStoreFailed)
      .Object("file " + file_)
      .Cause(std::string(advice.cause))
      .Remedy(std::string(advice.remedy))
      .Native(code, message)
      .Retry(advice.retry);
}

Statement::Statement(Database* database, std::string_view sql) : database_(database) {
  const int code = sqlite3_prepare_v2(database->handle(), sql.data(), static_cast<int>(sql.size()), &handle_, nullptr);
  if (code != SQLITE_OK) database->Fail(code);
}

Statement::~Statement() {
  sqlite3_finalize(handle_);
}

Statement& Statement::Bind(std::string_view text) {
  const int code = sqlite3_bind_text64(handle_, ++bound_, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) database_->Fail(code);
  return *this;
}

Statement& Statement::Bind(int64_t number) {
  const int code = sqlite3_bind_int64(handle_, ++bound_, number);
  if (code != SQLITE_OK) database_->Fail(code);
  return *this;
}

bool Statement::Step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) {
    // The message must be read before the reset, which would otherwise be the library's last call.
    try {
      database_->Fail(code);
    } catch (...) {
      Reset();
      throw;
    }
  }
  return false;
}

void Statement::Run() {
  Check(!Step(), "a statement without results gave a row");
  Reset();
}

void Statement::Reset() {
  sqlite3_reset(handle_);
  bound_ = 0;
}

std::string Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  if (text == nullptr) return {};
  return std::string(text, static_cast<size_t>(sqlite3_column_bytes(handle_, column)));
}

int64_t Statement::Int(int column) const {
  return sqlite3_column_int64(handle_, column);
}

WriteTransaction::WriteTransaction(Database* database) : database_(database) {
  database_->Execute("BEGIN IMMEDIATE");
}

WriteTransaction::~WriteTransaction() {
  if (!open_) return;
  // Some failures have ended the transaction already: an error here says nothing new.
  sqlite3_exec(database_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void WriteTransaction::Commit() {
  database_->Execute("COMMIT");
  open_ = false;
}

}  // namespace sluice::store
