// Walks over tokens: the small parts of a grammar that statements share.
#pragma once

#include <initializer_list>
#include <string_view>

#include "model/name.h"
#include "sql/token.h"

namespace sluice::sql {

// Looks at tokens that someone else owns and that must not change meanwhile. Never reads beyond the end.
class Cursor {
 public:
  explicit Cursor(const Tokens& tokens, size_t at = 0) : tokens_(tokens), at_(at) {}

  bool AtEnd() const { return at_ >= tokens_.size(); }
  size_t at() const { return at_; }
  void MoveTo(size_t at) { at_ = at; }
  const Token& Peek(size_t ahead = 0) const;  // an empty symbol at the end
  void Skip(size_t count = 1) { at_ += count; }

  bool SeesWord(std::string_view word, size_t ahead = 0) const { return Peek(ahead).Is(word); }
  bool SeesWords(std::initializer_list<std::string_view> words) const;
  // Moves on only when all of it is there.
  bool TakeWord(std::string_view word);
  bool TakeWords(std::initializer_list<std::string_view> words);
  bool TakeSymbol(std::string_view symbol);

  // [database .] name; false, and not moved, when there is none.
  bool TakeName(model::ObjectName& name, std::string_view default_database);
  // user, 'user'@'host', CURRENT_USER[()], a role
  void SkipAccount();
  // At "(": behind its ")".
  void SkipParentheses();
  // Behind the next `symbol` outside parentheses, or at the end.
  void SkipPast(std::string_view symbol);

 private:
  const Tokens& tokens_;
  size_t at_;
};

// The index behind the ")" that belongs to the "(" at `open`; the end when there is none.
size_t ClosingEnd(const Tokens& tokens, size_t open);

}  // namespace sluice::sql
