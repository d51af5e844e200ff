// The frame of events in the binary log (MySQL source documentation, "Binary log event structure"; MariaDB manual,
// "Replication Protocol"): header, kinds, format description, checksum.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::mysql::binlog {

enum class EventType : uint8_t {
  kUnknown = 0,
  kStartV3 = 1,
  kQuery = 2,
  kStop = 3,
  kRotate = 4,
  kIntvar = 5,
  kLoad = 6,
  kSlave = 7,
  kCreateFile = 8,
  kAppendBlock = 9,
  kExecLoad = 10,
  kDeleteFile = 11,
  kNewLoad = 12,
  kRand = 13,
  kUserVar = 14,
  kFormatDescription = 15,
  kXid = 16,
  kBeginLoadQuery = 17,
  kExecuteLoadQuery = 18,
  kTableMap = 19,
  kWriteRowsV0 = 20,
  kUpdateRowsV0 = 21,
  kDeleteRowsV0 = 22,
  kWriteRowsV1 = 23,
  kUpdateRowsV1 = 24,
  kDeleteRowsV1 = 25,
  kIncident = 26,
  kHeartbeat = 27,
  kIgnorable = 28,
  kRowsQuery = 29,
  kWriteRows = 30,
  kUpdateRows = 31,
  kDeleteRows = 32,
  kGtid = 33,
  kAnonymousGtid = 34,
  kPreviousGtids = 35,
  kTransactionContext = 36,
  kViewChange = 37,
  kXaPrepare = 38,
  kPartialUpdateRows = 39,
  kTransactionPayload = 40,
  kHeartbeatV2 = 41,
  kTaggedGtid = 42,
  kMariadbAnnotateRows = 160,
  kMariadbCheckpoint = 161,
  kMariadbGtid = 162,
  kMariadbGtidList = 163,
  kMariadbStartEncryption = 164,
  kMariadbQueryCompressed = 165,
  kMariadbWriteRowsCompressedV1 = 166,
  kMariadbUpdateRowsCompressedV1 = 167,
  kMariadbDeleteRowsCompressedV1 = 168,
  kMariadbWriteRowsCompressed = 169,
  kMariadbUpdateRowsCompressed = 170,
  kMariadbDeleteRowsCompressed = 171,
};

inline constexpr size_t kHeaderBytes = 19;
inline constexpr size_t kChecksumBytes = 4;

inline constexpr uint16_t kFlagArtificial = 0x0020;  // made up by the server for this connection, not in the file
inline constexpr uint16_t kFlagIgnorable = 0x0080;   // whoever does not know it may skip it

struct EventHeader {
  uint32_t timestamp = 0;  // seconds since 1970
  EventType type = EventType::kUnknown;
  uint32_t server_id = 0;
  uint32_t length = 0;         // header and checksum included
  uint32_t next_position = 0;  // low 32 bits of the offset after it; 0: not in the file
  uint16_t flags = 0;
};

EventHeader ParseHeader(std::string_view event);

// What a file says of the events in it.
struct FormatDescription {
  std::string server_version;
  bool checksums = false;                  // CRC32 at the end of every event
  uint32_t created = 0;                    // not 0: the first file since the server started
  std::array<uint8_t, 256> post_header{};  // length of the fixed part by event type, 0 = not said

  // What a modern server writes, until its own description arrives.
  static FormatDescription Default(bool checksums);
  size_t PostHeader(EventType type) const { return post_header[static_cast<uint8_t>(type)]; }
};

// `event` whole, with its header.
FormatDescription ParseFormatDescription(std::string_view event);

// Whether the last four bytes are the CRC32 of those before.
bool ChecksumFits(std::string_view event);

std::string EventName(EventType type);

}  // namespace sluice::mysql::binlog
