// Writes one chunk as one transaction. Protocol:
//   1. START TRANSACTION, and insert the chunk's mark. If it is there already, the chunk is in: a commit whose answer
//      was lost. A session that still works on the same chunk (its client died) holds the mark's lock, so this waits
//      for its end;
//   2. the rows, by a statement over arrays (MariaDB), LOAD DATA LOCAL or INSERT; every warning and every missing row
//      is an error;
//   3. the number of rows into the mark, if it was not known before;
//   4. whether the task is still this run's (bookkeeping.h);
//   5. COMMIT.
// A refusal that may have come of what the destination computes is told from one of a carried value by loading the
// chunk again in two steps (loader_stage.h), and so are the table's later chunks of this session. A destination table
// whose engine cannot undo (MyISAM ...) gets its rows first, in a way that can be repeated: REPLACE where there is a
// key, else the table (one chunk by nature) is emptied before; then the mark. Nothing holds such rows up from the look
// at the task's owner on.
#include <fmt/format.h>
#include <mysql.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "connector/block_feed.h"
#include "connector/neutral.h"
#include "connectors/mysql/bookkeeping.h"
#include "connectors/mysql/bulk_loader.h"
#include "connectors/mysql/codes.h"
#include "connectors/mysql/insert_loader.h"
#include "connectors/mysql/loader_check.h"
#include "connectors/mysql/loader_columns.h"
#include "connectors/mysql/loader_stage.h"
#include "connectors/mysql/prepared.h"
#include "connectors/mysql/sessions.h"
#include "connectors/mysql/tsv.h"

namespace sluice::mysql {
namespace {

constexpr const char* kFileName = "sluice.chunk";
constexpr size_t kInsertStatementBytes = 1 << 20;
// Up to here an INSERT costs less than the exchange of messages of a LOAD DATA LOCAL.
constexpr size_t kSmallChunkBytes = 64 * 1024;
constexpr size_t kPlansKept = 64;

// Serves the server's request for the "file". The server may ask for any file at any time: only our own name, and only
// while a load is running, is answered.
class InfileFeed {
 public:
  void Begin(connector::BlockFeed* feed, LoadWatch* watch) {
    feed_ = feed;
    watch_ = watch;
    asked_ = false;
    error_ = nullptr;
    block_.reset();
    at_ = 0;
  }
  void End() {
    feed_ = nullptr;
    block_.reset();
  }
  bool asked() const { return asked_; }  // then blocks may have been consumed
  void RethrowError() {
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }
  void Install(MYSQL* handle) { mysql_set_local_infile_handler(handle, &Init, &Read, &Close, &Describe, this); }

 private:
  static int Init(void** state, const char* file_name, void* self) {
    auto* feed = static_cast<InfileFeed*>(self);
    *state = self;
    if (feed->feed_ == nullptr || std::strcmp(file_name, kFileName) != 0) return 1;
    feed->asked_ = true;
    return 0;
  }
  static int Read(void* state, char* buffer, unsigned int size) {
    return static_cast<InfileFeed*>(state)->Fill(buffer, size);
  }
  static void Close(void*) {}
  static int Describe(void*, char* message, unsigned int size) {
    fmt::format_to_n(message, size, "no file is served{}", '\0');
    return 2000;
  }

  // An exception must not pass through the C library: it is kept, and the statement then ends early.
  int Fill(char* buffer, unsigned int size) noexcept {
    try {
      size_t filled = 0;
      while (filled < size) {
        if (!block_ || at_ == block_->bytes.size()) {
          block_ = feed_->Next();
          at_ = 0;
          if (!block_) break;
          watch_->See(block_->bytes);
        }
        const size_t part = std::min<size_t>(size - filled, block_->bytes.size() - at_);
        std::memcpy(buffer + filled, block_->bytes.data() + at_, part);
        at_ += part;
        filled += part;
      }
      return static_cast<int>(filled);
    } catch (...) {
      error_ = std::current_exception();
      return -1;
    }
  }

  connector::BlockFeed* feed_ = nullptr;
  LoadWatch* watch_ = nullptr;
  bool asked_ = false;
  std::exception_ptr error_;
  std::optional<connector::Block> block_;
  size_t at_ = 0;
};

class MysqlLoader : public connector::Loader {
 public:
  MysqlLoader(const connector::Endpoint& endpoint, const connector::SessionContext& context)
      : connection_(endpoint, context, {.local_infile = true, .multi_statements = true}), stage_(connection_) {
    infile_.Install(connection_.handle());
    // Short: a session whose client is gone without a word holds its chunk's mark locked.
    connection_.Execute(
        "SET SESSION foreign_key_checks = 0, unique_checks = 0, innodb_lock_wait_timeout = 600, "
        "wait_timeout = 120, net_read_timeout = 600");
    connection_.Execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
    has_bulk_ = HasBulk(connection_);
    can_load_data_ = connection_.QueryOne("SELECT @@GLOBAL.local_infile").value_or("0") == "1";
    insert_bytes_ = std::min(kInsertStatementBytes, connection_.PacketLimit() / 2);
    if (!can_load_data_ && !has_bulk_) SayFallback();
  }

