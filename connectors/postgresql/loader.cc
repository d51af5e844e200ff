// Writes one chunk as one transaction. Protocol:
//   1. BEGIN, the task's lock and the fence (bookkeeping.h), the chunk's mark. If the mark is there already, the chunk
//      is in: a commit whose answer was lost. A session that still works on the same chunk (its client died) has
//      written the mark too, so this waits for its end;
//   2. the rows by COPY, straight into the table, or into a temporary one where a column might keep another value than
//      it is given: there they are checked first;
//   3. the number of rows into the mark, if it was not known before;
//   4. COMMIT.
#include <fmt/format.h>

#include <charconv>
#include <map>
#include <memory>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "connector/block_feed.h"
#include "connectors/postgresql/bookkeeping.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/copy_format.h"
#include "connectors/postgresql/load_plan.h"
#include "connectors/postgresql/sessions.h"

namespace sluice::postgresql {
namespace {

constexpr const char* kComponent = "postgresql.loader";
constexpr size_t kPlansKept = 64;

struct KnownPlan {
  std::string definition;
  model::TableMapping mapping;
  LoadPlan plan;
  std::string stage;  // the temporary table, quoted; empty: none
};

bool SameColumns(const model::TableMapping& a, const model::TableMapping& b) {
  return a.destination == b.destination &&
         std::equal(a.columns.begin(), a.columns.end(), b.columns.begin(), b.columns.end(),
                    [](const model::ColumnMapping& one, const model::ColumnMapping& other) {
                      return one.source == other.source && one.destination == other.destination;
                    });
}

// COPY's own words tell the row (of the chunk) and the column: "COPY orders, line 17, column price: "abc"". In another
// language than English the cause shows them all the same.
void NamePlace(ErrorInfo* info, const std::string& object) {
  const std::string& cause = info->cause;
  const size_t copy = cause.find("; COPY ");
  if (copy == std::string::npos) return;
  const auto part = [&](std::string_view word, std::string_view ends) -> std::string {
    const size_t at = cause.find(word, copy);
    if (at == std::string::npos) return "";
    const size_t from = at + word.size();
    return cause.substr(from, cause.find_first_of(ends, from) - from);
  };
  const std::string row = part(", line ", ",:; ");
  const std::string column = part(", column ", ":;");
  info->object = object + (column.empty() ? "" : ", column " + column) + (row.empty() ? "" : ", row " + row);
}

class PostgresqlLoader : public connector::Loader {
 public:
  PostgresqlLoader(const connector::Endpoint& endpoint, const connector::SessionContext& context)
      : connection_(endpoint, context, {.idle_in_transaction = 2 * connector::kSessionIdleMost}) {
    connection_.Execute(kNoticeDeadClient);
    CommitDurably(connection_);  // a load that is told to be done must not lose its last chunks
    SilenceTriggers(connection_);
  }

  connector::LoadResult Load(const model::Table& table, const model::TableMapping& mapping, const std::string& encoding,
                             connector::BlockSource& blocks, const connector::ChunkMark& mark) override;

 private:
  KnownPlan& PlanFor(const model::Table& table, const model::TableMapping& mapping);
  void MakeStage(KnownPlan& known);
  void WriteRows(KnownPlan& known, const std::string& encoding, connector::BlockFeed& feed);
  uint64_t Copy(const std::string& target, const std::string& object, const std::string& encoding,
                connector::BlockFeed& feed);
  void CheckStage(const KnownPlan& known);
  void RollbackQuietly();

