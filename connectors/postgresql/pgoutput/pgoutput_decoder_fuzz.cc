// Arbitrary messages through the decoder. A table is described as its relation
// message says, so that rows are decoded. Only Error may come out.
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "connectors/postgresql/pgoutput/fuzz_for_test.h"
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
  connector::Definitions definitions({});
  FakeCatalog catalog;
  size_t bytes = 0;
  Decoder decoder(OptionsForFuzzing(bytes), definitions, catalog);
  try {
    ForEachMessage(data, size, [&](std::string_view message) {
      if (!message.empty() && message[0] == 'R') Describe(message, definitions, catalog);
      decoder.Feed(message);
    });
    decoder.Flush();
  } catch (const Error&) {
  }
  return 0;
}
