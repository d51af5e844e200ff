// What has to hold before a slot is read: the source is the one that was followed, and the slot has everything since.
#pragma once

#include <string>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/log_session.h"
#include "connectors/postgresql/position.h"

namespace sluice::postgresql {

// Throws kOtherServer, kHistoryDiverged. Gives `start` with the server's present identity and timeline.
LogPosition CheckHistory(LogSession& session, const LogPosition& start);

// Throws kSlotMissing, kLogRemoved, kSlotAhead, kSlotUnfit, and kHistoryDiverged where the log ends before `start`.
void CheckSlot(Connection& connection, const std::string& slot, const LogPosition& start);

}  // namespace sluice::postgresql
