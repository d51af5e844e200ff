// The encoding "mysql.tsv": rows as LOAD DATA reads them by default (MySQL 8.4 Reference Manual 15.2.9, "Field and
// line handling"): fields ended by tab, rows by newline, escape character backslash, NULL as \N. Bytes stand in each
// column's own character set, so only three bytes are special whatever the character set: backslash, tab, newline.
// (A character set whose second bytes may be 0x5c, such as gbk, is escaped byte by byte, and read so too, because
// the destination is told CHARACTER SET binary.)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::mysql {

inline constexpr const char* kTsvEncoding = "mysql.tsv";

// Appends the cell escaped, without what follows it.
void AppendTsvCell(std::string& out, std::string_view cell);
inline void AppendTsvNull(std::string& out) {
  out.append("\\N", 2);
}
// The same for the encoding "neutral.tsv" (connector/neutral.h), where a carriage return is escaped too.
void AppendNeutralCell(std::string& out, std::string_view cell);
// Bytes as "\\x" and hexadecimal digits.
void AppendNeutralHex(std::string& out, std::string_view bytes);
// True where AppendTsvCell() would copy the cell unchanged.
bool IsPlainTsv(std::string_view cell);

// Walks the rows of one block.
class TsvReader {
 public:
  explicit TsvReader(std::string_view block) : rest_(block) {}

  // The bytes of the next row without its newline; false at the end.
  bool NextRow(std::string_view& row);
  // Splits a row into its cells as they were before escaping; null for \N. Reuses the strings of `cells`.
  static void Split(std::string_view row, std::vector<std::optional<std::string>>& cells);
  // Splits without undoing escapes; null is the two bytes \N.
  static void SplitRaw(std::string_view row, std::vector<std::string_view>& cells);

 private:
  std::string_view rest_;
};

// Appends an escaped cell as it was before. Not for null.
void AppendUnescaped(std::string& out, std::string_view escaped);
// Appends what an escaped cell says as the inside of a quoted SQL literal, for a session with backslash escapes.
void AppendTsvAsSql(std::string& out, std::string_view escaped);

}  // namespace sluice::mysql
