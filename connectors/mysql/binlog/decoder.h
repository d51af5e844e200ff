// Events of the log to transactions. Fed with one event after the other as they come over the wire; hands finished
// transactions (or parts of large ones) to a callback. One thread. Knows nothing of connections.
//
// How a group of events becomes transactions:
//   1. A GTID event (or BEGIN, where there are none) opens a group. Its place is remembered.
//   2. TABLE_MAP and rows events fill the open transaction; a large one is handed on in parts.
//   3. XID, COMMIT, or the one statement of a group without commit closes it: the ordinal goes up by one, the GTID is
//      added to the set, and the transaction is handed on with the position after the group.
//   4. A group with a schema statement and rows (CREATE TABLE ... SELECT) gives two transactions; the position of the
//      first is the group's begin with "step" 1.
//   5. An XA group that ends with a prepare is closed without rows; these are kept until XA COMMIT comes, and
//      positions carry the place of the oldest one as "rewind".
//   6. Transactions without rows of ours are counted and handed on as one, when Flush() is called or rows follow.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "connector/definitions.h"
#include "connectors/mysql/binlog/event.h"
#include "connectors/mysql/binlog/gtid_event.h"
#include "connectors/mysql/binlog/gtid_set.h"
#include "connectors/mysql/binlog/query.h"
#include "connectors/mysql/binlog/row_decoder.h"
#include "connectors/mysql/binlog/row_plan.h"
#include "connectors/mysql/position.h"
#include "model/change.h"

namespace sluice::mysql::binlog {

// Character set and collation of a collation number.
using CollationNames = std::unordered_map<uint16_t, std::pair<std::string, std::string>>;

struct DecoderOptions {
  ServerTraits traits;
  bool checksums = false;         // until the first format description says it
  bool lower_case_names = false;  // lower_case_table_names=1: names in statements are not yet lowered
  bool by_gtid = false;           // the server was asked for what is not in start.gtid
  bool learn_gtids = false;       // start.gtid is not known: read the set from the begin of start.file
  bool gtids_from_none = false;   // start.gtid is empty because nothing lies before
  std::string server;             // ServerIdentity() of the server that sends
  LogPosition start;
  uint64_t ordinal = 0;  // of the last transaction before `start`
  CollationNames collations;
  std::function<bool(const model::ObjectName&)> selected;
  std::function<model::DdlChange(std::string_view statement, std::string_view database, std::string_view sql_mode)>
      classify;
  // What a statement leaves to the defaults of its database; told of each one, in order.
  std::function<void(model::DdlChange& ddl, const std::string& server_collation, const std::string& utf8mb4_collation)>
      complete;
  std::function<void(model::TransactionPtr)> emit;
  size_t part_rows_max = 20'000;
  size_t part_bytes_max = 8u << 20;
};

class Decoder {
 public:
  Decoder(DecoderOptions options, const connector::Definitions& definitions);
  ~Decoder();

  // One event with header and checksum. Throws Error; the decoder is of no use afterwards.
  void Feed(std::string_view event);
  // Hands on what was merged: called when nothing more is waiting at the source.
  void Flush();
  const std::string& file() const { return file_; }
  uint64_t offset() const { return offset_; }

 private:
  struct KnownTable;
  struct Savepoint {
    std::string name;
    size_t rows = 0;
    size_t parts = 0;
  };
  struct Held {  // an XA transaction between prepare and commit
    model::TransactionPtr transaction;
    LogPosition begin;
  };
  struct Group {
    bool open = false;
    bool begun = false;    // a commit will end it
    bool xa = false;       // may end with a prepare
    bool skipped = false;  // before the position that was asked for
    bool rows_seen = false;
    GtidEvent gtid;
    LogPosition begin;  // where reading would begin again to get the group
    uint32_t step = 0;  // transactions handed on from it
    size_t parts = 0;   // of the transaction that is being filled
    size_t bytes = 0;
    uint32_t timestamp = 0;
    model::TransactionPtr transaction;  // null until there is something of ours
    std::vector<Savepoint> savepoints;
  };

  // decoder.cc: the flow
  void Dispatch(const EventHeader& header, std::string_view body);
  void DispatchControl(const EventHeader& header, std::string_view body);
  void OnFormat(std::string_view event);
  void OnRotate(std::string_view body);
  void OnPayload(std::string_view body);
  void OnOther(const EventHeader& header);
  void OnFileBegin(const EventHeader& header, std::string_view body);
  void Advance(const EventHeader& header);

  // decoder_group.cc: groups and transactions
  void OpenGroup(const EventHeader& header, GtidEvent gtid);
  void OpenIfClosed(const EventHeader& header);
  void AbandonGroup(const char* why);
  void CloseGroup();       // commits
  void CloseGroupEmpty();  // ends it without rows
  void CloseWith(model::TransactionPtr transaction);
  bool BeforeStart() const;
  [[noreturn]] void ThrowNoSuchPlace() const;
  void Rollback(size_t rows, size_t parts);
  void CutPart();
  model::Transaction& Current();
  void Count();
  void CountFile(const EventHeader& header);
  void Emit(model::TransactionPtr transaction);
  void Stamp(model::Transaction& transaction) const;
  LogPosition EndPosition() const;
  std::string GtidText() const;

  // decoder_statement.cc: statements and XA
  void OnQuery(const EventHeader& header, std::string_view body);
  void OnSchemaStatement(const EventHeader& header, const QueryEvent& query, const StatementStart& start);
  void OnRowStatement(const QueryEvent& query, const StatementStart& start);
  void OnXaPrepare(std::string_view body);
  void OnXaEnd(const StatementStart& start);
  void EmitDdl(model::DdlChange ddl);
  bool Wanted(const model::DdlChange& ddl) const;
  std::string CollationName(uint16_t number) const;

  // decoder_rows.cc: tables and rows
  void OnTableMap(std::string_view body);
  void OnRows(EventType type, std::string_view body);

  DecoderOptions options_;
  const connector::Definitions& definitions_;
  FormatDescription format_;
  std::string file_;
  uint64_t offset_ = 0;       // after the last event
  uint64_t event_begin_ = 0;  // of the one at hand
  uint64_t ordinal_ = 0;
  MysqlGtidSet mysql_gtids_;
  MariadbGtidPosition mariadb_gtids_;
  bool track_gtids_ = false;
  bool in_payload_ = false;
  // Reading from the "rewind" place up to the start. By GTID to the end: on another primary what lies before the start
  // may come after what does not.
  bool skipping_ = false;
  std::optional<MysqlGtidSet> before_mysql_;  // what lies before the start
  std::optional<MariadbGtidPosition> before_mariadb_;
  uint32_t steps_to_skip_ = 0;
  Group group_;
  std::map<std::string, Held> prepared_;  // by XA name
  std::unordered_map<uint64_t, std::unique_ptr<KnownTable>> tables_;
  RowDecoder rows_;
  bool empties_ = false;  // transactions were counted that nobody was told of
  int64_t empties_committed_ = 0;
  std::string empties_gtid_;
};

}  // namespace sluice::mysql::binlog
