// What is still being written. Each definition goes as the file of its name comes.
#include "base/check.h"
#include "connectors/postgresql/sessions.h"
#include "connectors/postgresql/slot.h"

namespace sluice::postgresql {
namespace {

[[noreturn]] void NotWritten(const char* what) {
  Check(false, what);
  std::abort();
}

}  // namespace

using connector::Endpoint;
using connector::SessionContext;


std::vector<connector::PrecheckItem> PrecheckSource(const Endpoint&, const connector::PrecheckRequest&,
                                                    const SessionContext&) {
  NotWritten("precheck");
}
std::vector<connector::PrecheckItem> PrecheckDestination(const Endpoint&, const connector::PrecheckRequest&,
                                                         const SessionContext&) {
  NotWritten("precheck");
}

}  // namespace sluice::postgresql
