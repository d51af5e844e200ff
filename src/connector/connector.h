// The contract between the pipeline and the engines. One Connector value describes an engine; Source and Destination
// open sessions, each of which is one connection used by one thread at a time. What an engine cannot do it declares in
// its Capabilities; there are no default methods that do nothing. Every call may throw Error; one with RetryClass
// kReconnect means that the session is dead and has to be opened again.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/stop.h"
#include "connector/endpoint.h"
#include "connector/owner.h"
#include "model/change.h"
#include "model/mapping.h"
#include "model/position.h"
#include "model/row.h"
#include "model/table.h"

namespace sluice::connector {

// The pipeline replaces loaders and appliers that were idle for longer. Connectors have their server end silent
// sessions after twice that, so that what a session holds locked is free again soon after the network failed.
inline constexpr milliseconds kSessionIdleMost{60000};

struct MigrationTypes {
  bool schema = false;
  bool full = false;
  bool incremental = false;
};

// ---------------------------------------------------------------- precheck

enum class PrecheckStatus { kPassed, kWarning, kFailed };

struct PrecheckItem {
  std::string id;     // stable, e.g. "mysql.binlog_format"
  std::string title;  // "Binary log has row format"
  std::string side;   // "source" or "destination"
  PrecheckStatus status = PrecheckStatus::kPassed;
  std::string object;  // what it is about, if one object
  std::string cause;   // for warnings and failures
  std::string remedy;  // exact statement or setting that mends it
};

struct PrecheckRequest {
  std::string task;  // its identifier; empty while it has none
  MigrationTypes types;
  std::vector<model::TablePtr> tables;  // source descriptions, beside `mappings`
  std::vector<model::TableMappingPtr> mappings;
  std::vector<model::SchemaObject> objects;  // views, routines, triggers that will be carried
  std::vector<model::ObjectName> missing;    // named in the task file, not seen; of a database `name` is empty
  const model::NameMap* names = nullptr;
  std::vector<std::string> destination_databases;
  ServerInfo source;
  ServerInfo destination;
  bool same_server = false;
  bool resuming = false;  // objects at the destination are ours: they are no conflict
  uint64_t source_bytes = 0;
};

// ---------------------------------------------------------------- schema

struct TableSummary {
  model::ObjectName name;
  uint64_t rows_estimated = 0;
  uint64_t bytes_estimated = 0;
};

// Where a counter stands: a sequence, with the column that it feeds if there is one.
struct SequenceValue {
  model::ObjectName name;
  model::ObjectName table;  // empty: no column owns it
  std::string column;
  std::string value;      // decimal
  bool is_called = true;  // whether `value` was handed out; if not, it is the next one
};

// Reads what exists. Used at both sides.
class Catalog {
 public:
  virtual ~Catalog() = default;
  virtual std::vector<std::string> Databases() = 0;  // user databases only
  virtual std::vector<TableSummary> ListTables(const std::string& database) = 0;
  // Descriptions in the order of `names`; one that does not exist is left out.
  virtual std::vector<model::TablePtr> DescribeTables(const std::vector<model::ObjectName>& names) = 0;
  // Everything but tables that is carried of the database, each after what it needs where the server knows that.
  virtual std::vector<model::SchemaObject> ListObjects(const std::string& database) = 0;
  virtual bool Exists(model::ObjectKind kind, const model::ObjectName& name) = 0;
  virtual bool HasRows(const model::ObjectName& table) = 0;
  // Rows that match a filter; throws when the condition is not valid there.
  virtual uint64_t CountRows(const model::ObjectName& table, const std::string& filter) = 0;
  // Counters that neither rows nor definitions bring along, as they stand now.
  virtual std::vector<SequenceValue> Sequences(const std::string& database) = 0;
};

enum class SchemaStage {
  kTypes,        // what tables may need: schemas, extensions, types, sequences, functions in defaults
  kBeforeLoad,   // databases, tables with the keys that the load or the changes need
  kIndexes,      // secondary indexes of one table, as soon as its rows are in
  kForeignKeys,  // after every table has its rows
  kObjects,      // views, procedures, functions
  kTriggers,     // after the load, or only at the switch-over when changes are followed
};
inline constexpr SchemaStage kSchemaStages[] = {SchemaStage::kTypes,   SchemaStage::kBeforeLoad,
                                                SchemaStage::kIndexes, SchemaStage::kForeignKeys,
                                                SchemaStage::kObjects, SchemaStage::kTriggers};
std::string_view Name(SchemaStage stage);

struct SchemaStatement {
  SchemaStage stage = SchemaStage::kBeforeLoad;
  model::ObjectKind kind = model::ObjectKind::kTable;
  model::ObjectName source;
  model::ObjectName object;  // its name at the destination
  std::string signature;     // as in model::SchemaObject, with the destination's names
  model::ObjectName table;   // destination's name of the table that a trigger, rule, policy or index belongs to
  std::string label;         // unique in the task and stable, e.g. "indexes of table shop_new.orders2"
  std::string sql;
  std::string default_database;  // to be in force while it runs, empty = none
  std::string sql_mode;          // empty = the session's own
  std::string charset;
  std::string collation;
  std::optional<model::StatementSession> session;  // of a statement of the source's log: to be in force as well
  std::vector<std::string> notes;                  // differences that the translation had to make, for the report
  // Of a statement of the source's log: what a refusal of the destination means. Those that do not stop the task, and
  // between engines those of the stage kForeignKeys, may be run again, whether or not they were done.
  enum class IfRefused {
    kStop,
    kGoOn,      // told: no row that comes later needs it
    kTryLater,  // told, and tried again when the destination has the rows that come later
  };
  IfRefused if_refused = IfRefused::kStop;
};

// A table that a statement of the source's log changed.
struct TableChange {
  model::ObjectName name;
  model::TablePtr before;  // null: it was not there
  model::TablePtr after;   // null: gone
  // Where Source::DescribeAfter() tells it: columns that have another name now (new, old), and the new name of the
  // table itself, which then is another change of the list, without a `before`.
  std::map<std::string, std::string> renamed_columns = {};
  model::ObjectName renamed_to = {};
  // Columns that are new, and what rows that were there have in them, where that is not what the column's default says
  // (neutral.h): the moment of the statement, or the zero of a type.
  std::map<std::string, std::string> filled = {};
};

// Writes what is missing, from the source's descriptions. A source of another engine (ServerInfo::engine) is known by
// its descriptions alone: the statements of its server mean nothing here.
class SchemaWriter {
 public:
  virtual ~SchemaWriter() = default;
  virtual std::vector<SchemaStatement> CreateDatabase(const std::string& source_database,
                                                      const std::string& destination_database,
                                                      const std::string& source_create_statement,
                                                      const ServerInfo& source) = 0;
  virtual std::vector<SchemaStatement> Translate(const model::Table& table, const model::TableMapping& mapping,
                                                 const model::NameMap& names, const ServerInfo& source) = 0;
  virtual std::vector<SchemaStatement> Translate(const model::SchemaObject& object, const model::NameMap& names,
                                                 const ServerInfo& source) = 0;
  virtual void Execute(const SchemaStatement& statement) = 0;
  // Removes the object that this statement of the task created; one that is not there is no error.
  virtual void Drop(const SchemaStatement& statement) = 0;

