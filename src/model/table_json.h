// Descriptions and mappings as JSON text, for the task store and the notes at the destination. What ToJson writes,
// the FromJson of the same name reads back unchanged; a text that it did not write throws std::runtime_error.
#pragma once

#include <string>

#include "model/mapping.h"
#include "model/table.h"

namespace sluice::model {

std::string ToJson(const Table& table);
TablePtr TableFromJson(const std::string& json);

std::string ToJson(const TableMapping& mapping);
TableMappingPtr MappingFromJson(const std::string& json);

}  // namespace sluice::model
