#include "connectors/mysql/binlog/values.h"

#include <cstring>

namespace sluice::mysql::binlog {
namespace {

constexpr unsigned kDigitsPerGroup = 9;
// Bytes of a group of so many decimal digits.
constexpr uint8_t kGroupBytes[kDigitsPerGroup + 1] = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
constexpr uint32_t kPowersOfTen[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};
constexpr unsigned kPrecisionMax = 65;
constexpr unsigned kScaleMax = 38;  // MariaDB; MySQL has 30

// `value` as exactly `digits` digits.
char* PutDigits(char* at, uint64_t value, unsigned digits) {
  for (unsigned i = digits; i-- > 0;) {
    at[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return at + digits;
}

char* PutFraction(char* at, uint32_t micros, unsigned digits) {
  if (digits == 0) return at;
  *at++ = '.';
  return PutDigits(at, micros / kPowersOfTen[6 - digits], digits);
}

char* PutClock(char* at, const Clockface& t) {
  at = PutDigits(at, t.hour, t.hour > 99 ? 3 : 2);
  *at++ = ':';
  at = PutDigits(at, t.minute, 2);
  *at++ = ':';
  return PutDigits(at, t.second, 2);
}

char* PutDay(char* at, const Clockface& t) {
  at = PutDigits(at, t.year, 4);
  *at++ = '-';
  at = PutDigits(at, t.month, 2);
  *at++ = '-';
  return PutDigits(at, t.day, 2);
}

unsigned FractionBytes(unsigned digits) {
  return (digits + 1) / 2;
}

void CheckDigits(unsigned digits) {
  if (digits > 6) ThrowBadEvent("It has a time with more than six digits of fraction.");
}

// Stored in units of its bytes: hundredths, ten-thousandths or millionths of a second.
uint32_t ReadFraction(Bytes& bytes, unsigned digits) {
  CheckDigits(digits);
  const unsigned count = FractionBytes(digits);
  const auto stored = static_cast<uint32_t>(bytes.BigUint(count));
  return (stored % kPowersOfTen[2 * count]) * kPowersOfTen[6 - 2 * count];
}

struct DecimalGroup {
  uint32_t value;
  unsigned digits;
};

// The next group of at most nine digits; `mask` inverts negative numbers.
DecimalGroup ReadGroup(Bytes& bytes, unsigned digits, uint8_t mask, bool first) {
  const size_t count = kGroupBytes[digits];
  const uint8_t* from = bytes.TakeRaw(count);
  uint32_t value = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint8_t byte = first && i == 0 ? from[i] ^ 0x80 : from[i];
    value = value << 8 | static_cast<uint8_t>(byte ^ mask);
  }
  if (value >= kPowersOfTen[digits]) ThrowBadEvent("A decimal in it has digits that are none.");
  return {value, digits};
}

}  // namespace

size_t DecimalBytes(unsigned precision, unsigned scale) {
  const unsigned whole = precision - scale;
  return whole / 9 * 4 + kGroupBytes[whole % 9] + scale / 9 * 4 + kGroupBytes[scale % 9];
}

std::string_view ReadDecimal(Bytes& bytes, unsigned precision, unsigned scale, Arena& arena) {
  if (precision == 0 || precision > kPrecisionMax || scale > kScaleMax || scale > precision) {
    ThrowBadEvent("A decimal in it has a precision that there is not.");
  }
  const size_t size = DecimalBytes(precision, scale);
  Bytes value(bytes.Take(size));
  // The sign is the inverted highest bit; negative numbers are inverted throughout.
  const uint8_t mask = [&] {
    Bytes peek = value;
    return (peek.U8() & 0x80) != 0 ? 0x00 : 0xff;
  }();
  char* const text = arena.Allocate(precision + 3);
  char* at = text;
  if (mask != 0) *at++ = '-';
  const char* const digits_begin = at;
  bool first = true;
  unsigned whole = precision - scale;
  const auto put_whole = [&](unsigned digits) {
    const DecimalGroup group = ReadGroup(value, digits, mask, first);
    first = false;
    at = PutDigits(at, group.value, group.digits);
  };
  if (whole % kDigitsPerGroup != 0) put_whole(whole % kDigitsPerGroup);
  for (unsigned i = whole / kDigitsPerGroup; i > 0; --i) put_whole(kDigitsPerGroup);
  // Leading zeros go, but the last digit stays.
  const char* significant = digits_begin;
  while (significant + 1 < at && *significant == '0') ++significant;
  if (at == digits_begin) {
    *at++ = '0';
  } else if (significant != digits_begin) {
    const auto keep = static_cast<size_t>(at - significant);
    std::memmove(const_cast<char*>(digits_begin), significant, keep);
    at = const_cast<char*>(digits_begin) + keep;
  }
  if (scale != 0) {
    *at++ = '.';
    for (unsigned left = scale; left > 0;) {
      const unsigned take = left < kDigitsPerGroup ? left : kDigitsPerGroup;
      const DecimalGroup group = ReadGroup(value, take, mask, first);
      first = false;
      at = PutDigits(at, group.value, group.digits);
      left -= take;
    }
  }
  return {text, static_cast<size_t>(at - text)};
}

std::string_view WriteDate(const Clockface& t, Arena& arena) {
  char* const text = arena.Allocate(16);
  return {text, static_cast<size_t>(PutDay(text, t) - text)};
}

std::string_view WriteTime(const Clockface& t, unsigned digits, Arena& arena) {
  CheckDigits(digits);
  char* const text = arena.Allocate(24);
  char* at = text;
  if (t.negative) *at++ = '-';
  at = PutFraction(PutClock(at, t), t.micros, digits);
  return {text, static_cast<size_t>(at - text)};
}

std::string_view WriteDateTime(const Clockface& t, unsigned digits, Arena& arena) {
  CheckDigits(digits);
  char* const text = arena.Allocate(32);
  char* at = PutDay(text, t);
  *at++ = ' ';
  at = PutFraction(PutClock(at, t), t.micros, digits);
  return {text, static_cast<size_t>(at - text)};
}

Clockface FromEpoch(int64_t seconds, uint32_t micros) {
  Clockface t;
  if (seconds == 0 && micros == 0) return t;  // '0000-00-00 00:00:00'
  int64_t days = seconds / 86400;
  const auto of_day = static_cast<unsigned>(seconds % 86400);
  t.hour = of_day / 3600;
  t.minute = of_day / 60 % 60;
  t.second = of_day % 60;
  t.micros = micros;
  // Days to date in the proleptic Gregorian calendar, years beginning in March: the leap day comes last.
  days += 719468;
  const int64_t era = days / 146097;
  const auto day_of_era = static_cast<unsigned>(days - era * 146097);
  const unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned month = (5 * day_of_year + 2) / 153;  // 0 = March
  t.day = day_of_year - (153 * month + 2) / 5 + 1;
  t.month = month < 10 ? month + 3 : month - 9;
  t.year = static_cast<unsigned>(era * 400 + year_of_era + (t.month <= 2 ? 1 : 0));
  return t;
}

std::string_view ReadDate(Bytes& bytes, Arena& arena) {
  const uint32_t packed = bytes.U24();
  Clockface t;
  t.day = packed & 31;
  t.month = packed >> 5 & 15;
  t.year = (packed >> 9) % 10000;
  return WriteDate(t, arena);
}

std::string_view ReadTime2(Bytes& bytes, unsigned digits, Arena& arena) {
  CheckDigits(digits);
  const unsigned fraction_bytes = FractionBytes(digits);
  // One signed number: negative times are in two's complement over whole and fraction together.
  const auto stored = static_cast<int64_t>(bytes.BigUint(3 + fraction_bytes));
  int64_t value = stored - (int64_t{0x800000} << (8 * fraction_bytes));
  Clockface t;
  t.negative = value < 0;
  if (value < 0) value = -value;
  const int64_t whole = value >> (8 * fraction_bytes);
  const auto fraction = static_cast<uint32_t>(value & ((int64_t{1} << (8 * fraction_bytes)) - 1));
  t.hour = static_cast<unsigned>(whole >> 12 & 1023) % 1000;
  t.minute = static_cast<unsigned>(whole >> 6 & 63);
  t.second = static_cast<unsigned>(whole & 63);
  t.micros = (fraction % kPowersOfTen[2 * fraction_bytes]) * kPowersOfTen[6 - 2 * fraction_bytes];
  return WriteTime(t, digits, arena);
}

std::string_view ReadDateTime2(Bytes& bytes, unsigned digits, Arena& arena) {
  const uint64_t packed = bytes.BigUint(5);
  Clockface t;
  const auto months = static_cast<unsigned>(packed >> 22 & 0x1ffff);
  t.year = months / 13 % 10000;
  t.month = months % 13;
  t.day = packed >> 17 & 31;
  t.hour = packed >> 12 & 31;
  t.minute = packed >> 6 & 63;
  t.second = packed & 63;
  t.micros = ReadFraction(bytes, digits);
  return WriteDateTime(t, digits, arena);
}

std::string_view ReadTimestamp2(Bytes& bytes, unsigned digits, Arena& arena) {
  const auto seconds = static_cast<int64_t>(bytes.BigUint(4));
  return WriteDateTime(FromEpoch(seconds, ReadFraction(bytes, digits)), digits, arena);
}

std::string_view ReadOldTime(Bytes& bytes, Arena& arena) {
  auto packed = static_cast<int32_t>(bytes.U24());
  if ((packed & 0x800000) != 0) packed -= 0x1000000;
  Clockface t;
  t.negative = packed < 0;
  if (packed < 0) packed = -packed;
  t.hour = static_cast<unsigned>(packed / 10000);
  t.minute = static_cast<unsigned>(packed / 100 % 100);
  t.second = static_cast<unsigned>(packed % 100);
  return WriteTime(t, 0, arena);
}

std::string_view ReadOldDateTime(Bytes& bytes, Arena& arena) {
  const uint64_t packed = bytes.U64();
  Clockface t;
  t.second = packed % 100;
  t.minute = packed / 100 % 100;
  t.hour = packed / 10000 % 100;
  t.day = packed / 1000000 % 100;
  t.month = packed / 100000000 % 100;
  t.year = packed / 10000000000 % 10000;
  return WriteDateTime(t, 0, arena);
}

std::string_view ReadOldTimestamp(Bytes& bytes, Arena& arena) {
  return WriteDateTime(FromEpoch(bytes.U32(), 0), 0, arena);
}

namespace {

// Bytes of MariaDB's own formats by digits of fraction.
constexpr uint8_t kHiresTimeBytes[] = {3, 4, 4, 5, 5, 5, 6};
constexpr uint8_t kHiresDateTimeBytes[] = {5, 6, 6, 7, 7, 7, 8};
constexpr uint8_t kHiresFractionBytes[] = {0, 1, 1, 2, 2, 3, 3};
// Times are stored with 839 hours added, so that they are not negative.
constexpr uint64_t kHiresTimeZeroSeconds = 839 * 3600;

}  // namespace

std::string_view ReadHiresTime(Bytes& bytes, unsigned digits, Arena& arena) {
  CheckDigits(digits);
  const uint64_t unit = kPowersOfTen[digits];
  const uint64_t zero = kHiresTimeZeroSeconds * unit;
  const uint64_t stored = bytes.BigUint(kHiresTimeBytes[digits]);
  Clockface t;
  t.negative = stored < zero;
  const uint64_t value = t.negative ? zero - stored : stored - zero;
  const uint64_t seconds = value / unit;
  t.micros = static_cast<uint32_t>(value % unit) * kPowersOfTen[6 - digits];
  t.hour = static_cast<unsigned>(seconds / 3600 % 1000);
  t.minute = static_cast<unsigned>(seconds / 60 % 60);
  t.second = static_cast<unsigned>(seconds % 60);
  return WriteTime(t, digits, arena);
}

std::string_view ReadHiresDateTime(Bytes& bytes, unsigned digits, Arena& arena) {
  CheckDigits(digits);
  uint64_t value = bytes.BigUint(kHiresDateTimeBytes[digits]);
  const uint64_t unit = kPowersOfTen[digits];
  Clockface t;
  t.micros = static_cast<uint32_t>(value % unit) * kPowersOfTen[6 - digits];
  value /= unit;
  t.second = value % 60;
  value /= 60;
  t.minute = value % 60;
  value /= 60;
  t.hour = value % 24;
  value /= 24;
  t.day = value % 32;
  value /= 32;
  t.month = value % 13;
  t.year = value / 13 % 10000;
  return WriteDateTime(t, digits, arena);
}

std::string_view ReadHiresTimestamp(Bytes& bytes, unsigned digits, Arena& arena) {
  CheckDigits(digits);
  const auto seconds = static_cast<int64_t>(bytes.BigUint(4));
  // As many digits as the column has, in the fewest bytes.
  const auto stored = static_cast<uint32_t>(bytes.BigUint(kHiresFractionBytes[digits]));
  const uint32_t micros = (stored % kPowersOfTen[digits]) * kPowersOfTen[6 - digits];
  return WriteDateTime(FromEpoch(seconds, micros), digits, arena);
}

}  // namespace sluice::mysql::binlog
