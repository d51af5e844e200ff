// The settings of a server that the precheck compares with those of the other side.
#pragma once

#include <map>
#include <string>

namespace sluice::mysql {

class Connection;

std::map<std::string, std::string> ReadComparedSettings(Connection& connection);

}  // namespace sluice::mysql
