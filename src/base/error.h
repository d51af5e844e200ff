// Errors that a user can cause or meet: one value with a stable code, the object, the cause and the remedy, and one
// exception type that carries it. Thrown where a unit of work cannot go on; caught at the lane loop, the task
// supervisor and main. Broken invariants are not errors: they abort, see check.h.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

// What whoever catches the error may try.
enum class RetryClass {
  kNever,      // trying again gives the same answer
  kReconnect,  // the connection is gone: open a new one and repeat the unit of work
  kBackoff,    // the server is busy or full (deadlock, lock wait, disk): wait, then repeat
  kOnce,       // what came makes no sense and may have been damaged on its way: read it again; the same again is final
};

std::string_view Name(RetryClass retry);

// A stable code, declared once as a constant by the module that raises it (in its codes.h), append-only and listed in
// docs/errors.md. `id` is two capital letters for the origin and four digits, e.g. "MY-0104".
struct ErrorCode {
  const char* id;
  const char* title;  // what happened, in one short sentence without object names
};

// Everything known of one failure. Texts are UTF-8 and never hold a password.
struct ErrorInfo {
  std::string code;   // ErrorCode::id
  std::string title;  // ErrorCode::title
  RetryClass retry = RetryClass::kNever;
  std::string object;           // what it happened to, e.g. "table shop.orders"
  std::string cause;            // why, in plain words
  std::string remedy;           // what mends it, if possible the exact statement
  int native_code = 0;          // the server's or library's number, 0 if none
  std::string native_message;   // its text, unchanged but for secrets
  std::string side;             // "source" or "destination", set by whoever knows
  bool already_exists = false;  // the object to be created is there already
  std::string stage;            // "precheck", "schema", "full", "incremental" ..., set by the boundary that catches

  // One line for logs: "[MY-0104] title: object: cause".
  std::string OneLine() const;
  // The lines that a terminal shows: what, object, cause, remedy, server's words.
  std::string Block() const;
};

// Fluent construction: throw Error(kCode).Object("table a.b").Cause("...").Remedy("...").
class Error : public std::exception {
 public:
  explicit Error(const ErrorCode& code);
  explicit Error(ErrorInfo info);

  Error&& Object(std::string text) &&;
  Error&& Cause(std::string text) &&;
  Error&& Remedy(std::string text) &&;
  Error&& Native(int code, std::string message) &&;
  Error&& Retry(RetryClass retry) &&;
  Error&& Side(std::string side) &&;

  const ErrorInfo& info() const { return info_; }
  ErrorInfo& info() { return info_; }
  const char* what() const noexcept override;

 private:
  void Describe();
  ErrorInfo info_;
  std::string what_;
};

}  // namespace sluice
