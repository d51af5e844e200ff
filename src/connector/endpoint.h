// How to reach a server, and what it turned out to be.
#pragma once

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>

#include "base/secret.h"

namespace sluice::connector {

enum class TlsMode { kOff, kPreferred, kRequired, kVerifyCa, kVerifyFull };

struct Tls {
  TlsMode mode = TlsMode::kPreferred;
  std::string ca;  // files, PEM
  std::string certificate;
  std::string key;
};

// Sessions that write for this task make sure that the note of its owner (connector/owner.h) is still this one.
struct Fence {
  std::string task;  // empty: nothing is made sure of
  std::string note;
};

struct Endpoint {
  std::string engine;  // name of the connector
  std::string host;
  uint16_t port = 0;
  std::string user;
  Secret password;
  std::string database;  // where the engine needs one to log in
  Tls tls;
  std::string plugin;  // one of Connector::plugins; empty: as the connector sees fit
  std::string side;    // "source" or "destination", for messages
  Fence fence;

  std::string Address() const { return host + ":" + std::to_string(port); }
};

struct ServerInfo {
  std::string engine;
  std::string flavour;                          // "mysql", "mariadb"
  std::string version_text;                     // as the server says it
  uint32_t version = 0;                         // major * 10000 + minor * 100 + patch
  std::string identity;                         // tells this server from its replicas (server_uuid, or server_id@host)
  std::map<std::string, std::string> settings;  // what the connector's precheck compares between the two sides
  bool logs_cascades = true;                    // its log has the rows that its foreign keys changed

  bool AtLeast(uint32_t wanted) const { return version >= wanted; }
};

// What every session is opened with. When `stop` is requested, a call that is blocked in the session returns at once
// with kStopped: the session's socket is shut down.
struct SessionContext {
  std::stop_token stop;
  std::string purpose;  // shows in the server's process list where the engine allows it, and in logs
};

}  // namespace sluice::connector
