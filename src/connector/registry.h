// The connectors that were built in, and the one table of pairs.
#pragma once

#include <string_view>
#include <vector>

#include "connector/connector.h"

namespace sluice::connector {

// Defined in the generated registry.cc.
const std::vector<const Connector*>& Connectors();

// Null when no connector has that name.
const Connector* FindConnector(std::string_view name);

// One row of the pairs that are offered. Versions and flavours are judged by the precheck.
struct Pair {
  std::string_view source;
  std::string_view destination;
  MigrationTypes types;
  std::string_view versions;  // for people
};
const std::vector<Pair>& Pairs();
const Pair* FindPair(std::string_view source, std::string_view destination);

}  // namespace sluice::connector
