// MySQL's binary JSON as text (MySQL source documentation, "json_binary.h"), written as the server writes it: keys in
// stored order, ", " and ": " between. Decimals keep their digits, dates and times are strings, what else is opaque is
// a string "base64:type<N>:...".
#pragma once

#include <string>
#include <string_view>

namespace sluice::mysql::binlog {

// Appends the text of one document. Empty input is the JSON null, as the server takes it. Throws kBadEvent.
void AppendJsonText(std::string& out, std::string_view binary);

// Applies the difference vector of a PARTIAL_UPDATE_ROWS event to a document; appends the resulting text. Throws
// kBadEvent, also when a path of it is not in the document.
void AppendPatchedJsonText(std::string& out, std::string_view binary_before, std::string_view differences);

// "text" in quotes with the escapes of the server.
void AppendJsonString(std::string& out, std::string_view text);

}  // namespace sluice::mysql::binlog
