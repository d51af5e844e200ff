// The publication does not publish through partition roots (publish_via_partition_root, 13 and later): the server then
// leaves out a TRUNCATE of a single partition (documentation of CREATE PUBLICATION). The log names partitions, and
// source_tables.h finds their roots; so it is the same from 10 on.
#include "connectors/postgresql/publication.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/log.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/followed.h"
#include "connectors/postgresql/names.h"
#include "connectors/postgresql/publication_limits.h"
#include "connectors/postgresql/slot.h"

namespace sluice::postgresql {
namespace {

constexpr uint32_t kHasPublications = 100000;
constexpr uint32_t kPublishesTruncate = 110000;
constexpr uint32_t kPublishesRoots = 130000;
constexpr uint32_t kPublishesGenerated = 180000;
constexpr const char* kLockTimeout = "5s";

std::string PublicationObject(const std::string& name) {
  return "publication " + name;
}

// Before 13 a publication cannot hold a partitioned table, only its partitions.
std::vector<FollowedRelation> ToPublish(Connection& connection, const std::vector<model::TablePtr>& tables) {
  std::vector<FollowedRelation> published;
  const bool roots = connection.version() >= kPublishesRoots;
  for (FollowedRelation& relation : FindFollowed(connection, tables)) {
    if (!relation.logged || relation.renamed) continue;
    if (!relation.partitioned && !relation.identified) {
      // As part of the publication the server would refuse the application's own updates of it.
      throw Error(kNoReplicaIdentity)
          .Object("table " + relation.name.Text())
          .Cause(relation.identity == 'n'
                     ? "REPLICA IDENTITY is NOTHING"
                     : "it has no primary key that is checked at once, and no other replica identity is set")
          .Remedy(
              fmt::format("ALTER TABLE {} REPLICA IDENTITY FULL;", Quote(relation.name.database, relation.name.name)))
          .Side(connection.endpoint().side);
    }
    const bool is_root = relation.name == relation.root;
    if (roots ? is_root : !relation.partitioned) published.push_back(std::move(relation));
  }
  return published;
}

std::string OnlyTable(const model::ObjectName& name) {
  return "ONLY " + Quote(name.database, name.name);
}

std::string TableList(const std::vector<FollowedRelation>& relations) {
  std::string list;
  for (const FollowedRelation& relation : relations) list += (list.empty() ? "" : ", ") + OnlyTable(relation.name);
  return list;
}

struct ExistingPublication {
  bool all_tables = false;
  bool tells_all_kinds = false;
  bool options_fit = false;
  std::set<uint32_t> relations;
};

std::optional<ExistingPublication> ReadOptions(Connection& connection, const std::string& name) {
  const uint32_t version = connection.version();
  const TextRows found = connection.Query(
      fmt::format(
          "SELECT puballtables, pubinsert AND pubupdate AND pubdelete{}{}, {} FROM pg_publication WHERE pubname = {}",
          version >= kPublishesTruncate ? " AND pubtruncate" : "",
          version >= kPublishesRoots ? " AND NOT pubviaroot" : "",
          version >= kPublishesGenerated ? "pubgencols = 's'" : "true", Literal(name)),
      PublicationObject(name));
  if (found.empty()) return std::nullopt;
  ExistingPublication publication;
  publication.all_tables = found[0][0] == "t";
  publication.tells_all_kinds = found[0][1] == "t";
  publication.options_fit = publication.tells_all_kinds && found[0][2] == "t";
  return publication;
}

std::optional<ExistingPublication> ReadPublication(Connection& connection, const std::string& name) {
  std::optional<ExistingPublication> publication = ReadOptions(connection, name);
  if (!publication) return std::nullopt;
  const TextRows relations = connection.Query(
      fmt::format(
          "SELECT prrelid FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid JOIN pg_class c ON "
          "c.oid = r.prrelid WHERE p.pubname = {} AND c.relnamespace IS DISTINCT FROM to_regnamespace({})",
          Literal(name), Literal(kOwnSchema)),
      PublicationObject(name));
  for (const TextRow& row : relations) publication->relations.insert(NumberOf<uint32_t>(row[0]));
  return publication;
}

std::string PublicationOptions(uint32_t version) {
  std::string options = "publish = 'insert, update, delete";
  if (version >= kPublishesTruncate) options += ", truncate";
  options += "'";
  if (version >= kPublishesRoots) options += ", publish_via_partition_root = false";
  // Else the server refuses the application's changes of a table whose replica identity is the whole row.
  if (version >= kPublishesGenerated) options += ", publish_generated_columns = stored";
  return options;
}

std::string CreateStatement(const Connection& connection, const std::string& name, const std::string& list) {
  return fmt::format("CREATE PUBLICATION {}{} WITH ({})", Quote(name), list.empty() ? "" : " FOR TABLE " + list,
                     PublicationOptions(connection.version()));
}

bool Fits(const ExistingPublication& existing, const std::vector<FollowedRelation>& published) {
  std::set<uint32_t> wanted;
  for (const FollowedRelation& relation : published) wanted.insert(relation.oid);
  return existing.options_fit && !existing.all_tables && existing.relations == wanted;
}

constexpr const char* kLimited = R"sql(
SELECT c.oid, n.nspname, c.relname, r.prattrs, pg_get_expr(r.prqual, r.prrelid), c.relreplident,
  (SELECT x.indkey FROM pg_index x WHERE x.indrelid = c.oid AND CASE c.relreplident
     WHEN 'd' THEN x.indisprimary AND x.indimmediate WHEN 'i' THEN x.indisreplident ELSE false END)
FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid JOIN pg_class c ON c.oid = r.prrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE p.pubname = {} AND (r.prattrs IS NOT NULL OR r.prqual IS NOT NULL)
ORDER BY 2, 3)sql";

// With the lines that the comment has, or is to have.
struct Limited {
  LimitedTable table;
  std::string limit_line;
  std::string identity_line;
};

std::vector<Limited> ReadLimited(Connection& connection, const std::string& name) {
  std::vector<Limited> found;
  if (connection.version() < kPublishesLimits) return found;
  for (const TextRow& row :
       connection.Query(fmt::format(fmt::runtime(kLimited), Literal(name)), PublicationObject(name))) {
    Limited one;
    one.table.oid = NumberOf<uint32_t>(row[0]);
    one.table.name = {row[1].value_or(""), row[2].value_or("")};
    one.table.has_list = row[3].has_value();
    one.table.limit = fmt::format("columns {} rows {}", row[3].value_or("all"), row[4].value_or("all"));
    one.limit_line = fmt::format("{} {}", one.table.oid, one.table.limit);
    one.identity_line = fmt::format("{} identity {} {}", one.table.oid, row[5].value_or("?"), row[6].value_or(""));
    found.push_back(std::move(one));
  }
  return found;
}

std::string ReadComment(Connection& connection, const std::string& name) {
  return connection
      .QueryOne("SELECT obj_description(oid, 'pg_publication') FROM pg_publication WHERE pubname = " + Literal(name),
                PublicationObject(name))
      .value_or("");
}

void WriteComment(Connection& connection, const std::string& name) {
  if (connection.version() < kPublishesLimits) return;
  std::string comment;
  for (const Limited& one : ReadLimited(connection, name)) {
    comment += one.limit_line + "\n" + one.identity_line + "\n";
  }
  if (!comment.empty()) comment = "Limited by Sluice, which compares these lines with what it finds.\n" + comment;
  connection.Execute(
      fmt::format("COMMENT ON PUBLICATION {} IS {}", Quote(name), comment.empty() ? "NULL" : Literal(comment)),
      PublicationObject(name));
}

// Within a transaction. What the server refuses (types and functions of users, what is not immutable ...) stays whole.
void LimitTable(Connection& connection, const std::string& name, const FollowedRelation& relation,
                const PublicationLimit& limit) {
  std::string columns;
  for (const std::string& column : limit.columns) columns += (columns.empty() ? "" : ", ") + Quote(column);
  if (!columns.empty()) columns = " (" + columns + ")";
  const std::string object = PublicationObject(name);
  try {
    connection.Execute(
        fmt::format("SAVEPOINT whole; ALTER PUBLICATION {0} DROP TABLE {1}; ALTER PUBLICATION {0} ADD TABLE {1}{2}{3}; "
                    "RELEASE SAVEPOINT whole",
                    Quote(name), OnlyTable(relation.name), columns,
                    limit.filter.empty() ? "" : " WHERE (" + limit.filter + "\n)"),
        object);
  } catch (const Error& error) {
    if (error.info().retry == RetryClass::kReconnect || error.info().code == kStopped.id) throw;
    connection.Execute("ROLLBACK TO SAVEPOINT whole", object);
    LogInfo("publication", fmt::format("table {} is published whole, since the server refuses its limits: {}",
                                       relation.name.Text(), error.info().native_message));
  }
}

}  // namespace