  // Brings the destination's counter to where the source's stands.
  virtual void SetSequence(const SequenceValue& value, const model::NameMap& names) = 0;

  // A statement of the source's log, translated to the destination; empty when nothing of it is carried there.
  virtual std::vector<SchemaStatement> Translate(const model::DdlChange& ddl, const model::NameMap& names,
                                                 const ServerInfo& source) = 0;
  // The same for a source of another engine: what makes the destination's tables follow these changes. `before`: all
  // tables of the task as they were.
  virtual std::vector<SchemaStatement> Translate(const std::vector<TableChange>& changes,
                                                 const std::vector<model::TablePtr>& before,
                                                 const model::DdlChange& ddl, const model::NameMap& names,
                                                 const ServerInfo& source) = 0;
  // The source's description of each object of `ddl` after it ran, from the descriptions before it (a created table
  // has none before; a dropped one gives null). Exact: the statement is run on an empty copy by the server itself.
  // Only for a source of the same engine; see Source::DescribeAfter.
  virtual std::vector<TableChange> DescribeAfter(const model::DdlChange& ddl,
                                                 const std::vector<model::TablePtr>& before,
                                                 const ServerInfo& source) = 0;
  // The create statements of these objects as they stand now ("" where absent); tells whether a statement that was
  // interrupted by a crash had taken effect.
  virtual std::string Fingerprint(const std::vector<model::ObjectName>& objects) = 0;
};

// ---------------------------------------------------------------- full load

// The point that a snapshot shows. Changes up to `start` are in it; changes after `end` are not; between the two
// either may hold, row by row, and changes are applied so that both come out right. Equal when the cut is exact.
struct Cut {
  model::Position start;
  model::Position end;
  bool exact = true;
  std::string how;  // for the log: "FLUSH TABLES WITH READ LOCK, 4 readers"
};

// A range of one table's rows. Bounds are the source connector's own text: kept, never compared elsewhere.
struct Chunk {
  uint64_t number = 0;  // from 0, in key order
  std::string lower;    // exclusive; empty = from the start
  std::string upper;    // inclusive; empty = to the end
  uint64_t rows_estimated = 0;
};

// Rows in an encoding both connectors know: an engine's own ("mysql.tsv", "pg.copy.binary"), or the one that all know
// (neutral.h). Rows are never split over blocks.
struct Block {
  std::string bytes;
  uint64_t rows = 0;
};

class BlockSink {
 public:
  virtual ~BlockSink() = default;
  virtual void Put(Block block) = 0;  // waits for room; throws kStopped
};

class BlockSource {
 public:
  virtual ~BlockSource() = default;
  virtual std::optional<Block> Next() = 0;  // nothing at the end of the chunk; rethrows the reader's error
};

// What is selected of what groups tables, an existing one; names or patterns with * and ?, \ before what is meant as it
// stands.
struct SelectedTables {
  std::string database;
  bool only_listed = false;  // else all but the excluded ones
  std::vector<std::string> listed;
  std::vector<std::string> excluded;
};

struct SnapshotRequest {
  std::string task;  // what is made at the source for it bears this name
  // No cut of this task is kept anywhere: what an earlier attempt left at the source is of no use.
  bool first = true;
  size_t readers = 1;
  bool with_position = false;  // changes will be followed: the cut needs its position
  // Statements that change tables will be followed too, by a destination of the same engine; `selected` tells which
  // tables may come.
  bool with_ddl = false;
  std::vector<SelectedTables> selected;
  std::vector<model::TablePtr> tables;
  std::vector<model::TableMappingPtr> mappings;  // beside `tables`, at the first cut: what of them will be followed
};

class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual const Cut& cut() const = 0;
  virtual size_t readers() const = 0;
  // Splits a table; `reader` is the connection to use, as in ReadChunk.
  virtual std::vector<Chunk> PlanChunks(size_t reader, const model::Table& table, const model::TableMapping& mapping,
                                        uint64_t chunk_bytes) = 0;
  // Reads one chunk in the mapping's column order. Different readers may run at the same time.
  virtual void ReadChunk(size_t reader, const model::Table& table, const model::TableMapping& mapping,
                         const Chunk& chunk, const std::string& encoding, BlockSink& sink) = 0;
};

