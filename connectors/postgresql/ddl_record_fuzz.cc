// Any text as a record that a source's event trigger wrote, and as the description that is kept of a table: only Error
// may come out. So that more than the JSON is met, a text that begins with a zero byte is taken for rows of the
// answers, one a line, the first letter of which says to which question.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"
#include "connectors/postgresql/ddl_record.h"
#include "connectors/postgresql/definition.h"
#include "connectors/postgresql/definition_questions.h"

namespace sluice::postgresql {
namespace {

std::string RecordOf(std::string_view lines) {
  nlohmann::json answers = nlohmann::json::object();
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.empty()) continue;
    const size_t question = static_cast<uint8_t>(line[0]) % std::size(kDefinitionQuestions);
    answers[std::string(Name(kDefinitionQuestions[question]))].push_back("(" + std::string(line.substr(1)) + ")");
  }
  const nlohmann::json record = {{"tag", "ALTER TABLE"},         {"query", "said so"},         {"rewritten", "5:4"},
                                 {"sizes", {{"5", 8192, true}}}, {"missing", {{"5", 1, "x"}}}, {"answers", answers}};
  return record.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void Try(std::string_view text) {
  static const auto before = [] {
    const auto made = ReadDdlRecord(
        RecordOf(std::string(1, '\0') + "5,0,shop,t,r,p,0,0,,,,d,,,,,f\n\x01" + "5,a,text,25,-1,f,,,,,,t,,,,,t,1"), {},
        KnownNames());
    return made ? made->after : std::vector<model::TablePtr>();
  }();
  const std::string record = text.starts_with('\0') ? RecordOf(text.substr(1)) : std::string(text);
  try {
    ReadDdlRecord(record, before, KnownNames());
  } catch (const Error&) {
  }
  try {
    ToJson(DefinitionFromJson(record, {"shop", "t"}));
  } catch (const Error&) {
  }
}

}  // namespace
}  // namespace sluice::postgresql

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 8192) return 0;
  sluice::postgresql::Try(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
