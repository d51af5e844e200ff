#include "model/mapping.h"

#include <algorithm>

namespace sluice::model {

bool TableMapping::AllColumnsKeepNames() const {
  return std::all_of(columns.begin(), columns.end(),
                     [](const ColumnMapping& column) { return column.source == column.destination; });
}

std::string TableMapping::DestinationOf(const std::string& column) const {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const ColumnMapping& one) { return one.source == column; });
  return found == columns.end() ? "" : found->destination;
}

}  // namespace sluice::model
