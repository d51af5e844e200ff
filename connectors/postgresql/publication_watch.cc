#include "connectors/postgresql/publication_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/definition.h"
#include "connectors/postgresql/slot.h"

namespace sluice::postgresql {

PublicationWatch::PublicationWatch(Connection& connection, const connector::Definitions& definitions, std::string name,
                                   std::function<void(const std::string&)> tell)
    : connection_(connection),
      definitions_(definitions),
      name_(std::move(name)),
      tell_(std::move(tell)),
      listed_(ListedColumns(connection_, name_)) {}

void PublicationWatch::Check() {
  if (!HasPublication(connection_)) return;
  const PublicationState state = ReadPublicationState(connection_, name_);
  if (const std::string narrowed = state.Narrowed(); !narrowed.empty()) {
    throw Error(kPublicationChanged)
        .Object("publication " + name_)
        .Cause("Someone altered it: " + narrowed +
               ". What it has left out since then is not in the log that Sluice is sent.")
        .Remedy("Begin anew with `sluice run --restart`.")
        .Side(connection_.endpoint().side);
  }
  for (const LimitedTable& table : state.limited) {
    if (!table.is_identified) {
      const bool is_whole = PublishWhole(connection_, name_, table);
      if (tell_) {
        tell_(fmt::format("the replica identity of table {} was altered: {}", table.name.Text(),
                          is_whole ? "from here on it is published whole"
                                   : "the server may refuse the application's changes of it until a lock on it is "
                                     "released"));
      }
    }
  }
  CheckColumns(state.limited);
}

void PublicationWatch::CheckColumns(const std::vector<LimitedTable>& limited) {
  std::string lists;
  for (const LimitedTable& one : limited) {
    if (one.has_list) lists += (lists.empty() ? "" : ", ") + std::to_string(one.oid);
  }
  if (lists.empty()) return;
  for (const TextRow& row : connection_.Query(
           fmt::format("SELECT n.nspname, c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = "
                       "a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid IN ({}) AND a.attnum > 0 "
                       "AND NOT a.attisdropped ORDER BY c.oid, a.attnum",
                       lists),
           "catalog of columns")) {
    const model::ObjectName name{row[0].value_or(""), row[1].value_or("")};
    const model::TablePtr table = definitions_.Find(name).value_or(nullptr);
    if (table == nullptr) continue;
    const bool is_described = std::any_of(table->columns.begin(), table->columns.end(),
                                          [&](const model::Column& column) { return column.name == row[2]; });
    if (is_described) continue;
    // In the words of relations.cc, which sees it where there is no list.
    throw Error(kSchemaDrift)
        .Object("table " + name.Text())
        .Cause(fmt::format("column {} is new, or was renamed", row[2].value_or("")))
        .Remedy(
            "Give the table back the form it had and run the task again, or begin anew with `sluice run --restart`.")
        .Side(connection_.endpoint().side);
  }
}

bool PublicationWatch::IsUnlisted(uint32_t oid, const model::Table& table, const std::string& column) const {
  const auto listed = listed_.find(oid);
  if (listed == listed_.end()) return false;
  const Definition definition = DefinitionFromJson(table.create_statement, table.name);
  return std::any_of(definition.columns.begin(), definition.columns.end(), [&](const ColumnDefinition& one) {
    return one.name == column && one.number != 0 && !listed->second.contains(one.number);
  });
}

}  // namespace sluice::postgresql
