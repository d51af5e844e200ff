#include "model/change.h"

namespace sluice::model {

std::string_view Name(DdlKind kind) {
  switch (kind) {
    case DdlKind::kCreateTable:
      return "create_table";
    case DdlKind::kAlterTable:
      return "alter_table";
    case DdlKind::kDropTable:
      return "drop_table";
    case DdlKind::kRenameTable:
      return "rename_table";
    case DdlKind::kTruncateTable:
      return "truncate_table";
    case DdlKind::kCreateIndex:
      return "create_index";
    case DdlKind::kDropIndex:
      return "drop_index";
    case DdlKind::kCreateView:
      return "create_view";
    case DdlKind::kAlterView:
      return "alter_view";
    case DdlKind::kDropView:
      return "drop_view";
    case DdlKind::kCreateProcedure:
      return "create_procedure";
    case DdlKind::kCreateFunction:
      return "create_function";
    case DdlKind::kOther:
      return "other";
  }
  return "other";
}

}  // namespace sluice::model
