// Server and client error numbers (MySQL and MariaDB reference manuals, "Error Message Reference") to our codes.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"

namespace sluice::mysql {

// `object` is what was being worked on; `statement` (may be empty) is quoted in the cause, shortened.
Error ToError(int native_code, const std::string& native_message, const std::string& side, const std::string& object,
              const std::string& statement = "");

// Of a session that was set up before: an error of the TLS library is then the end of the connection (a killed one ends
// with "unexpected eof while reading"), and no matter of certificates.
Error ToSessionError(int native_code, const std::string& native_message, const std::string& side,
                     const std::string& object, const std::string& statement = "");

// The connection `lost` while a packet of about `sent` bytes was sent to a server that takes less than `limit`.
Error PacketTooLarge(Error lost, size_t sent, size_t limit);

}  // namespace sluice::mysql
