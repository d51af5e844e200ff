// Arbitrary events through the decoder: each is two bytes of length, a type, and a body; the frame around it is made
// here, so that the fuzzer need not guess it. Tables are described as the events' own table maps say, so that rows are
// decoded. Only Error may come out.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "connectors/mysql/binlog/decoder.h"
#include "connectors/mysql/ddl.h"

namespace {

using namespace sluice;
using namespace sluice::mysql::binlog;

std::string Frame(uint8_t type, std::string_view body, uint32_t position) {
  std::string event(kHeaderBytes, '\0');
  const auto put = [&](size_t at, uint32_t value) {
    for (size_t i = 0; i < 4; ++i) event[at + i] = static_cast<char>(value >> (8 * i));
  };
  event[4] = static_cast<char>(type);
  put(9, static_cast<uint32_t>(kHeaderBytes + body.size()));
  put(13, position);
  return event.append(body);
}

model::TypeKind KindOf(LogType type, uint8_t choice) {
  switch (type) {
    case LogType::kString:
      return choice % 2 == 0 ? model::TypeKind::kBinary : model::TypeKind::kUuid;
    case LogType::kJson:
      return model::TypeKind::kJson;
    case LogType::kTime:
      return model::TypeKind::kTime;
    case LogType::kDateTime:
      return model::TypeKind::kDateTime;
    case LogType::kTimestamp:
      return model::TypeKind::kTimestamp;
    default:
      return model::TypeKind::kOther;
  }
}

// A description that fits, or nothing.
model::TablePtr Describe(std::string_view body, uint8_t choice) {
  try {
    const TableMap map = ParseTableMap(body, FormatDescription::Default(false));
    auto table = std::make_shared<model::Table>();
    table->name = {map.database, map.table};
    for (const LogColumn& log : map.columns) {
      model::Column column;
      column.name = log.name;
      column.type.kind = KindOf(log.type, choice);
      column.type.fraction = choice % 7;
      table->columns.push_back(column);
    }
    return table;
  } catch (const Error&) {
    return nullptr;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const uint8_t choice = data[0];
  std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  connector::Definitions definitions({});
  DecoderOptions options;
  options.traits = {(choice & 1) != 0, (choice & 1) != 0 ? 101119u : 90700u};
  options.start.file = "log.000001";
  options.start.offset = 4;
  options.learn_gtids = (choice & 2) != 0;
  options.part_rows_max = 3;
  options.classify = [](std::string_view statement, std::string_view database, std::string_view sql_mode) {
    return mysql::ClassifyDdl(statement, database, sql_mode);
  };
  size_t rows = 0;
  options.emit = [&](model::TransactionPtr transaction) {
    for (const model::RowChange& row : transaction->rows) {
      for (const model::Cell& cell : row.after) rows += cell.HasBytes() ? cell.text().size() : 1;
    }
  };
  Decoder decoder(std::move(options), definitions);
  uint32_t position = 4;
  try {
    while (rest.size() >= 3) {
      const size_t length =
          std::min<size_t>(rest.size() - 3, static_cast<uint8_t>(rest[0]) | static_cast<uint8_t>(rest[1]) << 8);
      const auto type = static_cast<uint8_t>(rest[2]);
      const std::string_view body = rest.substr(3, length);
      rest.remove_prefix(3 + length);
      position += static_cast<uint32_t>(kHeaderBytes + body.size());
      if (type == static_cast<uint8_t>(EventType::kTableMap)) {
        if (model::TablePtr table = Describe(body, choice)) definitions.Set(table->name, table);
      }
      decoder.Feed(Frame(type, body, position));
    }
    decoder.Flush();
  } catch (const Error&) {
  }
  return 0;
}
