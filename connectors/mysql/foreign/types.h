// Types of other engines' columns as MySQL's; the table in docs/postgresql-to-mysql.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "connectors/mysql/flavour.h"
#include "model/table.h"

namespace sluice::mysql {

struct ForeignType {
  std::string text;             // "decimal(10,2)", with the character set where it is not the table's
  uint64_t key_bytes = 8;       // that a whole value takes in an index at the most; 0: no index can hold whole values
  uint8_t character_bytes = 1;  // of a text: that one character takes at the most; in an index over a part
  std::string note;             // what of the source's type is lost; empty: nothing
  std::string refusal;          // why there is no type for it; empty: there is
  bool literal_default = true;  // false: a default has to be an expression
};

// Beside the table's columns. A column of a unique or foreign key gets a type that an index holds whole values of; what
// does not fit into a row with the others becomes a type that is kept apart.
std::vector<ForeignType> ToMysqlTypes(const model::Table& table, const Capabilities& server);

// The collation of tables from other engines: texts are equal only if their bytes are. `exact`: also in spaces at their
// ends.
std::string ForeignCollation(const Capabilities& server, bool* exact);

// What an index can hold of one row (Reference Manual, "InnoDB Limits": pages of 16 KiB, row format DYNAMIC).
inline constexpr uint64_t kIndexBytes = 3072;
inline constexpr size_t kIndexParts = 16;

}  // namespace sluice::mysql
