// Task files from arbitrary bytes: never a crash, every mistake has a place, and a good spec gives
// a selection.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "selection/selection.h"
#include "task/task_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  const std::string text(reinterpret_cast<const char*>(data), size);
  // References would read files of the machine that fuzzes.
  if (text.find("${file") != std::string::npos) return 0;
  const Result<task::ParsedTaskFile> parsed = task::ParseTaskText(text, "fuzz.yaml");
  if (!parsed.ok()) {
    Check(!parsed.error().cause.empty(), "an error without a cause");
    return 0;
  }
  for (const task::Mistake& mistake : parsed.value().mistakes) {
    Check(mistake.line >= 1 && mistake.column >= 1 && !mistake.message.empty(), "a mistake without its place");
  }
  if (!parsed.value().mistakes.empty()) return 0;
  Check(selection::Selection::Make(parsed.value().spec.rules).ok(), "a good task file gives no selection");
  return 0;
}
