#include "connectors/mysql/binlog/event.h"

#include <fmt/format.h>
#include <zlib.h>

#include "base/error.h"
#include "connectors/mysql/binlog/bytes.h"
#include "connectors/mysql/codes.h"

namespace sluice::mysql::binlog {
namespace {

constexpr size_t kVersionBytes = 50;

// 5.6.1 is the first with a checksum algorithm at the end of the description; MariaDB has it since 5.3.
bool KnowsChecksums(const std::string& version) {
  if (version.find("MariaDB") != std::string::npos) return true;
  uint32_t parts[3] = {0, 0, 0};
  size_t part = 0;
  for (const char c : version) {
    if (c >= '0' && c <= '9') {
      parts[part] = (parts[part] * 10 + static_cast<uint32_t>(c - '0')) % 100000;
    } else if (c != '.' || ++part == 3) {
      break;
    }
  }
  return uint64_t{parts[0]} * 10000 + uint64_t{parts[1]} * 100 + parts[2] >= 50601;
}

}  // namespace

void ThrowBadEvent(std::string_view cause) {
  throw Error(kBadEvent)
      .Cause(std::string(cause))
      .Remedy(
          "Check the log with mysqlbinlog --verify-binlog-checksum on the source. If it is broken there, begin "
          "anew with --restart; otherwise please report the event.")
      .Retry(RetryClass::kOnce);
}

EventHeader ParseHeader(std::string_view event) {
  Bytes bytes(event);
  EventHeader header;
  header.timestamp = bytes.U32();
  header.type = static_cast<EventType>(bytes.U8());
  header.server_id = bytes.U32();
  header.length = bytes.U32();
  header.next_position = bytes.U32();
  header.flags = bytes.U16();
  return header;
}

FormatDescription FormatDescription::Default(bool checksums) {
  FormatDescription format;
  format.checksums = checksums;
  const auto set = [&](EventType type, uint8_t length) { format.post_header[static_cast<uint8_t>(type)] = length; };
  set(EventType::kQuery, 13);
  set(EventType::kRotate, 8);
  set(EventType::kTableMap, 8);
  for (uint8_t type = 20; type <= 25; ++type) set(static_cast<EventType>(type), 8);
  for (uint8_t type = 30; type <= 32; ++type) set(static_cast<EventType>(type), 10);
  set(EventType::kPartialUpdateRows, 10);
  set(EventType::kMariadbQueryCompressed, 13);
  for (uint8_t type = 166; type <= 168; ++type) set(static_cast<EventType>(type), 8);
  for (uint8_t type = 169; type <= 171; ++type) set(static_cast<EventType>(type), 10);
  return format;
}

FormatDescription ParseFormatDescription(std::string_view event) {
  Bytes bytes(event);
  bytes.Skip(kHeaderBytes);
  const uint16_t version = bytes.U16();
  if (version != 4) ThrowBadEvent(fmt::format("The log has format version {}; 4 is needed (MySQL 5.0 on).", version));
  FormatDescription format = FormatDescription::Default(false);
  const std::string_view text = bytes.Take(kVersionBytes);
  format.server_version = std::string(text.substr(0, text.find('\0')));
  format.created = bytes.U32();
  if (bytes.U8() != kHeaderBytes) ThrowBadEvent("Its headers have a length that is not known.");
  if (KnowsChecksums(format.server_version)) {
    Bytes tail(event.substr(kHeaderBytes + 2 + kVersionBytes + 4 + 1));
    tail.Skip(tail.left() < 5 ? tail.left() : tail.left() - 5);
    const uint8_t algorithm = tail.U8();
    if (algorithm > 1) ThrowBadEvent(fmt::format("Its checksum algorithm {} is not known.", algorithm));
    format.checksums = algorithm == 1;
    bytes.DropTail(5);
  }
  for (size_t type = 1; !bytes.empty() && type < format.post_header.size(); ++type) {
    format.post_header[type] = bytes.U8();
  }
  return format;
}

bool ChecksumFits(std::string_view event) {
  if (event.size() < kHeaderBytes + kChecksumBytes) return false;
  const size_t size = event.size() - kChecksumBytes;
  const auto* data = reinterpret_cast<const Bytef*>(event.data());
  Bytes tail(event.substr(size));
  return crc32_z(0, data, size) == tail.U32();
}

std::string EventName(EventType type) {
  switch (type) {
    case EventType::kQuery:
      return "query";
    case EventType::kRotate:
      return "rotate";
    case EventType::kFormatDescription:
      return "format description";
    case EventType::kXid:
      return "commit";
    case EventType::kTableMap:
      return "table map";
    case EventType::kGtid:
    case EventType::kAnonymousGtid:
    case EventType::kTaggedGtid:
    case EventType::kMariadbGtid:
      return "GTID";
    case EventType::kXaPrepare:
      return "XA prepare";
    case EventType::kTransactionPayload:
      return "transaction payload";
    default:
      break;
  }
  const auto number = static_cast<unsigned>(type);
  const bool rows = (number >= 20 && number <= 25) || (number >= 30 && number <= 32) || number == 39 ||
                    (number >= 166 && number <= 171);
  return fmt::format("{} ({})", rows ? "rows" : "event", number);
}

}  // namespace sluice::mysql::binlog
