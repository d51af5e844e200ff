// How the rows of one table are decoded: the columns of its TABLE_MAP joined with its description. Made once per
// TABLE_MAP that differs from the last, then used for every row.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "connectors/mysql/binlog/table_map.h"
#include "model/row.h"
#include "model/table.h"

namespace sluice::mysql {
class CharsetTable;
}

namespace sluice::mysql::binlog {

enum class Decode : uint8_t {
  kInt,   // `width` bytes, little-endian, signed
  kUint,  // the same, unsigned; ENUM index, SET mask
  kBit,   // `width` bytes, big-endian
  kFloat32,
  kFloat64,
  kYear,
  kDecimal,  // `precision`, `digits`
  kDate,
  kTime2,
  kDateTime2,
  kTimestamp2,  // `digits`
  kOldTime,
  kOldDateTime,
  kOldTimestamp,
  kHiresTime,
  kHiresDateTime,
  kHiresTimestamp,  // `digits` from the description
  kBytes,           // a length of `width` bytes, then the bytes, as a cell of `kind`
  kPadded,          // the same, trailing zeros restored up to `length`
  kUuid,
  kOldUuid,
  kInet6,
  kInet4,       // the same as text
  kJson,        // the same, MySQL's binary JSON
  kCompressed,  // the same, in MariaDB's column compression
};

struct ColumnPlan {
  static constexpr uint32_t kNowhere = UINT32_MAX;

  Decode decode = Decode::kBytes;
  model::CellKind kind = model::CellKind::kBytes;
  uint8_t width = 0;
  uint8_t precision = 0;
  uint8_t digits = 0;
  bool is_json = false;             // counts for partial updates
  CharsetTable* to_utf8 = nullptr;  // of a text that is wanted in UTF-8, and is not
  uint32_t length = 0;
  uint32_t target = kNowhere;  // index into Table::columns
  bool is_stored = false;      // described and not computed: an image after has to have it
  bool finds_row = false;      // an image before has to have it
};

struct RowPlan {
  model::TablePtr table;
  std::vector<ColumnPlan> columns;  // in the order of the log
  size_t json_columns = 0;
};

// What of the server's kind matters for its rows.
struct ServerTraits {
  bool is_mariadb = false;
  uint32_t version = 0;  // 101119, 90700
  // For streams whose texts are wanted in UTF-8: gives the table of a character set, null where none is needed.
  std::function<CharsetTable*(const std::string& charset)> to_utf8 = {};

  bool OldUuids() const {
    return version < 101006 || (version >= 101100 && version < 101105) || (version >= 110000 && version < 110003) ||
           (version >= 110100 && version < 110102);
  }
};

// Throws kSchemaDrift when the log's columns are not the description's.
RowPlan MakeRowPlan(const TableMap& map, model::TablePtr table, const ServerTraits& server);

}  // namespace sluice::mysql::binlog
