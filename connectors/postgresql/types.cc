#include "connectors/postgresql/types.h"

#include <map>

namespace sluice::postgresql {
namespace {

using model::ColumnType;
using model::TypeKind;

// A modifier of these types counts four bytes of header too (src/include/catalog/pg_type; varchar, bpchar, numeric).
constexpr int32_t kHeader = 4;

struct Simple {
  TypeKind kind;
  uint8_t bytes = 0;
  bool is_unsigned = false;
};

const std::map<std::string_view, Simple>& SimpleTypes() {
  static const std::map<std::string_view, Simple> types = {
      {"bool", {TypeKind::kBoolean}},
      {"int2", {TypeKind::kInteger, 2}},
      {"int4", {TypeKind::kInteger, 4}},
      {"int8", {TypeKind::kInteger, 8}},
      {"oid", {TypeKind::kInteger, 4, true}},
      {"numeric", {TypeKind::kDecimal}},
      {"float4", {TypeKind::kFloat32}},
      {"float8", {TypeKind::kFloat64}},
      {"bpchar", {TypeKind::kChar}},
      {"varchar", {TypeKind::kVarchar}},
      {"text", {TypeKind::kText}},
      {"bytea", {TypeKind::kBlob}},
      {"date", {TypeKind::kDate}},
      {"time", {TypeKind::kTime}},
      {"timestamp", {TypeKind::kDateTime}},
      {"timestamptz", {TypeKind::kTimestamp}},
      {"interval", {TypeKind::kInterval}},
      {"uuid", {TypeKind::kUuid}},
      {"inet", {TypeKind::kInet}},
      {"cidr", {TypeKind::kInet}},
      {"json", {TypeKind::kJson}},
      {"jsonb", {TypeKind::kJson}},
      {"bit", {TypeKind::kBit}},
  };
  return types;
}

void SetText(ColumnType& type, int32_t modifier) {
  type.charset = "UTF8";
  if (modifier >= kHeader) type.length = static_cast<uint64_t>(modifier - kHeader);
}

void SetDecimal(ColumnType& type, int32_t modifier) {
  if (modifier < kHeader) return;  // no limits
  const int32_t value = modifier - kHeader;
  type.precision = static_cast<uint16_t>((value >> 16) & 0xffff);
  // Eleven bits with a sign from 15 on (numeric.c); a negative scale is kept by `native` alone.
  const int32_t scale = ((value & 0x7ff) ^ 1024) - 1024;
  type.scale = static_cast<uint16_t>(scale < 0 ? 0 : scale);
}

}  // namespace

ColumnType MakeColumnType(const TypeFacts& facts) {
  constexpr uint8_t kMicroseconds = 6;
  constexpr int32_t kBitsOfCell = 64;
  ColumnType type;
  type.native = facts.native;
  if (facts.is_array) return type;
  if (facts.base_kind == 'e') {
    type.kind = TypeKind::kEnum;
    type.charset = "UTF8";
    type.elements = facts.elements;
    return type;
  }
  if (facts.base_name == "citext") {  // an extension's, in any schema
    type.kind = TypeKind::kText;
    type.charset = "UTF8";
    return type;
  }
  const auto found = SimpleTypes().find(facts.base_name);
  if (facts.base_schema != "pg_catalog" || found == SimpleTypes().end()) return type;
  type.kind = found->second.kind;
  type.bytes = found->second.bytes;
  type.is_unsigned = found->second.is_unsigned;
  switch (type.kind) {
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kText:
      SetText(type, facts.modifier);
      break;
    case TypeKind::kDecimal:
      SetDecimal(type, facts.modifier);
      break;
    case TypeKind::kTime:
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp:
      type.fraction = facts.modifier < 0 ? kMicroseconds : static_cast<uint8_t>(facts.modifier);
      break;
    case TypeKind::kBit:
      // bit alone is bit(1); "bit" has no modifier, and strings of any length.
      if (facts.modifier < 0 || facts.modifier > kBitsOfCell) {
        type.kind = TypeKind::kOther;
      } else {
        type.length = static_cast<uint64_t>(facts.modifier);
      }
      break;
    default:
      break;
  }
  return type;
}

}  // namespace sluice::postgresql
