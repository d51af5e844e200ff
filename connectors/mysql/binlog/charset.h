// Statements in the client's character set, to UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace sluice::mysql::binlog {

// `charset` is the server's name for it. What is UTF-8 already, or cannot be converted, is returned as it is;
// `converted` tells.
std::string ToUtf8(std::string_view text, const std::string& charset, bool& converted);

}  // namespace sluice::mysql::binlog
