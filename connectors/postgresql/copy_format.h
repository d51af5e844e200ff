// The frame of COPY's binary format (documentation of COPY, "File Formats", "Binary Format"): a header, rows, a
// trailer. Blocks of the full load hold rows alone.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::postgresql {

// Signature, no flags, no extension.
inline constexpr std::string_view kCopyHeader{"PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19};
inline constexpr std::string_view kCopyTrailer{"\377\377", 2};

// Takes the frame off the messages of a COPY TO STDOUT, each of which holds one row (protocol documentation, "COPY
// Operations"); the header comes before the first one, in its message or in one of its own.
class CopyUnframer {
 public:
  explicit CopyUnframer(bool binary) : in_header_(binary), binary_(binary) {}

  // The row in this message; empty: it held only parts of the frame. A header that is none is an error (kBadCopy).
  std::string_view Row(std::string_view message);

 private:
  void TakeHeader(std::string_view* message);

  bool in_header_;
  const bool binary_;
};

// "FORMAT binary" ... of the encodings in sessions.h.
std::string CopyOptions(std::string_view encoding);

}  // namespace sluice::postgresql
