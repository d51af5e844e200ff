#include "connectors/mysql/charset_table.h"

#include <fmt/format.h>

#include "connectors/mysql/destination_table.h"
#include "connectors/mysql/neutral.h"

namespace sluice::mysql {
namespace {

constexpr size_t kAskedKept = 4096;
constexpr uint64_t kLongestPair = 2;

std::string Hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02X}", static_cast<unsigned char>(c));
  return out;
}

}  // namespace

bool IsUtf8Charset(const std::string& charset) {
  const std::string name = CanonicalCharset(charset);
  return name.empty() || name == "utf8mb4" || name == "utf8mb3" || name == "utf8" || name == "ascii" ||
         name == "binary";
}

CharsetTable::CharsetTable(Connection& connection, std::string charset)
    : connection_(connection), charset_(std::move(charset)) {
  const OptionalText longest = connection_.QueryOne(
      "SELECT MAXLEN FROM information_schema.CHARACTER_SETS WHERE CHARACTER_SET_NAME = '" + charset_ + "'");
  const uint64_t bytes = longest ? std::strtoull(longest->c_str(), nullptr, 10) : 0;
  by_table_ = bytes >= 1 && bytes <= kLongestPair && charset_ != "ucs2";
  has_pairs_ = bytes == kLongestPair;
  if (by_table_) LearnSingles();
}

// A code that is none becomes a question mark, as nothing else but the question mark does.
void CharsetTable::LearnSingles() {
  std::string sql = "SELECT ";
  for (unsigned code = 0; code < 256; ++code) {
    sql += fmt::format("{}CONVERT(CONVERT(X'{:02X}' USING {}) USING utf8mb4)", code == 0 ? "" : ",", code, charset_);
  }
  const TextRows rows = connection_.Query(sql, "character set " + charset_);
  if (rows.empty()) return;
  for (unsigned code = 0; code < 256; ++code) {
    const OptionalText& text = rows[0][code];
    if (text && (*text != "?" || code == '?')) singles_[code] = *text;
  }
}

void CharsetTable::LearnPairs(unsigned lead) {
  pairs_[lead] = std::make_unique<std::vector<std::string>>(256);
  std::string sql = "SELECT ";
  for (unsigned code = 0; code < 256; ++code) {
    sql += fmt::format("{}CONVERT(CONVERT(X'{:02X}{:02X}' USING {}) USING utf8mb4)", code == 0 ? "" : ",", lead, code,
                       charset_);
  }
  const TextRows rows = connection_.Query(sql, "character set " + charset_);
  if (rows.empty()) return;
  for (unsigned code = 0; code < 256; ++code) {
    const OptionalText& text = rows[0][code];
    if (text && text->find('?') == std::string::npos) (*pairs_[lead])[code] = *text;
  }
}

bool CharsetTable::ConvertByTable(std::string_view bytes, std::string& out) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto code = static_cast<unsigned char>(bytes[i]);
    if (!singles_[code].empty()) {
      out += singles_[code];
      continue;
    }
    if (!has_pairs_ || i + 1 >= bytes.size()) return false;
    if (pairs_[code] == nullptr) LearnPairs(code);
    const std::string& text = (*pairs_[code])[static_cast<unsigned char>(bytes[++i])];
    if (text.empty()) return false;
    out += text;
  }
  return true;
}

const OptionalText& CharsetTable::Ask(std::string_view bytes) {
  const auto known = asked_.find(std::string(bytes));
  if (known != asked_.end()) return known->second;
  if (asked_.size() >= kAskedKept) asked_.clear();
  const std::string text = fmt::format("CONVERT(X'{}' USING {})", Hex(bytes), charset_);
  const OptionalText unicode =
      connection_.QueryOne("SELECT " + SelectUnicode(text, charset_, "NULL"), "character set " + charset_);
  return asked_.emplace(bytes, unicode).first->second;
}

bool CharsetTable::Convert(std::string_view bytes, std::string& out) {
  out.clear();
  if (bytes.empty() || (by_table_ && ConvertByTable(bytes, out))) return true;
  const OptionalText& unicode = Ask(bytes);
  out = unicode.value_or("");
  return unicode.has_value();
}

CharsetTable* Utf8Converter::Find(const std::string& charset) {
  if (IsUtf8Charset(charset)) return nullptr;
  const std::string name = CanonicalCharset(charset);
  std::unique_ptr<CharsetTable>& table = tables_[name];
  if (table == nullptr) {
    if (connection_ == nullptr) connection_ = std::make_unique<Connection>(endpoint_, context_);
    table = std::make_unique<CharsetTable>(*connection_, name);
  }
  return table.get();
}

}  // namespace sluice::mysql
