// A source and a destination in memory for tests of the full load: rows are "table:number", chunks are ranges of them,
// and every call can be made to fail.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/stop.h"
#include "pipeline/full_load.h"

namespace sluice::pipeline {

inline constexpr ErrorCode kTestFailure{"TT-0001", "A failure made by a test"};

inline Error MakeFailure(RetryClass retry) {
  return Error(kTestFailure).Cause("made by a test").Retry(retry);
}

struct MemoryTable {
  std::string name;
  size_t chunks = 1;
  size_t blocks_per_chunk = 1;
  size_t rows_per_block = 10;
  size_t bytes_per_row = 10;
};

// What is between the two halves, for the tests to look at.
struct MemoryWorld {
  std::vector<MemoryTable> tables;
  // Called before the work is done; throws to make it fail.
  std::function<void(const std::string&table, uint64_t chunk)> on_plan, on_read, on_load, on_commit;
  std::function<void()> on_open_loader;

  std::mutex mutex;
  std::map<std::pair<std::string, uint64_t>, uint64_t> marks;  // committed chunks and their rows
  std::map<std::string, uint64_t> rows;                        // committed rows by table
  std::vector<std::string> planned;                            // in the order of planning
  std::atomic<int64_t> bytes_in_flight{0};                     // below zero for moments: counted after the hand-over
  std::atomic<int64_t> bytes_in_flight_max{0};
  std::atomic<int> loaders_opened{0};

  const MemoryTable& Find(const std::string& name) const {
    for (const MemoryTable& table : tables) {
      if (table.name == name) return table;
    }
    throw std::logic_error("no such table");
  }
};

class MemorySnapshot : public connector::Snapshot {
 public:
  MemorySnapshot(MemoryWorld& world, size_t readers) : world_(world), readers_(readers) {}
  const connector::Cut& cut() const override { return cut_; }
  size_t readers() const override { return readers_; }

  std::vector<connector::Chunk> PlanChunks(size_t, const model::Table& table, const model::TableMapping&,
                                           uint64_t) override {
    if (world_.on_plan) world_.on_plan(table.name.name, 0);
    {
      std::lock_guard lock(world_.mutex);
      world_.planned.push_back(table.name.name);
    }
    std::vector<connector::Chunk> chunks(world_.Find(table.name.name).chunks);
    for (size_t i = 0; i < chunks.size(); ++i) chunks[i].number = i;
    return chunks;
  }

  void ReadChunk(size_t, const model::Table& table, const model::TableMapping&, const connector::Chunk& chunk,
                 const std::string&, connector::BlockSink& sink) override {
    if (world_.on_read) world_.on_read(table.name.name, chunk.number);
    const MemoryTable& shape = world_.Find(table.name.name);
    for (size_t i = 0; i < shape.blocks_per_chunk; ++i) {
      connector::Block block;
      block.rows = shape.rows_per_block;
      block.bytes.assign(shape.rows_per_block * shape.bytes_per_row, 'x');
      const auto size = static_cast<int64_t>(block.bytes.size());
      sink.Put(std::move(block));
      const int64_t now = world_.bytes_in_flight += size;
      int64_t most = world_.bytes_in_flight_max;
      while (now > most && !world_.bytes_in_flight_max.compare_exchange_weak(most, now)) {
      }
    }
  }

 private:
  MemoryWorld& world_;
  connector::Cut cut_;
  size_t readers_;
};

class MemoryLoader : public connector::Loader {
 public:
  explicit MemoryLoader(MemoryWorld& world) : world_(world) {}

