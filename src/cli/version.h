#pragma once

namespace sluice::cli {

extern const char* const kVersion;  // "0.1.0", from the build

}  // namespace sluice::cli
