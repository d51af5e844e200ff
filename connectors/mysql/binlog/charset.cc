#include "connectors/mysql/binlog/charset.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/charset.h"

namespace sluice::mysql::binlog {
namespace {

// The names under which the C library knows the character sets that a client can use.
constexpr std::pair<std::string_view, const char*> kNames[] = {
    {"latin1", "CP1252"},
    {"latin2", "ISO-8859-2"},
    {"latin5", "ISO-8859-9"},
    {"latin7", "ISO-8859-13"},
    {"cp1250", "CP1250"},
    {"cp1251", "CP1251"},
    {"cp1256", "CP1256"},
    {"cp1257", "CP1257"},
    {"cp850", "CP850"},
    {"cp852", "CP852"},
    {"cp866", "CP866"},
    {"greek", "ISO-8859-7"},
    {"hebrew", "ISO-8859-8"},
    {"koi8r", "KOI8-R"},
    {"koi8u", "KOI8-U"},
    {"tis620", "TIS-620"},
    {"big5", "BIG5"},
    {"gb2312", "GB2312"},
    {"gbk", "GBK"},
    {"gb18030", "GB18030"},
    {"sjis", "SHIFT_JIS"},
    {"cp932", "CP932"},
    {"ujis", "EUC-JP"},
    {"eucjpms", "EUC-JP-MS"},
    {"euckr", "EUC-KR"},
    {"macroman", "MACINTOSH"},
    {"armscii8", "ARMSCII-8"},
    {"geostd8", "GEORGIAN-PS"},
};

}  // namespace

std::string ToUtf8(std::string_view text, const std::string& charset, bool& converted) {
  converted = false;
  if (IsAscii(text)) return std::string(text);
  const auto* const found =
      std::find_if(std::begin(kNames), std::end(kNames), [&](const auto& entry) { return entry.first == charset; });
  if (found == std::end(kNames)) return std::string(text);
  std::optional<Utf8Converter> converter = Utf8Converter::Make(found->second);
  std::optional<std::string> out = converter ? converter->Convert(text) : std::nullopt;
  converted = out.has_value();
  return out.value_or(std::string(text));
}

}  // namespace sluice::mysql::binlog