// Identifies a chunk in the destination's bookkeeping.
struct ChunkMark {
  std::string task;
  model::ObjectName table;  // source name
  uint64_t chunk = 0;
  uint64_t rows = 0;
};

struct LoadResult {
  uint64_t rows = 0;
  uint64_t bytes = 0;
  bool was_in = false;  // an earlier attempt was committed, with these rows; nothing was written now
};

class Loader {
 public:
  virtual ~Loader() = default;
  // Writes all blocks and the chunk's mark in ONE destination transaction. A value that the destination would change
  // is an error, and nothing of the chunk is kept. A mark that is there already means that an earlier attempt's commit
  // took effect; the call waits for a session that still works on the chunk.
  virtual LoadResult Load(const model::Table& table, const model::TableMapping& mapping, const std::string& encoding,
                          BlockSource& blocks, const ChunkMark& mark) = 0;
};

// ---------------------------------------------------------------- changes

struct ChangeRequest {
  std::string task;
  model::Position start;
  uint64_t ordinal = 0;                 // of the last transaction before `start`
  std::vector<model::TablePtr> tables;  // descriptions at `start`
  std::function<bool(const model::ObjectName&)> selected;
  // The destination is of another engine: texts are handed out in UTF-8, not in the column's character set.
  bool neutral = false;
  // Transactions after `start` are known by their ordinals to be applied: the order must be the one that they were
  // counted in.
  bool counted = false;
  // What the log does not carry and the user has to know, a line each; from any thread. May be empty.
  std::function<void(const std::string&)> tell;
};

