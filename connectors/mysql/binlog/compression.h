// The compressed forms of events and values: MariaDB's log_bin_compress events and compressed columns (zlib), MySQL's
// transaction payloads (zstd, read as a stream).
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace sluice::mysql::binlog {

// The part of a MariaDB event that log_bin_compress compressed (MariaDB source documentation, "Compressed binary log
// events"): a byte 0x80 | algorithm << 4 | width, the length in so many bytes (big-endian), zlib data.
std::string InflateEventPart(std::string_view data);

// A value of a MariaDB column with the COMPRESSED attribute, as the log has it; appends the value.
void AppendInflatedColumn(std::string& out, std::string_view data);

// Reads a payload's events one after the other without holding all of them.
class PayloadReader {
 public:
  // `body` of a TRANSACTION_PAYLOAD event; must outlive the reader.
  explicit PayloadReader(std::string_view body);
  ~PayloadReader();
  PayloadReader(const PayloadReader&) = delete;
  PayloadReader& operator=(const PayloadReader&) = delete;

  // The next event with its header (events inside have no checksum), valid until the next call; empty at the end.
  std::string_view Next();

 private:
  bool Fill(size_t wanted);  // until so many bytes are in the buffer; false at the end of the payload

  struct Stream;
  std::unique_ptr<Stream> stream_;  // null: not compressed
  std::string_view input_;
  std::string buffer_;
  size_t at_ = 0;
};

}  // namespace sluice::mysql::binlog
