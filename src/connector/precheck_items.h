// The items of one side while its precheck is made; each engine's Precheck stands on it.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "connector/connector.h"

namespace sluice::connector {

class PrecheckItems {
 public:
  // `engine` begins the identifiers of the items: "mysql" gives "mysql.binlog_format".
  PrecheckItems(std::string engine, std::string side) : engine_(std::move(engine)), side_(std::move(side)) {}

  void Pass(std::string id, std::string title);
  void Warn(std::string id, std::string title, std::string object, std::string cause, std::string remedy);
  void Fail(std::string id, std::string title, std::string object, std::string cause, std::string remedy);
  // Objects that another engine than the source's does not take.
  void WarnOfForeignObjects(const std::vector<model::SchemaObject>& objects);
  std::vector<PrecheckItem> Take() { return std::move(items_); }

 protected:
  // Runs one topic; a query that the server refuses becomes a warning, since it says nothing about the migration.
  void Run(const char* id, const std::function<void()>& topic);
  const std::string& side() const { return side_; }

 private:
  const std::string engine_;
  const std::string side_;
  std::vector<PrecheckItem> items_;
};

// "a, b, c and 7 more".
std::string Listed(const std::vector<std::string>& names, size_t most = 10);
// "1.5 GiB".
std::string Bytes(uint64_t bytes);

}  // namespace sluice::connector
