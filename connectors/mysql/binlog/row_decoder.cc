#include "connectors/mysql/binlog/row_decoder.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "base/check.h"
#include "base/error.h"
#include "base/log.h"
#include "connectors/mysql/binlog/compression.h"
#include "connectors/mysql/binlog/json.h"
#include "connectors/mysql/binlog/values.h"
#include "connectors/mysql/charset_table.h"
#include "connectors/mysql/codes.h"

namespace sluice::mysql::binlog {
namespace {

using model::Cell;
using model::CellKind;
using model::ChangeKind;

constexpr uint64_t kPartialJson = 1;  // value option of PARTIAL_UPDATE_ROWS

size_t CountBits(std::string_view bits, size_t count) {
  size_t set = 0;
  for (size_t i = 0; i < count; ++i) set += BitAt(bits, i) ? 1 : 0;
  return set;
}

// MariaDB stores UUIDs of versions 1 to 5 from the last group to the first, so that those of version 1 sort by time;
// others, and those of a variant that is not the usual one, as they are written (MariaDB manual, "UUID Data Type").
// Before 10.11.5 every one was turned round.
std::string_view UuidText(const uint8_t* stored, bool always_swapped, Arena& arena) {
  constexpr uint8_t kSwapped[16] = {12, 13, 14, 15, 10, 11, 8, 9, 6, 7, 0, 1, 2, 3, 4, 5};
  constexpr const char* kHex = "0123456789abcdef";
  const bool swapped = always_swapped || ((stored[6] & 0x80) != 0 && (stored[8] & 0x80) == 0);
  char* const text = arena.Allocate(36);
  char* at = text;
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
    const uint8_t byte = swapped ? stored[kSwapped[i]] : stored[i];
    *at++ = kHex[byte >> 4];
    *at++ = kHex[byte & 15];
  }
  return {text, 36};
}

std::string_view AddressText(int family, const uint8_t* stored, Arena& arena) {
  char text[INET6_ADDRSTRLEN];
  if (inet_ntop(family, stored, text, sizeof(text)) == nullptr) ThrowBadEvent("A network address in it is none.");
  return arena.Copy(text);
}

// The log takes trailing zeros off fixed-length binary values.
std::string_view Pad(std::string_view value, size_t length, Arena& arena) {
  if (value.size() >= length) return value;
  char* const padded = arena.Allocate(length);
  if (!value.empty()) std::memcpy(padded, value.data(), value.size());
  std::memset(padded + value.size(), 0, length - value.size());
  return {padded, length};
}

Cell NetworkCell(Decode decode, std::string_view value, Arena& arena) {
  const size_t length = decode == Decode::kInet4 ? 4 : 16;
  const std::string_view padded = Pad(value, length, arena);
  if (padded.size() != length) ThrowBadEvent("A UUID or network address in it has the wrong length.");
  const auto* stored = reinterpret_cast<const uint8_t*>(padded.data());
  if (decode == Decode::kUuid || decode == Decode::kOldUuid) {
    return Cell::Bytes(CellKind::kText, UuidText(stored, decode == Decode::kOldUuid, arena));
  }
  return Cell::Bytes(CellKind::kText, AddressText(decode == Decode::kInet4 ? AF_INET : AF_INET6, stored, arena));
}

int64_t SignedInt(Bytes& bytes, size_t width) {
  const uint64_t value = bytes.Uint(width);
  const size_t shift = 64 - 8 * width;
  return static_cast<int64_t>(value << shift) >> shift;
}

model::Cell* NewCells(const RowPlan& plan, model::Row base, Arena& arena) {
  const size_t count = plan.table->columns.size();
  Cell* const cells = arena.AllocateArray<Cell>(count);
  for (size_t i = 0; i < count; ++i) cells[i] = base.empty() ? Cell() : base[i];
  return cells;
}

// Sessions may leave columns out of what they log (binlog_row_image), whatever the server's own setting is.
void CheckImages(ChangeKind kind, const RowPlan& plan, std::string_view first, std::string_view second) {
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    const ColumnPlan& column = plan.columns[i];
    const bool lacks_before = kind != ChangeKind::kInsert && column.finds_row && !BitAt(first, i);
    const bool lacks_after = kind != ChangeKind::kDelete && column.is_stored && !BitAt(first, i) && !BitAt(second, i);
    if (!lacks_before && !lacks_after) continue;
    throw Error(kPartialImage)
        .Object("table " + plan.table->name.Text())
        .Cause(fmt::format("A changed row came without column {}: the session that changed it had a binlog_row_image "
                           "other than FULL.",
                           plan.table->columns[column.target].name))
        .Remedy(
            "Let no session at the source set binlog_row_image, close those that were open before it was set to FULL "
            "for all, and begin anew with --restart.");
  }
}

}  // namespace

bool IsRowsEvent(EventType type) {
  const auto number = static_cast<unsigned>(type);
  return (number >= 20 && number <= 25) || (number >= 30 && number <= 32) || number == 39 ||
         (number >= 166 && number <= 171);
}