  connector::LoadResult Load(const model::Table& table, const model::TableMapping&, const std::string&,
                             connector::BlockSource& blocks, const connector::ChunkMark& mark) override {
    if (world_.on_load) world_.on_load(table.name.name, mark.chunk);
    connector::LoadResult result;
    {
      std::lock_guard lock(world_.mutex);
      const auto mark_of = world_.marks.find({table.name.name, mark.chunk});
      if (mark_of != world_.marks.end()) return {.rows = mark_of->second, .was_in = true};
    }
    while (const auto block = blocks.Next()) {
      world_.bytes_in_flight -= static_cast<int64_t>(block->bytes.size());
      result.rows += block->rows;
      result.bytes += block->bytes.size();
    }
    {
      std::lock_guard lock(world_.mutex);
      if (!world_.marks.emplace(std::pair(table.name.name, mark.chunk), result.rows).second) {
        throw std::logic_error("chunk loaded twice");
      }
      world_.rows[table.name.name] += result.rows;
    }
    if (world_.on_commit) world_.on_commit(table.name.name, mark.chunk);
    return result;
  }

 private:
  MemoryWorld& world_;
};

class MemoryBookkeeping : public connector::Bookkeeping {
 public:
  explicit MemoryBookkeeping(MemoryWorld& world) : world_(world) {}
  void Prepare() override {}
  std::vector<connector::ChunkMark> ChunksDone(const std::string& task) override {
    std::lock_guard lock(world_.mutex);
    std::vector<connector::ChunkMark> marks;
    for (const auto& [key, rows] : world_.marks) {
      marks.push_back({.task = task, .table = {"d", key.first}, .chunk = key.second, .rows = rows});
    }
    return marks;
  }
  void ResetTable(const std::string&, const model::ObjectName&, const model::ObjectName&) override {}
  std::vector<connector::ApplyProgress> LoadProgress(const std::string&) override { return {}; }
  void SaveProgress(const connector::ApplyProgress&) override {}
  std::optional<std::string> LoadNote(const std::string&, const std::string&) override { return std::nullopt; }
  std::vector<std::pair<std::string, std::string>> LoadNotes(const std::string&, const std::string&) override {
    return {};
  }
  void SaveNotes(const std::string&, const std::vector<Note>&, const connector::ApplyProgress*) override {}
  void RemoveTask(const std::string&) override {}
  std::optional<connector::Owner> LoadOwner(const std::string&) override { return std::nullopt; }
  bool TakeOver(const std::string&, const connector::Owner&, const std::optional<connector::Owner>&) override {
    return true;
  }
  Released Release(const std::string&) override { return {}; }

 private:
  MemoryWorld& world_;
};

class MemoryDestination : public connector::Destination {
 public:
  explicit MemoryDestination(MemoryWorld& world) : world_(world) {}
  void WriteAs(const connector::Fence&) override {}
  connector::ServerInfo Server() override { return {}; }
  std::vector<connector::PrecheckItem> Precheck(const connector::PrecheckRequest&,
                                                const connector::SessionContext&) override {
    return {};
  }
  std::unique_ptr<connector::Catalog> OpenCatalog(const connector::SessionContext&) override { return nullptr; }
  std::unique_ptr<connector::SchemaWriter> OpenSchemaWriter(const connector::SessionContext&) override {
    return nullptr;
  }
  std::unique_ptr<connector::Loader> OpenLoader(const connector::SessionContext&) override {
    ++world_.loaders_opened;
    if (world_.on_open_loader) world_.on_open_loader();
    return std::make_unique<MemoryLoader>(world_);
  }
  std::unique_ptr<connector::Applier> OpenApplier(bool, const connector::SessionContext&) override { return nullptr; }
  std::unique_ptr<connector::Bookkeeping> OpenBookkeeping(const connector::SessionContext&) override {
    return std::make_unique<MemoryBookkeeping>(world_);
  }
  std::unique_ptr<connector::VerifyReader> OpenVerifyReader(const connector::SessionContext&) override {
    return nullptr;
  }
  std::string ChooseEncoding(const model::Table&, const model::TableMapping&, const std::vector<std::string>&,
                             const connector::SessionContext&) override {
    return "test";
  }

 private:
  MemoryWorld& world_;
};

}  // namespace sluice::pipeline
