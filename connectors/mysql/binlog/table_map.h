// TABLE_MAP events: which table the rows that follow belong to, and how they are written (MySQL source documentation,
// Table_map_event; optional metadata since 8.0.1 and MariaDB 10.5).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/mysql/binlog/event.h"

namespace sluice::mysql::binlog {

// Column types as the log numbers them.
enum class LogType : uint8_t {
  kDecimal = 0,
  kTiny = 1,
  kShort = 2,
  kLong = 3,
  kFloat = 4,
  kDouble = 5,
  kNull = 6,
  kTimestamp = 7,
  kLongLong = 8,
  kInt24 = 9,
  kDate = 10,
  kTime = 11,
  kDateTime = 12,
  kYear = 13,
  kNewDate = 14,
  kVarchar = 15,
  kBit = 16,
  kTimestamp2 = 17,
  kDateTime2 = 18,
  kTime2 = 19,
  kTypedArray = 20,
  kMariadbBlobCompressed = 140,
  kMariadbVarcharCompressed = 141,
  kVector = 242,
  kJson = 245,
  kNewDecimal = 246,
  kEnum = 247,
  kSet = 248,
  kTinyBlob = 249,
  kMediumBlob = 250,
  kLongBlob = 251,
  kBlob = 252,
  kVarString = 253,
  kString = 254,
  kGeometry = 255,
};

struct LogColumn {
  LogType type = LogType::kNull;  // the real type: ENUM and SET are told from STRING
  uint16_t meta = 0;  // by type: precision << 8 | scale, bytes of a length, longest value, fraction digits, bits ...
  bool has_sign = false;  // is_unsigned is known
  bool is_unsigned = false;
  std::string name;  // with binlog_row_metadata=FULL, else empty
};

struct TableMap {
  uint64_t id = 0;
  std::string database;
  std::string table;
  std::vector<LogColumn> columns;
  bool has_names = false;

  // "3 columns (int, varchar(20), ...)": the shape, for messages.
  std::string Shape() const;
};

// `body` follows the header and ends before the checksum. Reads the id and the names only.
TableMap ParseTableMapNames(std::string_view body, const FormatDescription& format);
// Everything.
TableMap ParseTableMap(std::string_view body, const FormatDescription& format);

std::string TypeName(const LogColumn& column);

}  // namespace sluice::mysql::binlog
