#include "connectors/postgresql/test_decoding/encoding.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "connectors/postgresql/pgoutput/bytes.h"

namespace sluice::postgresql::test_decoding {
namespace {

// The C library's names for the server's encodings (PostgreSQL documentation, "Character Set Support"). What is not
// here cannot be a database's, or is not known to the C library (MULE_INTERNAL).
constexpr std::pair<std::string_view, const char*> kEncodings[] = {
    {"UTF8", ""},
    {"SQL_ASCII", ""},  // whatever was stored, as pgoutput sends it
    {"LATIN1", "ISO-8859-1"},
    {"LATIN2", "ISO-8859-2"},
    {"LATIN3", "ISO-8859-3"},
    {"LATIN4", "ISO-8859-4"},
    {"LATIN5", "ISO-8859-9"},
    {"LATIN6", "ISO-8859-10"},
    {"LATIN7", "ISO-8859-13"},
    {"LATIN8", "ISO-8859-14"},
    {"LATIN9", "ISO-8859-15"},
    {"LATIN10", "ISO-8859-16"},
    {"ISO_8859_5", "ISO-8859-5"},
    {"ISO_8859_6", "ISO-8859-6"},
    {"ISO_8859_7", "ISO-8859-7"},
    {"ISO_8859_8", "ISO-8859-8"},
    {"WIN1250", "CP1250"},
    {"WIN1251", "CP1251"},
    {"WIN1252", "CP1252"},
    {"WIN1253", "CP1253"},
    {"WIN1254", "CP1254"},
    {"WIN1255", "CP1255"},
    {"WIN1256", "CP1256"},
    {"WIN1257", "CP1257"},
    {"WIN1258", "CP1258"},
    {"WIN866", "CP866"},
    {"WIN874", "CP874"},
    {"KOI8R", "KOI8-R"},
    {"KOI8U", "KOI8-U"},
    {"EUC_CN", "EUC-CN"},
    {"EUC_JP", "EUC-JP"},
    {"EUC_JIS_2004", "EUC-JISX0213"},
    {"EUC_KR", "EUC-KR"},
    {"EUC_TW", "EUC-TW"},
};

}  // namespace

Encoding::Encoding(std::string name, std::optional<Utf8Converter> converter)
    : name_(std::move(name)), converter_(std::move(converter)) {}

std::optional<Encoding> Encoding::Make(const std::string& name) {
  const auto* const found =
      std::find_if(std::begin(kEncodings), std::end(kEncodings), [&](const auto& one) { return one.first == name; });
  if (found == std::end(kEncodings)) return std::nullopt;
  if (*found->second == '\0') return Encoding(name, std::nullopt);
  std::optional<Utf8Converter> converter = Utf8Converter::Make(found->second);
  if (!converter) return std::nullopt;
  return Encoding(name, std::move(converter));
}

std::string_view Encoding::Convert(std::string_view text) {
  if (!converter_ || IsAscii(text)) return text;
  std::optional<std::string> converted = converter_->Convert(text);
  if (!converted) pgoutput::ThrowBadMessage("it has bytes that are no characters of " + name_);
  text_ = std::move(*converted);
  return text_;
}

}  // namespace sluice::postgresql::test_decoding
