// JSON as one text for equal values, for comparisons between servers and engines.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::model {

// The text of a JSON value with sorted keys (the last of equal ones counts), no space, unescaped strings and numbers in
// a normal form reached digit by digit (1.0, 1 and 10e-1 are one number; none goes through a double). Nothing when
// `text` is no JSON.
std::optional<std::string> CanonicalJson(std::string_view text);

// The normal form of one JSON number, e.g. "1.50e2" gives "150".
std::string CanonicalNumber(std::string_view text);

}  // namespace sluice::model
