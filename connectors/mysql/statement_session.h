// What a statement of the source's log meant by its session: asked at the source where the log does not say it, put in
// force at the destination while the statement runs there.
#pragma once

#include <string>
#include <string_view>

#include "connectors/mysql/connection.h"
#include "model/change.h"

namespace sluice::mysql {

// Whether CompleteSession() has something to ask.
bool IsIncomplete(const model::StatementSession& session);

// Fills in what the log left open. `source` is a connection in its usual session, as all are below.
void CompleteSession(Connection& source, model::StatementSession& session);

// From here on CURRENT_TIMESTAMP is the statement's, and so are time zone, TIMESTAMP's way and the counter's steps.
// `statement` is what will run: what it does not touch needs no right to be set. Throws what says how the destination
// can be made able to.
void AssumeSession(Connection& destination, const model::StatementSession& session, std::string_view statement,
                   const std::string& object);

// Back to the usual clock and zone. TIMESTAMP's way and the counter's steps stay: they may need a right, and are set
// anew before each statement on which they act.
void ResumeSession(Connection& destination);

}  // namespace sluice::mysql