  connector::LoadResult Load(const model::Table& table, const model::TableMapping& mapping, const std::string& encoding,
                             connector::BlockSource& blocks, const connector::ChunkMark& mark) override;

 private:
  // By source name. A plan holds for the description and the mapping that it was made from; both may be gone by now,
  // so what they said is kept, not where they were.
  struct KnownPlan {
    std::string definition;
    model::TableMapping mapping;
    LoadPlan plan;
    bool in_two_steps = false;
  };
  KnownPlan& PlanFor(const model::Table& table, const model::TableMapping& mapping, bool neutral);
  connector::LoadResult LoadWithUndo(const KnownPlan& known, connector::BlockFeed& feed,
                                     const connector::ChunkMark& mark);
  // Begins a transaction with it. False when the chunk is in already.
  bool InsertMark(const connector::ChunkMark& mark);
  void WriteRows(const KnownPlan& known, connector::BlockFeed& feed);
  void WriteRowsByPlan(const LoadPlan& plan, connector::BlockFeed& feed);
  void WriteLargeRow(const LoadPlan& plan, std::string_view row);
  // False when the server does not take LOAD DATA LOCAL; nothing of `feed` is consumed then.
  bool LoadData(const LoadPlan& plan, connector::BlockFeed& feed);
  connector::LoadResult LoadWithoutUndo(const KnownPlan& known, connector::BlockFeed& feed,
                                        const connector::ChunkMark& mark);
  // Whether a chunk that was refused so may be taken in two steps.
  bool MayBeComputed(const KnownPlan& known, const Error& error);
  void RollbackQuietly();
  void SayFallback() {
    LogWarning("mysql.loader",
               fmt::format("local_infile is off at {}: rows go in by INSERT, which is slower (SET GLOBAL "
                           "local_infile = ON; there)",
                           connection_.endpoint().Address()));
  }

