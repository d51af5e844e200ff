// What a statement of the log makes of a table's description, from the statement alone: for destinations of another
// engine, which cannot run it on a copy.
#include "connectors/mysql/codes.h"
#include "connectors/mysql/sessions.h"

namespace sluice::mysql {

std::vector<connector::TableChange> DescribeStatement(const connector::Endpoint& /*endpoint*/,
                                                      const model::DdlChange& ddl,
                                                      const std::vector<model::TablePtr>& /*before*/,
                                                      const connector::SessionContext& /*context*/) {
  throw Error(kUnsupported)
      .Object(ddl.objects.empty() ? "" : "table " + ddl.objects.front().Text())
      .Cause("A statement that changes tables is not carried to another engine: " + ddl.statement.substr(0, 400))
      .Remedy("Make the same change at the destination by hand, then begin anew with `sluice run --restart`.");
}

}  // namespace sluice::mysql
