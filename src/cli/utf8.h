// UTF-8 for terminals: one code point at a time, and how many columns it takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::cli {

struct CodePoint {
  uint32_t value = 0;
  size_t bytes = 0;   // at least 1, also for a broken one
  bool valid = true;  // false: not the start of a well-formed sequence (RFC 3629); one byte is taken
};

// `at` must be inside `text`.
CodePoint DecodeUtf8(std::string_view text, size_t at);

// 0 for combining marks and zero-width characters, 2 for the East Asian wide ranges of Unicode's
// EastAsianWidth.txt and emoji, otherwise 1.
size_t ColumnsOf(uint32_t code_point);

// Bytes of a terminal's escape sequence (ESC [ ... letter) at `at`; 0 when there is none.
size_t EscapeLength(std::string_view text, size_t at);

}  // namespace sluice::cli