RowsHeader ParseRowsHeader(EventType type, std::string_view body, const FormatDescription& format) {
  RowsHeader header;
  bool with_extra = false;
  switch (type) {
    case EventType::kWriteRowsV0:
    case EventType::kWriteRowsV1:
    case EventType::kWriteRows:
    case EventType::kMariadbWriteRowsCompressedV1:
    case EventType::kMariadbWriteRowsCompressed:
      header.kind = ChangeKind::kInsert;
      break;
    case EventType::kDeleteRowsV0:
    case EventType::kDeleteRowsV1:
    case EventType::kDeleteRows:
    case EventType::kMariadbDeleteRowsCompressedV1:
    case EventType::kMariadbDeleteRowsCompressed:
      header.kind = ChangeKind::kDelete;
      break;
    default:
      header.kind = ChangeKind::kUpdate;
  }
  const auto number = static_cast<unsigned>(type);
  header.compressed = number >= 166 && number <= 171;
  header.partial = type == EventType::kPartialUpdateRows;
  with_extra = (number >= 30 && number <= 32) || header.partial || (number >= 169 && number <= 171);
  Bytes bytes(body);
  header.table_id = format.PostHeader(type) == 6 ? bytes.U32() : bytes.U48();
  header.flags = bytes.U16();
  if (with_extra) {
    const uint16_t extra = bytes.U16();  // its own two bytes included
    if (extra < 2) ThrowBadEvent("Its extra data has no length.");
    bytes.Skip(extra - 2);
  }
  header.rest = bytes.Rest();
  return header;
}

void RowDecoder::Decode(const RowsHeader& header, const RowPlan& plan, model::Transaction& out) {
  Bytes front(header.rest);
  const uint64_t count = front.LengthEncoded();
  if (count != plan.columns.size()) ThrowBadEvent("Its rows have another number of columns than its table map.");
  const size_t bitmap_bytes = (count + 7) / 8;
  const std::string_view first = front.Take(bitmap_bytes);
  const std::string_view second = header.kind == ChangeKind::kUpdate ? front.Take(bitmap_bytes) : first;
  std::string_view rows = front.Rest();
  if (header.compressed) {
    rows = out.arena.Copy(InflateEventPart(rows));
  } else {
    rows = out.arena.Copy(rows);
  }
  if (CountBits(first, count) == 0 && CountBits(second, count) == 0 && !rows.empty()) {
    ThrowBadEvent("Its rows have no columns at all.");
  }
  const bool has_all_after = CountBits(second, count) == count;
  if (!has_all_after || CountBits(first, count) != count) CheckImages(header.kind, plan, first, second);
  Bytes bytes(rows);
  json_before_.assign(plan.json_columns == 0 ? 0 : count, {});
  while (!bytes.empty()) {
    model::RowChange change;
    change.kind = header.kind;
    change.foreign_keys_off = (header.flags & (kRowsForeignKeysOff | kRowsCascadesLogged)) != 0;
    change.unique_checks_off = (header.flags & kRowsUniqueChecksOff) != 0;
    if (header.kind == ChangeKind::kInsert) {
      change.after = ReadImage(bytes, plan, first, {}, out.arena);
    } else {
      change.before = ReadImage(bytes, plan, first, {}, out.arena);
    }
    if (header.kind == ChangeKind::kUpdate) {
      change.after = header.partial
                         ? ReadPartialImage(bytes, plan, second, change.before, out.arena)
                         : ReadImage(bytes, plan, second, has_all_after ? model::Row() : change.before, out.arena);
    }
    change.table = plan.table;
    out.rows.push_back(std::move(change));
  }
}

model::Row RowDecoder::ReadImage(Bytes& bytes, const RowPlan& plan, std::string_view present, model::Row base,
                                 Arena& arena) {
  Cell* const cells = NewCells(plan, base, arena);
  ReadPresent(bytes, plan, present, {}, cells, arena);
  return {cells, plan.table->columns.size()};
}

model::Row RowDecoder::ReadPartialImage(Bytes& bytes, const RowPlan& plan, std::string_view present, model::Row before,
                                        Arena& arena) {
  const uint64_t options = bytes.LengthEncoded();
  std::string_view partial;
  // One bit for every JSON column of the table.
  if ((options & kPartialJson) != 0) partial = bytes.Take((plan.json_columns + 7) / 8);
  Cell* const cells = NewCells(plan, before, arena);
  ReadPresent(bytes, plan, present, partial, cells, arena);
  return {cells, before.size()};
}

