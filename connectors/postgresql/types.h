// Column types of PostgreSQL, into the model's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/table.h"

namespace sluice::postgresql {

// One column's type as pg_type and pg_attribute have it. For a domain: `base_*` of the type under all its domains.
struct TypeFacts {
  std::string native;                 // format_type(atttypid, atttypmod) with an empty search_path
  std::string base_schema;            // pg_namespace.nspname of the base type
  std::string base_name;              // pg_type.typname of the base type: "int4", "bpchar", "mood"
  char base_kind = 'b';               // pg_type.typtype of the base type: b, c, e, r, m, p
  char category = 'U';                // pg_type.typcategory of the base type
  bool is_array = false;              // typcategory 'A', or a domain over one
  int32_t modifier = -1;              // atttypmod, of a domain its typtypmod
  std::vector<std::string> elements;  // labels of an enum, in their order
};

model::ColumnType MakeColumnType(const TypeFacts& facts);

}  // namespace sluice::postgresql
