// What the tests of the contract have in common: names, blocks in memory, reading a table as text, calls that are
// stopped or killed while they are blocked.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/stop.h"
#include "connector/connector.h"
#include "connector/registry.h"
#include "tests/contract/fixture.h"

namespace sluice::contract {

inline constexpr const char* kSourceDatabase = "contract_source";
inline constexpr const char* kDestinationDatabase = "contract_destination";
inline constexpr const char* kTask = "contract";
inline constexpr milliseconds kStopMost{2000};

// The one database gets another name, everything else keeps its own.
class Names : public model::NameMap {
 public:
  model::ObjectName Map(const model::ObjectName& source) const override {
    return {MapDatabase(source.database), source.name};
  }
  std::string MapDatabase(const std::string& source) const override {
    return source == kSourceDatabase ? kDestinationDatabase : source;
  }
  std::string MapColumn(const model::ObjectName&, const std::string& column) const override { return column; }
  bool Selected(const model::ObjectName& source) const override { return source.database == kSourceDatabase; }
  model::TableMappingPtr MapTable(const model::Table& table) const override;
};

// Keeps blocks, and gives them again.
class Blocks : public connector::BlockSink {
 public:
  void Put(connector::Block block) override { all.push_back(std::move(block)); }
  uint64_t rows() const;
  std::vector<connector::Block> all;
};

class Replay : public connector::BlockSource {
 public:
  // After the blocks, `failure` is thrown if there is one.
  explicit Replay(const Blocks& blocks, std::optional<Error> failure = std::nullopt)
      : blocks_(blocks), failure_(std::move(failure)) {}
  std::optional<connector::Block> Next() override;

 private:
  const Blocks& blocks_;
  std::optional<Error> failure_;
  size_t at_ = 0;
};

using Rows = std::multiset<std::vector<std::optional<std::string>>>;

// "" when both are the same, else the first cell that is not. Values may be large: googletest's own comparison takes
// gigabytes for them.
std::string Difference(const Rows& actual, const Rows& expected);

// All rows as both sides' verification reads them, in the order of the mapping's columns.
Rows ReadRows(connector::VerifyReader& reader, const model::TablePtr& table, const model::TableMapping& mapping,
              bool is_source, const connector::ServerInfo& peer);

// "ORDINAL: insert items(1) delete items(2)": the first column's number names the row.
std::string Text(const model::Transaction& transaction);

// Waits for a condition, at most a minute.
bool Await(const std::function<bool()>& condition);

// What `call` threw, if anything.
std::optional<ErrorInfo> Thrown(const std::function<void()>& call);
// "MY-0102 never", to compare.
std::string Text(const std::optional<ErrorInfo>& error);
std::string Text(const Expected& expected);

// Runs `call` in a thread, waits until it `is_blocked`, does `end` to it and tells what it threw and how long that
// took.
struct Ended {
  bool was_blocked = false;
  std::optional<ErrorInfo> error;
  milliseconds took{0};
};
Ended EndWhenBlocked(const std::function<void()>& call, const std::function<bool()>& is_blocked,
                     const std::function<void()>& end);

// The connector of a fixture's server, opened; a test is skipped where there is no server.
struct Side {
  FixturePtr server;
  const connector::Connector* connector = nullptr;
  connector::Endpoint endpoint;
  std::string database;

  // False: the server's variable is not set.
  bool Open(FixturePtr fixture, const std::string& its_database);
  std::string Name(const std::string& table) const { return server->Name({database, table}); }
  void Make(const TableSpec& table);
};

// The start of a cut of these tables.
model::Position CutPosition(connector::Source& source, const std::vector<model::TablePtr>& tables);

// A test that needs one server, as a source.
class SourceTest : public testing::TestWithParam<FixturePtr> {
 protected:
  void SetUp() override;
  void TearDown() override;

  model::TablePtr Describe(const std::string& table);
  std::unique_ptr<connector::Snapshot> Snapshot(bool with_position, std::stop_token stop = {});
  // A position that Changes() can begin at: nothing up to it is given.
  model::Position StartOfChanges();
  // All but those whose names begin with "other".
  std::vector<model::TablePtr> SelectedTables();
  std::unique_ptr<connector::ChangeStream> Changes(const model::Position& start, uint64_t ordinal,
                                                   std::stop_token stop = {});
  // Transactions up to the log's end as it is now.
  std::vector<model::TransactionPtr> ReadToEnd(connector::ChangeStream& stream);
  // Until nothing comes any more, where nothing with rows is to come.
  void ReadToSilence(connector::ChangeStream& stream);
  void MakeItems(const std::string& name);

  Side side_;
  std::unique_ptr<connector::Source> source_;
  Names names_;
};

// A test that needs a pair that the table of pairs offers.
using Pair = std::pair<FixturePtr, FixturePtr>;

class PairTest : public testing::TestWithParam<Pair> {
 protected:
  void SetUp() override;
  void TearDown() override;

  bool SameKind() const { return from_.server->kind() == to_.server->kind(); }
  model::TablePtr Describe(const std::string& table);
  // Whether the destination can have this table.
  bool Takes(const TableSpec& spec);
  // Makes the table, and what it needs, at the source and, translated, at the destination.
  model::TablePtr MakeTable(const TableSpec& spec);
  model::TablePtr MakeItems(const std::vector<std::string>& values);
  // Makes what the table at the source needs at the destination.
  void MakeNeeds();
  // Reads the whole table at a cut of its own.
  Blocks Read(const model::TablePtr& table);
  connector::LoadResult Load(connector::Loader& loader, const model::TablePtr& table, connector::BlockSource& blocks,
                             uint64_t chunk = 0);
  std::string Encoding(const model::TablePtr& table);
  std::string DestinationValue(const std::string& sql_after_from);
  Rows SourceRows(const model::TablePtr& table);
  Rows DestinationRows(const model::TablePtr& table);
  // The two are of different engines.
  bool IsNeutral() const { return from_.server->engine() != to_.server->engine(); }
  std::vector<connector::ChunkMark> Marks();
  // What happened at the source since `start`, in groups of one row.
  std::vector<model::TransactionPtr> ChangesSince(const model::Position& start,
                                                  const std::vector<model::TablePtr>& tables);
  void Apply(connector::Applier& applier, const model::Transaction& transaction, bool idempotent = false);
  connector::ApplyProgress Progress(const model::Transaction& transaction) const;

  Side from_;
  Side to_;
  std::unique_ptr<connector::Source> source_;
  std::unique_ptr<connector::Destination> destination_;
  Names names_;
  std::set<std::string> made_;  // labels of what is at the destination
};

std::vector<FixturePtr> Sources();
std::vector<Pair> OfferedPairs();

}  // namespace sluice::contract
