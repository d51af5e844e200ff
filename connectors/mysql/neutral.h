// Columns as text that other engines can read (connector/neutral.h): what is asked of the server, and what is left to
// do with its answer. For sessions with character_set_results = binary.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/table.h"

namespace sluice::mysql {

enum class NeutralForm : uint8_t {
  kText,  // as the server gives it
  kHex,   // bytes
  kDate,  // a date or date-time: zero becomes -infinity
};

struct NeutralColumn {
  std::string expression;
  NeutralForm form = NeutralForm::kText;
};

NeutralColumn SelectNeutral(const model::Column& column);
void AppendNeutral(std::string& out, NeutralForm form, std::string_view value);

// Whether it is the date that MySQL has for none: "0000-00-00", also with a time of zero.
bool IsZeroDate(std::string_view text);

}  // namespace sluice::mysql
