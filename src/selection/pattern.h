// Names and patterns as task files write them: `*` stands for any characters, `?` for one, a
// backslash takes the next character as it is (also the dot that divides database and table).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::selection {

// A plain value; const methods are safe from any thread.
class Pattern {
 public:
  enum class Case { kExact, kIgnore };

  Pattern() = default;  // matches everything
  explicit Pattern(std::string_view text, Case letters = Case::kExact);

  bool Matches(std::string_view name) const;
  // No wildcard in it: it is a name.
  bool IsName() const { return is_name_; }
  // The name without its backslashes; only of a pattern that is a name.
  const std::string& name() const { return name_; }

 private:
  struct Item {
    enum class Kind { kCharacter, kOne, kAny };
    Kind kind;
    std::string character;
  };
  bool SameCharacter(const Item& item, std::string_view character) const;

  std::vector<Item> items_{{Item::Kind::kAny, {}}};
  Case case_ = Case::kExact;
  bool is_name_ = false;
  std::string name_;
};

// Cuts at dots that no backslash takes; the parts keep their backslashes.
std::vector<std::string> SplitAtDots(std::string_view text);

}  // namespace sluice::selection
