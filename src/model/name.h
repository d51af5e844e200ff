// Names of objects. `database` is what groups tables at that engine (MySQL database, PostgreSQL schema).
#pragma once

#include <compare>
#include <functional>
#include <string>

namespace sluice::model {

struct ObjectName {
  std::string database;
  std::string name;

  auto operator<=>(const ObjectName&) const = default;
  std::string Text() const { return database + "." + name; }  // for messages; not quoted
};

struct ObjectNameHash {
  size_t operator()(const ObjectName& name) const {
    return std::hash<std::string>()(name.database) * 31 + std::hash<std::string>()(name.name);
  }
};

}  // namespace sluice::model
