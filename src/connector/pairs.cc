#include "connector/registry.h"

namespace sluice::connector {

const std::vector<Pair>& Pairs() {
  static const std::vector<Pair> kPairs = {
      {"mysql", "mysql", {true, true, true}, "MySQL 5.6 to 9.x and MariaDB 10.3 to 11.x, in any combination"},
      {"mysql", "postgresql", {true, true, true}, "MySQL 5.6 to 9.x and MariaDB 10.3 to 11.x to PostgreSQL 10 to 18"},
      {"postgresql", "mysql", {true, true, true}, "PostgreSQL 9.6 to 18 to MySQL 8.0 to 9.x and MariaDB 10.3 to 11.x"},
      {"postgresql",
       "postgresql",
       {true, true, true},
       "PostgreSQL 9.6 to 18 to PostgreSQL 10 to 18, in any combination"},
  };
  return kPairs;
}

const Pair* FindPair(std::string_view source, std::string_view destination) {
  for (const Pair& pair : Pairs()) {
    if (pair.source == source && pair.destination == destination) return &pair;
  }
  return nullptr;
}

}  // namespace sluice::connector
