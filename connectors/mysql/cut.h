// Takes the consistent cut: one point in the source's history that all readers see, and its place in the log.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connector/connector.h"
#include "connectors/mysql/connection.h"

namespace sluice::mysql {

using Readers = std::vector<std::unique_ptr<Connection>>;

// Every reader is left inside a REPEATABLE READ transaction that shows the cut. Readers that could not be brought to
// the same point are closed and taken out of `readers`; at least one stays. `control` is one more connection to the
// same server and is free afterwards. Throws when changes shall be followed and no usable position can be had.
connector::Cut TakeCut(Connection& control, Readers& readers, bool with_position);

}  // namespace sluice::mysql
