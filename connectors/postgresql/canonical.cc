#include "connectors/postgresql/canonical.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

#include "connectors/postgresql/connection.h"
#include "model/canonical_json.h"

namespace sluice::postgresql {
namespace {

using model::ColumnType;
using model::TypeKind;

constexpr int64_t kMicrosPerDay = 86'400'000'000;

// Network byte order.
template <typename T>
T Take(std::string_view value, size_t at = 0) {
  using Unsigned = std::make_unsigned_t<T>;
  Unsigned number = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    number = static_cast<Unsigned>(number << 8 | static_cast<unsigned char>(value[at + i]));
  }
  return static_cast<T>(number);
}

std::optional<int64_t> TakeInteger(std::string_view value) {
  switch (value.size()) {
    case 2:
      return Take<int16_t>(value);
    case 4:
      return Take<int32_t>(value);
    case 8:
      return Take<int64_t>(value);
    default:
      return std::nullopt;
  }
}

std::string_view Digits(auto number, Arena& arena) {
  constexpr size_t kMost = 24;
  char* buffer = arena.Allocate(kMost);
  return {buffer, static_cast<size_t>(std::to_chars(buffer, buffer + kMost, number).ptr - buffer)};
}

std::optional<std::string_view> Float(std::string_view value, bool negative_zero, Arena& arena) {
  double number = 0;
  if (value.size() == sizeof(float)) {
    number = std::bit_cast<float>(Take<uint32_t>(value));
  } else if (value.size() == sizeof(double)) {
    number = std::bit_cast<double>(Take<uint64_t>(value));
  } else {
    return std::nullopt;
  }
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  if (number == 0 && !negative_zero) return "0";
  constexpr size_t kMost = 40;
  char* buffer = arena.Allocate(kMost);
  return std::string_view(buffer, static_cast<size_t>(std::to_chars(buffer, buffer + kMost, number).ptr - buffer));
}

// numeric_send: number of digits, weight of the first, sign, display scale, digits to the base of 10000.
std::optional<std::string_view> Numeric(std::string_view value, bool as_written, Arena& arena) {
  constexpr size_t kHead = 8;
  constexpr uint16_t kNegative = 0x4000;
  if (value.size() < kHead) return std::nullopt;
  const int count = Take<int16_t>(value, 0);
  const int weight = Take<int16_t>(value, 2);
  const auto sign = Take<uint16_t>(value, 4);
  if (sign == 0xC000) return "NaN";
  if (sign == 0xD000) return "Infinity";
  if (sign == 0xF000) return "-Infinity";
  if (count < 0 || value.size() != kHead + static_cast<size_t>(count) * 2 || (sign != 0 && sign != kNegative)) {
    return std::nullopt;
  }
  const auto digit = [&](int i) {
    return i < 0 || i >= count ? uint16_t{0} : Take<uint16_t>(value, kHead + static_cast<size_t>(i) * 2);
  };
  std::string text;
  for (int i = 0; i <= weight; ++i) {
    text += i == 0 ? fmt::format("{}", digit(i)) : fmt::format("{:04}", digit(i));
  }
  if (weight < 0) text = "0";
  const size_t whole = text.size();
  for (int i = weight + 1; i < count; ++i) text += fmt::format("{:04}", digit(i));
  if (as_written) {
    text.resize(whole + Take<uint16_t>(value, 6), '0');
  } else {
    while (text.size() > whole && text.back() == '0') text.pop_back();
  }
  if (text.size() > whole) text.insert(whole, ".");
  if (text == "0") return "0";
  return arena.Copy(sign == kNegative ? "-" + text : text);
}

void AppendDay(std::string& out, int64_t days, bool* before_christ) {
  // Days since 2000-01-01 to a date of the Gregorian calendar, as Howard Hinnant's "chrono-Compatible Low-Level Date
  // Algorithms" does it.
  const int64_t z = days + 10957 + 719468;
  const int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const auto day_of_era = static_cast<uint64_t>(z - era * 146097);
  const uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const uint64_t month_of_era = (5 * day_of_year + 2) / 153;
  const uint64_t day = day_of_year - (153 * month_of_era + 2) / 5 + 1;
  const uint64_t month = month_of_era < 10 ? month_of_era + 3 : month_of_era - 9;
  const int64_t year = static_cast<int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0);
  *before_christ = year <= 0;  // there is no year 0
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}", year > 0 ? year : 1 - year, month, day);
}

