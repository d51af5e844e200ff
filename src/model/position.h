// A place in a source's log: tagged with the engine, otherwise known only to its connector.
#pragma once

#include <string>

namespace sluice::model {

struct Position {
  std::string engine;  // "mysql"
  std::string json;    // e.g. {"file":"binlog.000003","offset":4711,"gtid":"0-1-100","server":"..."}; empty: none

  bool empty() const { return json.empty(); }
  bool operator==(const Position&) const = default;
};

}  // namespace sluice::model
