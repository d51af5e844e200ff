// Rows events of every version to row changes. Text cells point into the transaction's arena, to which the event's
// rows are copied whole: no allocation per row or cell but for texts that have to be made.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "connectors/mysql/binlog/bytes.h"
#include "connectors/mysql/binlog/event.h"
#include "connectors/mysql/binlog/row_plan.h"
#include "model/change.h"

namespace sluice::mysql::binlog {

inline constexpr uint16_t kRowsForeignKeysOff = 0x0002;
inline constexpr uint16_t kRowsUniqueChecksOff = 0x0004;
// MySQL from 9.6 on, unless innodb_native_foreign_keys is on: the server logs what its foreign keys do to other rows,
// and not all that a destination would do of itself (REPLACE of a row with the same key leaves those that refer to it).
inline constexpr uint16_t kRowsCascadesLogged = 0x0010;

// What stands before the rows.
struct RowsHeader {
  uint64_t table_id = 0;
  uint16_t flags = 0;
  model::ChangeKind kind = model::ChangeKind::kInsert;
  bool partial = false;     // PARTIAL_UPDATE_ROWS
  bool compressed = false;  // MariaDB
  std::string_view rest;    // column count, bitmaps, rows
};

bool IsRowsEvent(EventType type);

// `body` follows the event's header and ends before the checksum.
RowsHeader ParseRowsHeader(EventType type, std::string_view body, const FormatDescription& format);

class RowDecoder {
 public:
  // Appends the event's changes to `out`. An image after is whole: what the log leaves out of it, since it is as
  // before, is taken from the image before. Throws kPartialImage where a column is in neither, or what finds the row is
  // missing.
  void Decode(const RowsHeader& header, const RowPlan& plan, model::Transaction& out);

 private:
  // What is not present has the cells of `base`, or none.
  model::Row ReadImage(Bytes& bytes, const RowPlan& plan, std::string_view present, model::Row base, Arena& arena);
  model::Row ReadPartialImage(Bytes& bytes, const RowPlan& plan, std::string_view present, model::Row before,
                              Arena& arena);
  model::Cell ReadCell(Bytes& bytes, const ColumnPlan& column, Arena& arena);
  void ReadPresent(Bytes& bytes, const RowPlan& plan, std::string_view present, std::string_view partial,
                   model::Cell* cells, Arena& arena);

  model::Cell InUnicode(const RowPlan& plan, const ColumnPlan& column, const model::Cell& cell, Arena& arena);

  std::string scratch_;                        // texts under construction
  std::set<std::string> told_;                 // columns that were warned about
  std::vector<std::string_view> json_before_;  // binary JSON of the before image, by column of the log
};

}  // namespace sluice::mysql::binlog
