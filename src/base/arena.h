// Bytes that live and die together: cells point into it. Not thread-safe; movable, so that it travels with its batch.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace sluice {

class Arena {
 public:
  static constexpr size_t kFirstBlockBytes = 1024;  // most arenas hold one small transaction
  static constexpr size_t kBlockBytes = 64 * 1024;

  // Uninitialised bytes, 8-byte aligned, valid until Clear() or the arena's end; never moved.
  char* Allocate(size_t bytes) {
    bytes = (bytes + 7) & ~size_t{7};
    if (bytes > left_) Grow(bytes);
    char* at = next_;
    next_ += bytes;
    left_ -= bytes;
    used_ += bytes;
    return at;
  }
  std::string_view Copy(std::string_view text) {
    if (text.empty()) return {};
    char* at = Allocate(text.size());
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }
  template <typename T>
  T* AllocateArray(size_t count) {
    return reinterpret_cast<T*>(Allocate(count * sizeof(T)));
  }

  // Keeps the first block for reuse.
  void Clear() {
    if (blocks_.size() > 1) blocks_.resize(1);
    next_ = blocks_.empty() ? nullptr : blocks_.front().bytes.get();
    left_ = blocks_.empty() ? 0 : blocks_.front().size;
    used_ = 0;
  }
  size_t used() const { return used_; }

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size;
  };
  void Grow(size_t bytes) {
    const size_t size = blocks_.empty() ? kFirstBlockBytes : blocks_.size() == 1 ? 8 * kFirstBlockBytes : kBlockBytes;
    const size_t take = size < bytes ? bytes : size;
    blocks_.push_back({std::unique_ptr<char[]>(new char[take]), take});
    next_ = blocks_.back().bytes.get();
    left_ = take;
  }

  std::vector<Block> blocks_;
  char* next_ = nullptr;
  size_t left_ = 0;
  size_t used_ = 0;
};

}  // namespace sluice
