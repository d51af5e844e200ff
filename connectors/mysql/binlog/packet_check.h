// Notices packets of the log that something between lost: a relay that goes on after it dropped bytes. TCP loses
// nothing and TLS notices by itself, so this is for relays that speak in plain. libmariadb takes whatever number a
// packet has and waits for as many bytes as a header says, even if that is the middle of some row. One thread.
//
// A packet begins with 3 bytes of length and 1 of number, which goes up by one from packet to packet and was 0 for the
// command ("MySQL Packets" in the documentation of MySQL's source); then 0 and the event, whose header holds its
// length.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "connectors/mysql/connection.h"  // MYSQL

namespace sluice::mysql::binlog {

// What the library has read ahead and nobody took yet. Bytes of the protocol, with TLS too.
std::string_view ReadAhead(const MYSQL* mysql);

class PacketCheck {
 public:
  enum class Finding { kGood, kSilence, kMissing };

  // Waits at most so long for the next packet and looks at its begin without taking it. Where the connection has ended,
  // that is good: who reads it is told so.
  Finding Await(MYSQL* mysql, int timeout_ms);
  // Of a packet that the library took, with its length: whether it is the one that follows the last. Any connection.
  bool Follows(const MYSQL* mysql, size_t size);

 private:
  struct Begin {
    std::string_view bytes;
    bool in_time = true;
  };

  Begin Peek(MYSQL* mysql, int timeout_ms);
  bool IsPlausible(std::string_view begin) const;

  // Header of a packet, the byte 0, header of an event up to its length.
  std::array<char, 4 + 1 + 13> peeked_{};
  uint8_t next_ = 1;
};

}  // namespace sluice::mysql::binlog
