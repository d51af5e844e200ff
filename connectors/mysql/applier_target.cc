#include "connectors/mysql/applier_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/check.h"
#include "connectors/mysql/connection.h"

namespace sluice::mysql {

using model::TypeKind;

bool NeedsCharset(const model::ColumnType& type) {
  return type.kind == TypeKind::kUuid || type.kind == TypeKind::kInet;
}

namespace {

// As information_schema shows it.
std::string Definition(const model::ColumnType& type) {
  std::string text = type.kind == TypeKind::kEnum ? "enum(" : "set(";
  for (const std::string& element : type.elements) {
    text += text.back() == '(' ? "'" : ",'";
    for (const char c : element) text.append(c == '\'' ? 2 : 1, c);
    text += '\'';
  }
  return text + ")";
}

StoredAs MakeStored(const model::ColumnType& type, const DestinationColumn& there) {
  StoredAs stored;
  stored.is_json = there.type == "json";
  const bool is_list = type.kind == TypeKind::kEnum || type.kind == TypeKind::kSet;
  if (is_list) {
    stored.by_name = there.definition != Definition(type);
    return stored;
  }
  if (there.charset.empty()) return stored;
  const bool is_json = type.kind == TypeKind::kJson;
  const std::string sent = is_json && type.charset.empty() ? "utf8mb4" : CanonicalCharset(type.charset);
  if (!(type.IsText() || is_json) || sent.empty() || sent == "binary" || sent == there.charset) return stored;
  // Bytes of ASCII mean the same in all but a few character sets.
  if (sent == "ascii" && !HasWideUnits(there.charset)) return stored;
  stored.charset = there.charset;
  return stored;
}

// A type of another engine as the one of ours that its cells have.
model::ColumnType OwnType(model::ColumnType type) {
  switch (type.kind) {
    case TypeKind::kBoolean:
      type.kind = TypeKind::kInteger;
      return type;
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kText:
    case TypeKind::kEnum:  // its cells are the texts, not numbers
    case TypeKind::kInterval:
    case TypeKind::kOther:
      type.kind = TypeKind::kVarchar;
      type.elements.clear();
      [[fallthrough]];
    case TypeKind::kUuid:
    case TypeKind::kInet:
      type.charset = "utf8mb4";
      type.collation.clear();
      return type;
    default:
      return type;
  }
}

// "decimal(10,2)" -> 2
std::optional<uint32_t> ScaleOf(const DestinationColumn& column) {
  if (column.type != "decimal") return std::nullopt;
  const size_t comma = column.definition.find(',');
  uint32_t scale = 0;
  if (comma != std::string::npos) {
    std::from_chars(column.definition.data() + comma + 1, column.definition.data() + column.definition.size(), scale);
  }
  return scale;
}

}  // namespace

Target MakeTarget(const model::TablePtr& table, const model::TableMapping& mapping, const DestinationTable& there,
                  bool neutral) {
  Target target;
  target.table = table;
  target.name = Quote(mapping.destination.database, mapping.destination.name);
  target.object = "table " + mapping.destination.Text();
  for (const model::ColumnMapping& column : mapping.columns) {
    const auto index = table->FindColumn(column.source);
    Check(index.has_value(), "a mapped column exists");
    const model::Column& source = table->columns[*index];
    if (source.generated != model::Generated::kNo) continue;
    const DestinationColumn* stored_in = there.Find(column.destination);
    model::ColumnType type = neutral ? OwnType(source.type) : source.type;
    if (neutral && stored_in != nullptr && source.type.kind == TypeKind::kInterval && stored_in->type == "time") {
      type.kind = TypeKind::kTime;  // the same time may be written with more digits
    }
    const StoredAs stored = stored_in == nullptr ? StoredAs() : MakeStored(type, *stored_in);
    target.takes_bytes = target.takes_bytes && stored.charset.empty() && !stored.by_name;
    target.columns.push_back({*index, Quote(column.destination), type, stored, std::nullopt, ""});
    if (neutral && stored_in != nullptr && type.kind == TypeKind::kDecimal) {
      target.columns.back().scale = ScaleOf(*stored_in);
    }
    if (neutral && stored_in != nullptr && stored_in->type == "enum") {
      target.columns.back().enum_definition = stored_in->definition;
    }
    // ON UPDATE CURRENT_TIMESTAMP would change a column that the statement does not name.
    target.always_set.push_back(source.type.kind == TypeKind::kTimestamp || source.type.kind == TypeKind::kDateTime);
    target.has_enum = target.has_enum || type.kind == TypeKind::kEnum;
  }
  if (const model::Key* key = table->IdentityKey()) {
    for (const model::KeyPart& part : key->parts) {
      const auto carried = std::find_if(target.columns.begin(), target.columns.end(),
                                        [&](const TargetColumn& column) { return column.source == part.column; });
      if (carried == target.columns.end()) {  // a key column that is left out: the rest of it identifies nothing
        target.identity.clear();
        break;
      }
      target.identity.push_back(static_cast<size_t>(carried - target.columns.begin()));
    }
  }
  return target;
}

std::string ForeignValueRefused(const Target& target, const model::RowChange& change) {
  if (change.kind == model::ChangeKind::kDelete) return "";
  for (const TargetColumn& column : target.columns) {
    const model::Cell& cell = change.after[column.source];
    std::string value;
    if (cell.kind == model::CellKind::kDecimal) {
      const std::string_view text = cell.text();
      const bool is_number = text.find_first_of("NnIi") == std::string_view::npos;
      const size_t point = text.find('.');
      const size_t last = point == std::string_view::npos ? point : text.find_last_not_of('0');
      const bool fits = point == std::string_view::npos || !column.scale || last - point <= *column.scale;
      if (!is_number || !fits) value = text;
    } else if (cell.kind == model::CellKind::kFloat32 && !std::isfinite(cell.f32)) {
      value = fmt::format("{}", cell.f32);
    } else if (cell.kind == model::CellKind::kFloat64 && !std::isfinite(cell.f64)) {
      value = fmt::format("{}", cell.f64);
    } else if (cell.HasBytes() && !column.enum_definition.empty() &&
               TakenForNumber(cell.text(), column.enum_definition)) {
      value = cell.text();
    }
    if (!value.empty()) return fmt::format("column {}: {}", column.name, value);
  }
  return "";
}

bool LacksIdentity(const Target& target, const model::RowChange& change) {
  return change.kind != model::ChangeKind::kInsert &&
         std::any_of(target.identity.begin(), target.identity.end(),
                     [&](size_t column) { return change.before[target.columns[column].source].IsAbsent(); });
}

uint64_t ChangedColumns(const Target& target, const model::RowChange& change) {
  uint64_t mask = 0;
  const bool has_bits = target.columns.size() <= 64;
  for (size_t i = 0; i < target.columns.size(); ++i) {
    const uint32_t source = target.columns[i].source;
    if (model::SameCell(change.before[source], change.after[source])) continue;
    if (!has_bits) return kAllColumns;
    mask |= uint64_t{1} << i;
  }
  if (mask == 0) return 0;
  for (size_t i = 0; i < target.columns.size(); ++i) {
    const bool is_there = !change.after[target.columns[i].source].IsAbsent();
    if (target.always_set[i] && is_there) mask |= uint64_t{1} << i;
  }
  return mask;
}

std::vector<size_t> MaskedColumns(const Target& target, uint64_t mask) {
  std::vector<size_t> columns;
  for (size_t i = 0; i < target.columns.size(); ++i) {
    const bool is_set = target.columns.size() > 64 || (mask >> i & 1) != 0;
    if (is_set) columns.push_back(i);
  }
  return columns;
}

}  // namespace sluice::mysql
