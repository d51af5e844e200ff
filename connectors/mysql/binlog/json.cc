#include "connectors/mysql/binlog/json.h"

#include <fmt/format.h>

#include "connectors/mysql/binlog/bytes.h"
#include "connectors/mysql/binlog/json_tree.h"

namespace sluice::mysql::binlog {
namespace {

// Text may be longer than the binary form (an escaped control character takes six bytes for one), but not by more:
// a document whose members share bytes could otherwise grow without end.
class TextLimit {
 public:
  TextLimit(const std::string& out, size_t binary_bytes) : out_(out), max_(out.size() + 16 * binary_bytes + 64) {}
  void Check() const {
    if (out_.size() > max_) ThrowBadEvent("A JSON document in it refers to the same bytes again and again.");
  }

 private:
  const std::string& out_;
  const size_t max_;
};

void AppendValue(std::string& out, const JsonValue& value, int depth, const TextLimit& limit) {
  limit.Check();
  if (!value.IsObject() && !value.IsArray()) {
    AppendJsonScalar(out, value);
    return;
  }
  if (depth > kJsonDepthMax) ThrowBadEvent("A JSON document in it is nested too deep.");
  const JsonMembers members(value);
  out += value.IsObject() ? '{' : '[';
  for (uint32_t i = 0; i < members.count(); ++i) {
    if (i != 0) out += ", ";
    if (value.IsObject()) {
      AppendJsonString(out, members.Key(i));
      out += ": ";
    }
    AppendValue(out, members.Value(i), depth + 1, limit);
  }
  out += value.IsObject() ? '}' : ']';
}

}  // namespace

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

void AppendJsonText(std::string& out, std::string_view binary) {
  AppendValue(out, ParseJson(binary), 0, TextLimit(out, binary.size()));
}

}  // namespace sluice::mysql::binlog
