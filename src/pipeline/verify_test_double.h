// Tables in memory that play both halves of a connector for the tests of verification.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>

#include "base/check.h"
#include "pipeline/verify_compare.h"

namespace sluice::pipeline::testing {

struct FakeTable {
  std::vector<TextRow> rows;
  int shift = 0;  // ranges begin this many keys later than asked, as with another collation
  std::function<void()> on_read_chunk = nullptr;
  std::function<void()> on_read_keys = nullptr;
  std::atomic<int> position{0};  // of the log, that the source tells
  std::mutex mutex{};

  // Carries out what FakeReader::RepairStatement wrote.
  void Mend(const std::string& repair);
};

// Texts of a row with a separator that the tests do not use; NULL as "\\N".
inline std::string Encode(const TextRow& row) {
  std::string text;
  for (const auto& cell : row) text += cell.value_or("\\N") + '|';
  return text;
}
inline TextRow Decode(const std::string& text) {
  TextRow row;
  size_t begin = 0;
  for (size_t end = text.find('|'); end != std::string::npos; begin = end + 1, end = text.find('|', begin)) {
    const std::string cell = text.substr(begin, end - begin);
    row.push_back(cell == "\\N" ? std::nullopt : std::optional(cell));
  }
  return row;
}

inline void FakeTable::Mend(const std::string& repair) {
  const size_t bar = repair.find('#');
  const TextRow old = Decode(repair.substr(1, bar - 1));
  const TextRow row = Decode(repair.substr(bar + 1));
  if (repair[0] == 'I') {
    rows.push_back(row);
    return;
  }
  const auto found = std::find(rows.begin(), rows.end(), old);
  Check(found != rows.end(), "the row to mend");
  if (repair[0] == 'U') {
    *found = row;
  } else {
    rows.erase(found);
  }
}

// Chunks are ranges of the first column's text, 100 rows long.
class FakeReader : public connector::VerifyReader {
 public:
  explicit FakeReader(FakeTable& table) : table_(table) {}

  std::vector<connector::Chunk> PlanChunks(const connector::VerifyTable& table, uint64_t) override {
    if (table.key_columns == 0) return {connector::Chunk{}};
    std::lock_guard lock(table_.mutex);
    std::vector<std::string> keys;
    for (const TextRow& row : table_.rows) keys.push_back(*row[0]);
    std::sort(keys.begin(), keys.end());
    std::vector<connector::Chunk> chunks;
    for (size_t i = 0; i <= keys.size(); i += 100) {
      connector::Chunk chunk;
      chunk.number = chunks.size();
      if (!chunks.empty()) chunk.lower = chunks.back().upper;
      if (i + 100 < keys.size()) chunk.upper = keys[i + 100];
      chunks.push_back(chunk);
      if (chunk.upper.empty()) break;
    }
    return chunks;
  }

  void ReadChunk(const connector::VerifyTable&, const connector::Chunk& chunk, const RowSink& sink) override {
    std::lock_guard lock(table_.mutex);
    if (table_.on_read_chunk) table_.on_read_chunk();
    for (const TextRow& row : table_.rows) {
      const std::string key = Shifted(*row[0]);
      if (!chunk.lower.empty() && key <= chunk.lower) continue;
      if (!chunk.upper.empty() && key > chunk.upper) continue;
      Send(row, sink);
    }
  }

  void ReadKeys(const connector::VerifyTable&, const std::vector<std::vector<std::string>>& keys,
                const RowSink& sink) override {
    if (table_.on_read_keys) table_.on_read_keys();
    std::lock_guard lock(table_.mutex);
    for (const TextRow& row : table_.rows) {
      const auto is_key = [&](const std::vector<std::string>& key) { return key[0] == *row[0]; };
      if (std::any_of(keys.begin(), keys.end(), is_key)) Send(row, sink);
    }
  }

