// Several statements in one round trip: libpq's pipeline mode. Texts that come again are prepared once.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "connectors/postgresql/connection.h"

namespace sluice::postgresql {

class StatementBatch {
 public:
  explicit StatementBatch(Connection& connection) : connection_(connection) {}

  // Parameters are in binary form, or texts where `is_text` is set; nothing = NULL. They are sent at once. `object` is
  // for errors.
  struct Value {
    std::optional<std::string_view> bytes;
    bool is_text = false;
  };
  void Add(const std::string& sql, const std::vector<Value>& values, const std::string& object);
  // The numbers of rows that the statements since the last call changed or gave, in their order. The first that failed
  // is thrown; those after it were not run.
  std::vector<uint64_t> Run();
  bool empty() const { return sent_.empty(); }
  size_t size() const { return sent_.size(); }

 private:
  struct Sent {
    const std::string* sql = nullptr;  // key of known_
    bool prepares = false;             // that is what this result is of
    std::string object;
  };
  const std::string* Prepare(const std::string& sql, const std::string& object);
  void Begin();

  Connection& connection_;
  struct Known {
    std::string name;
    bool prepared = false;
  };
  std::unordered_map<std::string, Known> known_;
  uint64_t numbered_ = 0;
  std::vector<Sent> sent_;
};

}  // namespace sluice::postgresql
