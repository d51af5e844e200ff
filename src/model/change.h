// What the source committed: transactions of row changes, in the order of its log, and statements that change tables.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/arena.h"
#include "model/name.h"
#include "model/position.h"
#include "model/row.h"
#include "model/table.h"

namespace sluice::model {

enum class ChangeKind : uint8_t { kInsert, kUpdate, kDelete };

struct RowChange {
  ChangeKind kind = ChangeKind::kInsert;
  bool foreign_keys_off = false;  // run with foreign_key_checks=0, or the log itself has what foreign keys did
  bool unique_checks_off = false;
  TablePtr table;  // the source's description at this point of the log
  Row before;      // kUpdate, kDelete
  Row after;       // kInsert, kUpdate
};

// What a schema statement does to one object, as far as the parser of its engine understands it.
enum class DdlKind : uint8_t {
  kCreateTable,
  kAlterTable,
  kDropTable,
  kRenameTable,
  kTruncateTable,
  kCreateIndex,
  kDropIndex,
  kCreateView,
  kAlterView,
  kDropView,
  kCreateProcedure,
  kCreateFunction,
  kOther,  // users, events, databases, triggers ...: not carried, logged
};
std::string_view Name(DdlKind kind);  // the words of the task file: "alter_table" ...

// What the session that ran a statement had, where the statement's meaning or the values that it gives hang on it.
struct StatementSession {
  // When it began, by the source's clock, in microseconds since 1970 (UTC), and how many digits of its fraction the log
  // has of that: what CURRENT_TIMESTAMP was. 0: unknown.
  int64_t began_micros = 0;
  uint8_t began_digits = 0;
  std::string time_zone;   // in the source's words; empty: the statement did not need it, or unknown
  std::string utc_offset;  // "+05:45": of a zone that is called the same on any machine ("SYSTEM"), at that moment
  // Whether a TIMESTAMP column is taken as it is declared; MySQL's old way gives it defaults that nobody wrote.
  std::optional<bool> explicit_timestamps;
  uint16_t counter_step = 1;  // between numbers of AUTO_INCREMENT
  uint16_t counter_begin = 1;
};

struct DdlChange {
  DdlKind kind = DdlKind::kOther;
  std::string database;   // default database of the session that ran it
  std::string statement;  // UTF-8
  std::string sql_mode;   // decimal mask or text, as the destination's connector wants it
  std::string charset;    // client character set, empty if unknown
  std::string collation;
  // Default collation of the first object's database at the source, for tables made without one; empty if unknown.
  std::string database_collation;
  bool foreign_keys_off = false;
  StatementSession session;
  std::vector<ObjectName> objects;    // what it changes, in the order of the statement
  std::vector<ObjectName> new_names;  // kRenameTable and ALTER .. RENAME: beside `objects`, empty name = unchanged
  // Where the log itself says what became of the objects: their descriptions afterwards, beside `objects` (null: gone).
  // Empty: the statement has to tell.
  std::vector<TablePtr> after;
  // Rows that follow cannot be applied unless it is carried.
  bool rows_need_it = false;
};

// A committed transaction, or one part of a very large one (parts follow each other without a gap; only the last
// has `last_part`, and its position; a destination must commit nothing of it before that).
struct Transaction {
  uint64_t ordinal = 0;  // grows, may have gaps; of one transaction always the same, whenever it is read
  bool first_part = true;
  bool last_part = true;
  Position end;                  // where to go on after it; set on the last part
  std::string gtid;              // for people and for resuming elsewhere; empty if the source has none
  int64_t committed_micros = 0;  // source's clock, as exact as the log has it
  int64_t received_micros = 0;   // our clock, when its end was read
  uint64_t last_committed = 0;   // MySQL's logical clock; 0 = unknown
  uint64_t sequence_number = 0;
  uint64_t commit_id = 0;  // MariaDB's group commit; 0 = none
  std::vector<RowChange> rows;
  std::optional<DdlChange> ddl;  // then `rows` is empty and it stands alone
  Arena arena;                   // holds the cells
  size_t bytes = 0;              // size in the log, for limits and metrics
};

using TransactionPtr = std::unique_ptr<Transaction>;

}  // namespace sluice::model