  std::string RepairStatement(const connector::VerifyTable&, Repair repair, const TextRow& old,
                              const TextRow& row) override {
    const char* kind = repair == Repair::kInsert ? "I" : repair == Repair::kUpdate ? "U" : "D";
    return kind + Encode(old) + "#" + Encode(row);
  }
  std::string RepairPreamble() override { return ""; }

 private:
  std::string Shifted(const std::string& key) const {
    if (table_.shift == 0) return key;
    std::string text = std::to_string(std::stoull(key) + static_cast<uint64_t>(table_.shift));
    return std::string(12 - std::min<size_t>(12, text.size()), '0') + text;
  }
  static void Send(const TextRow& row, const RowSink& sink) {
    std::vector<model::Cell> cells;
    for (const auto& text : row) {
      cells.push_back(text ? model::Cell::Bytes(model::CellKind::kBytes, *text) : model::Cell::Null());
    }
    sink(cells);
  }

  FakeTable& table_;
};

// Everything but reading for verification is left out.
class FakeSide : public connector::Source, public connector::Destination {
 public:
  explicit FakeSide(FakeTable& table) : table_(table) {}

  void WriteAs(const connector::Fence&) override {}
  connector::ServerInfo Server() override { return {}; }
  std::vector<connector::PrecheckItem> Precheck(const connector::PrecheckRequest&,
                                                const connector::SessionContext&) override {
    return {};
  }
  std::unique_ptr<connector::Catalog> OpenCatalog(const connector::SessionContext&) override { return nullptr; }
  std::string DatabaseStatement(const std::string&) override { return ""; }
  std::unique_ptr<connector::Snapshot> OpenSnapshot(const connector::SnapshotRequest&,
                                                    const connector::SessionContext&) override {
    return nullptr;
  }
  std::unique_ptr<connector::ChangeStream> OpenChanges(const connector::ChangeRequest&,
                                                       const connector::SessionContext&) override {
    return nullptr;
  }
  std::vector<connector::TableChange> DescribeAfter(const model::DdlChange&, const std::vector<model::TablePtr>&,
                                                    const connector::SessionContext&) override {
    return {};
  }
  std::unique_ptr<connector::FilterEvaluator> OpenFilter(bool, const connector::SessionContext&) override {
    return nullptr;
  }
  std::unique_ptr<connector::VerifyReader> OpenVerifyReader(const connector::SessionContext&) override {
    return std::make_unique<FakeReader>(table_);
  }
  model::Position CurrentPosition(std::stop_token) override { return {"test", std::to_string(table_.position)}; }
  bool ChunksOutliveCut(bool) const override { return true; }
  bool Reached(const model::Position& applied, const model::Position& wanted) const override {
    return std::stoi(applied.json) >= std::stoi(wanted.json);
  }
  std::vector<std::string> SnapshotEncodings() const override { return {}; }
  connector::OpenTransactions OpenTransactionsIn(const std::vector<std::string>&,
                                                 const connector::SessionContext&) override {
    return {};
  }
  std::vector<connector::SourceObject> SourceObjects(const connector::SessionContext&) override { return {}; }
  std::vector<std::string> ReleaseSource(const std::string&, const connector::SessionContext&) override { return {}; }
  std::unique_ptr<connector::SchemaWriter> OpenSchemaWriter(const connector::SessionContext&) override {
    return nullptr;
  }
  std::unique_ptr<connector::Loader> OpenLoader(const connector::SessionContext&) override { return nullptr; }
  std::unique_ptr<connector::Applier> OpenApplier(bool, const connector::SessionContext&) override { return nullptr; }
  std::unique_ptr<connector::Bookkeeping> OpenBookkeeping(const connector::SessionContext&) override { return nullptr; }
  std::string ChooseEncoding(const model::Table&, const model::TableMapping&, const std::vector<std::string>&,
                             const connector::SessionContext&) override {
    return "";
  }

 private:
  FakeTable& table_;
};

}  // namespace sluice::pipeline::testing
