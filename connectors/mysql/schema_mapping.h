// Selection and renaming, applied to a table's definition.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/mysql/create_table.h"
#include "model/mapping.h"

namespace sluice::mysql {

// How one table's columns are called at the destination; nothing for a column that is left out.
using ColumnNames = std::function<std::optional<std::string>(std::string_view column)>;

ColumnNames NamesOf(const model::TableMapping& mapping, const model::NameMap& names);

// Renames columns in [begin, end), an expression or a list of names. False when it uses a column that is left out; the
// tokens are then partly changed. A name before "(" is a function, one behind "." belongs to something else.
bool MapColumns(sql::Tokens& tokens, size_t begin, size_t end, const ColumnNames& columns);

// Everything of the definition: its name, columns, generated columns, keys, checks, partitions, and the tables and
// columns that foreign keys refer to. What needs a column that is left out goes too; so do foreign keys to tables that
// are not carried. Each loss is a note.
void MapTable(CreateTable& table, const model::ObjectName& source, const model::ObjectName& destination,
              const ColumnNames& columns, const model::NameMap& names, std::vector<std::string>& notes);

// A key or check, as MapTable() treats it; false: leave it out, a note says why.
bool MapElement(TableElement& element, const model::ObjectName& source, const ColumnNames& columns,
                const model::NameMap& names, std::vector<std::string>& notes);
// A column's definition with its own name mapped too; false: left out.
bool MapColumnElement(TableElement& element, const ColumnNames& columns, std::vector<std::string>& notes);
// PARTITION BY ...; false when it uses a column that is left out.
bool MapPartition(sql::Tokens& partition, const ColumnNames& columns);

}  // namespace sluice::mysql
