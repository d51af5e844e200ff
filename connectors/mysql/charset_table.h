// Texts of a character set in UTF-8, exactly as the source's own server converts them: what its codes stand for is
// asked from it, once for each character set in use. One thread.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "connectors/mysql/connection.h"

namespace sluice::mysql {

class CharsetTable {
 public:
  // Asks for the codes of one byte, and of two where the character set has them (gbk, sjis ...). Of the others (ucs2,
  // ujis, gb18030 ...) each text is asked for as it comes.
  CharsetTable(Connection& connection, std::string charset);

  // `out` is replaced. False where a character has no Unicode.
  bool Convert(std::string_view bytes, std::string& out);

 private:
  void LearnSingles();
  void LearnPairs(unsigned lead);
  bool ConvertByTable(std::string_view bytes, std::string& out);
  const OptionalText& Ask(std::string_view bytes);

  Connection& connection_;
  const std::string charset_;
  bool by_table_ = false;
  bool has_pairs_ = false;
  std::array<std::string, 256> singles_;                              // empty: no character by itself
  std::array<std::unique_ptr<std::vector<std::string>>, 256> pairs_;  // by first byte, as they are met
  std::unordered_map<std::string, OptionalText> asked_;               // the last ones
};

class Utf8Converter {
 public:
  Utf8Converter(const connector::Endpoint& endpoint, const connector::SessionContext& context)
      : endpoint_(endpoint), context_(context) {}

  // Null where the bytes are UTF-8 as they are, or no text.
  CharsetTable* Find(const std::string& charset);

 private:
  const connector::Endpoint endpoint_;
  const connector::SessionContext context_;
  std::unique_ptr<Connection> connection_;  // opened when the first table is needed
  std::map<std::string, std::unique_ptr<CharsetTable>> tables_;
};

// Whether texts of this character set are UTF-8 already.
bool IsUtf8Charset(const std::string& charset);

}  // namespace sluice::mysql
