#include "connectors/mysql/tsv.h"

#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::mysql {
namespace {

bool IsSpecial(char c) {
  return c == '\\' || c == '\t' || c == '\n';
}

// The first special byte at or after `at`, or `end`. Most cells have none, so this scan is all that they cost.
template <bool kReturns = false>
const char* FindSpecial(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i carriage_return = _mm_set1_epi8('\r');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i newline = _mm_set1_epi8('\n');
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    __m128i found = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, backslash), _mm_cmpeq_epi8(bytes, tab)),
                                 _mm_cmpeq_epi8(bytes, newline));
    if constexpr (kReturns) found = _mm_or_si128(found, _mm_cmpeq_epi8(bytes, carriage_return));
    const int mask = _mm_movemask_epi8(found);
    if (mask != 0) return at + __builtin_ctz(static_cast<unsigned>(mask));
  }
#endif
  while (at != end && !IsSpecial(*at) && !(kReturns && *at == '\r')) ++at;
  return at;
}

char Unescaped(char c) {
  switch (c) {
    case '0':
      return '\0';
    case 'b':
      return '\b';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'Z':
      return '\x1a';
    default:
      return c;
  }
}

}  // namespace

bool IsPlainTsv(std::string_view cell) {
  const char* end = cell.data() + cell.size();
  return FindSpecial(cell.data(), end) == end;
}

void AppendTsvCell(std::string& out, std::string_view cell) {
  const char* at = cell.data();
  const char* const end = at + cell.size();
  while (true) {
    const char* special = FindSpecial(at, end);
    out.append(at, static_cast<size_t>(special - at));
    if (special == end) return;
    out += '\\';
    out += *special == '\t' ? 't' : *special == '\n' ? 'n' : '\\';
    at = special + 1;
  }
}

void AppendNeutralCell(std::string& out, std::string_view cell) {
  const char* at = cell.data();
  const char* const end = at + cell.size();
  while (true) {
    const char* special = FindSpecial<true>(at, end);
    out.append(at, static_cast<size_t>(special - at));
    if (special == end) return;
    out += '\\';
    out += *special == '\t' ? 't' : *special == '\n' ? 'n' : *special == '\r' ? 'r' : '\\';
    at = special + 1;
  }
}

void AppendNeutralHex(std::string& out, std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += "\\\\x";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

bool TsvReader::NextRow(std::string_view& row) {
  if (rest_.empty()) return false;
  // A newline inside a cell is escaped as "\n" (two letters), so a real newline always ends a row.
  const void* newline = std::memchr(rest_.data(), '\n', rest_.size());
  const size_t length = newline == nullptr ? rest_.size() : static_cast<const char*>(newline) - rest_.data();
  row = rest_.substr(0, length);
  rest_.remove_prefix(newline == nullptr ? length : length + 1);
  return true;
}

void TsvReader::SplitRaw(std::string_view row, std::vector<std::string_view>& cells) {
  cells.clear();
  while (true) {
    const size_t tab = row.find('\t');
    cells.push_back(row.substr(0, tab));
    if (tab == std::string_view::npos) return;
    row.remove_prefix(tab + 1);
  }
}

void TsvReader::Split(std::string_view row, std::vector<std::optional<std::string>>& cells) {
  std::vector<std::string_view> raw;
  SplitRaw(row, raw);
  cells.resize(raw.size());
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == "\\N") {
      cells[i].reset();
      continue;
    }
    std::string& cell = cells[i].emplace();
    cell.reserve(raw[i].size());
    AppendUnescaped(cell, raw[i]);
  }
}

void AppendUnescaped(std::string& out, std::string_view escaped) {
  for (size_t at = 0; at < escaped.size(); ++at) {
    const bool escape = escaped[at] == '\\' && at + 1 < escaped.size();
    out += escape ? Unescaped(escaped[++at]) : escaped[at];
  }
}

// The three escapes of this encoding mean the same inside a quoted literal; what is left to do there is the quote and,
// for readers of server logs, the NUL byte.
void AppendTsvAsSql(std::string& out, std::string_view escaped) {
  size_t from = 0;
  for (size_t at = 0; at < escaped.size(); ++at) {
    const char c = escaped[at];
    if (c != '\'' && c != '\0') continue;
    out.append(escaped.data() + from, at - from);
    out += c == '\'' ? "\\'" : "\\0";
    from = at + 1;
  }
  out.append(escaped.data() + from, escaped.size() - from);
}

}  // namespace sluice::mysql
