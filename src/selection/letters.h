// Letters of names: UTF-8 in, UTF-8 out. Bytes that are no valid UTF-8 pass unchanged.
#pragma once

#include <string>
#include <string_view>

namespace sluice::selection {

// ASCII, Latin-1, Greek and Cyrillic letters change; all others stay. Never changes how many
// characters there are.
std::string ToUpper(std::string_view text);
std::string ToLower(std::string_view text);

// ASCII letters only.
std::string LowerAscii(std::string_view text);
// Equal as a server compares names that ignore case (the letters that ToLower knows).
bool EqualIgnoringCase(std::string_view a, std::string_view b);

// Bytes of the character that begins at `at`; 1 for a byte that begins none.
size_t CharacterBytes(std::string_view text, size_t at);

}  // namespace sluice::selection
