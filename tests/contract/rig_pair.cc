// The part of the rig that moves rows from one server to another.
#include <algorithm>

#include "base/check.h"
#include "tests/contract/rig.h"

namespace sluice::contract {

using connector::SchemaStage;
using connector::SchemaStatement;
using model::TablePtr;

void PairTest::SetUp() {
  if (!from_.Open(GetParam().first, kSourceDatabase)) GTEST_SKIP() << GetParam().first->variable() << " is not set";
  if (!to_.Open(GetParam().second, kDestinationDatabase)) {
    GTEST_SKIP() << GetParam().second->variable() << " is not set";
  }
  from_.server->MakeDatabase(kSourceDatabase);
  to_.server->DropDatabase(kDestinationDatabase);
  source_ = from_.connector->make_source(from_.endpoint);
  destination_ = to_.connector->make_destination(to_.endpoint);
  auto bookkeeping = destination_->OpenBookkeeping({});
  bookkeeping->Prepare();
  bookkeeping->RemoveTask(kTask);
  auto writer = destination_->OpenSchemaWriter({});
  for (const SchemaStatement& statement : writer->CreateDatabase(
           kSourceDatabase, kDestinationDatabase, source_->DatabaseStatement(kSourceDatabase), source_->Server())) {
    writer->Execute(statement);
  }
}

void PairTest::TearDown() {
  if (source_ != nullptr) {
    from_.server->GiveRightsBack();
    source_->ReleaseSource(kTask, {});
  }
  source_.reset();
  destination_.reset();
  if (from_.server != nullptr) from_.server->DropDatabase(kSourceDatabase);
  if (to_.server == nullptr) return;
  to_.server->ResetRowLimit();
  to_.server->DropDatabase(kDestinationDatabase);
  to_.server->DropDatabase(to_.server->BookkeepingDatabase());
}

TablePtr PairTest::Describe(const std::string& table) {
  const auto found = source_->OpenCatalog({})->DescribeTables({{kSourceDatabase, table}});
  Check(found.size() == 1, "the table exists");
  return found[0];
}

bool PairTest::Takes(const TableSpec& spec) {
  if (spec.same_engine_only && IsNeutral()) return false;
  if (spec.same_kind_only) return SameKind();
  return spec.from_version == 0 || IsNeutral() || destination_->Server().AtLeast(spec.from_version);
}

void PairTest::MakeNeeds() {
  if (IsNeutral()) return;  // objects of another engine are not carried
  auto writer = destination_->OpenSchemaWriter({});
  for (const model::SchemaObject& object : source_->OpenCatalog({})->ListObjects(kSourceDatabase)) {
    for (const SchemaStatement& statement : writer->Translate(object, names_, source_->Server())) {
      if (statement.stage == SchemaStage::kTypes && made_.insert(statement.label).second) writer->Execute(statement);
    }
  }
}

TablePtr PairTest::MakeTable(const TableSpec& spec) {
  from_.Make(spec);
  MakeNeeds();
  TablePtr table = Describe(spec.name);
  auto writer = destination_->OpenSchemaWriter({});
  const auto statements = writer->Translate(*table, *names_.MapTable(*table), names_, source_->Server());
  for (const SchemaStage stage : {SchemaStage::kTypes, SchemaStage::kBeforeLoad, SchemaStage::kIndexes}) {
    for (const SchemaStatement& statement : statements) {
      if (statement.stage == stage) writer->Execute(statement);
    }
  }
  return table;
}

TablePtr PairTest::MakeItems(const std::vector<std::string>& values) {
  TableSpec spec{"items", {"CREATE TABLE {} (id INT PRIMARY KEY, v VARCHAR(100))"}};
  for (const std::string& value : values) spec.statements.push_back("INSERT INTO {} VALUES (" + value + ")");
  return MakeTable(spec);
}

std::string PairTest::Encoding(const TablePtr& table) {
  return destination_->ChooseEncoding(*table, *names_.MapTable(*table), source_->SnapshotEncodings(), {});
}

Blocks PairTest::Read(const TablePtr& table) {
  auto snapshot =
      source_->OpenSnapshot({.task = kTask, .readers = 1, .with_position = false, .tables = {table}}, {{}, "contract"});
  Blocks blocks;
  const model::TableMappingPtr mapping = names_.MapTable(*table);
  for (const connector::Chunk& chunk : snapshot->PlanChunks(0, *table, *mapping, 1 << 20)) {
    snapshot->ReadChunk(0, *table, *mapping, chunk, Encoding(table), blocks);
  }
  return blocks;
}

connector::LoadResult PairTest::Load(connector::Loader& loader, const TablePtr& table, connector::BlockSource& blocks,
                                     uint64_t chunk) {
  return loader.Load(*table, *names_.MapTable(*table), Encoding(table), blocks,
                     {.task = kTask, .table = table->name, .chunk = chunk});
}

std::string PairTest::DestinationValue(const std::string& sql_after_from) {
  return to_.server->Value("SELECT COUNT(*) FROM " + sql_after_from);
}

Rows PairTest::SourceRows(const TablePtr& table) {
  return ReadRows(*source_->OpenVerifyReader({}), table, *names_.MapTable(*table), true, destination_->Server());
}

Rows PairTest::DestinationRows(const TablePtr& table) {
  const model::TableMappingPtr mapping = names_.MapTable(*table);
  const auto found = destination_->OpenCatalog({})->DescribeTables({mapping->destination});
  Check(found.size() == 1, "the table exists at the destination");
  // JSON that one side keeps as text is compared as JSON at both: the caller's duty, see the pipeline's verification.
  auto there = std::make_shared<model::Table>(*found[0]);
  for (const model::Column& column : table->columns) {
    const auto index = there->FindColumn(column.name);
    if (index && column.type.kind == model::TypeKind::kJson) {
      there->columns[*index].type.kind = model::TypeKind::kJson;
    }
  }
  return ReadRows(*destination_->OpenVerifyReader({}), there, *mapping, false, source_->Server());
}

std::vector<connector::ChunkMark> PairTest::Marks() {
  return destination_->OpenBookkeeping({})->ChunksDone(kTask);
}

std::vector<model::TransactionPtr> PairTest::ChangesSince(const model::Position& start,
                                                          const std::vector<TablePtr>& tables) {
  connector::ChangeRequest request;
  request.neutral = IsNeutral();
  request.task = kTask;
  request.start = start;
  request.tables = tables;
  request.selected = [this](const model::ObjectName& name) { return names_.Selected(name); };
  auto stream = source_->OpenChanges(request, {{}, "contract"});
  const model::Position end = source_->CurrentPosition({});
  std::vector<model::TransactionPtr> all;
  while (true) {
    model::TransactionPtr next = stream->Next(Deadline::After(milliseconds(30'000)));
    if (next == nullptr) {
      ADD_FAILURE() << "the stream does not reach the log's end";
      return all;
    }
    const bool is_last = source_->Reached(next->end, end);
    if (!next->rows.empty()) all.push_back(std::move(next));
    if (is_last) return all;
  }
}

void PairTest::Apply(connector::Applier& applier, const model::Transaction& transaction, bool idempotent) {
  for (const model::RowChange& row : transaction.rows) {
    connector::RowGroup group;
    group.table = row.table;
    group.mapping = names_.MapTable(*row.table);
    group.kind = row.kind;
    group.idempotent = idempotent;
    group.rows = {&row};
    applier.Apply(group);
  }
}

connector::ApplyProgress PairTest::Progress(const model::Transaction& transaction) const {
  return {.task = kTask, .lane = 0, .low_ordinal = transaction.ordinal, .low = transaction.end};
}

}  // namespace sluice::contract