  Connection connection_;
  InfileFeed infile_;
  bool has_bulk_ = false;
  bool can_load_data_ = true;
  size_t insert_bytes_ = kInsertStatementBytes;
  std::map<model::ObjectName, KnownPlan> plans_;
  LoadStage stage_;
};

bool SameColumns(const model::TableMapping& a, const model::TableMapping& b) {
  return a.destination == b.destination &&
         std::equal(a.columns.begin(), a.columns.end(), b.columns.begin(), b.columns.end(),
                    [](const model::ColumnMapping& one, const model::ColumnMapping& other) {
                      return one.source == other.source && one.destination == other.destination;
                    });
}

MysqlLoader::KnownPlan& MysqlLoader::PlanFor(const model::Table& table, const model::TableMapping& mapping,
                                             bool neutral) {
  const auto found = plans_.find(table.name);
  if (found != plans_.end() && found->second.definition == table.create_statement &&
      SameColumns(found->second.mapping, mapping)) {
    return found->second;
  }
  if (plans_.size() >= kPlansKept) plans_.clear();
  KnownPlan known{table.create_statement, mapping, MakeLoadPlan(connection_, table, mapping, neutral)};
  return plans_.insert_or_assign(table.name, std::move(known)).first->second;
}

bool MysqlLoader::InsertMark(const connector::ChunkMark& mark) {
  try {
    connection_.Execute("START TRANSACTION;" + InsertMarkStatement(mark), "table sluice.chunk");
    return true;
  } catch (const Error& error) {
    if (error.info().native_code != 1062) throw;
    return false;
  }
}

bool MysqlLoader::LoadData(const LoadPlan& plan, connector::BlockFeed& feed) {
  const std::string sql = fmt::format(
      "LOAD DATA LOCAL INFILE '{}' {}INTO TABLE {} CHARACTER SET binary FIELDS TERMINATED BY '\\t' ESCAPED BY "
      "'\\\\' LINES TERMINATED BY '\\n' {}",
      kFileName, plan.transactional ? "" : "REPLACE ", plan.table, plan.LoadDataColumns());
  uint64_t inserted = 0;
  LoadWatch watch(plan);
  infile_.Begin(&feed, &watch);
  try {
    inserted = ExecuteCounted(connection_, sql, plan.object);
  } catch (const Error& error) {
    infile_.End();
    infile_.RethrowError();
    const int code = error.info().native_code;
    // 3948, 4166: switched off at the server; 1148: not allowed there.
    if (!infile_.asked() && (code == 3948 || code == 4166 || code == 1148)) return false;
    throw;
  }
  infile_.End();
  infile_.RethrowError();
  // A row that replaced another counts twice.
  CheckLoaded(connection_, plan.object, watch,
              plan.transactional ? inserted : std::min<uint64_t>(inserted, feed.rows()));
  return true;
}

void MysqlLoader::WriteRows(const KnownPlan& known, connector::BlockFeed& feed) {
  if (!known.in_two_steps) return WriteRowsByPlan(known.plan, feed);
  WriteRowsByPlan(stage_.plan(), feed);
  stage_.Move(known.plan, feed.rows());
}

void MysqlLoader::WriteRowsByPlan(const LoadPlan& plan, connector::BlockFeed& feed) {
  if (feed.IsOneBlock() && feed.FirstBytes() <= kSmallChunkBytes)
    return InsertRows(connection_, plan, feed, insert_bytes_);
  if (has_bulk_ && CanLoadInBulk(plan)) {
    return BulkLoadRows(connection_, plan, feed, [&](std::string_view row) { WriteLargeRow(plan, row); });
  }
  if (can_load_data_) {
    if (LoadData(plan, feed)) return;
    can_load_data_ = false;
    SayFallback();
  }
  InsertRows(connection_, plan, feed, insert_bytes_);
}

// LOAD DATA takes rows that no packet would.
void MysqlLoader::WriteLargeRow(const LoadPlan& plan, std::string_view row) {
  class OneBlock : public connector::BlockSource {
   public:
    explicit OneBlock(connector::Block block) : block_(std::move(block)) {}
    std::optional<connector::Block> Next() override { return std::exchange(block_, std::nullopt); }

   private:
    std::optional<connector::Block> block_;
  };
  OneBlock one({std::string(row) + "\n", 1});
  connector::BlockFeed feed(one);
  if (can_load_data_ && LoadData(plan, feed)) return;
  InsertRows(connection_, plan, feed, insert_bytes_);
}

connector::LoadResult MysqlLoader::Load(const model::Table& table, const model::TableMapping& mapping,
                                        const std::string& encoding, connector::BlockSource& blocks,
                                        const connector::ChunkMark& mark) {
  const bool neutral = encoding == connector::kNeutralTsv;
  Check(neutral || encoding == kTsvEncoding, "unknown row encoding");
  KnownPlan& known = PlanFor(table, mapping, neutral);
  connector::BlockFeed feed(blocks);
  if (known.in_two_steps) stage_.Prepare(known.plan, mapping.destination);
  try {
    return known.plan.transactional ? LoadWithUndo(known, feed, mark) : LoadWithoutUndo(known, feed, mark);
  } catch (const Error& error) {
    LookAtFence(connection_, error.info());
    if (!MayBeComputed(known, error)) throw;
    known.in_two_steps = true;
    ErrorInfo info = error.info();
    info.cause += " It may be of what the table computes: it is tried again in two steps, which tell.";
    info.retry = RetryClass::kBackoff;
    throw Error(std::move(info));
  }
}

bool MysqlLoader::MayBeComputed(const KnownPlan& known, const Error& error) {
  if (known.in_two_steps || error.info().code != kValueRefused.id) return false;
  return ComputesValues(connection_, known.mapping.destination, known.plan.object);
}

connector::LoadResult MysqlLoader::LoadWithUndo(const KnownPlan& known, connector::BlockFeed& feed,
                                                const connector::ChunkMark& mark) {
  connector::ChunkMark written = mark;
  written.rows = feed.IsOneBlock() ? feed.FirstRows() : 0;
  try {
    if (!InsertMark(written)) {  // 1
      RollbackQuietly();
      LogInfo("mysql.loader", fmt::format("chunk {} of {} was in already", mark.chunk, known.plan.object));
      return {.rows = RowsOfMark(connection_, mark), .was_in = true};
    }
    if (!feed.IsEmpty()) WriteRows(known, feed);  // 2
    if (written.rows != feed.rows()) {            // 3
      written.rows = feed.rows();
      connection_.Execute(UpdateMarkStatement(written), "table sluice.chunk");
    }
    HoldFence(connection_);                            // 4
    connection_.Execute("COMMIT", known.plan.object);  // 5
  } catch (...) {
    RollbackQuietly();
    throw;
  }
  return {.rows = feed.rows(), .bytes = feed.bytes()};
}

connector::LoadResult MysqlLoader::LoadWithoutUndo(const KnownPlan& known, connector::BlockFeed& feed,
                                                   const connector::ChunkMark& mark) {
  const LoadPlan& plan = known.plan;
  LookAtFence(connection_);
  if (!plan.has_key) connection_.Execute("TRUNCATE TABLE " + plan.table, plan.object);
  if (!feed.IsEmpty()) WriteRows(known, feed);
  connector::ChunkMark written = mark;
  written.rows = feed.rows();
  try {
    InsertMark(written);
    HoldFence(connection_);
    connection_.Execute("COMMIT", plan.object);
  } catch (...) {
    RollbackQuietly();
    throw;
  }
  return {.rows = feed.rows(), .bytes = feed.bytes()};
}

void MysqlLoader::RollbackQuietly() {
  try {
    connection_.Execute("ROLLBACK");
  } catch (const Error&) {
    // The connection is gone, and the transaction with it.
  }
}

}  // namespace

std::unique_ptr<connector::Loader> MakeLoader(const connector::Endpoint& endpoint,
                                              const connector::SessionContext& context) {
  return std::make_unique<MysqlLoader>(endpoint, context);
}

}  // namespace sluice::mysql
