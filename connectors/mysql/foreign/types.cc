#include "connectors/mysql/foreign/types.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "connectors/mysql/connection.h"

namespace sluice::mysql {
namespace {

using model::ColumnType;
using model::TypeKind;

constexpr uint64_t kCharMost = 255;         // characters of CHAR(n)
constexpr uint64_t kVarcharMost = 16383;    // of VARCHAR(n), four bytes each
constexpr uint64_t kRowBytes = 65000;       // of the 65,535 that a row's columns may take together
constexpr uint64_t kOtherColumnBytes = 20;  // that any other column takes of them
constexpr uint32_t kDecimalDigits = 65;
constexpr uint32_t kDecimalScale = 30;
constexpr uint8_t kUtf8Bytes = 4;
constexpr const char* kAscii = " CHARACTER SET ascii COLLATE ascii_bin";

// Types of the source that are not known here by kind, and whose texts are short.
struct ShortText {
  std::string_view native;
  uint64_t characters;
};
constexpr std::array<ShortText, 13> kShortTexts = {{{"money", 32},
                                                    {"time with time zone", 32},
                                                    {"macaddr", 17},
                                                    {"macaddr8", 23},
                                                    {"name", 63},
                                                    {"\"char\"", 4},
                                                    {"pg_lsn", 17},
                                                    {"xid", 10},
                                                    {"xid8", 20},
                                                    {"cid", 10},
                                                    {"tid", 30},
                                                    {"oidvector", 255},
                                                    {"int2vector", 255}}};

ForeignType Plain(std::string text, uint64_t key_bytes = 8) {
  return {.text = std::move(text), .key_bytes = key_bytes};
}

ForeignType Ascii(uint64_t characters, std::string note = "") {
  return {.text = fmt::format("varchar({}){}", characters, kAscii), .key_bytes = characters, .note = std::move(note)};
}

ForeignType Large(std::string text, std::string note = "") {
  const uint8_t bytes = text == "longblob" ? 1 : kUtf8Bytes;
  return {.text = std::move(text),
          .key_bytes = 0,
          .character_bytes = bytes,
          .note = std::move(note),
          .literal_default = false};
}

ForeignType Varchar(uint64_t characters) {
  return {.text = fmt::format("varchar({})", characters),
          .key_bytes = characters * kUtf8Bytes,
          .character_bytes = kUtf8Bytes};
}

// numeric(5,-2), numeric(3,5): more zeros than digits on one side of the point.
ForeignType Decimal(const ColumnType& type) {
  if (type.precision == 0) {
    return {
        .text = "decimal(65,30)",
        .key_bytes = 30,
        .note = "that it has no limits: values with more than 35 digits before the point or 30 behind it are refused"};
  }
  uint32_t precision = std::max<uint32_t>(type.precision, type.scale);
  if (const size_t minus = type.native.find(",-"); minus != std::string::npos) {
    uint32_t zeros = 0;
    std::from_chars(type.native.data() + minus + 2, type.native.data() + type.native.size(), zeros);
    precision += zeros;
  }
  if (precision > kDecimalDigits || type.scale > kDecimalScale) {
    return {.refusal = fmt::format("{} has more digits than DECIMAL(65,30)", type.native)};
  }
  return Plain(fmt::format("decimal({},{})", precision, type.scale), 30);
}

ForeignType Text(const ColumnType& type) {
  if (type.kind == TypeKind::kChar && type.length > 0 && type.length <= kCharMost) {
    return {.text = fmt::format("char({})", type.length),
            .key_bytes = type.length * kUtf8Bytes,
            .character_bytes = kUtf8Bytes};
  }
  if (type.kind == TypeKind::kText || type.length == 0) return Large("longtext");
  if (type.length > kVarcharMost) return Large("longtext", fmt::format("the limit of {} characters", type.length));
  return Varchar(type.length);
}

ForeignType Enum(const ColumnType& type) {
  std::string list;
  bool fits = !type.elements.empty();
  for (const std::string& element : type.elements) {
    fits = fits && !element.ends_with(' ');  // taken off
    list += (list.empty() ? "" : ",") + Literal(element);
  }
  if (fits) return Plain("enum(" + list + ")", 2);
  ForeignType made = Varchar(63);
  made.note = "the list of its values";
  return made;
}

// A TIME holds what has neither days nor months, which only such a column promises.
ForeignType Interval(const ColumnType& type) {
  constexpr std::string_view kClock = "interval hour to second";
  if (!type.native.starts_with(kClock)) return Ascii(100, "that it is an interval: it holds PostgreSQL's text");
  uint32_t digits = 6;
  if (const size_t open = type.native.find('('); open != std::string::npos) {
    std::from_chars(type.native.data() + open + 1, type.native.data() + type.native.size(), digits);
  }
  return Plain(fmt::format("time({})", digits));
}

ForeignType Other(const ColumnType& type) {
  const std::string note = fmt::format("that it is {}: it holds PostgreSQL's text", type.native);
  const auto found = std::find_if(kShortTexts.begin(), kShortTexts.end(),
                                  [&](const ShortText& one) { return type.native == one.native; });
  if (found == kShortTexts.end()) return Large("longtext", note);
  ForeignType made = Varchar(found->characters);
  made.note = note;
  return made;
}

ForeignType Json(const ColumnType& type, const Capabilities& server) {
  ForeignType made = Large("json");
  if (server.mariadb) return made;
  made.note = type.native == "json"
                  ? "its text: the document is kept, each name once, numbers as doubles or 64-bit integers"
                  : "numbers that are neither doubles nor 64-bit integers: they are rounded";
  return made;
}

ForeignType TypeOf(const ColumnType& type, const Capabilities& server) {
  switch (type.kind) {
    case TypeKind::kBoolean:
      return Plain("tinyint(1)");
    case TypeKind::kInteger:
      if (type.bytes == 2) return Plain("smallint");
      if (type.bytes == 8) return Plain("bigint");
      return Plain(type.is_unsigned ? "int unsigned" : "int");
    case TypeKind::kDecimal:
      return Decimal(type);
    case TypeKind::kFloat32:
      return Plain("float");
    case TypeKind::kFloat64:
      return Plain("double");
    case TypeKind::kBit:
      return Plain(fmt::format("bit({})", type.length));
    case TypeKind::kDate:
      return Plain("date");
    case TypeKind::kTime:
      return Plain(fmt::format("time({})", type.fraction));
    case TypeKind::kDateTime:
      return Plain(fmt::format("datetime({})", type.fraction));
    case TypeKind::kTimestamp:
      return {.text = fmt::format("datetime({})", type.fraction), .note = "its time zone: it holds UTC"};
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kText:
      return Text(type);
    case TypeKind::kBlob:
      return Large("longblob");
    case TypeKind::kEnum:
      return Enum(type);
    case TypeKind::kJson:
      return Json(type, server);
    case TypeKind::kUuid:
// MariaDB's UUID refuses some: those of no known version or variant (documentation, "UUID Data Type").
      return {.text = std::string("char(36)") + kAscii, .key_bytes = 36};
    case TypeKind::kInet:
      return Ascii(43);
    case TypeKind::kInterval:
      return Interval(type);
    case TypeKind::kOther:
      return Other(type);
    default:
      return {.refusal = fmt::format("there is no type here for {}", type.native)};
  }
}

// Keys that need whole values: those of rows, and what refers to them.
std::vector<std::vector<uint32_t>> WholeKeys(const model::Table& table) {
  std::vector<std::vector<uint32_t>> keys;
  for (const model::Key& key : table.keys) {
    if (!key.unique || key.has_expression || key.partial || !key.method.empty()) continue;
    std::vector<uint32_t>& columns = keys.emplace_back();
    for (const model::KeyPart& part : key.parts) columns.push_back(part.column);
  }
  for (const model::ForeignKey& key : table.foreign_keys) keys.push_back(key.columns);
  return keys;
}

bool IsText(const ForeignType& type) {
  return type.character_bytes == kUtf8Bytes;
}

// Gives the columns of a key that are too large for an index the room that the others leave.
void FitKey(const std::vector<uint32_t>& key, const model::Table& table, std::vector<ForeignType>& types) {
  uint64_t taken = 0;
  std::vector<uint32_t> large;
  const uint64_t share = kIndexBytes / std::max<size_t>(key.size(), 1);
  for (const uint32_t column : key) {
    const uint64_t bytes = types[column].key_bytes;
    if (bytes == 0 || bytes > share) {
      large.push_back(column);
    } else {
      taken += bytes;
    }
  }
  if (large.empty()) return;
  // Room that a column does not need goes to the others.
  uint64_t room = kIndexBytes - taken;
  std::sort(large.begin(), large.end(), [&](uint32_t a, uint32_t b) {
    const auto need = [&](uint32_t column) {
      return types[column].key_bytes == 0 ? UINT64_MAX : types[column].key_bytes;
    };
    return need(a) < need(b);
  });
  for (size_t i = 0; i < large.size(); ++i) {
    ForeignType& type = types[large[i]];
    const uint64_t bytes = room / (large.size() - i);
    if (type.key_bytes != 0 && type.key_bytes <= bytes) {
      room -= type.key_bytes;
      continue;
    }
    const bool is_bytes = table.columns[large[i]].type.kind == TypeKind::kBlob;
    if (table.columns[large[i]].type.kind == TypeKind::kJson) {
      type.refusal = "an index cannot hold a JSON document, and it is part of a key";
      continue;
    }
    const uint64_t characters = is_bytes ? bytes : bytes / kUtf8Bytes;
    type.text = fmt::format("{}({})", is_bytes ? "varbinary" : "varchar", characters);
    type.key_bytes = is_bytes ? characters : characters * kUtf8Bytes;
    type.note += (type.note.empty() ? "" : "; ") +
                 fmt::format("longer values than {} {}, which an index cannot hold: they are refused", characters,
                             is_bytes ? "bytes" : "characters");
    type.literal_default = true;
    room -= type.key_bytes;
  }
}

// The longest texts that no key needs are kept apart from the row until the rest fits.
void FitRow(const std::vector<bool>& in_key, std::vector<ForeignType>& types) {
  const auto bytes_of = [](const ForeignType& type) {
    return type.text.starts_with("varchar") || type.text.starts_with("char") || type.text.starts_with("varbinary")
               ? type.key_bytes + 2
               : kOtherColumnBytes;
  };
  uint64_t bytes = 0;
  for (const ForeignType& type : types) bytes += bytes_of(type);
  while (bytes > kRowBytes) {
    std::optional<size_t> longest;
    for (size_t i = 0; i < types.size(); ++i) {
      if (in_key[i] || !IsText(types[i]) || !types[i].text.starts_with("varchar")) continue;
      if (!longest || types[i].key_bytes > types[*longest].key_bytes) longest = i;
    }
    if (!longest) return;
    bytes -= bytes_of(types[*longest]);
    const uint64_t characters = types[*longest].key_bytes / kUtf8Bytes;
    types[*longest] =
        Large("longtext", fmt::format("the limit of {} characters: the row would be too long", characters));
    bytes += kOtherColumnBytes;
  }
}

}  // namespace

std::vector<ForeignType> ToMysqlTypes(const model::Table& table, const Capabilities& server) {
  std::vector<ForeignType> types;
  types.reserve(table.columns.size());
  for (const model::Column& column : table.columns) types.push_back(TypeOf(column.type, server));
  std::vector<bool> in_key(types.size(), false);
  for (const std::vector<uint32_t>& key : WholeKeys(table)) {
    FitKey(key, table, types);
    for (const uint32_t column : key) in_key[column] = true;
  }
  FitRow(in_key, types);
  return types;
}

std::string ForeignCollation(const Capabilities& server, bool* exact) {
  *exact = true;
  for (const char* collation : {"utf8mb4_0900_bin", "utf8mb4_nopad_bin"}) {
    if (server.collations.contains(collation)) return collation;
  }
  *exact = false;
  return "utf8mb4_bin";
}

}  // namespace sluice::mysql
