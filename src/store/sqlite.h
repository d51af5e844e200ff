// A small RAII wrapper over the SQLite C library. Failures are thrown as kStoreFailed with the file
// as their object. A connection and its statements belong to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace sluice::store {

class Database {
 public:
  // Opens or creates the file; `busy_ms` is how long a call waits for another process that writes.
  Database(const std::string& file, int busy_ms);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  // Statements without results, several at once.
  void Execute(const std::string& sql);
  // Throws what the library's last answer means.
  [[noreturn]] void Fail(int code);

  sqlite3* handle() { return handle_; }
  const std::string& file() const { return file_; }

 private:
  std::string file_;
  sqlite3* handle_ = nullptr;
};

// A prepared statement. Bind the parameters in order, then Step; Reset before it is used again.
class Statement {
 public:
  Statement(Database* database, std::string_view sql);
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  Statement& Bind(std::string_view text);  // copied
  Statement& Bind(int64_t number);
  // True: a row is there. False: done.
  bool Step();
  // Runs a statement that gives no row, and makes it ready again.
  void Run();
  void Reset();

  // Columns of the row, from 0.
  std::string Text(int column) const;
  int64_t Int(int column) const;

 private:
  Database* database_;
  sqlite3_stmt* handle_ = nullptr;
  int bound_ = 0;
};

// A write transaction; taken at once, so that it never fails half-way for another writer. Rolled
// back unless committed.
class WriteTransaction {
 public:
  explicit WriteTransaction(Database* database);
  WriteTransaction(const WriteTransaction&) = delete;
  WriteTransaction& operator=(const WriteTransaction&) = delete;
  ~WriteTransaction();

  void Commit();

 private:
  Database* database_;
  bool open_ = true;
};

}  // namespace sluice::store
