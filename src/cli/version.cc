#include "cli/version.h"

namespace sluice::cli {

const char* const kVersion = SLUICE_VERSION;

}  // namespace sluice::cli
