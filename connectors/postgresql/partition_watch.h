// Partitions that are attached, detached or dropped where the log does not tell statements: their rows come and go
// without a word in it. Looks at the source's catalog, which may be ahead of the log. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "connector/definitions.h"
#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/definition.h"

namespace sluice::postgresql {

class PartitionWatch {
 public:
  // `tell`: ChangeRequest::tell.
  PartitionWatch(Connection& connection, const connector::Definitions& definitions,
                 std::function<void(const std::string&)> tell)
      : connection_(connection), definitions_(definitions), tell_(std::move(tell)) {}

  // Throws kSchemaDrift for a partition that has rows from before it was attached. Tells once which partitions were
  // detached or dropped: their rows stay at the destination.
  void Check();

 private:
  struct Part {
    model::ObjectName name;
    model::ObjectName root;
    uint32_t parent = 0;
    std::string bound;
  };
  void ReadDescriptions();
  void AddParts(const Definition& table, const model::ObjectName& root);
  void TellGone(const std::set<uint32_t>& attached);
  std::optional<bool> Ask(const std::string& sql, const model::ObjectName& partition);
  void RefuseOlderRows(uint32_t oid, const TextRow& found);

  Connection& connection_;
  const connector::Definitions& definitions_;
  const std::function<void(const std::string&)> tell_;
  std::map<uint32_t, Part> described_;  // by pg_class.oid
  std::vector<std::string> roots_;      // their numbers, of partitioned tables alone
  std::optional<uint64_t> read_at_;     // generation of the definitions
  std::set<uint32_t> settled_;          // looked at, or told
};

}  // namespace sluice::postgresql