std::string PublicationStatement(Connection& connection, const std::string& name,
                                 const std::vector<model::TablePtr>& tables) {
  return CreateStatement(connection, name, TableList(ToPublish(connection, tables)));
}

bool PublicationFits(Connection& connection, const std::string& name, const std::vector<model::TablePtr>& tables) {
  const std::optional<ExistingPublication> existing = ReadPublication(connection, name);
  return existing && Fits(*existing, ToPublish(connection, tables)) &&
         ReadPublicationState(connection, name).Narrowed().empty();
}

void PreparePublication(Connection& connection, const std::string& name, const std::vector<model::TablePtr>& tables,
                        const std::vector<model::TableMappingPtr>& mappings, bool with_records) {
  // Refuses tables of whose rows the log would not tell which they are, with a publication or without.
  const std::vector<FollowedRelation> published = ToPublish(connection, tables);
  if (!HasPublication(connection)) return;
  const std::string object = PublicationObject(name);
  std::string list = TableList(published);
  if (with_records) list += (list.empty() ? "" : ", ") + Quote(kOwnSchema, name);
  std::string make = CreateStatement(connection, name, list);
  if (const std::optional<ExistingPublication> existing = ReadPublication(connection, name)) {
    if (!with_records && Fits(*existing, published) && ReadLimited(connection, name).empty()) return;
    if (existing->all_tables || list.empty()) {
      make = fmt::format("DROP PUBLICATION {}; {}", Quote(name), make);
    } else {
      // Not made anew: what is still to be read of the log was written under this one.
      make = fmt::format("ALTER PUBLICATION {0} SET ({1}); ALTER PUBLICATION {0} SET TABLE {2}", Quote(name),
                         PublicationOptions(connection.version()), list);
    }
  }
  std::map<uint32_t, PublicationLimit> limits;
  if (!with_records) limits = ChooseLimits(connection, published, tables, mappings);
  connection.Execute("BEGIN; " + make, object);
  for (const FollowedRelation& relation : published) {
    if (const auto limit = limits.find(relation.oid); limit != limits.end()) {
      LimitTable(connection, name, relation, limit->second);
    }
  }
  WriteComment(connection, name);
  connection.Execute("COMMIT", object);
}

