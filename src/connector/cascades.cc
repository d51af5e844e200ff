#include "connector/cascades.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "sql/token.h"

namespace sluice::connector {
namespace {

using model::ReferentialAction;

bool Acts(ReferentialAction action) {
  return action == ReferentialAction::kCascade || action == ReferentialAction::kSetNull ||
         action == ReferentialAction::kSetDefault;
}

std::string Lowered(const model::ObjectName& name) {
  return sql::ToLower(name.database) + "." + sql::ToLower(name.name);
}

using Pairs = std::set<std::pair<std::string, std::string>>;  // referring and referenced columns, in lower case

Pairs PairsThere(const model::Table& table, const model::ForeignKey& key) {
  Pairs pairs;
  for (size_t i = 0; i < key.columns.size() && i < key.referenced_columns.size(); ++i) {
    pairs.emplace(sql::ToLower(table.columns[key.columns[i]].name), sql::ToLower(key.referenced_columns[i]));
  }
  return pairs;
}

Pairs PairsWanted(const model::Table& table, const model::ForeignKey& key, const model::NameMap& names) {
  Pairs pairs;
  for (size_t i = 0; i < key.columns.size() && i < key.referenced_columns.size(); ++i) {
    pairs.emplace(sql::ToLower(names.MapColumn(table.name, table.columns[key.columns[i]].name)),
                  sql::ToLower(names.MapColumn(key.referenced, key.referenced_columns[i])));
  }
  return pairs;
}

bool DoesTheSame(const model::ForeignKey& wanted, const model::ForeignKey& there) {
  return (!Acts(wanted.on_delete) || wanted.on_delete == there.on_delete) &&
         (!Acts(wanted.on_update) || wanted.on_update == there.on_update);
}

}  // namespace

bool ActsOnRows(const model::ForeignKey& key) {
  return Acts(key.on_delete) || Acts(key.on_update);
}

std::vector<std::string> CascadesOverExcluded(const PrecheckRequest& request) {
  std::map<model::ObjectName, const model::TableMapping*> mappings;
  for (const model::TableMappingPtr& mapping : request.mappings) mappings[mapping->source] = mapping.get();
  const auto excluded = [&](const model::ObjectName& table, const std::string& column) {
    const auto found = mappings.find(table);
    return found != mappings.end() && found->second->excluded.contains(column);
  };
  std::vector<std::string> keys;
  for (const model::TablePtr& table : request.tables) {
    for (const model::ForeignKey& key : table->foreign_keys) {
      const bool refers = std::any_of(key.columns.begin(), key.columns.end(), [&](uint32_t column) {
        return excluded(table->name, table->columns[column].name);
      });
      const bool is_referred = std::any_of(key.referenced_columns.begin(), key.referenced_columns.end(),
                                           [&](const std::string& column) { return excluded(key.referenced, column); });
      if (ActsOnRows(key) && (refers || is_referred)) keys.push_back(table->name.Text() + "." + key.name);
    }
  }
  return keys;
}

std::vector<KeyMissing> KeysMissing(const PrecheckRequest& request, const std::vector<model::TablePtr>& there) {
  std::vector<KeyMissing> keys;
  if (request.names == nullptr) return keys;
  std::map<model::ObjectName, model::TablePtr> tables;
  for (const model::TablePtr& table : there) tables[table->name] = table;
  for (size_t i = 0; i < request.tables.size() && i < request.mappings.size(); ++i) {
    const model::Table& table = *request.tables[i];
    const auto found = tables.find(request.mappings[i]->destination);
    if (found == tables.end()) continue;
    const model::Table& own = *found->second;
    for (const model::ForeignKey& key : table.foreign_keys) {
      if (!request.names->Selected(key.referenced)) continue;
      const std::string referenced = Lowered(request.names->Map(key.referenced));
      const Pairs wanted = PairsWanted(table, key, *request.names);
      const bool is_there =
          std::any_of(own.foreign_keys.begin(), own.foreign_keys.end(), [&](const model::ForeignKey& one) {
            return Lowered(one.referenced) == referenced && PairsThere(own, one) == wanted && DoesTheSame(key, one);
          });
      if (!is_there) keys.push_back({request.tables[i], &key});
    }
  }
  return keys;
}

std::vector<std::string> CascadesMissing(const PrecheckRequest& request, const std::vector<model::TablePtr>& there) {
  std::vector<std::string> keys;
  for (const KeyMissing& missing : KeysMissing(request, there)) {
    if (ActsOnRows(*missing.key)) keys.push_back(missing.table->name.Text() + "." + missing.key->name);
  }
  return keys;
}

void FailCascades(PrecheckItems& items, const std::vector<std::string>& keys, const std::string& cause,
                  const std::string& remedy) {
  if (keys.empty()) return;
  items.Fail("cascades", "Cascades can be carried out at the destination", "foreign key " + Listed(keys),
             "What a cascade does is not in the binary log, and the destination has to do it. " + cause, remedy);
}

}  // namespace sluice::connector
