// Indexes, the constraints that stand on them, and extended statistics.
#include <fmt/format.h>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/schema_table.h"

namespace sluice::postgresql {
namespace {

std::string CommentOn(const std::string& what, const std::string& comment) {
  return comment.empty() ? "" : fmt::format(";\nCOMMENT ON {} IS {}", what, Literal(comment));
}

// Of "PRIMARY KEY (id) INCLUDE (x) DEFERRABLE INITIALLY DEFERRED".
std::string DeferrableWords(const std::string& definition) {
  const size_t at = FindOutsideQuotes(definition, " DEFERRABLE", true);
  return at == std::string::npos ? "" : definition.substr(at);
}

}  // namespace

std::string TableTranslator::IndexExtras(const Definition& part, const IndexDefinition& index) const {
  const std::string full = Full(part);
  const std::string index_full = Quote(NameOf(part).database, index.name.name);
  std::string sql;
  for (const auto& [column, target] : index.statistics) {
    sql += fmt::format(";\nALTER INDEX {} ALTER COLUMN {} SET STATISTICS {}", index_full, column, target);
  }
  if (index.clustered) sql += fmt::format(";\nALTER TABLE {} CLUSTER ON {}", full, Quote(index.name.name));
  if (index.replica_identity && part.replica_identity == 'i') {
    sql += fmt::format(";\nALTER TABLE ONLY {} REPLICA IDENTITY USING INDEX {}", full, Quote(index.name.name));
  }
  sql += CommentOn("INDEX " + index_full, index.comment);
  if (!index.constraint.empty()) {
    sql += CommentOn("CONSTRAINT " + Quote(index.constraint) + " ON " + full, index.constraint_comment);
  }
  return sql;
}

// The index with its constraint, and those of the partitions that belong to it.
std::optional<std::string> TableTranslator::Index(const Definition& part, const IndexDefinition& index) {
  const std::string full = Full(part);
  std::string sql;
  std::string attachments;
  for (const Definition& one : part.partitions) {
    for (const IndexDefinition& child : one.indexes) {
      if (child.parent != index.name) continue;
      const auto made = Index(one, child);
      if (!made) return std::nullopt;
      sql += *made + ";\n";
      attachments += fmt::format(";\nALTER INDEX {} ATTACH PARTITION {}", Quote(NameOf(part).database, index.name.name),
                                 Quote(NameOf(one).database, child.name.name));
    }
  }
  const bool is_constraint = index.constraint_kind != ' ';
  const bool from_index =
      (index.constraint_kind == 'p' || index.constraint_kind == 'u') && part.kind == 'r' && index.method == "btree";
  if (!is_constraint || from_index) {
    const size_t body = FindOutsideQuotes(index.definition, " USING ");
    std::string keys = rewriter_.Rewrite(index.definition.substr(body == std::string::npos ? 0 : body));
    if (!columns_.Rewrite(keys)) return std::nullopt;
    if (index.nulls_not_distinct) Needs(150000, "unique indexes with NULLS NOT DISTINCT");
    sql += fmt::format("CREATE {}INDEX {} ON {}{}{}", index.unique ? "UNIQUE " : "", Quote(index.name.name),
                       part.kind == 'p' ? "ONLY " : "", full, keys);
  }
  if (from_index) {
    sql += fmt::format(";\nALTER TABLE ONLY {} ADD CONSTRAINT {} {} USING INDEX {}{}", full, Quote(index.constraint),
                       index.constraint_kind == 'p' ? "PRIMARY KEY" : "UNIQUE", Quote(index.name.name),
                       DeferrableWords(index.constraint_definition));
  } else if (is_constraint) {
    const auto definition = Expression(index.constraint_definition);
    if (!definition) return std::nullopt;
    sql += fmt::format("ALTER TABLE ONLY {} ADD CONSTRAINT {} {}", full, Quote(index.constraint), *definition);
  }
  return sql + attachments + IndexExtras(part, index);
}

std::vector<TableTranslator::IndexText> TableTranslator::Indexes(const Definition& part) {
  std::vector<IndexText> texts;
  for (const IndexDefinition& index : part.indexes) {
    if (!index.parent.name.empty() && &part != &table_) continue;  // comes with that of its table
    const std::string what = index.constraint_kind == 'p' ? "primary key" : "index " + index.name.name;
    if (!index.valid && part.kind == 'r') {
      Note(fmt::format("{} left out: it is invalid at the source; REINDEX or DROP it there", what));
      continue;
    }
    auto sql = Index(part, index);
    if (!sql) {
      Note(fmt::format("{} left out: it uses a column that is left out", what));
      continue;
    }
    // Those of partitions alone say whose they are.
    texts.push_back({&part == &table_ ? what : what + " of partition " + part.name.name, std::move(*sql)});
  }
  for (const Definition& one : part.partitions) {
    std::vector<IndexText> more = Indexes(one);
    std::move(more.begin(), more.end(), std::back_inserter(texts));
  }
  return texts;
}

std::vector<TableTranslator::IndexText> TableTranslator::Statistics(const Definition& part) {
  std::vector<IndexText> texts;
  for (const StatisticsDefinition& one : part.statistics) {
    const model::ObjectName name = rewriter_.Map(one.name);
    const std::string full = Quote(name.database, name.name);
    // CREATE STATISTICS shop.s (kinds) ON a, b FROM shop.t
    const size_t on = FindOutsideQuotes(one.definition, " ON ");
    const size_t from = FindOutsideQuotes(one.definition, " FROM ", true);
    const size_t kinds = FindOutsideQuotes(one.definition, " (");
    if (on == std::string::npos || from == std::string::npos || from < on) continue;
    std::string columns = rewriter_.Rewrite(one.definition.substr(on, from - on));
    if (!columns_.Rewrite(columns)) {
      Note(fmt::format("statistics {} left out: they use a column that is left out", one.name.name));
      continue;
    }
    Needs(100000, "extended statistics");
    std::string sql = "CREATE STATISTICS " + full;
    if (kinds != std::string::npos && kinds < on) sql += one.definition.substr(kinds, on - kinds);
    sql += columns + " FROM " + Full(part);
    if (one.target && Needs(130000, "targets of extended statistics")) {
      sql += fmt::format(";\nALTER STATISTICS {} SET STATISTICS {}", full, *one.target);
    }
    sql += CommentOn("STATISTICS " + full, one.comment);
    texts.push_back({"statistics " + one.name.name, std::move(sql)});
  }
  for (const Definition& one : part.partitions) {
    std::vector<IndexText> more = Statistics(one);
    std::move(more.begin(), more.end(), std::back_inserter(texts));
  }
  return texts;
}

}  // namespace sluice::postgresql