class ChangeStream {
 public:
  virtual ~ChangeStream() = default;
  // The next transaction, or null when the deadline passed. Transactions without selected rows are merged into one
  // without rows that carries the last one's ordinal and end, so that positions move on.
  virtual model::TransactionPtr Next(Deadline deadline) = 0;
  // A table's description from here on, after a DdlChange was handled; null table: dropped.
  virtual void Define(const model::ObjectName& name, model::TablePtr table) = 0;
  // Everything up to here is durable at the destination, and recorded: no stream of the task will begin before it.
  virtual void Confirm(const model::Position& position) = 0;
};

// Evaluates a row filter exactly as the source would.
class FilterEvaluator {
 public:
  virtual ~FilterEvaluator() = default;
  // keep[i] tells whether rows[i] matches; a condition that is NULL does not.
  virtual std::vector<bool> Evaluate(const model::Table& table, const std::string& filter,
                                     std::span<const model::Row> rows) = 0;
};

// Changes of one table and kind that do not depend on each other: order within a group is free.
struct RowGroup {
  model::TableMappingPtr mapping;
  model::TablePtr table;  // source description
  model::ChangeKind kind = model::ChangeKind::kInsert;
  bool foreign_keys_off = false;
  // Inside the window of an inexact cut: inserts and updates replace, deletes may find nothing.
  bool idempotent = false;
  // The table's operations are filtered: a row to change may be missing, a row to insert may be there.
  bool lenient = false;
  std::vector<const model::RowChange*> rows;
};

// How far one lane is, written in the transaction that it describes. Transactions up to `low` are applied by someone;
// of those above it, this lane has applied `done`.
struct ApplyProgress {
  std::string task;
  uint32_t lane = 0;
  uint64_t low_ordinal = 0;
  model::Position low;
  std::string done;              // ranges of ordinals, "12-40,44", as this lane committed them above low_ordinal
  int64_t committed_micros = 0;  // source's clock of the newest transaction in it
};

// One lane's session. Begin, Apply..., Commit; after an error Rollback, or a new session.
class Applier {
 public:
  virtual ~Applier() = default;
  virtual void Begin() = 0;
  // Throws when a row to change is not there (unless idempotent): someone else wrote to the destination.
  virtual void Apply(const RowGroup& group) = 0;
  virtual void Commit(const ApplyProgress& progress) = 0;
  virtual void Rollback() = 0;
};

// Sluice's own records at the destination, in a database of its own. All of them belong to a task.
class Bookkeeping {
 public:
  virtual ~Bookkeeping() = default;
  virtual void Prepare() = 0;  // creates what is missing
  virtual std::vector<ChunkMark> ChunksDone(const std::string& task) = 0;
  // Empties a table that is to be loaded again, and forgets its chunks.
  virtual void ResetTable(const std::string& task, const model::ObjectName& source,
                          const model::ObjectName& destination) = 0;
  virtual std::vector<ApplyProgress> LoadProgress(const std::string& task) = 0;
  // Replaces all lanes by one: used at the hand-over and when a DDL barrier is passed.
  virtual void SaveProgress(const ApplyProgress& progress) = 0;
  // Small texts by name ("cut", "ddl", "definition:db.table": what the pipeline puts there is its own affair); written
  // at once.
  virtual std::optional<std::string> LoadNote(const std::string& task, const std::string& name) = 0;
  virtual std::vector<std::pair<std::string, std::string>> LoadNotes(const std::string& task,
                                                                     const std::string& prefix) = 0;
  struct Note {
    std::string name;
    std::optional<std::string> text;  // nothing: removed
  };
  // Notes and (if given) progress in one transaction.
  virtual void SaveNotes(const std::string& task, const std::vector<Note>& notes, const ApplyProgress* progress) = 0;
  // Forgets all but who owns the task.
  virtual void RemoveTask(const std::string& task) = 0;
  // Who owns the task; nothing also where there are no records of Sluice's at all.
  virtual std::optional<Owner> LoadOwner(const std::string& task) = 0;
  // Makes `owner` the owner, after the transactions of the former one that are being committed. False where that one is
  // not `former` any more (nothing: there was none): somebody else came in between.
  virtual bool TakeOver(const std::string& task, const Owner& owner, const std::optional<Owner>& former) = 0;
  // Removes the task's records, and everything of Sluice's when no other task has records here. Creates nothing.
  struct Released {
    uint64_t chunks = 0;  // records that were removed
    uint64_t progress = 0;
    uint64_t notes = 0;
    bool database = false;             // nothing of Sluice's is left at the destination
    std::vector<std::string> others;   // tasks whose records stay
    std::vector<std::string> foreign;  // tables in Sluice's database that are not Sluice's: they keep it there
  };
  virtual Released Release(const std::string& task) = 0;
};

