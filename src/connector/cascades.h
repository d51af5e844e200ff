// Foreign keys that act on rows (CASCADE, SET NULL, SET DEFAULT) where the source's log does not say what they did: the
// destination has to do the same by keys of its own.
#pragma once

#include <string>
#include <vector>

#include "connector/precheck_items.h"

namespace sluice::connector {

bool ActsOnRows(const model::ForeignKey& key);

// Keys with a column that the user left out, on either side: "shop.items.fk".
std::vector<std::string> CascadesOverExcluded(const PrecheckRequest& request);

// Foreign keys between the task's tables that these, which stand at the destination, do not have or have with other
// actions. Tables that are not among `there` are not looked at.
struct KeyMissing {
  model::TablePtr table;
  const model::ForeignKey* key = nullptr;  // of the table
};
std::vector<KeyMissing> KeysMissing(const PrecheckRequest& request, const std::vector<model::TablePtr>& there);
// Those of them that act on rows: "shop.items.fk".
std::vector<std::string> CascadesMissing(const PrecheckRequest& request, const std::vector<model::TablePtr>& there);

// Adds the item of such keys, if there are any.
void FailCascades(PrecheckItems& items, const std::vector<std::string>& keys, const std::string& cause,
                  const std::string& remedy);

}  // namespace sluice::connector
