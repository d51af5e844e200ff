// Wall-clock time as whole microseconds since 1970-01-01 UTC. Durations inside the program use base/stop.h's Clock.
#pragma once

#include <cstdint>
#include <string>

namespace sluice {

int64_t NowMicros();
// "2026-11-23T06:12:16Z"
std::string IsoTime(int64_t micros);

}  // namespace sluice
