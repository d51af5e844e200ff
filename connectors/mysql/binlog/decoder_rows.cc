#include <fmt/format.h>

#include "base/error.h"
#include "connectors/mysql/binlog/bytes.h"
#include "connectors/mysql/binlog/decoder.h"
#include "connectors/mysql/binlog/decoder_tables.h"
#include "connectors/mysql/codes.h"

namespace sluice::mysql::binlog {
namespace {

// More tables than a statement locks at once; the map is emptied when it grows beyond, and fills again.
constexpr size_t kTablesMax = 10'000;

}  // namespace

void Decoder::OnTableMap(std::string_view body) {
  if (group_.skipped && !group_.xa) return;
  const uint64_t generation = definitions_.generation();
  const TableMap names = ParseTableMapNames(body, format_);
  if (tables_.size() > kTablesMax) tables_.clear();
  std::unique_ptr<KnownTable>& known = tables_[names.id];
  if (known != nullptr && known->generation == generation && known->raw == body) return;
  known = std::make_unique<KnownTable>();
  known->name = {names.database, names.table};
  known->raw = body;
  known->generation = generation;
  const std::optional<model::TablePtr> found = definitions_.Find(known->name);
  if (found && *found != nullptr) {
    known->plan = MakeRowPlan(ParseTableMap(body, format_), *found, options_.traits);
  } else if (!found && !IsSystemDatabase(names.database) && options_.selected && options_.selected(known->name)) {
    throw Error(kNoDescription)
        .Object("table " + known->name.Text())
        .Cause("It is selected, and its rows change, but the log did not show how it was created.")
        .Remedy(
            "It was created with sql_log_bin=0, or before the position that was begun at. Leave it out of the "
            "task's objects, or begin anew with --restart.");
  }
}

void Decoder::OnRows(EventType type, std::string_view body) {
  if (group_.skipped && !group_.xa) return;
  if (!group_.open) ThrowBadEvent("Rows outside of any transaction.");
  group_.rows_seen = true;
  const RowsHeader header = ParseRowsHeader(type, body, format_);
  const auto known = tables_.find(header.table_id);
  if (known == tables_.end()) {
    // The last event of a statement may name a table id of no table, only to end it.
    constexpr uint64_t kNoTable = 0xffffff;
    if (header.table_id == kNoTable) return;
    ThrowBadEvent(fmt::format("Rows of table number {}, which no event described.", header.table_id));
  }
  if (!known->second->plan) return;
  try {
    rows_.Decode(header, *known->second->plan, Current());
  } catch (Error& error) {
    if (error.info().object.empty()) error.info().object = "table " + known->second->name.Text();
    throw;
  }
  const model::Transaction& now = *group_.transaction;
  const bool large = now.rows.size() >= options_.part_rows_max || now.arena.used() >= options_.part_bytes_max;
  if (large && !group_.xa && !group_.skipped) CutPart();
}

}  // namespace sluice::mysql::binlog
