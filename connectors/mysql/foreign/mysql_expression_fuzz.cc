// Any text as an expression of another engine: only Error may come out.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "connectors/mysql/foreign/expression.h"

namespace sluice::mysql {
namespace {

model::Table Sample() {
  using model::TypeKind;
  constexpr std::pair<const char*, TypeKind> kColumns[] = {{"n", TypeKind::kInteger},    {"price", TypeKind::kDecimal},
                                                           {"name", TypeKind::kVarchar}, {"day", TypeKind::kDate},
                                                           {"doc", TypeKind::kJson},     {"gone", TypeKind::kInteger}};
  model::Table table;
  for (const auto& [name, kind] : kColumns) {
    table.columns.push_back({.name = name, .type = {.kind = kind, .native = ""}});
  }
  return table;
}

void Try(const std::string& text) {
  static const model::Table table = Sample();
  try {
    TranslateExpression(text, table,
                        [](const model::Column& column) { return column.name == "gone" ? "" : column.name; });
  } catch (const Error&) {
  }
}

}  // namespace
}  // namespace sluice::mysql

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size <= 4096) sluice::mysql::Try(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
