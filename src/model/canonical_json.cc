// RFC 8259 JSON to its canonical text. Own parser: numbers keep every digit, and nothing is built but the output.
#include "model/canonical_json.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <vector>

namespace sluice::model {
namespace {

constexpr size_t kDepthMost = 256;  // MySQL allows 100, MariaDB 32

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  bool Parse(std::string& out) {
    Space();
    if (!Value(out, 0)) return false;
    Space();
    return at_ == text_.size();
  }

 private:
  bool More() const { return at_ < text_.size(); }
  char Peek() const { return text_[at_]; }
  bool Take(char c) {
    if (!More() || Peek() != c) return false;
    ++at_;
    return true;
  }
  void Space() {
    while (More() && (Peek() == ' ' || Peek() == '\t' || Peek() == '\n' || Peek() == '\r')) ++at_;
  }

  bool Value(std::string& out, size_t depth) {
    if (!More() || depth > kDepthMost) return false;
    switch (Peek()) {
      case '{':
        return Object(out, depth);
      case '[':
        return Array(out, depth);
      case '"':
        return String(out);
      case 't':
        return Word("true", out);
      case 'f':
        return Word("false", out);
      case 'n':
        return Word("null", out);
      default:
        return Number(out);
    }
  }

  bool Word(std::string_view word, std::string& out) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    out += word;
    return true;
  }

  bool Object(std::string& out, size_t depth) {
    ++at_;
    std::vector<std::pair<std::string, std::string>> members;
    Space();
    if (!Take('}')) {
      do {
        Space();
        auto& [key, value] = members.emplace_back();
        if (!More() || Peek() != '"' || !String(key)) return false;
        Space();
        if (!Take(':')) return false;
        Space();
        if (!Value(value, depth + 1)) return false;
        Space();
      } while (Take(','));
      if (!Take('}')) return false;
    }
    std::stable_sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    out += '{';
    bool first = true;
    for (size_t i = 0; i < members.size(); ++i) {
      if (i + 1 < members.size() && members[i + 1].first == members[i].first) continue;  // the last one counts
      if (!first) out += ',';
      first = false;
      out += members[i].first;
      out += ':';
      out += members[i].second;
    }
    out += '}';
    return true;
  }

  bool Array(std::string& out, size_t depth) {
    ++at_;
    out += '[';
    Space();
    if (!Take(']')) {
      bool first = true;
      do {
        if (!first) out += ',';
        first = false;
        Space();
        if (!Value(out, depth + 1)) return false;
        Space();
      } while (Take(','));
      if (!Take(']')) return false;
    }
    out += ']';
    return true;
  }

  bool Hex4(uint32_t& code) {
    if (text_.size() - at_ < 4) return false;
    const char* first = text_.data() + at_;
    const auto [end, error] = std::from_chars(first, first + 4, code, 16);
    if (error != std::errc() || end != first + 4) return false;
    at_ += 4;
    return true;
  }

