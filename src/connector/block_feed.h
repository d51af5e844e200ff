// The blocks of one chunk on their way into a statement: knows whether the chunk is small before it begins, and counts.
#pragma once

#include <optional>
#include <utility>

#include "connector/connector.h"

namespace sluice::connector {

class BlockFeed {
 public:
  // Waits for the first block, and for the second if there is a first.
  explicit BlockFeed(BlockSource& source)
      : source_(source), first_(source.Next()), second_(first_ ? source.Next() : std::nullopt) {}

  bool IsEmpty() const { return !first_ && rows_ == 0; }
  // All of it is in the first block: its rows and bytes are known.
  bool IsOneBlock() const { return one_block_; }
  uint64_t FirstRows() const { return first_ ? first_->rows : 0; }
  uint64_t FirstBytes() const { return first_ ? first_->bytes.size() : 0; }

  std::optional<Block> Next() {
    std::optional<Block> block;
    if (first_) {
      block = std::exchange(first_, std::nullopt);
    } else if (second_) {
      block = std::exchange(second_, std::nullopt);
    } else if (!one_block_) {
      block = source_.Next();
    }
    if (block) {
      rows_ += block->rows;
      bytes_ += block->bytes.size();
    }
    return block;
  }

  // Of the blocks handed out.
  uint64_t rows() const { return rows_; }
  uint64_t bytes() const { return bytes_; }

 private:
  BlockSource& source_;
  std::optional<Block> first_;
  std::optional<Block> second_;
  uint64_t rows_ = 0;
  uint64_t bytes_ = 0;
  const bool one_block_ = !second_;
};

}  // namespace sluice::connector
