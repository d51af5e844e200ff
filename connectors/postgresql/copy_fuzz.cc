// Any messages of a COPY: only kBadCopy may come of the frame, and a row of its text that is told to other engines
// has as many fields and lines as it had.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/error.h"
#include "connectors/postgresql/copy_format.h"
#include "connectors/postgresql/neutral.h"

namespace sluice::postgresql {
namespace {

void Try(std::string_view text, bool binary) {
  CopyUnframer unframer(binary);
  size_t rows = 0;
  try {
    for (std::string_view rest = text; !rest.empty();) {
      const size_t length = std::min<size_t>(rest.size(), static_cast<uint8_t>(rest[0]));
      rows += unframer.Row(rest.substr(0, length)).size();
      rest.remove_prefix(std::max<size_t>(length, 1));
    }
  } catch (const Error&) {
  }
  Check(rows <= text.size(), "rows are parts of the messages");

  std::string neutral;
  AppendNeutralRow(neutral, text);
  Check(neutral.size() <= text.size(), "escapes that are undone take less room");
  for (const char one : {'\t', '\n', '\r'}) {
    Check(std::count(neutral.begin(), neutral.end(), one) == std::count(text.begin(), text.end(), one),
          "fields and lines stay apart");
  }
}

}  // namespace
}  // namespace sluice::postgresql

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > 8192) return 0;
  sluice::postgresql::Try(std::string_view(reinterpret_cast<const char*>(data) + 1, size - 1), (data[0] & 1) != 0);
  return 0;
}
