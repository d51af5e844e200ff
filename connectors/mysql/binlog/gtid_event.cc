#include "connectors/mysql/binlog/gtid_event.h"

#include <fmt/format.h>

#include <bit>

#include "connectors/mysql/binlog/bytes.h"

namespace sluice::mysql::binlog {
namespace {

std::string UuidText(std::string_view bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += fmt::format("{:02x}", static_cast<unsigned>(static_cast<uint8_t>(bytes[i])));
  }
  return out;
}

// Integers of MySQL's serialization library (source documentation, "PageLibsMysqlSerialization"): the number of ones
// at the low end of the first byte is the number of further bytes.
uint64_t ReadVarUint(Bytes& bytes) {
  const uint8_t first = bytes.U8();
  const int more = std::countr_one(first);
  if (more == 0) return first >> 1;
  const uint64_t rest = bytes.Uint(static_cast<size_t>(more));
  if (more >= 7) return rest;  // no bits of the value are left in the first byte
  return rest << (7 - more) | first >> (more + 1);
}

// Signed: the sign is the lowest bit.
int64_t ReadVarInt(Bytes& bytes) {
  const uint64_t value = ReadVarUint(bytes);
  const auto magnitude = static_cast<int64_t>(value >> 1);
  return (value & 1) != 0 ? -magnitude - 1 : magnitude;
}

}  // namespace

std::string GtidEvent::Text() const {
  if (is_mariadb) return mariadb.Text();
  return source.empty() ? std::string() : fmt::format("{}:{}", source, number);
}

GtidEvent ParseMysqlGtid(EventType type, std::string_view body) {
  constexpr uint8_t kLogicalTimestamp = 2;
  Bytes bytes(body);
  GtidEvent event;
  bytes.Skip(1);  // flags
  const std::string_view uuid = bytes.Take(16);
  event.number = bytes.U64();
  if (type == EventType::kGtid) event.source = UuidText(uuid);
  if (bytes.empty() || bytes.U8() != kLogicalTimestamp) return event;  // before 5.7
  event.last_committed = bytes.U64();
  event.sequence_number = bytes.U64();
  if (bytes.left() < 7) return event;  // before 8.0.1
  // The highest bit says that the time of the original commit follows.
  event.committed_micros = static_cast<int64_t>(bytes.Uint(7) & ~(uint64_t{1} << 55));
  return event;
}

GtidEvent ParseTaggedGtid(std::string_view body) {
  enum : uint64_t {
    kFlags = 0,
    kUuid = 1,
    kNumber = 2,
    kTag = 3,
    kLastCommitted = 4,
    kSequence = 5,
    kImmediateCommit = 6,
    kOriginalCommit = 7,
    kTransactionLength = 8,
    kImmediateVersion = 9,
    kOriginalVersion = 10,
    kTicket = 11,
  };
  Bytes bytes(body);
  GtidEvent event;
  std::string uuid;
  std::string tag;
  if (ReadVarUint(bytes) != 1) ThrowBadEvent("Its serialization version is not known.");
  ReadVarUint(bytes);  // size
  const uint64_t last_needed = ReadVarUint(bytes);
  while (!bytes.empty()) {
    const uint64_t field = ReadVarUint(bytes);
    switch (field) {
      case kUuid: {
        std::string raw;
        for (int i = 0; i < 16; ++i) raw += static_cast<char>(ReadVarUint(bytes));
        uuid = UuidText(raw);
        break;
      }
      case kNumber:
        event.number = static_cast<uint64_t>(ReadVarInt(bytes));
        break;
      case kTag: {
        const uint64_t size = ReadVarUint(bytes);
        if (size > 32) ThrowBadEvent("Its tag is longer than a tag can be.");
        tag = bytes.Take(size);
        break;
      }
      case kLastCommitted:
        event.last_committed = static_cast<uint64_t>(ReadVarInt(bytes));
        break;
      case kSequence:
        event.sequence_number = static_cast<uint64_t>(ReadVarInt(bytes));
        break;
      case kImmediateCommit:
        event.committed_micros = static_cast<int64_t>(ReadVarUint(bytes));
        break;
      case kFlags:
      case kOriginalCommit:
      case kTransactionLength:
      case kImmediateVersion:
      case kOriginalVersion:
      case kTicket:
        ReadVarUint(bytes);
        break;
      default:
        if (field <= last_needed) ThrowBadEvent("It has a field that must be known and is not.");
        bytes.Rest();  // the rest may be ignored
    }
  }
  if (uuid.empty() || event.number == 0) ThrowBadEvent("It has no number.");
  event.source = tag.empty() ? uuid : uuid + ":" + tag;
  return event;
}

GtidEvent ParseMariadbGtid(const EventHeader& header, std::string_view body) {
  enum : uint8_t { kStandalone = 0x01, kGroupCommit = 0x02, kPreparedXa = 0x40, kCompletedXa = 0x80 };
  enum : uint8_t { kStartAlter = 0x02, kRollbackAlter = 0x08 };
  Bytes bytes(body);
  GtidEvent event;
  event.is_mariadb = true;
  event.mariadb.server = header.server_id;
  event.mariadb.sequence = bytes.U64();
  event.mariadb.domain = bytes.U32();
  const uint8_t flags = bytes.U8();
  event.standalone = (flags & kStandalone) != 0;
  event.prepared_xa = (flags & kPreparedXa) != 0;
  if ((flags & kGroupCommit) != 0) event.commit_id = bytes.U64();
  if ((flags & (kPreparedXa | kCompletedXa)) != 0) {
    bytes.Skip(4);
    const size_t global = bytes.U8();
    const size_t branch = bytes.U8();
    bytes.Skip(global + branch);
  }
  if (bytes.empty()) return event;
  const uint8_t extra = bytes.U8();
  event.alter_start = (extra & kStartAlter) != 0;
  event.alter_rollback = (extra & kRollbackAlter) != 0;
  return event;
}

}  // namespace sluice::mysql::binlog
