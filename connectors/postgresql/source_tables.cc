#include "connectors/postgresql/source_tables.h"

#include <fmt/format.h>

#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/ddl_record.h"
#include "connectors/postgresql/names.h"
#include "connectors/postgresql/slot.h"

namespace sluice::postgresql {
namespace {

constexpr uint32_t kIndexesInclude = 110000;
constexpr uint32_t kPublishesRoots = 130000;

// The first relation that is not what it was. A table that is simply gone is no finding: its rows were read before.
constexpr const char* kChecks = R"sql(
SELECT w.s, w.n,
  CASE WHEN w.kind <> 'partition' AND o.oid IS NOT NULL AND (c.oid IS NULL OR c.oid <> w.oid) THEN 'renamed'
       WHEN w.kind <> 'partition' AND c.oid IS NOT NULL AND c.oid <> w.oid THEN 'anew'
       ELSE 'unpublished' END,
  o_n.nspname || '.' || o.relname
FROM unnest($1::oid[], $2::text[], $3::text[], $4::text[]) AS w(oid, s, n, kind)
LEFT JOIN pg_namespace n ON n.nspname = w.s
LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.n
LEFT JOIN pg_class o ON o.oid = w.oid LEFT JOIN pg_namespace o_n ON o_n.oid = o.relnamespace
WHERE (w.kind <> 'partition' AND (c.oid IS NOT NULL OR o.oid IS NOT NULL) AND c.oid IS DISTINCT FROM w.oid)
  OR (w.kind <> 'named' AND o.oid IS NOT NULL AND {})
ORDER BY 3, 1, 2 LIMIT 1)sql";

constexpr const char* kUnpublished = R"sql(NOT EXISTS (
    SELECT FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
    WHERE p.pubname = {} AND r.prrelid = w.oid))sql";

// Described columns that the catalog has with another type.
constexpr const char* kOtherTypes = R"sql(
SELECT w.s || '.' || w.n, w.c, format_type(a.atttypid, a.atttypmod), w.t
FROM unnest($1::oid[], $2::text[], $3::text[], $4::text[], $5::text[]) AS w(oid, s, n, c, t)
JOIN pg_attribute a ON a.attrelid = w.oid AND a.attname = w.c AND a.attnum > 0 AND NOT a.attisdropped
WHERE format_type(a.atttypid, a.atttypmod) <> w.t
ORDER BY 1, 2 LIMIT 1)sql";

// Described columns whose name another column of the catalog has.
constexpr const char* kOtherColumns = R"sql(
SELECT w.s || '.' || w.n, w.c
FROM unnest($1::oid[], $2::text[], $3::text[], $4::text[], $5::int[]) AS w(oid, s, n, c, number)
JOIN pg_attribute a ON a.attrelid = w.oid AND a.attname = w.c AND a.attnum > 0 AND NOT a.attisdropped
WHERE a.attnum <> w.number
ORDER BY 1, 2 LIMIT 1)sql";

// The parameters of the two questions above.
struct ColumnLists {
  std::vector<std::string> oids;
  std::vector<std::string> schemas;
  std::vector<std::string> tables;
  std::vector<std::string> columns;
  std::vector<std::string> expected;

  void Add(uint32_t oid, const model::ObjectName& table, const std::string& column, std::string wanted) {
    oids.push_back(std::to_string(oid));
    schemas.push_back(table.database);
    tables.push_back(table.name);
    columns.push_back(column);
    expected.push_back(std::move(wanted));
  }
  std::vector<OptionalText> Parameters() const {
    return {ArrayText(oids), ArrayText(schemas), ArrayText(tables), ArrayText(columns), ArrayText(expected)};
  }
};

}  // namespace

SourceTables::SourceTables(Connection& connection, const connector::Definitions& definitions, std::string name,
                           std::function<void(const std::string&)> tell)
    : connection_(connection),
      definitions_(definitions),
      name_(std::move(name)),
      publication_(connection, definitions, name_, tell),
      partitions_(connection, definitions, std::move(tell)),
      has_publication_(HasPublication(connection)) {
  const std::string question = fmt::format(
      "SELECT 1 FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid JOIN pg_class c ON c.oid = "
      "r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE p.pubname = {0} AND n.nspname = {1} AND c.relname "
      "= "
      "{0}",
      Literal(name_), Literal(kOwnSchema));
  follows_ddl_ = has_publication_ && connection_.QueryOne(question, "publication " + name_).has_value();
  LookAtPartitions();
  if (follows_ddl_) return;
  std::set<model::ObjectName> found;
  for (const auto& [oid, relation] : followed_) found.insert(relation.root);
  for (const model::TablePtr& table : definitions_.All()) {
    if (!found.contains(table->name)) missing_.push_back(table->name);
  }
}

