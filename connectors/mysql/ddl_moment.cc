#include "connectors/mysql/ddl_moment.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "connectors/mysql/create_table_column.h"
#include "connectors/mysql/ddl_edit.h"
#include "connectors/mysql/neutral.h"

namespace sluice::mysql {
namespace {

constexpr const char* kUtc = "+00:00";

std::string UtcText(int64_t micros, uint8_t digits) {
  constexpr int64_t kMicrosPerSecond = 1'000'000;
  constexpr size_t kDate = 10;
  const std::string iso = IsoTime(micros);  // 2026-11-23T06:12:16Z
  const std::string text = iso.substr(0, kDate) + " " + iso.substr(kDate + 1, iso.size() - kDate - 2);
  if (digits == 0) return text;
  return text + "." + fmt::format("{:06}", micros % kMicrosPerSecond).substr(0, digits);
}

}  // namespace

std::optional<std::string> ZeroOf(const model::ColumnType& type) {
  using model::TypeKind;
  switch (type.kind) {
    case TypeKind::kInteger:
    case TypeKind::kYear:
    case TypeKind::kDecimal:
    case TypeKind::kFloat32:
    case TypeKind::kFloat64:
      return "0";
    case TypeKind::kBit:
      return std::string(type.length, '0');
    case TypeKind::kDate:
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp:
      return "-infinity";
    case TypeKind::kTime:
      return "00:00:00";
    case TypeKind::kText:
      if (type.native.find("json") != std::string::npos) return std::nullopt;  // '' is none
      return "";
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kSet:
      return "";
    case TypeKind::kBinary: {
      std::string zeros = "\\x";
      for (uint64_t i = 0; i < type.length; ++i) zeros += "00";
      return zeros;
    }
    case TypeKind::kVarbinary:
    case TypeKind::kBlob:
      return "\\x";
    case TypeKind::kEnum:
      return type.elements.empty() ? std::nullopt : std::optional(type.elements.front());
    case TypeKind::kJson:
      return "null";
    case TypeKind::kUuid:
      return "00000000-0000-0000-0000-000000000000";
    case TypeKind::kInet:
      return type.native.find('4') == std::string::npos ? "::" : "0.0.0.0";
    default:
      return std::nullopt;
  }
}

std::optional<std::string> DdlMoment::Convert(const std::string& time, const std::string& from, const std::string& to) {
  if (from.empty() || to.empty()) return std::nullopt;
  if (from == to) return time;
  return source_.QueryOne(fmt::format("SELECT CONVERT_TZ({}, {}, {})", Literal(time), Literal(from), Literal(to)));
}

std::optional<std::string> DdlMoment::Now(const model::ColumnType& type) {
  if (ddl_.session.began_micros == 0 || type.fraction > ddl_.session.began_digits) return std::nullopt;
  const std::string text = UtcText(ddl_.session.began_micros, type.fraction);
  if (type.kind == model::TypeKind::kTimestamp) return text;
  if (type.kind != model::TypeKind::kDateTime) return std::nullopt;
  return Convert(text, kUtc, ddl_.session.time_zone);
}

std::map<std::string, std::string> DdlMoment::Filled(const model::Table& before, const model::Table& after,
                                                     const std::map<std::string, std::string>& renamed) {
  using Kind = model::ColumnDefault::Kind;
  std::map<std::string, std::string> filled;
  for (const model::Column& column : after.columns) {
    const bool there =
        renamed.contains(column.name) ||
        std::any_of(before.columns.begin(), before.columns.end(), [&](const auto& o) { return o.name == column.name; });
    if (there || column.generated != model::Generated::kNo || column.auto_increment) continue;
    std::optional<std::string> value;
    if (column.default_value.kind == Kind::kNow) value = Now(column.type);
    if (column.default_value.kind == Kind::kNone && !column.nullable) value = ZeroOf(column.type);
    if (value) filled[column.name] = *value;
  }
  return filled;
}

void DdlMoment::Settle(const CreateTable& before, CreateTable& after,
                       const std::map<std::string, std::string>& renamed) {
  for (TableElement& element : after.elements) {
    if (element.kind != ElementKind::kColumn) continue;
    ColumnText text = ParseColumn(element.tokens);
    if (text.TypeWord() != "timestamp") continue;
    // The name aside, which may be all that changed.
    const auto rest = [](const sql::Tokens& tokens) {
      return sql::Render(sql::Tokens(tokens.begin() + (tokens.empty() ? 0 : 1), tokens.end()));
    };
    const auto known = renamed.find(element.name);
    const TableElement* was = before.FindColumn(known == renamed.end() ? element.name : known->second);
    const bool untouched = was != nullptr && rest(was->tokens) == rest(element.tokens);
    if (untouched) continue;
    const ColumnAttribute* value = text.Find("DEFAULT");
    if (!text.Has("NULL") && !text.Has("NOT NULL") && !ddl_.session.explicit_timestamps.value_or(true)) {
      if (value == nullptr || text.Has("ON UPDATE")) {
        NotFollowed(ddl_,
                    "explicit_defaults_for_timestamp is off, so a TIMESTAMP column has a default that is not said");
      }
      text.attributes.insert(text.attributes.begin(), {"NOT NULL", "", sql::Tokenize(" NOT NULL", {})});
      value = text.Find("DEFAULT");
    }
    if (value != nullptr && value->tokens.size() == 2 && value->tokens[1].IsString() &&
        !IsZeroDate(value->tokens[1].value)) {
      const auto utc = Convert(value->tokens[1].value, ddl_.session.time_zone, kUtc);
      if (!utc) NotFollowed(ddl_, "the time zone of its default is not known");
      text.Remove("DEFAULT");
      text.attributes.push_back({"DEFAULT", "", sql::Tokenize(" DEFAULT " + Literal(*utc), {})});
    }
    element.tokens = Join(text);
  }
}

}  // namespace sluice::mysql
