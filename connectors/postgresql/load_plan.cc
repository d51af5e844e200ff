#include "connectors/postgresql/load_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "connector/neutral.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/sessions.h"
#include "connectors/postgresql/types.h"

namespace sluice::postgresql {
namespace {

using model::ColumnType;
using model::TypeKind;

bool IsSystem(const TargetColumn& target, std::string_view name) {
  return target.base_schema == "pg_catalog" && target.base_name == name;
}

bool IsCitext(const TargetColumn& target) {
  return target.base_name == "citext" && target.base_kind == 'b';
}

// The part after the last dot outside of quotes: a schema may have another name at the destination.
std::string_view Unqualified(std::string_view native) {
  size_t at = 0;
  bool quoted = false;
  for (size_t i = 0; i < native.size(); ++i) {
    if (native[i] == '"') quoted = !quoted;
    if (native[i] == '.' && !quoted) at = i + 1;
  }
  return native.substr(at);
}

// The model's type of the destination's column, for what its kind says.
ColumnType TypeOf(const TargetColumn& target) {
  return MakeColumnType({.native = target.base_native,
                         .base_schema = target.base_schema,
                         .base_name = target.base_name,
                         .base_kind = target.base_kind,
                         .category = target.base_native.ends_with("[]") ? 'A' : 'U',
                         .is_array = target.base_native.ends_with("[]"),
                         .modifier = target.modifier,
                         .elements = {}});
}

// "text", "timestamp without time zone" ...: the type of this kind without limits.
std::string Unlimited(const ColumnType& type) {
  switch (type.kind) {
    case TypeKind::kBoolean:
      return "pg_catalog.bool";
    case TypeKind::kInteger:
      if (type.is_unsigned) return "pg_catalog.oid";
      return type.bytes == 2 ? "pg_catalog.int2" : type.bytes == 4 ? "pg_catalog.int4" : "pg_catalog.int8";
    case TypeKind::kDecimal:
      return "pg_catalog.numeric";
    case TypeKind::kFloat32:
      return "pg_catalog.float4";
    case TypeKind::kFloat64:
      return "pg_catalog.float8";
    case TypeKind::kChar:
      return "pg_catalog.bpchar";
    case TypeKind::kBlob:
      return "pg_catalog.bytea";
    case TypeKind::kDate:
      return "pg_catalog.date";
    case TypeKind::kTime:
      return "pg_catalog.time";
    case TypeKind::kDateTime:
      return "pg_catalog.timestamp";
    case TypeKind::kTimestamp:
      return "pg_catalog.timestamptz";
    case TypeKind::kInterval:
      return "pg_catalog.interval";
    case TypeKind::kUuid:
      return "pg_catalog.uuid";
    default:
      return "pg_catalog.text";
  }
}

bool KeepsText(const ColumnType& source, const ColumnType& target, const TargetColumn& column) {
  if (IsCitext(column)) return source.kind != TypeKind::kChar;
  const bool fits = target.length == 0 || (source.length != 0 && target.length >= source.length);
  const bool padded = source.kind == TypeKind::kChar;  // as text the spaces at its end would count
  switch (target.kind) {
    case TypeKind::kText:
      return !padded;
    case TypeKind::kVarchar:
      return fits && !padded;
    case TypeKind::kChar:
      return padded && fits;
    default:
      return false;
  }
}

bool KeepsNumber(const ColumnType& source, const ColumnType& target, const TargetColumn& column) {
  if (target.kind != TypeKind::kDecimal) return false;
  if (column.modifier < 0) return true;
  const bool negative_scale = column.base_native.find(",-") != std::string::npos;
  if (negative_scale) return false;
  if (source.kind == TypeKind::kInteger) return true;
  return source.precision != 0 && target.scale >= source.scale;
}

}  // namespace

bool LoadPlan::Staged() const {
  return std::any_of(columns.begin(), columns.end(), [](const LoadColumn& column) { return column.checked; });
}

std::string LoadPlan::ColumnList() const {
  std::string list;
  for (const LoadColumn& column : columns) list += (list.empty() ? "" : ", ") + Quote(column.destination);
  return list;
}

bool SameBinaryForm(const ColumnType& source, const TargetColumn& target) {
  switch (source.kind) {
    case TypeKind::kEnum:
      return target.base_kind == 'e';
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kText:
      return IsSystem(target, "text") || IsSystem(target, "varchar") || IsSystem(target, "bpchar") || IsCitext(target);
    case TypeKind::kBit:
      return IsSystem(target, "bit") || IsSystem(target, "varbit");
    case TypeKind::kInet:
    case TypeKind::kJson:
    case TypeKind::kOther:
      return target.binary && source.native == target.base_native;
    default: {
      if (!target.binary) return false;
      const ColumnType type = TypeOf(target);
      return type.kind == source.kind && type.bytes == source.bytes && type.is_unsigned == source.is_unsigned;
    }
  }
}

bool KeepsOrRefuses(const ColumnType& source, const TargetColumn& target) {
  if (source.native == target.native || source.native == target.base_native) return true;
  const ColumnType type = TypeOf(target);
  switch (source.kind) {
    // Other engines' kinds, as neutral text.
    case TypeKind::kBinary:
    case TypeKind::kVarbinary:
    case TypeKind::kGeometry:
    case TypeKind::kVector:
      return type.kind == TypeKind::kBlob;
    case TypeKind::kSet:
      return type.kind == TypeKind::kText;
    case TypeKind::kYear:
    case TypeKind::kInteger:
      return type.kind == TypeKind::kInteger || KeepsNumber(source, type, target);
    case TypeKind::kDecimal:
      return KeepsNumber(source, type, target);
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kText:
      if (type.kind == TypeKind::kJson) return IsSystem(target, "json");
      return KeepsText(source, type, target);
    case TypeKind::kTime:
      if (IsSystem(target, "interval")) {  // its digits are the lower half of the modifier
        return target.modifier < 0 || (target.modifier & 0xffff) >= source.fraction;
      }
      return type.kind == source.kind && type.fraction >= source.fraction;
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp:
      return type.kind == source.kind && type.fraction >= source.fraction;
    case TypeKind::kInterval:
      return IsSystem(target, "interval") && target.modifier < 0;
    case TypeKind::kInet:
    case TypeKind::kJson:
    case TypeKind::kBit:
      return type.kind == source.kind || IsSystem(target, "varbit");
    case TypeKind::kEnum:
      return type.kind == TypeKind::kEnum || type.kind == TypeKind::kText;
    case TypeKind::kOther:
      return Unqualified(source.native) == Unqualified(target.native) ||
             Unqualified(source.native) == Unqualified(target.base_native);
    default:
      return type.kind == source.kind;
  }
}

LoadPlan MakeLoadPlan(const model::Table& table, const model::TableMapping& mapping,
                      const std::vector<TargetColumn>& targets, const std::string& side) {
  LoadPlan plan;
  plan.table = Quote(mapping.destination.database, mapping.destination.name);
  plan.object = "table " + mapping.destination.Text();
  for (const model::ColumnMapping& column : mapping.columns) {
    const auto target = std::find_if(targets.begin(), targets.end(),
                                     [&](const TargetColumn& one) { return one.name == column.destination; });
    if (target == targets.end()) {
      throw Error(kMissingObject)
          .Object(plan.object + ", column " + column.destination)
          .Cause("The destination's table has no such column")
          .Remedy("Add the column there, or leave it out of the task.")
          .Side(side);
    }
    const auto index = table.FindColumn(column.source);
    Check(index.has_value(), "mapping names a column that the table does not have");
    const ColumnType& source = table.columns[*index].type;
    const bool keeps = KeepsOrRefuses(source, *target);
    plan.columns.push_back({.destination = column.destination,
                            .staged = keeps ? target->native : Unlimited(source),
                            .target = target->native,
                            .checked = !keeps});
  }
  return plan;
}

// reg* is sent as a number that means something else at another server, and an empty tsquery is sent in a form that no
// server takes.
std::vector<TargetColumn> ReadTargetColumns(Connection& connection, const model::ObjectName& table) {
  const TextRows rows = connection.Query(
      fmt::format(
          "WITH RECURSIVE under (place, name, native, id, modifier) AS ("
          "SELECT attnum, attname, pg_catalog.format_type(atttypid, atttypmod), atttypid, atttypmod FROM "
          "pg_catalog.pg_attribute WHERE attrelid = {}::pg_catalog.regclass AND attnum > 0 AND NOT attisdropped "
          "UNION ALL SELECT u.place, u.name, u.native, t.typbasetype, t.typtypmod FROM under u JOIN pg_catalog.pg_type "
          "t "
          "ON t.oid = u.id WHERE t.typtype = 'd') "
          "SELECT u.name, u.native, pg_catalog.format_type(u.id, u.modifier), n.nspname, b.typname, b.typtype, "
          "u.modifier, n.nspname = 'pg_catalog' AND b.typtype IN ('b', 'r', 'm') AND b.typsend <> 0 AND b.typreceive "
          "<> 0 "
          "AND b.typname NOT LIKE '%reg%' AND b.typname NOT IN ('tsquery', '_tsquery') AND (e.oid IS NULL OR "
          "(e.typsend <> 0 AND e.typreceive <> 0 AND e.typtype IN "
          "('b', 'r', 'm') AND e.typname NOT LIKE 'reg%')) "
          "FROM under u JOIN pg_catalog.pg_type b ON b.oid = u.id AND b.typtype <> 'd' JOIN pg_catalog.pg_namespace n "
          "ON "
          "n.oid = b.typnamespace LEFT JOIN pg_catalog.pg_type e ON e.oid = b.typelem AND b.typcategory = 'A' ORDER BY "
          "u.place",
          Literal(Quote(table.database, table.name))),
      "table " + table.Text());
  std::vector<TargetColumn> columns;
  for (const TextRow& row : rows) {
    TargetColumn column{.name = row[0].value_or(""),
                        .native = row[1].value_or(""),
                        .base_native = row[2].value_or(""),
                        .base_schema = row[3].value_or(""),
                        .base_name = row[4].value_or(""),
                        .base_kind = row[5].value_or("b").front(),
                        .binary = row[7] == "t"};
    const std::string modifier = row[6].value_or("-1");
    std::from_chars(modifier.data(), modifier.data() + modifier.size(), column.modifier);
    columns.push_back(std::move(column));
  }
  return columns;
}

std::string ChooseLoadEncoding(Connection& connection, const model::Table& table, const model::TableMapping& mapping,
                               const std::vector<std::string>& offered) {
  const std::vector<TargetColumn> targets = ReadTargetColumns(connection, mapping.destination);
  const bool binary =
      std::all_of(mapping.columns.begin(), mapping.columns.end(), [&](const model::ColumnMapping& column) {
        const auto index = table.FindColumn(column.source);
        const auto target = std::find_if(targets.begin(), targets.end(),
                                         [&](const TargetColumn& one) { return one.name == column.destination; });
        return index && target != targets.end() && SameBinaryForm(table.columns[*index].type, *target);
      });
  const std::string wanted = binary ? kCopyBinary : kCopyText;
  if (std::find(offered.begin(), offered.end(), wanted) != offered.end()) return wanted;
  for (const char* text : {kCopyText, connector::kNeutralTsv}) {
    if (std::find(offered.begin(), offered.end(), text) != offered.end()) return text;
  }
  throw Error(kUnsupported)
      .Object("table " + table.name.Text())
      .Cause("The source offers its rows in no form that the destination takes")
      .Remedy("This pair of engines has no full load yet.")
      .Side("destination");
}

}  // namespace sluice::postgresql
