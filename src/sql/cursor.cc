#include "sql/cursor.h"

namespace sluice::sql {

const Token& Cursor::Peek(size_t ahead) const {
  static const Token kEnd{TokenKind::kSymbol, "", "", ""};
  return at_ + ahead < tokens_.size() ? tokens_[at_ + ahead] : kEnd;
}

bool Cursor::SeesWords(std::initializer_list<std::string_view> words) const {
  size_t ahead = 0;
  for (const std::string_view word : words) {
    if (!Peek(ahead++).Is(word)) return false;
  }
  return true;
}

bool Cursor::TakeWord(std::string_view word) {
  if (!SeesWord(word)) return false;
  ++at_;
  return true;
}

bool Cursor::TakeWords(std::initializer_list<std::string_view> words) {
  if (!SeesWords(words)) return false;
  at_ += words.size();
  return true;
}

bool Cursor::TakeSymbol(std::string_view symbol) {
  if (!Peek().IsSymbol(symbol)) return false;
  ++at_;
  return true;
}

bool Cursor::TakeName(model::ObjectName& name, std::string_view default_database) {
  const size_t dot = Peek().IsSymbol(".") ? 1 : 0;  // ".t" is "t", for ODBC
  if (!Peek(dot).IsName()) return false;
  if (dot == 0 && Peek(1).IsSymbol(".") && Peek(2).IsName()) {
    name = {Peek().Name(), Peek(2).Name()};
    at_ += 3;
    return true;
  }
  name = {std::string(default_database), Peek(dot).Name()};
  at_ += 1 + dot;
  return true;
}

void Cursor::SkipAccount() {
  if (AtEnd()) return;
  Skip();
  if (TakeSymbol("(")) {
    TakeSymbol(")");
    return;
  }
  if (!TakeSymbol("@")) return;
  Skip();
  // An unquoted host is split at its dots: 10.0.0.1, db.example
  while (!AtEnd() && Peek().gap.empty() && !Peek().IsSymbol("(") && !Peek().IsSymbol(",") && !Peek().IsSymbol(";")) {
    Skip();
  }
}

void Cursor::SkipParentheses() {
  if (Peek().IsSymbol("(")) at_ = ClosingEnd(tokens_, at_);
}

void Cursor::SkipPast(std::string_view symbol) {
  while (!AtEnd()) {
    if (TakeSymbol(symbol)) return;
    if (Peek().IsSymbol("(")) {
      SkipParentheses();
    } else {
      Skip();
    }
  }
}

size_t ClosingEnd(const Tokens& tokens, size_t open) {
  size_t depth = 0;
  for (size_t i = open; i < tokens.size(); ++i) {
    if (tokens[i].IsSymbol("(")) ++depth;
    if (tokens[i].IsSymbol(")") && --depth == 0) return i + 1;
  }
  return tokens.size();
}

}  // namespace sluice::sql