// ---------------------------------------------------------------- verification

// What to read for a comparison: the same columns in the same order at both sides, key columns first.
struct VerifyTable {
  model::TablePtr table;          // description at this side
  std::vector<uint32_t> columns;  // indexes into table->columns
  size_t key_columns = 0;         // how many of `columns` are the key; 0 = no key, whole rows are compared
  std::string filter;             // source side only
  ServerInfo peer;                // the other side: what it cannot hold makes no difference
};

// Reads rows as canonical text that is equal at both sides when the values are: UTF-8, shortest exact numbers, UTC,
// JSON with sorted keys. Binary strings stay bytes.
class VerifyReader {
 public:
  virtual ~VerifyReader() = default;
  using RowSink = std::function<void(model::Row)>;  // cells are kBytes or kNull, valid during the call
  virtual std::vector<Chunk> PlanChunks(const VerifyTable& table, uint64_t rows_per_chunk) = 0;
  virtual void ReadChunk(const VerifyTable& table, const Chunk& chunk, const RowSink& sink) = 0;
  // Rows with these keys (canonical texts as ReadChunk gave them); those that are not there are left out.
  virtual void ReadKeys(const VerifyTable& table, const std::vector<std::vector<std::string>>& keys,
                        const RowSink& sink) = 0;
  // One statement, ended by ";", that makes a destination's row equal to the source's. kInsert: `row` is missing;
  // kUpdate: the row `old` is to become `row`; kDelete: `old` is too many. Rows are canonical texts in the order of
  // `columns`, no value = NULL. Exactly one row is meant, also where there is no key.
  enum class Repair { kInsert, kUpdate, kDelete };
  using TextRow = std::vector<std::optional<std::string>>;
  virtual std::string RepairStatement(const VerifyTable& table, Repair repair, const TextRow& old,
                                      const TextRow& row) = 0;
  // Statements that a file of repairs begins with: character set, time zone, modes.
  virtual std::string RepairPreamble() = 0;
};

// ---------------------------------------------------------------- the two halves

// Something of Sluice's that stands at a source.
struct SourceObject {
  std::string kind;  // "replication slot"
  std::string name;
  std::string task;        // as ReleaseSource() takes it
  bool in_use = false;     // a session is connected to it
  uint64_t log_bytes = 0;  // of the source's log that it holds back
};

// A transaction of somebody else's.
struct OpenTransaction {
  std::string what;   // "prepared transaction 'move-17'", "session 4711 of app"
  std::string ended;  // the statements that end it
};
struct OpenTransactions {
  std::vector<OpenTransaction> found;
  std::vector<std::string> not_seen;  // kinds that the account may not ask for, and the right that it lacks
};