// What was seen once is kept: the log may still have rows of partitions that are gone.
void SourceTables::LookAtPartitions() {
  const std::vector<model::TablePtr> tables = definitions_.All();
  for (FollowedRelation& relation : FindFollowed(connection_, tables)) {
    const uint32_t oid = relation.oid;
    if (follows_ddl_) {
      followed_[oid] = std::move(relation);
    } else {
      followed_.try_emplace(oid, std::move(relation));
    }
  }
  if (!follows_ddl_) return;
  for (const model::TablePtr& table : tables) {
    if (table->create_statement.find("\"partitions\"") == std::string::npos) continue;
    const Definition definition = DefinitionFromJson(table->create_statement, table->name);
    for (const Definition& one : definition.partitions) LookAtDefinition(one, table->name);
  }
}

// Partitions that the catalog no longer has, which is ahead of the log.
void SourceTables::LookAtDefinition(const Definition& part, const model::ObjectName& root) {
  if (part.id == 0) return;
  FollowedRelation relation{.oid = part.id, .name = part.name, .root = root, .partitioned = part.kind == 'p'};
  followed_.try_emplace(part.id, std::move(relation));
  for (const Definition& one : part.partitions) LookAtDefinition(one, root);
}

std::optional<SourceTables::Place> SourceTables::PlaceOf(uint32_t oid) {
  if (const auto found = followed_.find(oid); found != followed_.end()) {
    return Place{found->second.root, found->second.partitioned};
  }
  if (const auto found = places_.find(oid); found != places_.end()) return found->second;
  const std::optional<RelationPlace> relation = FindRelation(connection_, oid);
  if (!relation) return std::nullopt;
  const Place place{relation->root, relation->partitioned};
  places_.emplace(oid, place);
  return place;
}

std::optional<model::ObjectName> SourceTables::FollowedAs(uint32_t oid) {
  const auto found = followed_.find(oid);
  if (found == followed_.end()) return std::nullopt;
  return found->second.name;
}

std::vector<uint32_t> SourceTables::PartitionsOf(const model::ObjectName& root) {
  LookAtPartitions();
  std::vector<uint32_t> partitions;
  for (const auto& [oid, relation] : followed_) {
    if (relation.root == root && relation.name != root && !relation.partitioned) partitions.push_back(oid);
  }
  return partitions;
}

std::string SourceTables::TypeText(uint32_t type, int32_t modifier) {
  std::string& text = types_[{type, modifier}];
  if (text.empty()) {
    // Without a modifier (-1) bpchar and bit have names of their own, which NULL would not give.
    text = connection_.QueryOne(fmt::format("SELECT format_type({}::oid, {})", type, modifier)).value_or("");
  }
  return text;
}

std::optional<model::DdlChange> SourceTables::ChangeOf(std::string_view record) {
  const std::vector<model::TablePtr> before = definitions_.All();
  // Names that are gone again since the statement may stand in what it left.
  KnownNames known = KnownNames::Read(connection_);
  for (const model::TablePtr& table : before) known.AddRelation(table->name);
  return ReadDdlRecord(record, before, std::move(known));
}

void SourceTables::Changed() {
  places_.clear();
  LookAtPartitions();
}

void SourceTables::Check() {
  CheckTables();
  publication_.Check();
  if (!follows_ddl_) {
    CheckNumbers();
    partitions_.Check();
  }
  if (!has_publication_) CheckColumns();
}

// By number and by name: a table that takes another's name is not the one that is followed.
void SourceTables::CheckTables() {
  const bool roots = connection_.version() >= kPublishesRoots;
  if (!roots) LookAtPartitions();
  std::vector<std::string> oids;
  std::vector<std::string> schemas;
  std::vector<std::string> names;
  std::vector<std::string> kinds;
  const auto add = [&](uint32_t oid, const model::ObjectName& table, const char* kind) {
    oids.push_back(std::to_string(oid));
    schemas.push_back(table.database);
    names.push_back(table.name);
    kinds.emplace_back(kind);
  };
  for (const auto& [oid, relation] : followed_) {
    const bool is_root = relation.name == relation.root;
    const bool published = relation.logged && (roots ? is_root : !relation.partitioned);
    if (follows_ddl_) {
      if (published) add(oid, relation.name, "partition");
    } else if (is_root || published) {
      add(oid, relation.name, !is_root ? "partition" : published ? "published" : "named");
    }
  }
  for (const model::ObjectName& table : missing_) add(0, table, "named");
  const OptionalText parameters[] = {ArrayText(oids), ArrayText(schemas), ArrayText(names), ArrayText(kinds)};
  const std::string unpublished = has_publication_ ? fmt::format(fmt::runtime(kUnpublished), Literal(name_)) : "false";
  const ResultPtr result = connection_.Run(fmt::format(fmt::runtime(kChecks), unpublished), parameters,
                                           has_publication_ ? "publication " + name_ : "catalog of tables");
  if (PQntuples(result.get()) == 0) return;
  const auto text = [&](int column) { return std::string(PQgetvalue(result.get(), 0, column)); };
  const std::string& side = connection_.endpoint().side;
  if (text(2) != "unpublished") {
    // The log may tell first: relations.cc says a renaming in the same words.
    const std::string table = text(0) + "." + text(1);
    throw Error(kSchemaDrift)
        .Object("table " + table)
        .Cause(table + (text(2) == "renamed" ? " was renamed to " + text(3) : " was dropped and made anew") +
               " at the source.")
        .Remedy("Give the table its name back and run the task again, or begin anew with `sluice run --restart`.")
        .Side(side);
  }
  throw Error(kPublicationChanged)
      .Object(fmt::format("publication {}, table {}.{}", name_, text(0), text(1)))
      .Cause(
          "Someone dropped or altered the publication, or (before PostgreSQL 13) a partition was made that it does not "
          "hold; what was changed in the table since then is not in the log that Sluice is sent.")
      .Remedy("Begin anew with `sluice run --restart`.")
      .Side(side);
}