void AppendClock(std::string& out, int64_t micros) {
  const int64_t seconds = micros / 1'000'000;
  int64_t fraction = micros % 1'000'000;
  fmt::format_to(std::back_inserter(out), "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (fraction == 0) return;
  int digits = 6;
  for (; fraction % 10 == 0; fraction /= 10) --digits;
  fmt::format_to(std::back_inserter(out), ".{:0{}}", fraction, digits);
}

std::optional<std::string_view> Date(std::string_view value, Arena& arena) {
  if (value.size() != sizeof(int32_t)) return std::nullopt;
  const auto days = Take<int32_t>(value);
  if (days == INT32_MAX) return "infinity";
  if (days == INT32_MIN) return "-infinity";
  std::string text;
  bool before_christ = false;
  AppendDay(text, days, &before_christ);
  if (before_christ) text += " BC";
  return arena.Copy(text);
}

std::optional<std::string_view> Time(std::string_view value, Arena& arena) {
  if (value.size() != sizeof(int64_t)) return std::nullopt;
  std::string text;
  AppendClock(text, Take<int64_t>(value));
  return arena.Copy(text);
}

std::optional<std::string_view> Timestamp(std::string_view value, Arena& arena) {
  if (value.size() != sizeof(int64_t)) return std::nullopt;
  const auto micros = Take<int64_t>(value);
  if (micros == INT64_MAX) return "infinity";
  if (micros == INT64_MIN) return "-infinity";
  int64_t days = micros / kMicrosPerDay;
  int64_t rest = micros % kMicrosPerDay;
  if (rest < 0) {
    rest += kMicrosPerDay;
    --days;
  }
  std::string text;
  bool before_christ = false;
  AppendDay(text, days, &before_christ);
  text += ' ';
  AppendClock(text, rest);
  if (before_christ) text += " BC";
  return arena.Copy(text);
}

// bit_send: the number of bits, then the bytes, filled up at the end.
std::optional<std::string_view> Bits(std::string_view value, Arena& arena) {
  if (value.size() < sizeof(int32_t)) return std::nullopt;
  const auto count = Take<uint32_t>(value);
  const std::string_view bytes = value.substr(sizeof(int32_t));
  if (count > 64 || bytes.size() != (count + 7) / 8) return std::nullopt;
  uint64_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return Digits(number >> (bytes.size() * 8 - count), arena);
}

std::optional<std::string_view> Uuid(std::string_view value, Arena& arena) {
  constexpr size_t kBytes = 16;
  constexpr char kHex[] = "0123456789abcdef";
  if (value.size() != kBytes) return std::nullopt;
  char* out = arena.Allocate(36);
  size_t at = 0;
  for (size_t i = 0; i < kBytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out[at++] = '-';
    const auto byte = static_cast<unsigned char>(value[i]);
    out[at++] = kHex[byte >> 4];
    out[at++] = kHex[byte & 15];
  }
  return std::string_view(out, at);
}

std::string_view Json(std::string_view value, Arena& arena) {
  if (value.starts_with('\1')) value.remove_prefix(1);  // jsonb_send's version; no JSON text begins so
  const std::optional<std::string> canonical = model::CanonicalJson(value);
  return canonical ? arena.Copy(*canonical) : value;
}

std::string Hex(std::string_view bytes) {
  std::string out = "E'\\\\x";
  for (const char c : bytes) fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(c));
  return out + "'";
}

// The text with each number in it as the shortest one that reads back the same; words such as NaN stay.
template <typename Number>
std::string_view ShortestNumbers(std::string_view text, Arena& arena) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    const char digit = c == '-' && at + 1 < text.size() ? text[at + 1] : c;
    const bool begins = (digit >= '0' && digit <= '9') || digit == '.';
    Number number = 0;
    const auto [end, error] = begins ? std::from_chars(text.data() + at, text.data() + text.size(), number)
                                     : std::from_chars_result{text.data() + at, std::errc::invalid_argument};
    if (error != std::errc() || end == text.data() + at) {
      out += c;
      ++at;
      continue;
    }
    char shortest[32];
    const auto written = std::to_chars(shortest, shortest + sizeof(shortest), number);
    out.append(shortest, written.ptr);
    at = static_cast<size_t>(end - text.data());
  }
  return arena.Copy(out);
}

Form FormOfOther(std::string_view native) {
  constexpr std::string_view kGeometric[] = {"point", "line", "lseg", "box", "path", "polygon", "circle"};
  const std::string_view base = native.substr(0, native.find('['));
  if (base == "real" && base != native) return Form::kTextWithFloats32;
  const bool geometric = std::find(std::begin(kGeometric), std::end(kGeometric), base) != std::end(kGeometric);
  return geometric || (base == "double precision" && base != native) ? Form::kTextWithFloats : Form::kBytes;
}

}  // namespace

