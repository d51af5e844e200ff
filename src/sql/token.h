// Splits a statement into tokens so that it can be understood and rewritten without a grammar: what is not touched
// comes out byte by byte as it was. Dialects: MySQL, MariaDB, PostgreSQL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::sql {

enum class TokenKind : uint8_t {
  kWord,        // keyword or unquoted name
  kQuotedName,  // `a`, or "a" where that is a name
  kString,      // 'a', "a", N'a', E'a', $$a$$
  kNumber,      // 1, 1.5e3, 0x1F, x'1F', b'01'
  kSymbol,      // operators and punctuation, the longest that exists
};

enum class Family : uint8_t { kMySql, kMariaDb, kPostgreSql };

// How the server that ran the statement reads it.
struct Dialect {
  Family family = Family::kMySql;
  // Server version as major * 10000 + minor * 100 + patch. Decides about /*!50100 ... */; 0: unknown, all are read.
  uint32_t version = 0;
  bool ansi_quotes = false;
  bool no_backslash_escapes = false;
};

struct Token {
  TokenKind kind = TokenKind::kWord;
  std::string text;   // as written, quotes included
  std::string value;  // of names and strings: without quotes and escapes
  std::string gap;    // white space and comments before it

  bool Is(std::string_view word) const;  // an unquoted word, ignoring ASCII case
  bool IsSymbol(std::string_view symbol) const { return kind == TokenKind::kSymbol && text == symbol; }
  bool IsName() const { return kind == TokenKind::kWord || kind == TokenKind::kQuotedName; }
  bool IsString() const { return kind == TokenKind::kString; }
  const std::string& Name() const { return value; }  // of IsName()
};

using Tokens = std::vector<Token>;

// Never fails: an unterminated string or comment reaches to the end. Comments become gaps; of executable comments that
// the server runs (/*!40000 ... */, /*M! ... */) the contents become tokens and the marks vanish; those that it skips
// vanish whole, so that no other server runs them.
Tokens Tokenize(std::string_view text, const Dialect& dialect);

// Gaps and texts one after the other.
std::string Render(const Tokens& tokens);
std::string Render(const Tokens& tokens, size_t begin, size_t end);

Tokens Slice(const Tokens& tokens, size_t begin, size_t end);

Token Word(std::string_view text);
Token Symbol(std::string_view text);
Token Number(std::string_view text);
Token BacktickName(std::string_view name);
// 'text' with quotes doubled and, unless no_backslash_escapes, backslashes too.
Token StringToken(std::string_view value, const Dialect& dialect = {});

bool EqualIgnoringCase(std::string_view a, std::string_view b);
std::string ToLower(std::string_view text);  // ASCII only

}  // namespace sluice::sql
