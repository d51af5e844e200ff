// Types of other engines' columns as PostgreSQL's; the table in docs/mysql-to-postgresql.md.
#pragma once

#include <string>
#include <vector>

#include "model/table.h"

namespace sluice::postgresql {

struct ForeignType {
  std::string text;  // "numeric(10,2)"; of an enum: empty, a type of its own has to be made from `labels`
  std::vector<std::string> labels;
  std::vector<std::string> elements;  // of a set: what its text may be made of
  std::string note;                   // what of the source's type is lost; empty: nothing
  std::string refusal;                // why there is no type for it; empty: there is
};

// Of the table's column of this index: one that is part of a unique or foreign key has to fit those that refer
// to it.
ForeignType ToPostgresqlType(const model::Table& table, size_t index);

}  // namespace sluice::postgresql
