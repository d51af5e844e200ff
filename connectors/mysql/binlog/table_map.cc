#include "connectors/mysql/binlog/table_map.h"

#include <fmt/format.h>

#include "connectors/mysql/binlog/bytes.h"

namespace sluice::mysql::binlog {
namespace {

// A table has at most 4096 columns; MariaDB and MySQL alike.
constexpr uint64_t kColumnsMax = 4096;

enum class Metadata : uint8_t { kSignedness = 1, kColumnName = 4 };

bool HasSign(LogType type) {
  switch (type) {
    case LogType::kTiny:
    case LogType::kShort:
    case LogType::kInt24:
    case LogType::kLong:
    case LogType::kLongLong:
    case LogType::kFloat:
    case LogType::kDouble:
    case LogType::kNewDecimal:
    case LogType::kYear:
      return true;  // YEAR has a bit too, though it is in no list of the manual
    default:
      return false;
  }
}

// Bytes of metadata of a type.
size_t MetaBytes(LogType type) {
  switch (type) {
    case LogType::kFloat:
    case LogType::kDouble:
    case LogType::kBlob:
    case LogType::kTinyBlob:
    case LogType::kMediumBlob:
    case LogType::kLongBlob:
    case LogType::kGeometry:
    case LogType::kJson:
    case LogType::kVector:
    case LogType::kTime2:
    case LogType::kDateTime2:
    case LogType::kTimestamp2:
    case LogType::kMariadbBlobCompressed:
      return 1;
    case LogType::kVarchar:
    case LogType::kBit:
    case LogType::kNewDecimal:
    case LogType::kString:
    case LogType::kVarString:
    case LogType::kEnum:
    case LogType::kSet:
    case LogType::kMariadbVarcharCompressed:
      return 2;
    default:
      return 0;
  }
}

// STRING hides ENUM and SET, and lengths above 255 (MySQL source documentation, "Table_map_event", column metadata).
void ResolveString(LogColumn& column, uint8_t first, uint8_t second) {
  if ((first & 0x30) != 0x30) {
    column.meta = static_cast<uint16_t>(second | (((first & 0x30) ^ 0x30) << 4));
    column.type = static_cast<LogType>(first | 0x30);
  } else {
    column.meta = second;
    column.type = static_cast<LogType>(first);
  }
  if (column.type != LogType::kEnum && column.type != LogType::kSet) column.type = LogType::kString;
}

void ReadColumnMeta(LogColumn& column, Bytes& meta) {
  switch (column.type) {
    case LogType::kString:
    case LogType::kVarString:
    case LogType::kEnum:
    case LogType::kSet: {
      const uint8_t first = meta.U8();
      const uint8_t second = meta.U8();
      ResolveString(column, first, second);
      break;
    }
    case LogType::kNewDecimal: {
      const uint8_t precision = meta.U8();
      column.meta = static_cast<uint16_t>(precision << 8 | meta.U8());
      break;
    }
    case LogType::kTypedArray:
      ThrowBadEvent("It has a column of an array type, which only hidden columns of indexes have.");
    default:
      column.meta = static_cast<uint16_t>(MetaBytes(column.type) == 2   ? meta.U16()
                                          : MetaBytes(column.type) == 1 ? meta.U8()
                                                                        : 0);
  }
}

void ReadOptional(TableMap& map, Bytes& bytes) {
  while (!bytes.empty()) {
    const auto kind = static_cast<Metadata>(bytes.U8());
    Bytes field(bytes.LengthEncodedText());
    if (kind == Metadata::kSignedness) {
      const std::string_view bits = field.Rest();
      size_t index = 0;
      for (LogColumn& column : map.columns) {
        if (!HasSign(column.type)) continue;
        if (index / 8 >= bits.size()) break;
        // The first column is the highest bit.
        column.is_unsigned = (static_cast<uint8_t>(bits[index / 8]) & (0x80 >> (index % 8))) != 0;
        column.has_sign = true;
        ++index;
      }
    } else if (kind == Metadata::kColumnName) {
      for (LogColumn& column : map.columns) column.name = field.LengthEncodedText();
      map.has_names = true;
    }
    // Character sets, elements, geometry types, keys and visibility: the description has them.
  }
}

TableMap ParseFront(Bytes& bytes, const FormatDescription& format) {
  TableMap map;
  map.id = format.PostHeader(EventType::kTableMap) == 6 ? bytes.U32() : bytes.U48();
  bytes.Skip(2);  // flags
  map.database = bytes.Take(bytes.U8());
  bytes.Skip(1);
  map.table = bytes.Take(bytes.U8());
  bytes.Skip(1);
  return map;
}

}  // namespace

TableMap ParseTableMapNames(std::string_view body, const FormatDescription& format) {
  Bytes bytes(body);
  return ParseFront(bytes, format);
}

TableMap ParseTableMap(std::string_view body, const FormatDescription& format) {
  Bytes bytes(body);
  TableMap map = ParseFront(bytes, format);
  const uint64_t count = bytes.LengthEncoded();
  if (count == 0 || count > kColumnsMax) ThrowBadEvent("It names a number of columns that no table has.");
  map.columns.resize(count);
  for (LogColumn& column : map.columns) column.type = static_cast<LogType>(bytes.U8());
  Bytes meta(bytes.LengthEncodedText());
  for (LogColumn& column : map.columns) ReadColumnMeta(column, meta);
  bytes.Skip((count + 7) / 8);  // which columns may be null
  ReadOptional(map, bytes);
  return map;
}

std::string TypeName(const LogColumn& column) {
  const unsigned meta = column.meta;
  switch (column.type) {
    case LogType::kTiny:
      return "tinyint";
    case LogType::kShort:
      return "smallint";
    case LogType::kInt24:
      return "mediumint";
    case LogType::kLong:
      return "int";
    case LogType::kLongLong:
      return "bigint";
    case LogType::kFloat:
      return "float";
    case LogType::kDouble:
      return "double";
    case LogType::kNewDecimal:
      return fmt::format("decimal({},{})", meta >> 8, meta & 255);
    case LogType::kTimestamp:
      return "timestamp";
    case LogType::kTimestamp2:
      return fmt::format("timestamp({})", meta);
    case LogType::kDateTime:
      return "datetime";
    case LogType::kDateTime2:
      return fmt::format("datetime({})", meta);
    case LogType::kTime:
      return "time";
    case LogType::kTime2:
      return fmt::format("time({})", meta);
    case LogType::kDate:
    case LogType::kNewDate:
      return "date";
    case LogType::kYear:
      return "year";
    case LogType::kBit:
      return fmt::format("bit({})", (meta >> 8) * 8 + (meta & 255));
    case LogType::kVarchar:
    case LogType::kVarString:
      return fmt::format("varchar of {} bytes", meta);
    case LogType::kMariadbVarcharCompressed:
      return fmt::format("compressed varchar of {} bytes", meta);
    case LogType::kString:
      return fmt::format("char of {} bytes", meta);
    case LogType::kEnum:
      return fmt::format("enum of {} bytes", meta);
    case LogType::kSet:
      return fmt::format("set of {} bytes", meta);
    case LogType::kBlob:
      return fmt::format("text or blob with {} length bytes", meta);
    case LogType::kMariadbBlobCompressed:
      return "compressed text or blob";
    case LogType::kJson:
      return "json";
    case LogType::kGeometry:
      return "geometry";
    case LogType::kVector:
      return "vector";
    default:
      return fmt::format("type {}", static_cast<unsigned>(column.type));
  }
}

std::string TableMap::Shape() const {
  constexpr size_t kShown = 40;
  std::string text = fmt::format("{} columns (", columns.size());
  for (size_t i = 0; i < columns.size() && i < kShown; ++i) {
    if (i != 0) text += ", ";
    if (!columns[i].name.empty()) text += columns[i].name + " ";
    text += TypeName(columns[i]);
    if (columns[i].has_sign && columns[i].is_unsigned) text += " unsigned";
  }
  text += columns.size() > kShown ? ", ...)" : ")";
  return text;
}

}  // namespace sluice::mysql::binlog
