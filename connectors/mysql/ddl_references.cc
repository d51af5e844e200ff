#include "connectors/mysql/ddl_references.h"

#include <algorithm>
#include <memory>

#include "connectors/mysql/create_table.h"

namespace sluice::mysql {
namespace {

void RenameIn(TableElement& element, const ForeignKeyText& key, const NewNames& names) {
  sql::Tokens& tokens = element.tokens;
  // From the end, so that what is before it stays where it is.
  size_t close = key.reference_end;
  while (close < tokens.size() && !tokens[close].IsSymbol(")")) ++close;
  for (size_t i = key.reference_end; i < close; ++i) {
    const auto found = tokens[i].IsName() ? names.columns.find(sql::ToLower(tokens[i].Name())) : names.columns.end();
    if (found == names.columns.end()) continue;
    const std::string gap = tokens[i].gap;
    tokens[i] = sql::BacktickName(found->second);
    tokens[i].gap = gap;
  }
  if (names.from == names.to) return;
  sql::Tokens now = {sql::BacktickName(names.to.database), sql::Symbol("."), sql::BacktickName(names.to.name)};
  now.front().gap = tokens[key.reference_begin].gap;
  now.back().gap.clear();
  const auto begin = tokens.begin() + static_cast<long>(key.reference_begin);
  const auto at = tokens.erase(begin, tokens.begin() + static_cast<long>(key.reference_end));
  tokens.insert(at, now.begin(), now.end());
}

}  // namespace

model::TablePtr FollowNames(const model::TablePtr& table, const NewNames& names, const sql::Dialect& dialect) {
  const bool refers = std::any_of(table->foreign_keys.begin(), table->foreign_keys.end(),
                                  [&](const model::ForeignKey& key) { return key.referenced == names.from; });
  if (!refers) return table;
  auto definition = ParseCreateTable(table->create_statement, table->name.database, dialect);
  if (!definition) return table;
  for (TableElement& element : definition->elements) {
    const auto key = ParseForeignKey(element, table->name.database);
    if (key && key->referenced == names.from) RenameIn(element, *key, names);
  }
  definition->name = table->name;
  auto made = std::make_shared<model::Table>(*table);
  made->create_statement = Render(*definition);
  for (model::ForeignKey& key : made->foreign_keys) {
    if (key.referenced != names.from) continue;
    key.referenced = names.to;
    for (std::string& column : key.referenced_columns) {
      const auto found = names.columns.find(sql::ToLower(column));
      if (found != names.columns.end()) column = found->second;
    }
  }
  return made;
}

}  // namespace sluice::mysql
