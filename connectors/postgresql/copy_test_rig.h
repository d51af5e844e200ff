// For tests with servers of the full load: tables described, read at a snapshot and loaded, without the pipeline.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/load_plan.h"
#include "connectors/postgresql/sessions.h"
#include "connectors/postgresql/types.h"

namespace sluice::postgresql {

// Drops and creates an empty database, and gives the endpoint of it.
inline connector::Endpoint FreshDatabase(connector::Endpoint endpoint, const std::string& name) {
  Connection admin(endpoint, {});
  admin.Execute(fmt::format("DROP DATABASE IF EXISTS {}", name));
  admin.Execute(fmt::format("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'", name));
  endpoint.database = name;
  return endpoint;
}

// A description with what the full load looks at.
inline model::TablePtr Describe(Connection& connection, const model::ObjectName& name) {
  auto table = std::make_shared<model::Table>();
  table->name = name;
  for (const TargetColumn& column : ReadTargetColumns(connection, name)) {
    const bool array = column.base_native.ends_with("[]");
    table->columns.push_back({.name = column.name,
                              .type = MakeColumnType({.native = column.native,
                                                      .base_schema = column.base_schema,
                                                      .base_name = column.base_name,
                                                      .base_kind = column.base_kind,
                                                      .is_array = array,
                                                      .modifier = column.modifier,
                                                      .elements = {}})});
    table->create_statement += column.name + " " + column.native + "\n";
  }
  table->rows_estimated = 1000;
  return table;
}

// All columns, under their names, into a table of the same name in another schema.
inline model::TableMapping MapAll(const model::Table& table, const model::ObjectName& destination) {
  model::TableMapping mapping;
  mapping.source = table.name;
  mapping.destination = destination;
  for (const model::Column& column : table.columns) mapping.columns.push_back({column.name, column.name});
  return mapping;
}

class KeptBlocks : public connector::BlockSink, public connector::BlockSource {
 public:
  void Put(connector::Block block) override { blocks_.push_back(std::move(block)); }
  std::optional<connector::Block> Next() override {
    if (at_ == blocks_.size()) return std::nullopt;
    return blocks_[at_++];
  }
  uint64_t rows() const {
    uint64_t rows = 0;
    for (const connector::Block& block : blocks_) rows += block.rows;
    return rows;
  }

 private:
  std::vector<connector::Block> blocks_;
  size_t at_ = 0;
};

// Reads all chunks of a table and loads them; gives the rows.
inline uint64_t CopyTable(connector::Snapshot& snapshot, connector::Loader& loader, const model::Table& table,
                          const model::TableMapping& mapping, const std::string& encoding, uint64_t chunk_bytes) {
  uint64_t rows = 0;
  for (const connector::Chunk& chunk : snapshot.PlanChunks(0, table, mapping, chunk_bytes)) {
    KeptBlocks blocks;
    snapshot.ReadChunk(chunk.number % snapshot.readers(), table, mapping, chunk, encoding, blocks);
    rows += loader
                .Load(table, mapping, encoding, blocks,
                      {.task = "copy", .table = table.name, .chunk = chunk.number, .rows = 0})
                .rows;
  }
  return rows;
}

}  // namespace sluice::postgresql
