#include "connectors/postgresql/copy_format.h"

#include "base/check.h"
#include "connector/neutral.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/sessions.h"

namespace sluice::postgresql {

std::string_view CopyUnframer::Row(std::string_view message) {
  if (!binary_) return message;
  if (in_header_) TakeHeader(&message);
  if (message == kCopyTrailer) return {};
  return message;
}

void CopyUnframer::TakeHeader(std::string_view* message) {
  constexpr size_t kSignature = 11;
  constexpr size_t kExtensionAt = 15;
  const bool known =
      message->size() >= kCopyHeader.size() && message->substr(0, kSignature) == kCopyHeader.substr(0, kSignature);
  size_t extension = 0;
  for (size_t i = 0; known && i < 4; ++i) {
    extension = extension << 8 | static_cast<unsigned char>((*message)[kExtensionAt + i]);
  }
  if (!known || message->size() - kCopyHeader.size() < extension) {
    throw Error(kBadCopy)
        .Cause("COPY in binary format began with something else than its header")
        .Remedy("Something between Sluice and the server changes what is sent; connect to the server itself.");
  }
  message->remove_prefix(kCopyHeader.size() + extension);
  in_header_ = false;
}

std::string CopyOptions(std::string_view encoding) {
  Check(encoding == kCopyBinary || encoding == kCopyText || encoding == connector::kNeutralTsv, "unknown row encoding");
  return encoding == kCopyBinary ? "(FORMAT binary)" : "(FORMAT text, ENCODING 'UTF8')";
}

}  // namespace sluice::postgresql
