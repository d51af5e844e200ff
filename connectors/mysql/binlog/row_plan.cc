#include "connectors/mysql/binlog/row_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "connectors/mysql/codes.h"

namespace sluice::mysql::binlog {
namespace {

using model::CellKind;
using model::Column;
using model::TypeKind;

std::string DescribedShape(const model::Table& table) {
  constexpr size_t kShown = 40;
  std::string text = fmt::format("{} columns (", table.columns.size());
  for (size_t i = 0; i < table.columns.size() && i < kShown; ++i) {
    if (i != 0) text += ", ";
    text += table.columns[i].name + " " + table.columns[i].type.native;
  }
  text += table.columns.size() > kShown ? ", ...)" : ")";
  return text;
}

[[noreturn]] void ThrowDrift(const TableMap& map, const model::Table& table, const std::string& what) {
  throw Error(kSchemaDrift)
      .Object("table " + table.name.Text())
      .Cause(fmt::format("{} The log has {}; the description has {}.", what, map.Shape(), DescribedShape(table)))
      .Remedy(
          "The table was altered in a way that the log does not show (with sql_log_bin=0, or before the position "
          "that was begun at). Begin anew with --restart.");
}

ColumnPlan Simple(Decode decode, CellKind kind, size_t width = 0) {
  ColumnPlan plan;
  plan.decode = decode;
  plan.kind = kind;
  plan.width = static_cast<uint8_t>(width);
  return plan;
}

ColumnPlan Counted(Decode decode, CellKind kind, const LogColumn& log) {
  switch (log.type) {
    case LogType::kVarchar:
    case LogType::kVarString:
    case LogType::kString:
    case LogType::kMariadbVarcharCompressed:
      return Simple(decode, kind, log.meta > 255 ? 2 : 1);
    default:
      return Simple(decode, kind, log.meta);  // TEXT, BLOB, JSON, GEOMETRY: the metadata is the width of the length
  }
}

ColumnPlan WithDigits(Decode decode, CellKind kind, unsigned digits) {
  ColumnPlan plan = Simple(decode, kind);
  plan.digits = static_cast<uint8_t>(digits);
  return plan;
}

size_t IntegerBytes(LogType type) {
  switch (type) {
    case LogType::kTiny:
      return 1;
    case LogType::kShort:
      return 2;
    case LogType::kInt24:
      return 3;
    case LogType::kLong:
      return 4;
    case LogType::kLongLong:
      return 8;
    default:
      return 0;
  }
}

// The kind of cell that strings of this column become.
CellKind TextKind(const Column* column) {
  if (column == nullptr) return CellKind::kBytes;
  switch (column->type.kind) {
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kText:
      return CellKind::kText;
    case TypeKind::kJson:
      return CellKind::kJson;
    default:
      return CellKind::kBytes;
  }
}

// Of the types that MySQL calls STRING: CHAR, BINARY, and MariaDB's UUID and INET as their bytes.
ColumnPlan PlanFixedString(const LogColumn& log, const Column* column, const ServerTraits& server) {
  ColumnPlan plan = Counted(Decode::kBytes, TextKind(column), log);
  plan.length = log.meta;
  if (column == nullptr) return plan;
  switch (column->type.kind) {
    case TypeKind::kBinary:
      plan.decode = Decode::kPadded;
      break;
    case TypeKind::kUuid:
      plan.decode = server.OldUuids() ? Decode::kOldUuid : Decode::kUuid;
      break;
    case TypeKind::kInet:
      plan.decode = log.meta == 4 ? Decode::kInet4 : Decode::kInet6;
      break;
    default:
      return plan;
  }
  if (plan.decode != Decode::kPadded) plan.kind = CellKind::kText;
  return plan;
}

ColumnPlan PlanTemporal(const LogColumn& log, const Column* column) {
  const unsigned described = column == nullptr ? 0 : column->type.fraction;
  switch (log.type) {
    case LogType::kTime:
      return WithDigits(described == 0 ? Decode::kOldTime : Decode::kHiresTime, CellKind::kTime, described);
    case LogType::kDateTime:
      return WithDigits(described == 0 ? Decode::kOldDateTime : Decode::kHiresDateTime, CellKind::kDateTime, described);
    case LogType::kTimestamp:
      return WithDigits(described == 0 ? Decode::kOldTimestamp : Decode::kHiresTimestamp, CellKind::kDateTime,
                        described);
    case LogType::kTime2:
      return WithDigits(Decode::kTime2, CellKind::kTime, log.meta);
    case LogType::kDateTime2:
      return WithDigits(Decode::kDateTime2, CellKind::kDateTime, log.meta);
    case LogType::kTimestamp2:
      return WithDigits(Decode::kTimestamp2, CellKind::kDateTime, log.meta);
    default:
      return Simple(Decode::kDate, CellKind::kDate);
  }
}

// `column` is null for what the description does not know: it is stepped over.
ColumnPlan PlanColumn(const TableMap& map, const LogColumn& log, const Column* column, const ServerTraits& server) {
  switch (log.type) {
    case LogType::kTiny:
    case LogType::kShort:
    case LogType::kInt24:
    case LogType::kLong:
    case LogType::kLongLong: {
      const bool is_unsigned = column != nullptr ? column->type.is_unsigned : log.is_unsigned;
      return Simple(is_unsigned ? Decode::kUint : Decode::kInt, is_unsigned ? CellKind::kUint : CellKind::kInt,
                    IntegerBytes(log.type));
    }
    case LogType::kYear:
      return Simple(Decode::kYear, CellKind::kInt);
    case LogType::kFloat:
      return Simple(Decode::kFloat32, CellKind::kFloat32);
    case LogType::kDouble:
      return Simple(Decode::kFloat64, CellKind::kFloat64);
    case LogType::kNewDecimal: {
      ColumnPlan plan = WithDigits(Decode::kDecimal, CellKind::kDecimal, log.meta & 255);
      plan.precision = static_cast<uint8_t>(log.meta >> 8);
      return plan;
    }
    case LogType::kBit: {
      const size_t bytes = static_cast<size_t>(log.meta >> 8) + ((log.meta & 255) != 0 ? 1 : 0);
      if (bytes <= 8) return Simple(Decode::kBit, CellKind::kUint, bytes);
      break;
    }
    case LogType::kEnum:
    case LogType::kSet:
      if (log.meta <= 8) return Simple(Decode::kUint, CellKind::kUint, log.meta);
      break;
    case LogType::kDate:
    case LogType::kNewDate:
    case LogType::kTime:
    case LogType::kDateTime:
    case LogType::kTimestamp:
    case LogType::kTime2:
    case LogType::kDateTime2:
    case LogType::kTimestamp2:
      return PlanTemporal(log, column);
    case LogType::kString:
    case LogType::kVarString:
      return PlanFixedString(log, column, server);
    case LogType::kVarchar:
      return Counted(Decode::kBytes, TextKind(column), log);
    case LogType::kBlob:
    case LogType::kTinyBlob:
    case LogType::kMediumBlob:
    case LogType::kLongBlob:
    case LogType::kGeometry:
    case LogType::kVector:
      if (log.meta >= 1 && log.meta <= 4) return Counted(Decode::kBytes, TextKind(column), log);
      break;
    case LogType::kMariadbBlobCompressed:
      if (log.meta >= 1 && log.meta <= 4) return Counted(Decode::kCompressed, TextKind(column), log);
      break;
    case LogType::kMariadbVarcharCompressed:
      return Counted(Decode::kCompressed, TextKind(column), log);
    case LogType::kJson:
      if (log.meta >= 1 && log.meta <= 4) {
        ColumnPlan plan = Counted(Decode::kJson, CellKind::kJson, log);
        plan.is_json = true;
        return plan;
      }
      break;
    default:
      break;
  }
  throw Error(kBadEvent)
      .Object(fmt::format("table {}.{}", map.database, map.table))
      .Cause(fmt::format("A column has {} in the log, which is not known.", TypeName(log)))
      .Remedy("Leave the table out of the task's objects.");
}

bool IsBlob(LogType type) {
  return type == LogType::kBlob || type == LogType::kTinyBlob || type == LogType::kMediumBlob ||
         type == LogType::kLongBlob || type == LogType::kMariadbBlobCompressed;
}

bool Fits(const LogColumn& log, const model::ColumnType& type) {
  const LogType at = log.type;
  const bool varying = at == LogType::kVarchar || at == LogType::kVarString || at == LogType::kMariadbVarcharCompressed;
  switch (type.kind) {
    case TypeKind::kInteger:
      return IntegerBytes(at) == type.bytes && (!log.has_sign || log.is_unsigned == type.is_unsigned);
    case TypeKind::kDecimal:
      return at == LogType::kNewDecimal && log.meta == (type.precision << 8 | type.scale);
    case TypeKind::kFloat32:
      return at == LogType::kFloat;
    case TypeKind::kFloat64:
      return at == LogType::kDouble;
    case TypeKind::kBit:
      return at == LogType::kBit && (log.meta >> 8) * 8u + (log.meta & 255) == type.length;
    case TypeKind::kYear:
      return at == LogType::kYear;
    case TypeKind::kDate:
      return at == LogType::kDate || at == LogType::kNewDate;
    case TypeKind::kTime:
      return at == LogType::kTime || (at == LogType::kTime2 && log.meta == type.fraction);
    case TypeKind::kDateTime:
      return at == LogType::kDateTime || (at == LogType::kDateTime2 && log.meta == type.fraction);
    case TypeKind::kTimestamp:
      return at == LogType::kTimestamp || (at == LogType::kTimestamp2 && log.meta == type.fraction);
    case TypeKind::kChar:
    case TypeKind::kBinary:
      return at == LogType::kString || varying;
    case TypeKind::kVarchar:
    case TypeKind::kVarbinary:
      return varying;
    case TypeKind::kText:
    case TypeKind::kBlob:
      return IsBlob(at);
    case TypeKind::kEnum:
      return at == LogType::kEnum;
    case TypeKind::kSet:
      return at == LogType::kSet;
    case TypeKind::kJson:
      return at == LogType::kJson || IsBlob(at) || varying || at == LogType::kString;
    case TypeKind::kGeometry:
      return at == LogType::kGeometry || IsBlob(at);
    case TypeKind::kUuid:
      return at == LogType::kString && log.meta == 16;
    case TypeKind::kInet:
      return at == LogType::kString && (log.meta == 16 || log.meta == 4);
    case TypeKind::kVector:
      return at == LogType::kVector || varying || IsBlob(at);
    case TypeKind::kOther:
      return true;
    case TypeKind::kBoolean:  // another engine's
    case TypeKind::kInterval:
      return false;
  }
  return false;
}

constexpr std::string_view kHashColumn = "DB_ROW_HASH_";

// How many columns at the end of MariaDB's log are hashes: it keeps one, which nothing describes, for each unique key
// over whole texts or over more bytes than an index holds.
size_t HashesAtEnd(const TableMap& map, const model::Table& table) {
  constexpr uint64_t kIndexBytes = 767;  // the least that an engine's index holds
  size_t most = 0;
  for (const model::Key& key : table.keys) {
    const bool may_be_hash = std::any_of(key.parts.begin(), key.parts.end(), [&](const model::KeyPart& part) {
      const model::ColumnType& type = table.columns[part.column].type;
      const bool endless = type.kind == TypeKind::kText || type.kind == TypeKind::kBlob;
      return part.prefix_length == 0 && (endless || type.length * 4 > kIndexBytes);
    });
    if (key.unique && may_be_hash) ++most;
  }
  const auto is_described = [&](size_t count) {
    const auto stored = std::count_if(table.columns.begin(), table.columns.end(), [](const Column& column) {
      return column.generated != model::Generated::kVirtual;
    });
    return count == table.columns.size() || count == static_cast<size_t>(stored);
  };
  for (size_t hashes = most; hashes > 0; --hashes) {
    if (hashes >= map.columns.size() || !is_described(map.columns.size() - hashes)) continue;
    if (std::all_of(map.columns.end() - static_cast<ptrdiff_t>(hashes), map.columns.end(),
                    [](const LogColumn& log) { return log.type == LogType::kLongLong; })) {
      return hashes;
    }
  }
  return 0;
}

// Which described column each of the log's columns is.
std::vector<uint32_t> MatchColumns(const TableMap& map, const model::Table& table, bool is_mariadb) {
  std::vector<uint32_t> targets;
  const auto hidden = static_cast<size_t>(
      std::count_if(table.keys.begin(), table.keys.end(), [](const model::Key& key) { return key.has_expression; }));
  if (map.has_names) {
    for (const LogColumn& log : map.columns) {
      const std::optional<uint32_t> found = table.FindColumn(log.name);
      // Columns that the server made for functional keys are in no description.
      const bool is_hash = is_mariadb && log.name.starts_with(kHashColumn);
      if (!found && hidden == 0 && !is_hash)
        ThrowDrift(map, table, fmt::format("Column {} is not described.", log.name));
      targets.push_back(found.value_or(ColumnPlan::kNowhere));
    }
    return targets;
  }
  const size_t count = map.columns.size() - (is_mariadb ? HashesAtEnd(map, table) : 0);
  const bool with_virtual = count >= table.columns.size();
  for (uint32_t i = 0; i < table.columns.size(); ++i) {
    const bool in_log = with_virtual || !is_mariadb || table.columns[i].generated != model::Generated::kVirtual;
    if (in_log) targets.push_back(i);
  }
  if (targets.size() > count || targets.size() + hidden < count) {
    ThrowDrift(map, table, "The number of columns differs.");
  }
  targets.resize(map.columns.size(), ColumnPlan::kNowhere);
  return targets;
}

}  // namespace

RowPlan MakeRowPlan(const TableMap& map, model::TablePtr table, const ServerTraits& server) {
  const std::vector<uint32_t> targets = MatchColumns(map, *table, server.is_mariadb);
  const model::Key* const identity = table->IdentityKey();
  const auto finds_row = [&](uint32_t column) {
    return identity == nullptr || std::any_of(identity->parts.begin(), identity->parts.end(),
                                              [&](const model::KeyPart& part) { return part.column == column; });
  };
  RowPlan plan;
  plan.columns.reserve(targets.size());
  for (size_t i = 0; i < targets.size(); ++i) {
    const Column* const column = targets[i] == ColumnPlan::kNowhere ? nullptr : &table->columns[targets[i]];
    if (column != nullptr && !Fits(map.columns[i], column->type)) {
      ThrowDrift(map, *table, fmt::format("Column {} is {} in the log.", column->name, TypeName(map.columns[i])));
    }
    ColumnPlan one = PlanColumn(map, map.columns[i], column, server);
    one.target = targets[i];
    one.is_stored = column != nullptr && column->generated == model::Generated::kNo;
    one.finds_row = one.is_stored && finds_row(targets[i]);
    if (server.to_utf8 && column != nullptr && one.kind == CellKind::kText && column->type.IsText()) {
      one.to_utf8 = server.to_utf8(column->type.charset);
    }
    if (one.is_json) ++plan.json_columns;
    plan.columns.push_back(one);
  }
  plan.table = std::move(table);
  return plan;
}

}  // namespace sluice::mysql::binlog