class Source {
 public:
  virtual ~Source() = default;
  virtual ServerInfo Server() = 0;  // connects if it has to
  virtual std::vector<PrecheckItem> Precheck(const PrecheckRequest& request, const SessionContext& context) = 0;
  virtual std::unique_ptr<Catalog> OpenCatalog(const SessionContext& context) = 0;
  virtual std::string DatabaseStatement(const std::string& database) = 0;  // how the database was created
  virtual std::unique_ptr<Snapshot> OpenSnapshot(const SnapshotRequest& request, const SessionContext& context) = 0;
  virtual std::unique_ptr<ChangeStream> OpenChanges(const ChangeRequest& request, const SessionContext& context) = 0;
  // `neutral`: the rows are those of a stream that was opened so.
  virtual std::unique_ptr<FilterEvaluator> OpenFilter(bool neutral, const SessionContext& context) = 0;
  // What SchemaWriter::DescribeAfter tells, read from the statement alone, for destinations of another engine. `before`
  // has the tables that refer to those of the statement too: what they refer to may get another name. Throws when the
  // statement does what cannot be followed so.
  virtual std::vector<TableChange> DescribeAfter(const model::DdlChange& ddl,
                                                 const std::vector<model::TablePtr>& before,
                                                 const SessionContext& context) = 0;
  virtual std::unique_ptr<VerifyReader> OpenVerifyReader(const SessionContext& context) = 0;
  // The newest position in the source's log; cheap, called about once a second.
  virtual model::Position CurrentPosition(std::stop_token stop) = 0;
  // Whether `applied` is at or after `wanted` in the log.
  virtual bool Reached(const model::Position& applied, const model::Position& wanted) const = 0;
  virtual std::vector<std::string> SnapshotEncodings() const = 0;  // best first
  // Whether a chunk planned at one cut holds the same rows at a later one; `written`: the source may have been written
  // to in between. Ranges of a key do, but for rows whose key changed; ranges of places do not where a row moves when
  // it changes. If not, a table that was begun is emptied and read again.
  virtual bool ChunksOutliveCut(bool written) const = 0;
  // Transactions that have written in these databases (or may have) and have not ended: their changes are not in the
  // log yet.
  virtual OpenTransactions OpenTransactionsIn(const std::vector<std::string>& databases,
                                              const SessionContext& context) = 0;
  // What Sluice keeps at this source, of all tasks; empty where an engine needs nothing there.
  virtual std::vector<SourceObject> SourceObjects(const SessionContext& context) = 0;
  // Removes what is kept for a task, and tells what that was ("replication slot sluice_shop_1f2e3d4c").
  virtual std::vector<std::string> ReleaseSource(const std::string& task, const SessionContext& context) = 0;
};

class Destination {
 public:
  virtual ~Destination() = default;
  // What sessions that are opened from now on write, they write only while the task is this run's: kTakenOver ends
  // their transactions. Called while no other thread uses the destination.
  virtual void WriteAs(const Fence& fence) = 0;
  virtual ServerInfo Server() = 0;
  virtual std::vector<PrecheckItem> Precheck(const PrecheckRequest& request, const SessionContext& context) = 0;
  virtual std::unique_ptr<Catalog> OpenCatalog(const SessionContext& context) = 0;
  virtual std::unique_ptr<SchemaWriter> OpenSchemaWriter(const SessionContext& context) = 0;
  virtual std::unique_ptr<Loader> OpenLoader(const SessionContext& context) = 0;
  // `neutral`: what it is given comes from a stream that was opened so.
  virtual std::unique_ptr<Applier> OpenApplier(bool neutral, const SessionContext& context) = 0;
  virtual std::unique_ptr<Bookkeeping> OpenBookkeeping(const SessionContext& context) = 0;
  virtual std::unique_ptr<VerifyReader> OpenVerifyReader(const SessionContext& context) = 0;
  // In which of the encodings that the source offers (best first) this table is to be loaded; it stands at the
  // destination by now. Throws when none fits. Any thread.
  virtual std::string ChooseEncoding(const model::Table& table, const model::TableMapping& mapping,
                                     const std::vector<std::string>& offered, const SessionContext& context) = 0;
};

struct Connector {
  std::string name;   // "mysql": what a task file says
  std::string title;  // "MySQL and MariaDB"
  uint16_t default_port = 0;
  std::string group = "database";         // what groups tables, as a task file names it: "database", "schema"
  bool needs_database = false;            // `database` of an endpoint: to log in to
  std::vector<std::string> plugins = {};  // of the server, that can tell its changes; empty: there is no choice
  std::set<std::string> reserved;         // groups that belong to the server or to Sluice, in small letters
  bool columns_ignore_case = true;
  std::string drop_account = "DROP USER";  // what removes an account, for people
  // What gives away what an account has created, where it belongs to the account; empty where it does not, and views
  // and routines run with their caller's rights.
  std::string reassign_objects = {};
  std::function<std::unique_ptr<Source>(Endpoint)> make_source;            // null: cannot be a source
  std::function<std::unique_ptr<Destination>(Endpoint)> make_destination;  // null: cannot be a destination
};

}  // namespace sluice::connector
