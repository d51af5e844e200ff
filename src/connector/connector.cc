#include "connector/connector.h"

namespace sluice::connector {

std::string_view Name(SchemaStage stage) {
  switch (stage) {
    case SchemaStage::kTypes:
      return "types";
    case SchemaStage::kBeforeLoad:
      return "before_load";
    case SchemaStage::kIndexes:
      return "indexes";
    case SchemaStage::kForeignKeys:
      return "foreign_keys";
    case SchemaStage::kObjects:
      return "objects";
    case SchemaStage::kTriggers:
      return "triggers";
  }
  return "schema";
}

}  // namespace sluice::connector
