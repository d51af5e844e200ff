// What a server turned out to be, and one kept session for questions that are asked often.
#pragma once

#include <memory>
#include <mutex>
#include <stop_token>

#include "connector/endpoint.h"
#include "connectors/postgresql/connection.h"

namespace sluice::postgresql {

connector::ServerInfo ReadServerInfo(const connector::Endpoint& endpoint, const connector::SessionContext& context);

// How the database orders texts: "libc/en_US.utf8", "icu/de-DE", "builtin/C.UTF-8".
std::string DatabaseCollation(Connection& connection);

// A session that outlives its users. Any thread; one at a time uses it.
class KeptSession {
 public:
  KeptSession(connector::Endpoint endpoint, std::string purpose)
      : endpoint_(std::move(endpoint)), purpose_(std::move(purpose)) {}

  // Runs `ask` with the session. One that has died since the last call is opened once more before the error is told.
  template <typename Ask>
  auto Use(std::stop_token stop, const Ask& ask) {
    std::lock_guard lock(mutex_);
    for (bool again = session_ != nullptr;; again = false) {
      try {
        if (!session_) session_ = std::make_unique<Session>();
        const std::stop_callback forward(stop, [this] { session_->stop.request_stop(); });
        if (!session_->connection) session_->connection = Open(session_->stop.get_token());
        return ask(*session_->connection);
      } catch (const Error& error) {
        session_.reset();
        if (!again || error.info().retry != RetryClass::kReconnect) throw;
      }
    }
  }

 private:
  struct Session {
    std::stop_source stop;
    std::unique_ptr<Connection> connection;
  };
  std::unique_ptr<Connection> Open(std::stop_token stop) const;

  const connector::Endpoint endpoint_;
  const std::string purpose_;
  std::mutex mutex_;
  std::unique_ptr<Session> session_;
};

}  // namespace sluice::postgresql
