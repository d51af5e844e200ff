#include "model/table.h"

#include <algorithm>

namespace sluice::model {
namespace {

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](unsigned char x, unsigned char y) {
           const auto lower = [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; };
           return lower(x) == lower(y);
         });
}

}  // namespace

std::string_view Name(TypeKind kind) {
  switch (kind) {
    case TypeKind::kInteger:
      return "integer";
    case TypeKind::kDecimal:
      return "decimal";
    case TypeKind::kFloat32:
      return "float32";
    case TypeKind::kFloat64:
      return "float64";
    case TypeKind::kBit:
      return "bit";
    case TypeKind::kYear:
      return "year";
    case TypeKind::kDate:
      return "date";
    case TypeKind::kTime:
      return "time";
    case TypeKind::kDateTime:
      return "datetime";
    case TypeKind::kTimestamp:
      return "timestamp";
    case TypeKind::kChar:
      return "char";
    case TypeKind::kVarchar:
      return "varchar";
    case TypeKind::kText:
      return "text";
    case TypeKind::kBinary:
      return "binary";
    case TypeKind::kVarbinary:
      return "varbinary";
    case TypeKind::kBlob:
      return "blob";
    case TypeKind::kEnum:
      return "enum";
    case TypeKind::kSet:
      return "set";
    case TypeKind::kJson:
      return "json";
    case TypeKind::kGeometry:
      return "geometry";
    case TypeKind::kUuid:
      return "uuid";
    case TypeKind::kInet:
      return "inet";
    case TypeKind::kVector:
      return "vector";
    case TypeKind::kBoolean:
      return "boolean";
    case TypeKind::kInterval:
      return "interval";
    case TypeKind::kOther:
      return "other";
  }
  return "other";
}

std::string_view Name(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kDatabase:
      return "database";
    case ObjectKind::kTable:
      return "table";
    case ObjectKind::kView:
      return "view";
    case ObjectKind::kTrigger:
      return "trigger";
    case ObjectKind::kProcedure:
      return "procedure";
    case ObjectKind::kFunction:
      return "function";
    case ObjectKind::kMaterializedView:
      return "materialized view";
    case ObjectKind::kSequence:
      return "sequence";
    case ObjectKind::kType:
      return "type";
    case ObjectKind::kDomain:
      return "domain";
    case ObjectKind::kCollation:
      return "collation";
    case ObjectKind::kExtension:
      return "extension";
    case ObjectKind::kAggregate:
      return "aggregate";
    case ObjectKind::kOperator:
      return "operator";
    case ObjectKind::kRule:
      return "rule";
    case ObjectKind::kPolicy:
      return "policy";
  }
  return "object";
}

std::optional<uint32_t> Table::FindColumn(std::string_view wanted) const {
  for (uint32_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == wanted) return i;
  }
  for (uint32_t i = 0; i < columns.size(); ++i) {
    if (EqualIgnoringCase(columns[i].name, wanted)) return i;
  }
  return std::nullopt;
}

const Key* Table::IdentityKey() const {
  return BestKey(false);
}

const Key* Table::CommittedKey() const {
  return BestKey(true);
}

const Key* Table::BestKey(bool deferrable) const {
  const Key* best = nullptr;
  for (const Key& key : keys) {
    if (key.deferrable && !deferrable) continue;
    if (key.primary && !key.has_expression) return &key;
    if (!key.unique || key.has_expression || key.partial || key.parts.empty()) continue;
    const bool usable = std::all_of(key.parts.begin(), key.parts.end(), [&](const KeyPart& part) {
      return !columns[part.column].nullable && columns[part.column].generated == Generated::kNo;
    });
    if (usable && (best == nullptr || key.parts.size() < best->parts.size())) best = &key;
  }
  return best;
}

}  // namespace sluice::model
