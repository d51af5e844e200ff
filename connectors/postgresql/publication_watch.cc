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
    if (table.has_list) CheckColumns(table);
  }
}

void PublicationWatch::CheckColumns(const LimitedTable& limited) {
  const model::TablePtr table = definitions_.Find(limited.name).value_or(nullptr);
  if (table == nullptr) return;
  for (const TextRow& row : connection_.Query(fmt::format("SELECT attname FROM pg_attribute WHERE attrelid = {} AND "
                                                          "attnum > 0 AND NOT attisdropped ORDER BY attnum",
                                                          limited.oid),
                                              "catalog of columns")) {
    const bool is_described = std::any_of(table->columns.begin(), table->columns.end(),
                                          [&](const model::Column& column) { return column.name == row[0]; });
    if (is_described) continue;
    // In the words of relations.cc, which sees it where there is no list.
    throw Error(kSchemaDrift)
        .Object("table " + limited.name.Text())
        .Cause(fmt::format("column {} is new, or was renamed", row[0].value_or("")))
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
