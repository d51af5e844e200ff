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


}  // namespace sluice::postgresql
