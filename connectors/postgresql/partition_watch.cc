#include "connectors/postgresql/partition_watch.h"

#include <fmt/format.h>

#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/names.h"

namespace sluice::postgresql {
namespace {

constexpr uint32_t kHasPartitions = 100000;

// Partitions of any depth, each with the newest attachment on its way up to the root: the transaction and the place of
// the command in it.
constexpr const char* kAttached = R"sql(
WITH RECURSIVE tree(root, oid, age, xmin, cmin) AS (
  SELECT i.inhparent, i.inhrelid, age(i.xmin), i.xmin, i.cmin FROM pg_inherits i WHERE i.inhparent = ANY ({}::oid[])
  UNION ALL
  SELECT t.root, i.inhrelid, least(t.age, age(i.xmin)), CASE WHEN age(i.xmin) < t.age THEN i.xmin ELSE t.xmin END,
    CASE WHEN age(i.xmin) < t.age THEN i.cmin ELSE t.cmin END
  FROM tree t JOIN pg_class p ON p.oid = t.oid AND p.relkind = 'p' JOIN pg_inherits i ON i.inhparent = t.oid)
SELECT t.oid, c.relkind, n.nspname, c.relname, r_n.nspname || '.' || r.relname, t.xmin, t.cmin
FROM tree t JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class r ON r.oid = t.root JOIN pg_namespace r_n ON r_n.oid = r.relnamespace
ORDER BY 3, 4)sql";

// Whether a row was written before that. What was there at the attachment lies in front of what came since, so a few
// rows are enough, however many there are by now. What is two thousand million transactions old has no age any more.
constexpr const char* kOlderRows = R"sql(
SELECT EXISTS (
  SELECT FROM (SELECT xmin, cmin FROM ONLY {0} LIMIT 10000) r
  WHERE age(r.xmin) NOT BETWEEN 0 AND age({1}::text::xid)
    OR (r.xmin = {1}::text::xid AND r.cmin::text::bigint < {2})))sql";

}  // namespace

void PartitionWatch::Check() {
  if (connection_.version() < kHasPartitions) return;
  if (read_at_ != definitions_.generation()) ReadDescriptions();
  if (roots_.empty()) return;
  const std::string sql = fmt::format(fmt::runtime(kAttached), Literal(ArrayText(roots_)));
  std::set<uint32_t> attached;
  for (const TextRow& row : connection_.Query(sql, "catalog of partitions")) {
    const uint32_t oid = NumberOf<uint32_t>(row[0]);
    attached.insert(oid);
    const bool has_rows = row[1] == "r";
    if (has_rows && !described_.contains(oid) && !settled_.contains(oid)) RefuseOlderRows(oid, row);
  }
  TellGone(attached);
}

void PartitionWatch::ReadDescriptions() {
  described_.clear();
  roots_.clear();
  for (const model::TablePtr& table : definitions_.All()) {
    const uint32_t id = IdOf(*table);
    if (id == 0) continue;
    const Definition definition = DefinitionFromJson(table->create_statement, table->name);
    if (definition.kind != 'p') continue;
    roots_.push_back(std::to_string(id));
    AddParts(definition, table->name);
  }
  read_at_ = definitions_.generation();
}

void PartitionWatch::AddParts(const Definition& table, const model::ObjectName& root) {
  for (const Definition& part : table.partitions) {
    if (part.id != 0) described_[part.id] = {part.name, root, table.id, part.partition_bound};
    AddParts(part, root);
  }
}

// Of a partition that went with its own partitions, the topmost.
void PartitionWatch::TellGone(const std::set<uint32_t>& attached) {
  for (const auto& [oid, part] : described_) {
    const bool parent_stays = !described_.contains(part.parent) || attached.contains(part.parent);
    if (attached.contains(oid) || !parent_stays || !settled_.insert(oid).second) continue;
    // With its root there is nothing left to compare it with.
    const bool root_stays =
        connection_.QueryOne(fmt::format("SELECT to_regclass({})", Literal(Quote(part.root.database, part.root.name))))
            .has_value();
    if (!root_stays) continue;
    const bool is_there = connection_.QueryOne(fmt::format("SELECT 1 FROM pg_class WHERE oid = {}", oid)).has_value();
    if (!tell_) continue;
    tell_(fmt::format(
        "partition {} of {} ({}) was {} at the source, which the log does not tell: its rows stay at the destination, "
        "and verify takes them for extra rows",
        part.name.Text(), part.root.Text(), part.bound, is_there ? "detached" : "dropped"));
  }
}

// Nothing: it is asked again later.
std::optional<bool> PartitionWatch::Ask(const std::string& sql, const model::ObjectName& partition) {
  constexpr std::string_view kUndefinedTable = "42P01";
  const std::string object = "partition " + partition.Text();
  connection_.Execute("BEGIN; SET LOCAL lock_timeout = '2s'", object);
  try {
    const bool yes = connection_.QueryOne(sql, object) == "t";
    connection_.Execute("COMMIT", object);
    return yes;
  } catch (const Error& error) {
    const ErrorInfo& info = error.info();
    const bool is_denied = info.code == kMissingPrivilege.id;
    const bool is_gone = info.native_message.starts_with(kUndefinedTable);
    if (!is_denied && !is_gone && info.code != kLockConflict.id) throw;
    connection_.Execute("ROLLBACK", object);
    if (!is_denied) return std::nullopt;
    // A right on the table is enough to read the rows of its partitions, but not to look at one alone.
    if (tell_) {
      tell_(
          fmt::format("{} came since the task began, and cannot be looked at: if it was attached with rows, the log "
                      "does not tell these. GRANT SELECT ON {} TO {}; lets it be looked at",
                      object, Quote(partition.database, partition.name), Quote(connection_.endpoint().user)));
    }
    return false;
  }
}

void PartitionWatch::RefuseOlderRows(uint32_t oid, const TextRow& found) {
  const model::ObjectName name{found[2].value_or(""), found[3].value_or("")};
  const std::string sql = fmt::format(fmt::runtime(kOlderRows), Quote(name.database, name.name),
                                      Literal(found[5].value_or("0")), found[6].value_or("0"));
  const std::optional<bool> has_older_rows = Ask(sql, name);
  if (has_older_rows) settled_.insert(oid);
  if (!has_older_rows.value_or(false)) return;
  throw Error(kSchemaDrift)
      .Object("table " + found[4].value_or("?"))
      .Cause(fmt::format("partition {} was attached to it at the source with rows, since the task began; the log does "
                         "not tell these",
                         name.Text()))
      .Remedy("Begin anew with `sluice run --restart`.")
      .Side(connection_.endpoint().side);
}

}  // namespace sluice::postgresql
