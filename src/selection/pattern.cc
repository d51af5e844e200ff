#include "selection/pattern.h"

#include <optional>

#include "selection/letters.h"

namespace sluice::selection {

Pattern::Pattern(std::string_view text, Case letters) : case_(letters), is_name_(true) {
  items_.clear();
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '\\' && at + 1 < text.size()) {
      ++at;
    } else if (text[at] == '*' || text[at] == '?') {
      is_name_ = false;
      const auto kind = text[at] == '*' ? Item::Kind::kAny : Item::Kind::kOne;
      // Two stars in a row are one: matching stays linear in them.
      if (kind == Item::Kind::kOne || items_.empty() || items_.back().kind != Item::Kind::kAny) {
        items_.push_back({kind, {}});
      }
      ++at;
      continue;
    }
    const size_t bytes = CharacterBytes(text, at);
    items_.push_back({Item::Kind::kCharacter, std::string(text.substr(at, bytes))});
    name_ += items_.back().character;
    at += bytes;
  }
  if (!is_name_) name_.clear();
}

bool Pattern::SameCharacter(const Item& item, std::string_view character) const {
  if (item.kind == Item::Kind::kOne) return true;
  if (case_ == Case::kIgnore) return EqualIgnoringCase(item.character, character);
  return item.character == character;
}

bool Pattern::Matches(std::string_view name) const {
  size_t item = 0;
  size_t at = 0;
  // Where to go on when what follows the last star did not fit: the star then takes one character
  // more.
  std::optional<size_t> star;
  size_t star_at = 0;
  while (at < name.size()) {
    const size_t bytes = CharacterBytes(name, at);
    if (item < items_.size() && items_[item].kind == Item::Kind::kAny) {
      star = item++;
      star_at = at;
    } else if (item < items_.size() && SameCharacter(items_[item], name.substr(at, bytes))) {
      ++item;
      at += bytes;
    } else if (star) {
      item = *star + 1;
      star_at += CharacterBytes(name, star_at);
      at = star_at;
    } else {
      return false;
    }
  }
  while (item < items_.size() && items_[item].kind == Item::Kind::kAny) ++item;
  return item == items_.size();
}

std::vector<std::string> SplitAtDots(std::string_view text) {
  std::vector<std::string> parts(1);
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) {
      parts.back() += text[at++];
      parts.back() += text[at];
    } else if (text[at] == '.') {
      parts.emplace_back();
    } else {
      parts.back() += text[at];
    }
  }
  return parts;
}

}  // namespace sluice::selection
