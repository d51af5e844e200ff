// Any text as a default or a check of this engine, and as an expression of another: only Error may come out.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "connectors/postgresql/default_read.h"
#include "connectors/postgresql/foreign/expression.h"

namespace sluice::postgresql {
namespace {

constexpr model::TypeKind kKinds[] = {model::TypeKind::kInteger,   model::TypeKind::kText,
                                      model::TypeKind::kBoolean,   model::TypeKind::kChar,
                                      model::TypeKind::kTimestamp, model::TypeKind::kDecimal};

model::Table Sample() {
  model::Table table;
  for (const char* name : {"n", "price", "name", "day", "Odd Name", "gone"}) {
    table.columns.push_back({.name = name, .type = {.kind = kKinds[table.columns.size()], .native = ""}});
  }
  return table;
}

void Try(const std::string& text, uint8_t choice) {
  static const model::Table table = Sample();
  try {
    ReadDefault(text, {.kind = kKinds[choice % std::size(kKinds)], .native = ""});
  } catch (const Error&) {
  }
  try {
    CheckExpression(text);
  } catch (const Error&) {
  }
  try {
    TranslateExpression(text, table,
                        [](const model::Column& column) { return column.name == "gone" ? "" : column.name; });
  } catch (const Error&) {
  }
}

}  // namespace
}  // namespace sluice::postgresql

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > 4096) return 0;
  sluice::postgresql::Try(std::string(reinterpret_cast<const char*>(data) + 1, size - 1), data[0]);
  return 0;
}
