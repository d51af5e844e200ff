// Names of keys and constraints: which there are, and those that the source's server made up.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "connectors/mysql/create_table.h"
#include "connectors/mysql/ddl_alter.h"

namespace sluice::mysql {

enum class Named : uint8_t { kKey, kForeignKey, kConstraint };

// A constraint whose name another table of the database has gets one with a number at the destination: "c~2". Empty
// when that is longer than names may be.
std::string NumberedName(const std::string& name, unsigned number);
// What a key or constraint of the source is called at `table`: the same, or with a number; nothing when it is not
// there.
std::optional<std::string> NameAt(const CreateTable& table, Named what, const std::string& name);

bool HasElement(const CreateTable& table, Named what, std::string_view name);

// Names that servers make up depend on names of columns, of the table, and of what was there before. An unnamed key or
// foreign key gets the one that it has in `context.after`; `taken` holds those already given by this statement.
void NameAsSource(TableElement& element, const AlterContext& context, std::string_view default_database,
                  std::set<std::string>& taken);

// With an unnamed foreign key the server makes an index, named after a column. Once the key has a name the index would
// get that, so it is to be made first: nothing when there is no such index in `context.after`.
std::optional<TableElement> IndexOfForeignKey(const TableElement& element, const AlterContext& context,
                                              std::set<std::string>& taken);

}  // namespace sluice::mysql
