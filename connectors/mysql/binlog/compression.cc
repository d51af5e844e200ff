#include "connectors/mysql/binlog/compression.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "connectors/mysql/binlog/bytes.h"
#include "connectors/mysql/binlog/event.h"

namespace sluice::mysql::binlog {
namespace {

// No event is larger: max_allowed_packet ends there, and a length that lies must not take all memory.
constexpr uint64_t kInflatedMax = uint64_t{1} << 30;

// zlib (window 15) or raw deflate (window -15). The output grows with the input, so that a wrong length in a small
// event costs nothing.
void AppendInflated(std::string& out, std::string_view data, uint64_t size, int window) {
  if (size > kInflatedMax) ThrowBadEvent("Its uncompressed length is larger than any event.");
  z_stream stream{};
  if (inflateInit2(&stream, window) != Z_OK) ThrowBadEvent("It cannot be uncompressed.");
  const size_t begin = out.size();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  size_t have = 0;
  int status = Z_OK;
  while (status == Z_OK && have < size) {
    const size_t room = std::min<uint64_t>(size - have, std::max<uint64_t>(have, data.size() * 8 + 256));
    out.resize(begin + have + room);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + begin + have);
    stream.avail_out = static_cast<uInt>(room);
    status = inflate(&stream, Z_NO_FLUSH);
    have += room - stream.avail_out;
  }
  inflateEnd(&stream);
  out.resize(begin + have);
  if (have != size || (status != Z_OK && status != Z_STREAM_END)) ThrowBadEvent("Its compressed part is broken.");
}

}  // namespace

std::string InflateEventPart(std::string_view data) {
  Bytes bytes(data);
  const uint8_t first = bytes.U8();
  const unsigned algorithm = first >> 4 & 7;
  const unsigned width = first & 7;
  if ((first & 0x80) == 0 || algorithm != 0 || width == 0 || width > 4) {
    ThrowBadEvent("It is compressed in a way that is not known.");
  }
  const uint64_t size = bytes.BigUint(width);
  std::string out;
  AppendInflated(out, bytes.Rest(), size, MAX_WBITS);
  return out;
}

void AppendInflatedColumn(std::string& out, std::string_view data) {
  if (data.empty()) return;
  Bytes bytes(data);
  const uint8_t first = bytes.U8();
  if (first == 0) {  // stored as it is
    out += bytes.Rest();
    return;
  }
  constexpr unsigned kZlib = 8;
  const bool wrapped = (first & 8) == 0;
  const unsigned width = first & 7;
  if (first >> 4 != kZlib || width == 0 || width > 4) ThrowBadEvent("A value in it is compressed in an unknown way.");
  const uint64_t size = bytes.BigUint(width);
  AppendInflated(out, bytes.Rest(), size, wrapped ? MAX_WBITS : -MAX_WBITS);
}

struct PayloadReader::Stream {
  Stream() : context(ZSTD_createDStream()) {}
  ~Stream() { ZSTD_freeDStream(context); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  ZSTD_DStream* context;
};

PayloadReader::PayloadReader(std::string_view body) {
  enum : uint64_t { kEnd = 0, kSize = 1, kCompression = 2 };
  constexpr uint64_t kZstd = 0;
  constexpr uint64_t kNone = 255;
  Bytes bytes(body);
  uint64_t compression = kZstd;
  for (uint64_t field = bytes.LengthEncoded(); field != kEnd; field = bytes.LengthEncoded()) {
    Bytes value(bytes.LengthEncodedText());
    if (field == kCompression) compression = value.LengthEncoded();
  }
  input_ = bytes.Rest();
  if (compression == kZstd) {
    stream_ = std::make_unique<Stream>();
    if (stream_->context == nullptr) ThrowBadEvent("It cannot be uncompressed.");
  } else if (compression != kNone) {
    ThrowBadEvent("It is compressed in a way that is not known.");
  }
}

PayloadReader::~PayloadReader() = default;

std::string_view PayloadReader::Next() {
  if (!Fill(kHeaderBytes)) {
    if (at_ != buffer_.size()) ThrowBadEvent("Its payload ends within an event.");
    return {};
  }
  const uint32_t length = ParseHeader(std::string_view(buffer_).substr(at_)).length;
  if (length < kHeaderBytes || length > kInflatedMax) ThrowBadEvent("An event inside has a length that is none.");
  if (!Fill(length)) ThrowBadEvent("Its payload ends within an event.");
  const std::string_view event = std::string_view(buffer_).substr(at_, length);
  at_ += length;
  return event;
}

bool PayloadReader::Fill(size_t wanted) {
  constexpr size_t kStep = 64 * 1024;
  if (buffer_.size() - at_ >= wanted) return true;
  buffer_.erase(0, at_);
  at_ = 0;
  while (buffer_.size() < wanted) {
    const size_t have = buffer_.size();
    if (stream_ == nullptr) {
      if (input_.empty()) return false;
      const size_t take = std::min(input_.size(), std::max(kStep, wanted - have));
      buffer_ += input_.substr(0, take);
      input_.remove_prefix(take);
      continue;
    }
    buffer_.resize(have + kStep);
    ZSTD_inBuffer in{input_.data(), input_.size(), 0};
    ZSTD_outBuffer out{buffer_.data() + have, kStep, 0};
    const size_t status = ZSTD_decompressStream(stream_->context, &out, &in);
    buffer_.resize(have + out.pos);
    input_.remove_prefix(in.pos);
    if (ZSTD_isError(status) != 0) ThrowBadEvent("Its compressed payload is broken.");
    if (out.pos == 0 && (in.pos == 0 || input_.empty())) return false;
  }
  return true;
}

}  // namespace sluice::mysql::binlog