bool DropPublication(Connection& connection, const std::string& name) {
  if (connection.version() < kHasPublications || !ReadOptions(connection, name)) return false;
  connection.Execute(fmt::format("DROP PUBLICATION {}", Quote(name)), PublicationObject(name));
  return true;
}

std::string PublicationState::Narrowed() const {
  if (!is_there) return "";
  if (!tells_all_kinds) {
    return "it leaves out a kind of change (publish), or tells those of a partition under its table's name "
           "(publish_via_partition_root)";
  }
  if (lacks_records) return "it does not hold the table that schema statements are told by";
  for (const LimitedTable& table : limited) {
    if (!table.is_ours) return fmt::format("it tells of table {} {}", table.name.Text(), table.limit);
  }
  return "";
}

PublicationState ReadPublicationState(Connection& connection, const std::string& name) {
  PublicationState state;
  const std::optional<ExistingPublication> existing = ReadOptions(connection, name);
  if (!existing) return state;
  state.is_there = true;
  state.tells_all_kinds = existing->tells_all_kinds;
  state.lacks_records =
      connection
          .QueryOne(fmt::format("SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
                                "n.nspname = {0} AND c.relname = {1} AND NOT EXISTS (SELECT FROM pg_publication_rel r "
                                "JOIN pg_publication p ON p.oid = r.prpubid WHERE p.pubname = {1} AND r.prrelid = "
                                "c.oid)",
                                Literal(kOwnSchema), Literal(name)),
                    PublicationObject(name))
          .has_value();
  const std::vector<Limited> limited = ReadLimited(connection, name);
  if (limited.empty()) return state;
  const std::string comment = ReadComment(connection, name);
  const auto says = [&](const std::string& line) { return comment.find("\n" + line + "\n") != std::string::npos; };
  for (const Limited& one : limited) {
    state.limited.push_back(one.table);
    state.limited.back().is_ours = says(one.limit_line);
    state.limited.back().is_identified = says(one.identity_line);
  }
  return state;
}

bool PublishWhole(Connection& connection, const std::string& name, const LimitedTable& table) {
  const std::string object = PublicationObject(name);
  try {
    connection.Execute(fmt::format("BEGIN; SET LOCAL lock_timeout = '{2}'; ALTER PUBLICATION {0} DROP TABLE {1}; ALTER "
                                   "PUBLICATION {0} ADD TABLE {1}; COMMIT",
                                   Quote(name), OnlyTable(table.name), kLockTimeout),
                       object);
    return true;
  } catch (const Error& error) {
    if (error.info().code != kLockConflict.id) throw;
    connection.Execute("ROLLBACK", object);
    return false;
  }
}

std::map<uint32_t, std::set<int>> ListedColumns(Connection& connection, const std::string& name) {
  std::map<uint32_t, std::set<int>> listed;
  if (connection.version() < kPublishesLimits) return listed;
  for (const TextRow& row : connection.Query(
           fmt::format("SELECT line[1], unnest(string_to_array(line[2], ' ')) FROM pg_publication p, "
                       "regexp_matches(obj_description(p.oid, 'pg_publication'), '^(\\d+) columns ([\\d ]+) rows ', "
                       "'gn') line WHERE p.pubname = {}",
                       Literal(name)),
           PublicationObject(name))) {
    listed[NumberOf<uint32_t>(row[0])].insert(NumberOf<int>(row[1]));
  }
  return listed;
}

}  // namespace sluice::postgresql
