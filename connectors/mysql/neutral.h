// Columns as text that other engines can read (connector/neutral.h): what is asked of the server, and what is left to
// do with its answer. For sessions with character_set_results = binary.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/table.h"

namespace sluice::mysql {

enum class NeutralForm : uint8_t {
  kText,     // as the server gives it
  kUnicode,  // the same, converted: see WithoutUnicode()
  kHex,      // bytes
  kDate,     // a date or date-time: zero becomes -infinity
};

struct NeutralColumn {
  std::string expression;
  NeutralForm form = NeutralForm::kText;
};

NeutralColumn SelectNeutral(const model::Column& column);
// An expression for the bytes of a text in utf8mb4, and for `otherwise` where a character of it has no Unicode.
// `charset` is the text's own.
std::string SelectUnicode(const std::string& text, const std::string& charset, const std::string& otherwise);
// The first bytes, in hexadecimal, of a value that cannot be said in Unicode; nothing for others.
std::optional<std::string_view> WithoutUnicode(NeutralForm form, std::string_view value);
void AppendNeutral(std::string& out, NeutralForm form, std::string_view value);

// Whether it is the date that MySQL has for none: "0000-00-00", also with a time of zero.
bool IsZeroDate(std::string_view text);

}  // namespace sluice::mysql