  static void AppendUtf8(uint32_t code, std::string& out) {
    if (code < 0x80) {
      AppendPlain(static_cast<char>(code), out);
    } else if (code < 0x800) {
      out += static_cast<char>(0xC0 | (code >> 6));
      out += static_cast<char>(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      out += static_cast<char>(0xE0 | (code >> 12));
      out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
      out += static_cast<char>(0x80 | (code & 0x3F));
    } else {
      out += static_cast<char>(0xF0 | (code >> 18));
      out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
      out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
      out += static_cast<char>(0x80 | (code & 0x3F));
    }
  }

  // One character of a string, escaped only where JSON asks for it.
  static void AppendPlain(char c, std::string& out) {
    switch (c) {
      case '"':
        out += "\\\"";
        return;
      case '\\':
        out += "\\\\";
        return;
      case '\n':
        out += "\\n";
        return;
      case '\r':
        out += "\\r";
        return;
      case '\t':
        out += "\\t";
        return;
      case '\b':
        out += "\\b";
        return;
      case '\f':
        out += "\\f";
        return;
      default:
        break;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20) {
      out += c;
      return;
    }
    static constexpr char kDigits[] = "0123456789abcdef";
    out += "\\u00";
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }

  bool Escape(std::string& out) {
    if (!More()) return false;
    const char c = text_[at_++];
    switch (c) {
      case '"':
      case '\\':
      case '/':
        AppendPlain(c, out);
        return true;
      case 'n':
        AppendPlain('\n', out);
        return true;
      case 'r':
        AppendPlain('\r', out);
        return true;
      case 't':
        AppendPlain('\t', out);
        return true;
      case 'b':
        AppendPlain('\b', out);
        return true;
      case 'f':
        AppendPlain('\f', out);
        return true;
      case 'u':
        break;
      default:
        return false;
    }
    uint32_t code = 0;
    if (!Hex4(code)) return false;
    if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
      const size_t before = at_;
      at_ += 2;
      uint32_t low = 0;
      if (!Hex4(low)) return false;
      if (low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      } else {
        at_ = before;
      }
    }
    AppendUtf8(code, out);
    return true;
  }

  bool String(std::string& out) {
    ++at_;
    out += '"';
    while (More()) {
      const char c = text_[at_++];
      if (c == '"') {
        out += '"';
        return true;
      }
      if (c == '\\') {
        if (!Escape(out)) return false;
      } else {
        AppendPlain(c, out);
      }
    }
    return false;
  }

  size_t Digits() {
    const size_t before = at_;
    while (More() && Peek() >= '0' && Peek() <= '9') ++at_;
    return at_ - before;
  }

  bool Number(std::string& out) {
    const size_t begin = at_;
    Take('-');
    if (Digits() == 0) return false;
    if (Take('.') && Digits() == 0) return false;
    if (More() && (Peek() == 'e' || Peek() == 'E')) {
      ++at_;
      if (!Take('-')) Take('+');
      if (Digits() == 0) return false;
    }
    out += CanonicalNumber(text_.substr(begin, at_ - begin));
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::string CanonicalNumber(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  int64_t exponent = 0;
  if (const size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view power = text.substr(e + 1);
    if (power.starts_with('+')) power.remove_prefix(1);
    const auto [end, error] = std::from_chars(power.data(), power.data() + power.size(), exponent);
    if (error != std::errc()) return (negative ? "-" : "") + std::string(text);  // beyond any number: as it is
    text = text.substr(0, e);
  }
  std::string digits;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.') {
      exponent -= static_cast<int64_t>(text.size() - i - 1);
    } else {
      digits += text[i];
    }
  }
  const size_t first = digits.find_first_not_of('0');
  if (first == std::string::npos) return "0";
  digits.erase(0, first);
  while (digits.back() == '0') {
    digits.pop_back();
    ++exponent;
  }
  std::string out = negative ? "-" : "";
  const auto count = static_cast<int64_t>(digits.size());
  constexpr int64_t kPlainMost = 40;  // longer ones with an exponent, so that 1e300 stays short
  if (exponent >= 0 && count + exponent <= kPlainMost) {
    out += digits;
    out.append(static_cast<size_t>(exponent), '0');
  } else if (exponent < 0 && -exponent <= kPlainMost) {
    if (count > -exponent) {
      out += digits.substr(0, static_cast<size_t>(count + exponent));
      out += '.';
      out += digits.substr(static_cast<size_t>(count + exponent));
    } else {
      out += "0.";
      out.append(static_cast<size_t>(-exponent - count), '0');
      out += digits;
    }
  } else {
    out += digits.substr(0, 1);
    if (count > 1) out += "." + digits.substr(1);
    out += "e" + std::to_string(exponent + count - 1);
  }
  return out;
}

std::optional<std::string> CanonicalJson(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  if (!Parser(text).Parse(out)) return std::nullopt;
  return out;
}

}  // namespace sluice::model
