// The servers of *_server_test.cc: tests/contract/test_programs.py starts them and sets the variables.
#pragma once

#include <cctype>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "connector/endpoint.h"

namespace sluice::postgresql {

// Of a variable that holds "host:port:user:password"; nothing when it is not set.
inline std::optional<connector::Endpoint> ServerOf(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  std::vector<std::string> parts(1);
  for (const char* c = text; *c != '\0'; ++c) {
    if (*c == ':' && parts.size() < 4) {
      parts.emplace_back();
    } else {
      parts.back() += *c;
    }
  }
  if (parts.size() < 4) return std::nullopt;
  connector::Endpoint endpoint;
  endpoint.engine = "postgresql";
  endpoint.database = "postgres";
  endpoint.host = parts[0];
  std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), endpoint.port);
  endpoint.user = parts[2];
  endpoint.password = Secret(parts[3]);
  return endpoint;
}

// All that tests take; 12, 14, 16 and 17 are for the soak.
inline const std::vector<const char*> kServers{"SLUICE_TEST_PG10", "SLUICE_TEST_PG12", "SLUICE_TEST_PG14",
                                               "SLUICE_TEST_PG15", "SLUICE_TEST_PG16", "SLUICE_TEST_PG17",
                                               "SLUICE_TEST_PG18"};

// The same, and one that is older than pgoutput and is only read.
inline const std::vector<const char*> kServersThatDecode = [] {
  std::vector<const char*> servers{"SLUICE_TEST_PG96"};
  servers.insert(servers.end(), kServers.begin(), kServers.end());
  return servers;
}();

// "pg15", with which a test's name ends: test_programs.py starts the servers that are named so.
inline std::string ServerName(const char* variable) {
  std::string name = std::string(variable).substr(std::string("SLUICE_TEST_").size());
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

}  // namespace sluice::postgresql
