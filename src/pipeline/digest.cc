#include "pipeline/digest.h"

#include <xxhash.h>

#include <cstring>

namespace sluice::pipeline {

Digest RowHasher::Of(model::Row row, size_t count) {
  size_t bytes = 0;
  for (size_t i = 0; i < count; ++i) bytes += sizeof(uint32_t) + (row[i].IsNull() ? 0 : row[i].size);
  if (buffer_.size() < bytes) buffer_.resize(bytes);
  char* at = buffer_.data();
  for (size_t i = 0; i < count; ++i) {
    const uint32_t size = row[i].IsNull() ? UINT32_MAX : row[i].size;
    std::memcpy(at, &size, sizeof(size));
    at += sizeof(size);
    if (row[i].IsNull()) continue;
    std::memcpy(at, row[i].data, row[i].size);
    at += row[i].size;
  }
  const XXH128_hash_t hash = XXH3_128bits(buffer_.data(), bytes);
  // A large row should not keep its room for ever.
  constexpr size_t kKept = 1 << 20;
  if (buffer_.size() > kKept) std::string().swap(buffer_);
  return {hash.low64, hash.high64};
}

}  // namespace sluice::pipeline
