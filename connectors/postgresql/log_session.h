// A replication session that a slot's changes are read from (PostgreSQL documentation, "Streaming Replication
// Protocol"). One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/position.h"

namespace sluice::postgresql {

struct LogMessage {
  enum class Kind { kChange, kKeepalive };
  Kind kind = Kind::kChange;
  std::string_view body;  // of a change: what the output plugin wrote; valid until the next Read()
  uint64_t lsn = 0;  // of a keepalive: everything committed before was sent; of a change: the place that came with it
  bool wants_answer = false;  // of a keepalive
};

class LogSession {
 public:
  // Logs in for replication.
  LogSession(const connector::Endpoint& endpoint, const connector::SessionContext& context);

  struct System {
    std::string identifier;
    uint32_t timeline = 0;
  };
  System Identify();
  // Where the server's history left this timeline; nothing: it is the present one, or not of this history.
  std::optional<uint64_t> LeftTimeline(uint32_t present, uint32_t timeline);

  // Of a slot whose plugin is LogPlugin().
  void Start(const std::string& slot, const std::string& publication, uint64_t lsn);
  // Waits for the server; false when the deadline passed.
  bool Wait(Deadline deadline) { return connection_.WaitReadable(deadline); }
  // Nothing when there is nothing without waiting.
  std::optional<LogMessage> Read();
  // Everything up to `received` came; up to `durable` it is no longer needed.
  // `ask`: the server is to say something at once.
  void Answer(uint64_t received, uint64_t durable, bool ask);

  Connection& connection() { return connection_; }

 private:
  std::optional<LogMessage> Parse(std::string_view bytes) const;
  [[noreturn]] void Ended();

  Connection connection_;
  std::string object_;
  std::unique_ptr<char, void (*)(void*)> message_{nullptr, PQfreemem};
};

}  // namespace sluice::postgresql
