#include "model/mapping.h"

#include <algorithm>

namespace sluice::model {

bool TableMapping::AllColumnsKeepNames() const {
  return std::all_of(columns.begin(), columns.end(),
                     [](const ColumnMapping& column) { return column.source == column.destination; });
}

}  // namespace sluice::model
