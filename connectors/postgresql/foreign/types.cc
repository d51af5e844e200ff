#include "connectors/postgresql/foreign/types.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::postgresql {
namespace {

using model::ColumnType;
using model::TypeKind;

constexpr size_t kLabelMost = 63;              // bytes of an enum's label (documentation, "Enumerated Types")
constexpr uint64_t kCharacterMost = 10485760;  // of character(n) and character varying(n)

// Part of a key that other tables may refer to, or of one that refers to another table.
bool MayBeReferred(const model::Table& table, size_t index) {
  const bool unique = std::any_of(table.keys.begin(), table.keys.end(), [index](const model::Key& key) {
    return key.unique && std::any_of(key.parts.begin(), key.parts.end(),
                                     [index](const model::KeyPart& part) { return part.column == index; });
  });
  return unique || std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(), [index](const auto& key) {
           return std::find(key.columns.begin(), key.columns.end(), index) != key.columns.end();
         });
}

std::string Integer(const model::Table& table, size_t index) {
  const ColumnType& type = table.columns[index].type;
  const uint8_t bytes = type.bytes;
  if (bytes == 1) return "smallint";
  if (bytes == 2) return type.is_unsigned ? "integer" : "smallint";
  if (bytes == 3) return "integer";
  if (type.is_unsigned && bytes == 8 && table.columns[index].auto_increment) return "bigint";
  if (bytes == 4) return type.is_unsigned ? "bigint" : "integer";
  // Counters count to 2^63 - 1 here, and what refers to a counter has its type.
  return type.is_unsigned && !MayBeReferred(table, index) ? "numeric(20)" : "bigint";
}

std::string WithFraction(const char* name, const ColumnType& type) {
  return fmt::format("{}({})", name, type.fraction);
}

ForeignType Enum(const ColumnType& type) {
  const bool fits = !type.elements.empty() && std::all_of(type.elements.begin(), type.elements.end(),
                                                          [](const std::string& e) { return e.size() <= kLabelMost; });
  if (fits) return {.labels = type.elements};
  return {.text = "text", .note = "the list of its elements: some are longer than an enum's labels may be"};
}

ForeignType Text(const ColumnType& type) {
  if (type.native.find("json") != std::string::npos) return {.text = "json"};  // MariaDB's, kept letter by letter
  if (type.kind == TypeKind::kText || type.length == 0 || type.length > kCharacterMost) return {.text = "text"};
  return {.text = fmt::format("character{}({})", type.kind == TypeKind::kVarchar ? " varying" : "", type.length)};
}

}  // namespace

ForeignType ToPostgresqlType(const model::Table& table, size_t index) {
  const ColumnType& type = table.columns[index].type;
  switch (type.kind) {
    case TypeKind::kBoolean:
      return {.text = "boolean"};
    case TypeKind::kInteger:
      return {.text = Integer(table, index)};
    case TypeKind::kYear:
      return {.text = "smallint"};
    case TypeKind::kDecimal:
      return {.text = type.precision == 0 ? "numeric" : fmt::format("numeric({},{})", type.precision, type.scale)};
    case TypeKind::kFloat32:
      return {.text = "real"};
    case TypeKind::kFloat64:
      return {.text = "double precision"};
    case TypeKind::kBit:
      return {.text = fmt::format("bit({})", type.length)};
    case TypeKind::kDate:
      return {.text = "date"};
    case TypeKind::kTime:
      return {.text = WithFraction("interval hour to second", type)};
    case TypeKind::kDateTime:
      return {.text = WithFraction("timestamp", type)};
    case TypeKind::kTimestamp:
      return {.text = WithFraction("timestamp", type) + " with time zone"};
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kText:
      return Text(type);
    case TypeKind::kBinary:
    case TypeKind::kVarbinary:
      return {.text = "bytea", .note = fmt::format("the limit of {} bytes", type.length)};
    case TypeKind::kBlob:
      return {.text = "bytea"};
    case TypeKind::kGeometry:
      return {.text = "bytea", .note = "that it is a geometry: it holds the SRID and the WKB, as MySQL stores them"};
    case TypeKind::kVector:
      return {.text = "bytea", .note = "that it is a vector: it holds the floats, as MySQL stores them"};
    case TypeKind::kEnum:
      return Enum(type);
    case TypeKind::kSet:
      return {.text = "text", .elements = type.elements};
    case TypeKind::kJson:
      return {.text = "jsonb"};
    case TypeKind::kUuid:
      return {.text = "uuid"};
    case TypeKind::kInet:
      return {.text = "inet"};
    case TypeKind::kInterval:
    case TypeKind::kOther:
      break;
  }
  return {.refusal = fmt::format("there is no type here for {}", type.native)};
}

}  // namespace sluice::postgresql
