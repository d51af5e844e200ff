// "Did you mean": the nearest of the words that would have been right.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::selection {

// The candidate that `word` most probably meant, empty when none is near enough. Compared without
// ASCII case; a swap of two neighbouring letters counts as one edit.
std::string Nearest(std::string_view word, const std::vector<std::string>& candidates);

// ", did you mean `x`?", or nothing: for the end of a message.
std::string Suggestion(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace sluice::selection
