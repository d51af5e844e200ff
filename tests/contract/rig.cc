#include "tests/contract/rig.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "base/check.h"

namespace sluice::contract {

using connector::Chunk;
using connector::VerifyTable;
using model::TablePtr;

model::TableMappingPtr Names::MapTable(const model::Table& table) const {
  if (!Selected(table.name)) return nullptr;
  auto mapping = std::make_shared<model::TableMapping>();
  mapping->source = table.name;
  mapping->destination = Map(table.name);
  for (const model::Column& column : table.columns) {
    if (column.generated == model::Generated::kNo) mapping->columns.push_back({column.name, column.name});
  }
  return mapping;
}

uint64_t Blocks::rows() const {
  uint64_t rows = 0;
  for (const connector::Block& block : all) rows += block.rows;
  return rows;
}

std::optional<connector::Block> Replay::Next() {
  if (at_ < blocks_.all.size()) return blocks_.all[at_++];
  if (failure_) throw *failure_;
  return std::nullopt;
}

Rows ReadRows(connector::VerifyReader& reader, const TablePtr& table, const model::TableMapping& mapping,
              bool is_source, const connector::ServerInfo& peer) {
  VerifyTable what;
  what.table = table;
  what.peer = peer;
  const auto add = [&](const std::string& name) {
    const auto index = table->FindColumn(name);
    Check(index.has_value(), "a mapped column exists at both sides");
    if (std::find(what.columns.begin(), what.columns.end(), *index) == what.columns.end()) {
      what.columns.push_back(*index);
    }
  };
  if (const model::Key* key = table->IdentityKey()) {
    for (const model::KeyPart& part : key->parts) what.columns.push_back(part.column);
    what.key_columns = key->parts.size();
  }
  for (const model::ColumnMapping& column : mapping.columns) add(is_source ? column.source : column.destination);
  Rows rows;
  for (const Chunk& chunk : reader.PlanChunks(what, 1000)) {
    reader.ReadChunk(what, chunk, [&rows](model::Row row) {
      std::vector<std::optional<std::string>> texts;
      for (const model::Cell& cell : row) {
        texts.push_back(cell.IsNull() ? std::nullopt : std::optional(std::string(cell.text())));
      }
      rows.insert(std::move(texts));
    });
  }
  return rows;
}

namespace {

std::string Shown(const std::optional<std::string>& cell) {
  constexpr size_t kMost = 80;
  if (!cell) return "NULL";
  std::string text = fmt::format("{} bytes ", cell->size());
  for (const unsigned char byte : cell->substr(0, kMost)) {
    text += byte >= 0x20 && byte < 0x7f ? std::string(1, static_cast<char>(byte)) : fmt::format("\\x{:02x}", byte);
  }
  return text;
}

}  // namespace

std::string Difference(const Rows& actual, const Rows& expected) {
  if (actual == expected) return "";
  if (actual.size() != expected.size()) return fmt::format("{} rows, expected {}", actual.size(), expected.size());
  for (auto a = actual.begin(), e = expected.begin(); a != actual.end(); ++a, ++e) {
    for (size_t i = 0; i < std::min(a->size(), e->size()); ++i) {
      if ((*a)[i] != (*e)[i]) {
        return fmt::format("row {}, column {}: {}, expected {}", Shown(a->at(0)), i, Shown((*a)[i]), Shown((*e)[i]));
      }
    }
  }
  return "rows of another length";
}

std::string Text(const model::Transaction& transaction) {
  std::string text = fmt::format("{}:", transaction.ordinal);
  for (const model::RowChange& row : transaction.rows) {
    const char* kind = row.kind == model::ChangeKind::kInsert   ? "insert"
                       : row.kind == model::ChangeKind::kUpdate ? "update"
                                                                : "delete";
    const model::Row& image = row.kind == model::ChangeKind::kDelete ? row.before : row.after;
    text += fmt::format(" {} {}({})", kind, row.table->name.name, image[0].i);
  }
  return text;
}

bool Await(const std::function<bool()>& condition) {
  const Deadline deadline = Deadline::After(milliseconds(60'000));
  while (!condition()) {
    if (deadline.Passed()) return false;
    SleepFor({}, milliseconds(10));
  }
  return true;
}

std::optional<ErrorInfo> Thrown(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.info();
  }
  return std::nullopt;
}

std::string Text(const std::optional<ErrorInfo>& error) {
  return error ? error->code + " " + std::string(Name(error->retry)) : "no error";
}

std::string Text(const Expected& expected) {
  return expected.code + " " + std::string(Name(expected.retry));
}

Ended EndWhenBlocked(const std::function<void()>& call, const std::function<bool()>& is_blocked,
                     const std::function<void()>& end) {
  Ended ended;
  std::atomic<bool> done = false;
  std::jthread thread([&] {
    ended.error = Thrown(call);
    done = true;
  });
  ended.was_blocked = Await([&] { return done || is_blocked(); }) && !done;
  const auto began = Clock::now();
  end();
  thread.join();
  ended.took = std::chrono::duration_cast<milliseconds>(Clock::now() - began);
  return ended;
}

bool Side::Open(FixturePtr fixture, const std::string& its_database) {
  const char* address = std::getenv(fixture->variable().c_str());
  if (address == nullptr) return false;
  server = std::move(fixture);
  server->Open(address);
  connector = connector::FindConnector(server->engine());
  Check(connector != nullptr, "the fixture's connector is built in");
  endpoint = server->endpoint();
  database = its_database;
  return true;
}

void Side::Make(const TableSpec& table) {
  const auto run = [&](std::string statement) {
    constexpr std::string_view kDatabase = "{db}";
    for (size_t at = 0; (at = statement.find(kDatabase, at)) != std::string::npos;) {
      statement.replace(at, kDatabase.size(), database);
    }
    server->Run(statement);
  };
  for (const std::string& statement : table.needs) run(statement);
  for (std::string statement : table.statements) {
    const size_t at = statement.find("{}");
    Check(at != std::string::npos, "a statement names its table by {}");
    run(statement.replace(at, 2, Name(table.name)));
  }
}

model::Position CutPosition(connector::Source& source, const std::vector<TablePtr>& tables) {
  // A cut, not the log's end: an engine may have to make something at the source that keeps the log from there on.
  return source.OpenSnapshot({.task = kTask, .readers = 1, .with_position = true, .tables = tables}, {{}, "contract"})
      ->cut()
      .start;
}

// ---------------------------------------------------------------- one server

void SourceTest::SetUp() {
  if (!side_.Open(GetParam(), kSourceDatabase)) GTEST_SKIP() << GetParam()->variable() << " is not set";
  side_.server->MakeDatabase(kSourceDatabase);
  source_ = side_.connector->make_source(side_.endpoint);
}

void SourceTest::TearDown() {
  if (source_ != nullptr) {
    side_.server->GiveRightsBack();
    source_->ReleaseSource(kTask, {});
  }
  source_.reset();
  if (side_.server != nullptr) side_.server->DropDatabase(kSourceDatabase);
}

TablePtr SourceTest::Describe(const std::string& table) {
  const auto found = source_->OpenCatalog({})->DescribeTables({{kSourceDatabase, table}});
  Check(found.size() == 1, "the table exists");
  return found[0];
}

std::unique_ptr<connector::Snapshot> SourceTest::Snapshot(bool with_position, std::stop_token stop) {
  return source_->OpenSnapshot(
      {.task = kTask, .readers = 1, .with_position = with_position, .tables = SelectedTables()}, {stop, "contract"});
}

model::Position SourceTest::StartOfChanges() {
  return CutPosition(*source_, SelectedTables());
}

std::vector<TablePtr> SourceTest::SelectedTables() {
  auto catalog = source_->OpenCatalog({});
  std::vector<model::ObjectName> names;
  for (const connector::TableSummary& table : catalog->ListTables(kSourceDatabase)) {
    if (!table.name.name.starts_with("other")) names.push_back(table.name);
  }
  return catalog->DescribeTables(names);
}

std::unique_ptr<connector::ChangeStream> SourceTest::Changes(const model::Position& start, uint64_t ordinal,
                                                             std::stop_token stop) {
  connector::ChangeRequest request;
  request.task = kTask;
  request.start = start;
  request.ordinal = ordinal;
  request.tables = SelectedTables();
  request.selected = [](const model::ObjectName& name) {
    return name.database == kSourceDatabase && !name.name.starts_with("other");
  };
  return source_->OpenChanges(request, {stop, "contract"});
}

std::vector<model::TransactionPtr> SourceTest::ReadToEnd(connector::ChangeStream& stream) {
  const model::Position end = source_->CurrentPosition({});
  std::vector<model::TransactionPtr> all;
  while (all.empty() || !source_->Reached(all.back()->end, end)) {
    model::TransactionPtr next = stream.Next(Deadline::After(milliseconds(30'000)));
    if (next == nullptr) {
      ADD_FAILURE() << "the stream does not reach the log's end";
      break;
    }
    all.push_back(std::move(next));
  }
  return all;
}

void SourceTest::ReadToSilence(connector::ChangeStream& stream) {
  const Deadline most = Deadline::After(milliseconds(30'000));
  while (const model::TransactionPtr next = stream.Next(Deadline::After(milliseconds(50)))) {
    EXPECT_TRUE(next->rows.empty());
    Check(!most.Passed(), "a stream at the log's end becomes silent");
  }
}

void SourceTest::MakeItems(const std::string& name) {
  side_.Make({name, {"CREATE TABLE {} (id INT PRIMARY KEY, v VARCHAR(100))"}});
}

namespace {

// A connector that is still being built is in no pair.
bool IsOffered(const std::string& source) {
  return std::any_of(connector::Pairs().begin(), connector::Pairs().end(),
                     [&](const connector::Pair& pair) { return pair.source == source; });
}

}  // namespace

std::vector<FixturePtr> Sources() {
  std::vector<FixturePtr> found = Fixtures();
  std::erase_if(found, [](const FixturePtr& fixture) {
    const connector::Connector* connector = connector::FindConnector(fixture->engine());
    return connector == nullptr || !connector->make_source || !IsOffered(fixture->engine());
  });
  return found;
}

std::vector<Pair> OfferedPairs() {
  std::vector<Pair> pairs;
  for (const FixturePtr& from : Fixtures()) {
    for (const FixturePtr& to : Fixtures()) {
      if (connector::FindPair(from->engine(), to->engine()) != nullptr) pairs.emplace_back(from, to);
    }
  }
  return pairs;
}

}  // namespace sluice::contract
