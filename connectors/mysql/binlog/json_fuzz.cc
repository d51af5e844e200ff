// Arbitrary bytes as binary JSON, and as differences on it. Only Error may come out.
#include <cstdint>
#include <string>

#include "base/error.h"
#include "connectors/mysql/binlog/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const size_t split = bytes.size() * data[0] / 256;
  std::string out;
  try {
    sluice::mysql::binlog::AppendJsonText(out, bytes);
  } catch (const sluice::Error&) {
  }
  try {
    sluice::mysql::binlog::AppendPatchedJsonText(out, bytes.substr(0, split), bytes.substr(split));
  } catch (const sluice::Error&) {
  }
  return 0;
}
