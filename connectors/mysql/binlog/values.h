// Values of the log as canonical text: decimals and temporal types, old and new formats (MySQL source documentation,
// "Row-based binary logging", decimal.cc and my_time.cc formats; MariaDB manual, "TIMESTAMP/DATETIME/TIME formats").
// All functions write into an arena and take what they read from the cursor; short input throws kBadEvent.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "connectors/mysql/binlog/bytes.h"

namespace sluice::mysql::binlog {

// "-12.50": no leading zeros but one before the point.
std::string_view ReadDecimal(Bytes& bytes, unsigned precision, unsigned scale, Arena& arena);
size_t DecimalBytes(unsigned precision, unsigned scale);

std::string_view ReadDate(Bytes& bytes, Arena& arena);                    // 3 bytes
std::string_view ReadTime2(Bytes& bytes, unsigned digits, Arena& arena);  // from MySQL 5.6, MariaDB 10.1
std::string_view ReadDateTime2(Bytes& bytes, unsigned digits, Arena& arena);
std::string_view ReadTimestamp2(Bytes& bytes, unsigned digits, Arena& arena);  // UTC
std::string_view ReadOldTime(Bytes& bytes, Arena& arena);                      // no fraction
std::string_view ReadOldDateTime(Bytes& bytes, Arena& arena);
std::string_view ReadOldTimestamp(Bytes& bytes, Arena& arena);
// MariaDB 5.3 to 10.0, and later with mysql56_temporal_format=OFF; only used for 1 to 6 digits. The log does not say
// how many, the table's description does.
std::string_view ReadHiresTime(Bytes& bytes, unsigned digits, Arena& arena);
std::string_view ReadHiresDateTime(Bytes& bytes, unsigned digits, Arena& arena);
std::string_view ReadHiresTimestamp(Bytes& bytes, unsigned digits, Arena& arena);

// A point of time as parts, and its text "[-]HH:MM:SS[.ffffff]" and so on.
struct Clockface {
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  uint32_t micros = 0;
  bool negative = false;
};
std::string_view WriteDate(const Clockface& at, Arena& arena);
std::string_view WriteTime(const Clockface& at, unsigned digits, Arena& arena);
std::string_view WriteDateTime(const Clockface& at, unsigned digits, Arena& arena);
// UTC of seconds since 1970; 0 with no fraction is the zero date.
Clockface FromEpoch(int64_t seconds, uint32_t micros);

}  // namespace sluice::mysql::binlog