Form FormOf(const ColumnType& type, bool negative_zero, bool same_engine) {
  switch (type.kind) {
    case TypeKind::kBoolean:
      return Form::kBoolean;
    case TypeKind::kInteger:
      return type.is_unsigned ? Form::kUnsigned : Form::kInteger;
    case TypeKind::kFloat32:
    case TypeKind::kFloat64:
      return negative_zero ? Form::kFloat : Form::kFloatUnsignedZero;
    case TypeKind::kDecimal:
      return same_engine && type.precision == 0 ? Form::kNumericAsWritten : Form::kNumeric;
    case TypeKind::kDate:
      return Form::kDate;
    case TypeKind::kTime:
      return Form::kTime;
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp:
      return Form::kTimestamp;
    case TypeKind::kBit:
      return Form::kBits;
    case TypeKind::kUuid:
      return Form::kUuid;
    case TypeKind::kJson:
      return Form::kJson;
    case TypeKind::kChar:
      return Form::kPadded;
    case TypeKind::kOther:
      return same_engine ? FormOfOther(type.native) : Form::kBytes;
    default:
      return Form::kBytes;
  }
}

std::string SelectExpression(const ColumnType& type, const std::string& quoted_name) {
  switch (type.kind) {
    case TypeKind::kInterval:
      return quoted_name + "::pg_catalog.text";
    case TypeKind::kInet:
    case TypeKind::kOther:
      // As the type writes itself: a cast to text may say something else (inet's adds the network's length). NULL would
      // become '', and IS NULL is true of a composite value that is there but has nothing in it.
      return fmt::format("CASE WHEN pg_catalog.num_nulls({0}) = 0 THEN pg_catalog.format('%s', {0}) END", quoted_name);
    default:
      return quoted_name;
  }
}

std::optional<std::string_view> Canonical(Form form, std::string_view value, Arena& arena) {
  switch (form) {
    case Form::kBytes:
      return value;
    case Form::kPadded:
      while (value.ends_with(' ')) value.remove_suffix(1);
      return value;
    case Form::kBoolean:
      if (value.size() != 1) return std::nullopt;
      return value[0] != 0 ? "1" : "0";
    case Form::kInteger: {
      const std::optional<int64_t> number = TakeInteger(value);
      if (!number) return std::nullopt;
      return Digits(*number, arena);
    }
    case Form::kUnsigned:
      if (value.size() != sizeof(uint32_t)) return std::nullopt;
      return Digits(Take<uint32_t>(value), arena);
    case Form::kFloat:
    case Form::kFloatUnsignedZero:
      return Float(value, form == Form::kFloat, arena);
    case Form::kNumeric:
      return Numeric(value, false, arena);
    case Form::kNumericAsWritten:
      return Numeric(value, true, arena);
    case Form::kDate:
      return Date(value, arena);
    case Form::kTime:
      return Time(value, arena);
    case Form::kTimestamp:
      return Timestamp(value, arena);
    case Form::kBits:
      return Bits(value, arena);
    case Form::kUuid:
      return Uuid(value, arena);
    case Form::kJson:
      return Json(value, arena);
    case Form::kTextWithFloats:
      return ShortestNumbers<double>(value, arena);
    case Form::kTextWithFloats32:
      return ShortestNumbers<float>(value, arena);
  }
  return std::nullopt;
}

bool OrdersEverywhere(const ColumnType& type) {
  switch (type.kind) {
    case TypeKind::kInteger:
    case TypeKind::kDecimal:
    case TypeKind::kBlob:
      return true;
    default:
      return false;
  }
}

bool CanBound(const ColumnType& type) {
  return type.kind != TypeKind::kJson && type.kind != TypeKind::kOther;
}

std::string CanonicalLiteral(const ColumnType& type, const std::optional<std::string>& canonical) {
  if (!canonical) return "NULL";
  const std::string cast = "::" + type.native;
  switch (type.kind) {
    case TypeKind::kBlob:
      return Hex(*canonical) + cast;
    case TypeKind::kBit: {
      uint64_t number = 0;
      std::from_chars(canonical->data(), canonical->data() + canonical->size(), number);
      std::string bits;
      for (uint64_t i = type.length; i > 0; --i) bits += (number >> (i - 1) & 1) != 0 ? '1' : '0';
      return "B'" + bits + "'" + cast;
    }
    default:
      return Literal(*canonical) + cast;
  }
}

}  // namespace sluice::postgresql
