// Any text in any dialect: no crash, and what was read is read again in the same way.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "sql/token.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::sql;
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  Dialect dialect;
  dialect.family = static_cast<Family>(data[0] % 3);
  dialect.ansi_quotes = (data[0] & 4) != 0;
  dialect.no_backslash_escapes = (data[0] & 8) != 0;
  dialect.version = (data[0] & 16) != 0 ? 101100 : 0;
  const Tokens tokens = Tokenize(text, dialect);
  const Tokens again = Tokenize(Render(tokens), dialect);
  sluice::Check(again.size() <= tokens.size() + 1, "rendered tokens read differently");
  return 0;
}
