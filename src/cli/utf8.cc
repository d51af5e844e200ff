#include "cli/utf8.h"

#include <algorithm>
#include <iterator>

#include "cli/format.h"

namespace sluice::cli {
namespace {

struct Range {
  uint32_t first;
  uint32_t last;
};

constexpr Range kZero[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f}, {0x0e31, 0x0e31},
    {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x202a, 0x202e},
    {0x2060, 0x2064}, {0x20d0, 0x20ff}, {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff},
};
constexpr Range kWide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},   {0x2e80, 0x303e},
    {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xa000, 0xa4cf},   {0xa960, 0xa97f},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
    {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x2fffd}, {0x30000, 0x3fffd},
};

template <size_t kSize>
bool In(const Range (&ranges)[kSize], uint32_t value) {
  const auto* found = std::partition_point(std::begin(ranges), std::end(ranges),
                                           [&](const Range& range) { return range.last < value; });
  return found != std::end(ranges) && found->first <= value;
}

std::string Clean(std::string_view text, bool keep_breaks) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const CodePoint point = DecodeUtf8(text, at);
    // C0, DEL and C1 controls, and the marks that reverse the direction of what follows.
    const bool control = point.value < 0x20 || (point.value >= 0x7f && point.value < 0xa0) ||
                         (point.value >= 0x202a && point.value <= 0x202e) ||
                         (point.value >= 0x2066 && point.value <= 0x2069);
    if (point.valid && point.value == '\n' && keep_breaks) {
      out += '\n';
    } else if (!point.valid || control) {
      out += point.value == '\n' || point.value == '\t' ? ' ' : '?';
    } else {
      out += text.substr(at, point.bytes);
    }
    at += point.bytes;
  }
  return out;
}

}  // namespace

CodePoint DecodeUtf8(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(at);
  if (first < 0x80) return {first, 1, true};
  size_t length = 0;
  uint32_t value = 0;
  uint32_t least = 0;
  if (first >= 0xc2 && first <= 0xdf) {
    length = 2, value = first & 0x1f, least = 0x80;
  } else if (first >= 0xe0 && first <= 0xef) {
    length = 3, value = first & 0x0f, least = 0x800;
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4, value = first & 0x07, least = 0x10000;
  } else {
    return {first, 1, false};
  }
  if (at + length > text.size()) return {first, 1, false};
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return {first, 1, false};
    value = value << 6 | (byte(at + i) & 0x3f);
  }
  if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return {first, 1, false};
  return {value, length, true};
}

size_t ColumnsOf(uint32_t code_point) {
  if (code_point < 0x300) return 1;
  if (In(kZero, code_point)) return 0;
  return In(kWide, code_point) ? 2 : 1;
}

size_t EscapeLength(std::string_view text, size_t at) {
  if (at + 1 >= text.size() || text[at] != '\x1b' || text[at + 1] != '[') return 0;
  for (size_t end = at + 2; end < text.size(); ++end) {
    if (text[end] >= 0x40 && text[end] <= 0x7e) return end + 1 - at;
  }
  return text.size() - at;
}

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) {
    if (const size_t escape = EscapeLength(text, at); escape > 0) {
      at += escape;
      continue;
    }
    const CodePoint point = DecodeUtf8(text, at);
    width += point.valid ? ColumnsOf(point.value) : 1;
    at += point.bytes;
  }
  return width;
}

std::string Printable(std::string_view text) {
  return Clean(text, false);
}

std::string PrintableLines(std::string_view text) {
  return Clean(text, true);
}

std::string Cut(std::string_view text, size_t width, bool utf8) {
  if (DisplayWidth(text) <= width) return std::string(text);
  const std::string_view ellipsis = utf8 ? "…" : "~";
  if (width == 0) return "";
  std::string out;
  size_t used = 0;
  bool escaped = false;
  for (size_t at = 0; at < text.size();) {
    if (const size_t escape = EscapeLength(text, at); escape > 0) {
      out += text.substr(at, escape);
      at += escape;
      escaped = true;
      continue;
    }
    const CodePoint point = DecodeUtf8(text, at);
    const size_t columns = point.valid ? ColumnsOf(point.value) : 1;
    if (used + columns > width - 1) break;
    out += text.substr(at, point.bytes);
    used += columns;
    at += point.bytes;
  }
  out += ellipsis;
  return escaped ? out + "\x1b[0m" : out;
}

}  // namespace sluice::cli
