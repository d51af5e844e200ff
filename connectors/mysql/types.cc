#include "connectors/mysql/types.h"

#include <cstdlib>
#include <map>

#include "sql/cursor.h"

namespace sluice::mysql {
namespace {

using model::ColumnType;
using model::TypeKind;

struct Known {
  TypeKind kind;
  uint8_t bytes = 0;    // of integers
  uint64_t length = 0;  // when none is written
};

// Lengths in bytes of TEXT and BLOB: MySQL Reference Manual, "Data Type Storage Requirements".
const std::map<std::string, Known, std::less<>>& KnownTypes() {
  static const std::map<std::string, Known, std::less<>> kTypes = {
      {"tinyint", {TypeKind::kInteger, 1}},
      {"bool", {TypeKind::kInteger, 1}},
      {"boolean", {TypeKind::kInteger, 1}},
      {"smallint", {TypeKind::kInteger, 2}},
      {"mediumint", {TypeKind::kInteger, 3}},
      {"int", {TypeKind::kInteger, 4}},
      {"integer", {TypeKind::kInteger, 4}},
      {"bigint", {TypeKind::kInteger, 8}},
      {"decimal", {TypeKind::kDecimal}},
      {"numeric", {TypeKind::kDecimal}},
      {"float", {TypeKind::kFloat32}},
      {"double", {TypeKind::kFloat64}},
      {"real", {TypeKind::kFloat64}},
      {"bit", {TypeKind::kBit, 0, 1}},
      {"year", {TypeKind::kYear}},
      {"date", {TypeKind::kDate}},
      {"time", {TypeKind::kTime}},
      {"datetime", {TypeKind::kDateTime}},
      {"timestamp", {TypeKind::kTimestamp}},
      {"char", {TypeKind::kChar, 0, 1}},
      {"varchar", {TypeKind::kVarchar}},
      {"tinytext", {TypeKind::kText, 0, 255}},
      {"text", {TypeKind::kText, 0, 65535}},
      {"mediumtext", {TypeKind::kText, 0, 16777215}},
      {"longtext", {TypeKind::kText, 0, 4294967295}},
      {"binary", {TypeKind::kBinary, 0, 1}},
      {"varbinary", {TypeKind::kVarbinary}},
      {"tinyblob", {TypeKind::kBlob, 0, 255}},
      {"blob", {TypeKind::kBlob, 0, 65535}},
      {"mediumblob", {TypeKind::kBlob, 0, 16777215}},
      {"longblob", {TypeKind::kBlob, 0, 4294967295}},
      {"enum", {TypeKind::kEnum}},
      {"set", {TypeKind::kSet}},
      {"json", {TypeKind::kJson}},
      {"geometry", {TypeKind::kGeometry}},
      {"point", {TypeKind::kGeometry}},
      {"linestring", {TypeKind::kGeometry}},
      {"polygon", {TypeKind::kGeometry}},
      {"multipoint", {TypeKind::kGeometry}},
      {"multilinestring", {TypeKind::kGeometry}},
      {"multipolygon", {TypeKind::kGeometry}},
      {"geometrycollection", {TypeKind::kGeometry}},
      {"geomcollection", {TypeKind::kGeometry}},
      {"uuid", {TypeKind::kUuid}},
      {"inet4", {TypeKind::kInet, 4}},
      {"inet6", {TypeKind::kInet, 16}},
      {"vector", {TypeKind::kVector}},
  };
  return kTypes;
}

void SetNumbers(ColumnType& type, uint64_t first, uint64_t second, size_t count) {
  switch (type.kind) {
    case TypeKind::kDecimal:
      type.precision = static_cast<uint16_t>(count > 0 ? first : 10);
      type.scale = static_cast<uint16_t>(second);
      break;
    case TypeKind::kFloat32:
    case TypeKind::kFloat64:
      type.precision = static_cast<uint16_t>(first);
      type.scale = static_cast<uint16_t>(second);
      break;
    case TypeKind::kTime:
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp:
      type.fraction = static_cast<uint8_t>(first);
      break;
    case TypeKind::kInteger:
    case TypeKind::kYear:
      break;  // only a width for display
    default:
      if (count > 0 && type.kind != TypeKind::kText && type.kind != TypeKind::kBlob) type.length = first;
  }
}

}  // namespace

ColumnType ParseColumnType(std::string_view native) {
  ColumnType type;
  type.native = native;
  const sql::Tokens tokens = sql::Tokenize(native, {});
  sql::Cursor cursor(tokens);
  const auto known = KnownTypes().find(sql::ToLower(cursor.Peek().text));
  if (known == KnownTypes().end()) return type;
  type.kind = known->second.kind;
  type.bytes = known->second.bytes;
  type.length = known->second.length;
  cursor.Skip();
  uint64_t numbers[2] = {0, 0};
  size_t count = 0;
  if (cursor.TakeSymbol("(")) {
    while (!cursor.AtEnd() && !cursor.TakeSymbol(")")) {
      const sql::Token& token = cursor.Peek();
      if (token.IsString()) type.elements.push_back(token.value);
      if (token.kind == sql::TokenKind::kNumber && count < 2) {
        numbers[count++] = std::strtoull(token.text.c_str(), nullptr, 10);
      }
      cursor.Skip();
    }
  }
  SetNumbers(type, numbers[0], numbers[1], count);
  for (; !cursor.AtEnd(); cursor.Skip()) {
    if (cursor.SeesWord("unsigned") || cursor.SeesWord("zerofill")) type.is_unsigned = true;
  }
  return type;
}

}  // namespace sluice::mysql