  Connection connection_;
  std::map<model::ObjectName, KnownPlan> plans_;  // by source name
  uint64_t stages_ = 0;
};

KnownPlan& PostgresqlLoader::PlanFor(const model::Table& table, const model::TableMapping& mapping) {
  const auto found = plans_.find(table.name);
  if (found != plans_.end() && found->second.definition == table.create_statement &&
      SameColumns(found->second.mapping, mapping)) {
    return found->second;
  }
  if (plans_.size() >= kPlansKept || found != plans_.end()) {
    for (const auto& [name, known] : plans_) {
      if (!known.stage.empty()) connection_.Execute("DROP TABLE " + known.stage);
    }
    plans_.clear();
  }
  KnownPlan known{.definition = table.create_statement, .mapping = mapping, .plan = {}, .stage = ""};
  known.plan =
      MakeLoadPlan(table, mapping, ReadTargetColumns(connection_, mapping.destination), connection_.endpoint().side);
  if (known.plan.Staged()) MakeStage(known);
  return plans_.emplace(table.name, std::move(known)).first->second;
}

void PostgresqlLoader::MakeStage(KnownPlan& known) {
  known.stage = fmt::format("pg_temp.sluice_chunk_{}", ++stages_);
  std::string columns;
  std::string checked;
  for (size_t i = 0; i < known.plan.columns.size(); ++i) {
    const LoadColumn& column = known.plan.columns[i];
    columns += fmt::format("{}c{} {}", i == 0 ? "" : ", ", i, column.staged);
    if (column.checked) checked += (checked.empty() ? "" : ", ") + column.destination + " (" + column.target + ")";
  }
  try {
    connection_.Execute("CREATE TEMPORARY TABLE " + known.stage.substr(known.stage.find('.') + 1) + " (" + columns +
                            ") ON COMMIT DELETE ROWS",
                        known.plan.object);
  } catch (Error& error) {
    if (error.info().code != kMissingPrivilege.id) throw;
    error.info().cause = fmt::format(
        "Columns at the destination are narrower than at the source ({}): each value is checked in a temporary table, "
        "which the account may not make: {}",
        checked, error.info().cause);
    error.info().remedy = fmt::format("GRANT TEMPORARY ON DATABASE {} TO {};", Quote(connection_.endpoint().database),
                                      Quote(connection_.endpoint().user));
    throw;
  }
  LogInfo(kComponent,
          fmt::format("{}: values of {} are checked before they go in, which is slower", known.plan.object, checked));
}

uint64_t PostgresqlLoader::Copy(const std::string& target, const std::string& object, const std::string& encoding,
                                connector::BlockFeed& feed) {
  const bool binary = encoding == kCopyBinary;
  connection_.CopyInBegin(fmt::format("COPY {} FROM STDIN {}", target, CopyOptions(encoding)), object);
  try {
    if (binary) connection_.CopyData(kCopyHeader);
    while (std::optional<connector::Block> block = feed.Next()) connection_.CopyData(block->bytes);
    if (binary) connection_.CopyData(kCopyTrailer);
  } catch (...) {
    // The reader's failure: what the server has of the chunk is thrown away. The server's own is told below.
    if (PQtransactionStatus(connection_.handle()) == PQTRANS_ACTIVE && !connection_.stop().stop_requested()) {
      connection_.CopyAbort("the rest of the chunk could not be read");
    }
    throw;
  }
  return connection_.CopyEnd();
}

// A value that its column would not keep as it is.
void PostgresqlLoader::CheckStage(const KnownPlan& known) {
  constexpr size_t kShown = 200;
  std::string which;
  std::string value;
  std::string any;
  for (size_t i = 0; i < known.plan.columns.size(); ++i) {
    const LoadColumn& column = known.plan.columns[i];
    if (!column.checked) continue;
    const std::string differs =
        fmt::format("CAST(CAST(c{0} AS {1}) AS {2}) IS DISTINCT FROM c{0}", i, column.target, column.staged);
    which += fmt::format(" WHEN {} THEN {}", differs, i);
    value += fmt::format(" WHEN {} THEN pg_catalog.left(c{}::pg_catalog.text, {})", differs, i, kShown);
    any += (any.empty() ? "" : " OR ") + differs;
  }
  const TextRows bad = connection_.Query(
      fmt::format("SELECT CASE{} END, CASE{} END FROM {} WHERE {} LIMIT 1", which, value, known.stage, any),
      known.plan.object);
  if (bad.empty()) return;
  size_t index = 0;
  const std::string number = bad[0][0].value_or("0");
  std::from_chars(number.data(), number.data() + number.size(), index);
  const LoadColumn& column = known.plan.columns.at(index);
  throw Error(kValueRefused)
      .Object(known.plan.object + ", column " + column.destination)
      .Cause(fmt::format("The column is {}: it would not keep the value {} as it is. Nothing of this chunk was kept.",
                         column.target, bad[0][1].value_or("")))
      .Remedy("Widen the column at the destination, mend the value at the source, or leave the column out.")
      .Side(connection_.endpoint().side);
}

void PostgresqlLoader::WriteRows(KnownPlan& known, const std::string& encoding, connector::BlockFeed& feed) {
  const LoadPlan& plan = known.plan;
  uint64_t written = 0;
  if (plan.columns.empty()) {
    // Rows of nothing: COPY has no list of no columns.
    while (feed.Next()) {
    }
    const ResultPtr result = connection_.Run(
        fmt::format("INSERT INTO {} SELECT FROM pg_catalog.generate_series(1, {})", plan.table, feed.rows()), {},
        plan.object);
    written = feed.rows();
  } else if (known.stage.empty()) {
    written = Copy(fmt::format("{} ({})", plan.table, plan.ColumnList()), plan.object, encoding, feed);
  } else {
    written = Copy(known.stage, plan.object, encoding, feed);
    CheckStage(known);
    std::string values;
    for (size_t i = 0; i < plan.columns.size(); ++i) {
      const LoadColumn& column = plan.columns[i];
      values += fmt::format("{}{}", i == 0 ? "" : ", ",
                            column.checked ? fmt::format("CAST(c{} AS {})", i, column.target) : fmt::format("c{}", i));
    }
    connection_.Execute(fmt::format("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {}", plan.table,
                                    plan.ColumnList(), values, known.stage),
                        plan.object);
  }
  if (written == feed.rows()) return;
  throw Error(kRowsMissing)
      .Object(plan.object)
      .Cause(fmt::format("The server took {} rows of {}. Nothing of this chunk was kept.", written, feed.rows()))
      .Remedy("Look for a BEFORE INSERT trigger (ENABLE ALWAYS or REPLICA) that leaves rows out, and disable it.")
      .Side(connection_.endpoint().side);
}

connector::LoadResult PostgresqlLoader::Load(const model::Table& table, const model::TableMapping& mapping,
                                             const std::string& encoding, connector::BlockSource& blocks,
                                             const connector::ChunkMark& mark) {
  KnownPlan& known = PlanFor(table, mapping);
  connector::BlockFeed feed(blocks);
  connector::ChunkMark written = mark;
  written.rows = feed.IsOneBlock() ? feed.FirstRows() : 0;
  try {
    const TextRows inserted =
        connection_.Query(BeginStatement(mark.task, connection_.endpoint().fence) + ";" + InsertMarkStatement(written),
                          "table sluice.chunk");  // 1
    if (inserted.empty()) {
      RollbackQuietly();
      LogInfo(kComponent, fmt::format("chunk {} of {} was in already", mark.chunk, known.plan.object));
      return {.rows = RowsOfMark(connection_, mark), .was_in = true};
    }
    if (!feed.IsEmpty()) WriteRows(known, encoding, feed);  // 2
    if (written.rows != feed.rows()) {                      // 3
      written.rows = feed.rows();
      connection_.Execute(UpdateMarkStatement(written), "table sluice.chunk");
    }
    connection_.Execute("COMMIT", known.plan.object);  // 4
  } catch (Error& error) {
    NamePlace(&error.info(), known.plan.object);
    RollbackQuietly();
    throw;
  } catch (...) {
    RollbackQuietly();
    throw;
  }
  return {.rows = feed.rows(), .bytes = feed.bytes()};
}

void PostgresqlLoader::RollbackQuietly() {
  try {
    connection_.Execute("ROLLBACK");
  } catch (const Error&) {
    // The connection is gone, and the transaction with it.
  }
}

}  // namespace

std::unique_ptr<connector::Loader> MakeLoader(const connector::Endpoint& endpoint,
                                              const connector::SessionContext& context) {
  return std::make_unique<PostgresqlLoader>(endpoint, context);
}

}  // namespace sluice::postgresql
