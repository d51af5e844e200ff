// What of a table is made before its rows arrive and what after: InnoDB builds an index from all rows much faster than
// row by row, and foreign keys need both tables filled. Small tables get their indexes at once (schema.cc): an ALTER
// costs more than it saves there.
#include "connectors/mysql/create_table_column.h"
#include "connectors/mysql/schema.h"

namespace sluice::mysql {
namespace {

// The server demands a key for the AUTO_INCREMENT column, in most engines as its first part.
std::string AutoIncrementKey(const CreateTable& table) {
  std::string column;
  for (const TableElement& element : table.elements) {
    if (element.kind == ElementKind::kColumn && ParseColumn(element.tokens).Has("AUTO_INCREMENT"))
      column = element.name;
  }
  if (column.empty()) return "";
  std::string anywhere;
  for (const TableElement& element : table.elements) {
    if (!element.IsKey()) continue;
    const std::vector<KeyPartText> parts = KeyParts(element);
    for (size_t i = 0; i < parts.size(); ++i) {
      if (!sql::EqualIgnoringCase(parts[i].column, column)) continue;
      if (i == 0) return element.name;
      if (anywhere.empty()) anywhere = element.name;
    }
  }
  return anywhere;
}

std::string AlterHead(const CreateTable& table) {
  return "ALTER TABLE " + Quote(table.name.database, table.name.name);
}

}  // namespace

TableStatements SplitTable(const CreateTable& table, const std::set<std::string>& keep_for_load) {
  TableStatements out;
  CreateTable first = table;
  first.elements.clear();
  const std::string auto_increment_key = AutoIncrementKey(table);
  std::string indexes, foreign_keys;
  std::vector<std::string> one_by_one;
  for (const TableElement& element : table.elements) {
    const bool fulltext_id = sql::EqualIgnoringCase(element.name, "FTS_DOC_ID_INDEX");
    const bool later = element.IsKey() && element.kind != ElementKind::kPrimaryKey && !fulltext_id &&
                       element.name != auto_increment_key && !keep_for_load.contains(element.name);
    const std::string add = "ADD " + sql::Render(element.tokens);
    if (element.kind == ElementKind::kForeignKey) {
      foreign_keys += (foreign_keys.empty() ? "\n  " : ",\n  ") + add;
    } else if (!later) {
      first.elements.push_back(element);
    } else if (element.kind == ElementKind::kFulltextKey || element.kind == ElementKind::kVectorKey) {
      // InnoDB builds one full-text index at a time (Reference Manual, "InnoDB Full-Text Indexes").
      one_by_one.push_back(AlterHead(table) + "\n  " + add);
    } else {
      indexes += (indexes.empty() ? "\n  " : ",\n  ") + add;
    }
  }
  out.create = Render(first);
  if (!indexes.empty()) out.indexes.push_back(AlterHead(table) + indexes);
  for (std::string& statement : one_by_one) out.indexes.push_back(std::move(statement));
  if (!foreign_keys.empty()) out.foreign_keys = AlterHead(table) + foreign_keys;
  return out;
}

}  // namespace sluice::mysql