void RowDecoder::ReadPresent(Bytes& bytes, const RowPlan& plan, std::string_view present, std::string_view partial,
                             Cell* cells, Arena& arena) {
  const size_t count = plan.columns.size();
  const std::string_view nulls = bytes.Take((CountBits(present, count) + 7) / 8);
  size_t null_index = 0;
  size_t json_index = 0;
  for (size_t i = 0; i < count; ++i) {
    const ColumnPlan& column = plan.columns[i];
    const size_t json = json_index;
    if (column.is_json) ++json_index;
    if (!BitAt(present, i)) continue;
    Cell cell;
    if (BitAt(nulls, null_index++)) {
      cell = Cell::Null();
      if (column.is_json) json_before_[i] = {};
    } else if (column.is_json && !partial.empty() && BitAt(partial, json)) {
      const std::string_view differences = bytes.Take(bytes.Uint(column.width));
      scratch_.clear();
      AppendPatchedJsonText(scratch_, json_before_[i], differences);
      cell = Cell::Bytes(CellKind::kJson, arena.Copy(scratch_));
    } else if (column.is_json) {
      json_before_[i] = bytes.Take(bytes.Uint(column.width));
      scratch_.clear();
      AppendJsonText(scratch_, json_before_[i]);
      cell = Cell::Bytes(CellKind::kJson, arena.Copy(scratch_));
    } else {
      cell = ReadCell(bytes, column, arena);
      if (column.to_utf8 != nullptr) cell = InUnicode(plan, column, cell, arena);
    }
    if (column.target != ColumnPlan::kNowhere) cells[column.target] = cell;
  }
}

// What has no Unicode becomes a text that no destination takes: only there is it known whether the column and the row
// are carried at all.
Cell RowDecoder::InUnicode(const RowPlan& plan, const ColumnPlan& column, const Cell& cell, Arena& arena) {
  if (column.to_utf8->Convert(cell.text(), scratch_)) return Cell::Bytes(cell.kind, arena.Copy(scratch_));
  std::string hex;
  for (const char c : cell.text().substr(0, 100)) hex += fmt::format("{:02X}", static_cast<unsigned char>(c));
  const std::string name = plan.table->name.Text() + ", column " + plan.table->columns[column.target].name;
  if (told_.insert(name).second) {
    LogWarning("binlog",
               fmt::format("table {}: the codes of x'{}' stand for no character of Unicode; where the column is "
                           "carried, the destination refuses the value",
                           name, hex));
  }
  return Cell::Bytes(cell.kind, arena.Copy("\xFF" + hex));
}

Cell RowDecoder::ReadCell(Bytes& bytes, const ColumnPlan& column, Arena& arena) {
  switch (column.decode) {
    case Decode::kInt:
      return Cell::Int(SignedInt(bytes, column.width));
    case Decode::kUint:
      return Cell::Uint(bytes.Uint(column.width));
    case Decode::kBit:
      return Cell::Uint(bytes.BigUint(column.width));
    case Decode::kFloat32:
      return Cell::Float32(std::bit_cast<float>(bytes.U32()));
    case Decode::kFloat64:
      return Cell::Float64(std::bit_cast<double>(bytes.U64()));
    case Decode::kYear: {
      const uint8_t year = bytes.U8();
      return Cell::Int(year == 0 ? 0 : 1900 + year);
    }
    case Decode::kDecimal:
      return Cell::Bytes(column.kind, ReadDecimal(bytes, column.precision, column.digits, arena));
    case Decode::kDate:
      return Cell::Bytes(column.kind, ReadDate(bytes, arena));
    case Decode::kTime2:
      return Cell::Bytes(column.kind, ReadTime2(bytes, column.digits, arena));
    case Decode::kDateTime2:
      return Cell::Bytes(column.kind, ReadDateTime2(bytes, column.digits, arena));
    case Decode::kTimestamp2:
      return Cell::Bytes(column.kind, ReadTimestamp2(bytes, column.digits, arena));
    case Decode::kOldTime:
      return Cell::Bytes(column.kind, ReadOldTime(bytes, arena));
    case Decode::kOldDateTime:
      return Cell::Bytes(column.kind, ReadOldDateTime(bytes, arena));
    case Decode::kOldTimestamp:
      return Cell::Bytes(column.kind, ReadOldTimestamp(bytes, arena));
    case Decode::kHiresTime:
      return Cell::Bytes(column.kind, ReadHiresTime(bytes, column.digits, arena));
    case Decode::kHiresDateTime:
      return Cell::Bytes(column.kind, ReadHiresDateTime(bytes, column.digits, arena));
    case Decode::kHiresTimestamp:
      return Cell::Bytes(column.kind, ReadHiresTimestamp(bytes, column.digits, arena));
    case Decode::kBytes:
      return Cell::Bytes(column.kind, bytes.Take(bytes.Uint(column.width)));
    case Decode::kPadded:
      return Cell::Bytes(column.kind, Pad(bytes.Take(bytes.Uint(column.width)), column.length, arena));
    case Decode::kUuid:
    case Decode::kOldUuid:
    case Decode::kInet6:
    case Decode::kInet4:
      return NetworkCell(column.decode, bytes.Take(bytes.Uint(column.width)), arena);
    case Decode::kCompressed:
      scratch_.clear();
      AppendInflatedColumn(scratch_, bytes.Take(bytes.Uint(column.width)));
      return Cell::Bytes(column.kind, arena.Copy(scratch_));
    case Decode::kJson:
      break;  // by the caller, who knows the image before
  }
  Check(false, "a way of decoding that is none");
  return Cell();
}

}  // namespace sluice::mysql::binlog
