// Arbitrary lines through the translator and the decoder behind it. The tables are described as their first rows say,
// so that rows are decoded. Only Error may come out.
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "connectors/postgresql/pgoutput/fuzz_for_test.h"
#include "connectors/postgresql/pgoutput/messages_for_test.h"
#include "connectors/postgresql/test_decoding/translator.h"

namespace {

using namespace sluice;
using namespace sluice::postgresql;
using namespace sluice::postgresql::test_decoding;

class Names : public NameCatalog {
 public:
  std::optional<TableFacts> FactsOf(const model::ObjectName& name) override {
    if (name.name.starts_with("x")) return std::nullopt;
    TableFacts facts{.oid = static_cast<uint32_t>(name.name.size()), .root = name};
    if (name.name.starts_with("f")) facts.identity = 'f';
    facts.key = {"id"};
    return facts;
  }
  std::string PlainType(const std::string& type) override { return type; }
};

void Describe(std::string_view text, connector::Definitions& definitions) {
  try {
    Line line;
    ReadLine(text, line);
    if (line.kind != LineKind::kInsert) return;
    auto table = std::make_shared<model::Table>();
    table->name = ReadName(line.tables.front());
    if (definitions.Find(table->name)) return;
    for (const LineColumn& from : line.after) {
      model::Column column;
      column.name = ReadIdentifier(from.name);
      column.type.native = from.type;
      column.type.kind = static_cast<model::TypeKind>(from.type.size() % 27);
      table->columns.push_back(std::move(column));
    }
    definitions.Set(table->name, table);
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  connector::Definitions definitions({});
  pgoutput::FakeCatalog catalog;
  Names names;
  size_t bytes = 0;
  pgoutput::Decoder decoder(pgoutput::OptionsForFuzzing(bytes), definitions, catalog);
  TranslatorOptions from;
  from.encoding = size % 3 == 0 ? "EUC_JP" : "UTF8";
  from.version = size % 2 == 0 ? 90600 : 150000;
  from.feed = [&](std::string_view message) { decoder.Feed(message); };
  Translator translator(std::move(from), definitions, names);
  uint64_t lsn = 0;
  try {
    pgoutput::ForEachMessage(data, size, [&](std::string_view text) {
      Describe(text, definitions);
      translator.Feed(text, lsn += 100);
    });
    decoder.Flush();
  } catch (const Error&) {
  }
  return 0;
}
