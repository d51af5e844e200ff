#include "connectors/mysql/binlog/packet_check.h"

#include <mysql.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

extern "C" {
#include <ma_pvio.h>
}

#include "base/stop.h"
#include "connectors/mysql/binlog/bytes.h"

namespace sluice::mysql::binlog {
namespace {

constexpr size_t kPacketHeaderBytes = 4;
constexpr size_t kPacketMost = 0xffffff;  // what is longer comes in several packets
constexpr size_t kEventLengthAt = kPacketHeaderBytes + 1 + 9;

size_t PacketBytes(std::string_view begin) {
  return Bytes(begin).U24();
}

enum class Wait { kCame, kEnded, kSilence };

// Until that many bytes wait at the socket.
Wait AwaitBytes(int socket, size_t bytes, const Deadline& deadline) {
  const auto set_least = [&](int least) { ::setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof(least)); };
  if (bytes > 1) set_least(static_cast<int>(bytes));
  pollfd entry{socket, POLLIN | POLLRDHUP, 0};
  int ready = 0;
  do {
    ready = ::poll(&entry, 1, static_cast<int>(deadline.Left().count()));
  } while (ready < 0 && errno == EINTR);
  if (bytes > 1) set_least(1);
  if (ready == 0) return Wait::kSilence;
  return ready < 0 || (entry.revents & ~POLLIN) != 0 ? Wait::kEnded : Wait::kCame;
}

}  // namespace

// `cache_size` bytes were read ahead, those from `cache_pos` on are not used yet.
std::string_view ReadAhead(const MYSQL* mysql) {
  const MARIADB_PVIO* const pvio = mysql->net.pvio;
  if (pvio == nullptr || pvio->cache == nullptr) return {};
  return {reinterpret_cast<const char*>(pvio->cache_pos),
          static_cast<size_t>(pvio->cache + pvio->cache_size - pvio->cache_pos)};
}

PacketCheck::Finding PacketCheck::Await(MYSQL* mysql, int timeout_ms) {
  const MARIADB_PVIO* const pvio = mysql->net.pvio;
  if (pvio == nullptr || pvio->ctls != nullptr) return Finding::kGood;
  const Begin begin = Peek(mysql, timeout_ms);
  if (!begin.in_time) return Finding::kSilence;
  return IsPlausible(begin.bytes) ? Finding::kGood : Finding::kMissing;
}

// As much of the next packet as is of use; less where the connection ends before.
PacketCheck::Begin PacketCheck::Peek(MYSQL* mysql, int timeout_ms) {
  const auto socket = static_cast<int>(mysql_get_socket(mysql));
  const size_t cached = ReadAhead(mysql).copy(peeked_.data(), peeked_.size());
  const Deadline deadline = Deadline::After(milliseconds(timeout_ms));
  size_t wanted = kPacketHeaderBytes;
  Wait wait = Wait::kCame;
  for (size_t have = cached;;) {
    if (have < peeked_.size()) {
      const ssize_t more = ::recv(socket, peeked_.data() + cached, peeked_.size() - cached, MSG_PEEK | MSG_DONTWAIT);
      if (more == 0) wait = Wait::kEnded;
      if (more > 0) have = cached + static_cast<size_t>(more);
    }
    const std::string_view begin(peeked_.data(), have);
    if (have >= kPacketHeaderBytes) wanted = std::min(peeked_.size(), kPacketHeaderBytes + PacketBytes(begin));
    if (have >= wanted || wait == Wait::kEnded) return {begin.substr(0, wanted), true};
    wait = AwaitBytes(socket, wanted - cached, deadline);
    if (wait == Wait::kSilence) return {{}, false};
  }
}

bool PacketCheck::IsPlausible(std::string_view begin) const {
  if (begin.size() < kPacketHeaderBytes) return true;  // the connection ended
  if (static_cast<uint8_t>(begin[3]) != next_) return false;
  if (begin.size() <= kPacketHeaderBytes || begin[kPacketHeaderBytes] != 0) return true;  // an error, or the end
  if (begin.size() < kEventLengthAt + 4) return true;
  const size_t packet = PacketBytes(begin);
  const uint64_t event = Bytes(begin.substr(kEventLengthAt)).U32();
  return packet < kPacketMost ? event + 1 == packet : event + 1 >= packet;
}

bool PacketCheck::Follows(const MYSQL* mysql, size_t size) {
  const auto expected = static_cast<uint8_t>(next_ + size / kPacketMost + 1);
  next_ = static_cast<uint8_t>(mysql->net.pkt_nr);
  return next_ == expected;
}

}  // namespace sluice::mysql::binlog
