// Arbitrary messages through the decoder: each is two bytes of length and a body. A table is described as its relation
// message says, so that rows are decoded. Only Error may come out.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "connectors/postgresql/pgoutput/decoder.h"
#include "connectors/postgresql/pgoutput/messages_for_test.h"

namespace {

using namespace sluice;
using namespace sluice::postgresql;
using namespace sluice::postgresql::pgoutput;

void Describe(std::string_view message, connector::Definitions& definitions, FakeCatalog& catalog) {
  try {
    const Relation relation = ReadRelation(Bytes(message.substr(1)));
    auto table = std::make_shared<model::Table>();
    table->name = {relation.schema, relation.name};
    for (const RelationColumn& from : relation.columns) {
      model::Column column;
      column.name = from.name;
      column.type.kind = static_cast<model::TypeKind>(from.type % 27);
      column.type.is_unsigned = (from.type & 64) != 0;
      table->columns.push_back(std::move(column));
    }
    catalog.places[relation.oid] = {table->name, false};
    definitions.Set(table->name, table);
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  connector::Definitions definitions({});
  FakeCatalog catalog;
  DecoderOptions options;
  options.selected = [](const model::ObjectName&) { return true; };
  options.part_rows_max = 3;
  options.memory_max = 200;
  options.streamed_memory_max = 100;
  size_t bytes = 0;
  options.emit = [&](model::TransactionPtr transaction) {
    for (const model::RowChange& row : transaction->rows) {
      for (const model::Cell& cell : row.before) bytes += cell.HasBytes() ? cell.text().size() : 1;
      for (const model::Cell& cell : row.after) bytes += cell.HasBytes() ? cell.text().size() : 1;
    }
  };
  Decoder decoder(std::move(options), definitions, catalog);
  try {
    while (rest.size() >= 2) {
      const size_t length =
          std::min<size_t>(rest.size() - 2, static_cast<uint8_t>(rest[0]) | static_cast<uint8_t>(rest[1]) << 8);
      const std::string_view message = rest.substr(2, length);
      rest.remove_prefix(2 + length);
      if (!message.empty() && message[0] == 'R') Describe(message, definitions, catalog);
      decoder.Feed(message);
    }
    decoder.Flush();
  } catch (const Error&) {
  }
  return 0;
}
