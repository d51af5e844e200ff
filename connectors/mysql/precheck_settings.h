// Settings of a server that the other side has to know.
#pragma once

#include <map>
#include <string>

namespace sluice::mysql {

class Connection;

// Those that the precheck compares with the other side's.
std::map<std::string, std::string> ReadComparedSettings(Connection& connection);
// Whether the log has the rows that foreign keys changed: MySQL itself carries them out from 9.6 on, unless it was
// started the old way.
bool LogsCascades(Connection& connection);

}  // namespace sluice::mysql