// Rows do not show that a column was dropped and made anew, or that two have exchanged their names.
void SourceTables::CheckNumbers() {
  if (numbered_at_ != definitions_.generation()) {
    ColumnLists lists;
    for (const model::TablePtr& table : definitions_.All()) {
      if (IdOf(*table) == 0) continue;
      for (const ColumnDefinition& column : DefinitionFromJson(table->create_statement, table->name).columns) {
        if (column.number == 0) continue;
        lists.Add(IdOf(*table), table->name, column.name, std::to_string(column.number));
      }
    }
    numbers_ = lists.Parameters();
    numbered_at_ = definitions_.generation();
  }
  const ResultPtr result = connection_.Run(kOtherColumns, numbers_, "catalog of columns");
  if (PQntuples(result.get()) == 0) return;
  const auto text = [&](int column) { return std::string(PQgetvalue(result.get(), 0, column)); };
  throw Error(kSchemaDrift)
      .Object("table " + text(0))
      .Cause(
          fmt::format("column {} is another one at the source now: it was dropped and made anew, or took the name of "
                      "one that has another by now; from which row on the log does not tell",
                      text(1)))
      .Remedy("Begin anew with `sluice run --restart`.")
      .Side(connection_.endpoint().side);
}

void SourceTables::CheckColumns() {
  ColumnLists lists;
  for (const auto& [oid, relation] : followed_) {
    const model::TablePtr table = definitions_.Find(relation.root).value_or(nullptr);
    if (table == nullptr) continue;
    for (const model::Column& column : table->columns) {
      lists.Add(oid, relation.name, column.name, column.type.native);
    }
  }
  const ResultPtr result = connection_.Run(kOtherTypes, lists.Parameters(), "catalog of columns");
  if (PQntuples(result.get()) == 0) return;
  const auto text = [&](int column) { return std::string(PQgetvalue(result.get(), 0, column)); };
  throw Error(kSchemaDrift)
      .Object("table " + text(0))
      .Cause(fmt::format("column {} is {} at the source now, and was {}; the plugin test_decoding does not tell from "
                         "which row on",
                         text(1), text(2), text(3)))
      .Remedy("Give the column its type back and run the task again, or begin anew with `sluice run --restart`.")
      .Side(connection_.endpoint().side);
}

std::string SourceTables::PlainType(const std::string& type) {
  std::string& text = plain_types_[type];
  if (text.empty()) {
    text = connection_.QueryOne(fmt::format("SELECT format_type(to_regtype({}), NULL)", Literal(type))).value_or("???");
  }
  return text;
}

// Followed tables by the names that they had when the stream was opened.
std::optional<test_decoding::TableFacts> SourceTables::FactsOf(const model::ObjectName& name) {
  test_decoding::TableFacts facts;
  for (const auto& [oid, relation] : followed_) {
    if (relation.name == name) facts.oid = oid;
  }
  const std::string table = facts.oid != 0
                                ? fmt::format("c.oid = {}", facts.oid)
                                : fmt::format("n.nspname = {} AND c.relname = {} AND c.relkind IN ('r', 'p')",
                                              Literal(name.database), Literal(name.name));
  const TextRows rows = connection_.Query(fmt::format(
      "SELECT c.oid, c.relreplident, a.attname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
      "LEFT JOIN pg_index i ON i.indrelid = c.oid AND CASE c.relreplident WHEN 'd' THEN i.indisprimary AND "
      "i.indimmediate WHEN 'i' THEN i.indisreplident ELSE false END "
      "LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY ({}) WHERE {} ORDER BY a.attnum",
      connection_.version() >= kIndexesInclude ? "(i.indkey::int2[])[0:i.indnkeyatts - 1]" : "i.indkey", table));
  if (rows.empty()) return std::nullopt;
  facts.oid = static_cast<uint32_t>(std::stoul(rows[0][0].value_or("0")));
  facts.identity = rows[0][1].value_or("d")[0];
  for (const TextRow& row : rows) {
    if (row[2]) facts.key.push_back(*row[2]);
  }
  const std::optional<Place> place = PlaceOf(facts.oid);
  facts.root = place ? place->root : name;
  return facts;
}

}  // namespace sluice::postgresql
