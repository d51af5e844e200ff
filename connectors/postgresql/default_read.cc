#include "connectors/postgresql/default_read.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "connectors/postgresql/names_in_text.h"
#include "sql/cursor.h"

namespace sluice::postgresql {
namespace {

using model::ColumnDefault;
using model::TypeKind;
using sql::Token;
using sql::TokenKind;
using sql::Tokens;
using Kind = ColumnDefault::Kind;

// (tokens) without parentheses around the whole.
Tokens Inner(Tokens tokens) {
  while (tokens.size() > 2 && tokens.front().IsSymbol("(") && sql::ClosingEnd(tokens, 0) == tokens.size()) {
    tokens = sql::Slice(tokens, 1, tokens.size() - 1);
  }
  return tokens;
}

// The last "::" outside parentheses; npos: none.
size_t LastCast(const Tokens& tokens) {
  size_t depth = 0;
  for (size_t i = tokens.size(); i > 0; --i) {
    const Token& token = tokens[i - 1];
    if (token.IsSymbol(")")) ++depth;
    if (token.IsSymbol("(") && depth > 0) --depth;
    if (depth == 0 && token.IsSymbol("::")) return i - 1;
  }
  return std::string::npos;
}

bool IsNow(const Tokens& tokens) {
  constexpr std::array<std::string_view, 4> kCalls = {"now", "transaction_timestamp", "statement_timestamp",
                                                      "clock_timestamp"};
  if (tokens.empty()) return false;
  if (tokens[0].Is("CURRENT_TIMESTAMP") || tokens[0].Is("LOCALTIMESTAMP")) {
    return tokens.size() == 1 || sql::ClosingEnd(tokens, 1) == tokens.size();
  }
  return tokens.size() == 3 && tokens[1].IsSymbol("(") &&
         std::any_of(kCalls.begin(), kCalls.end(), [&](std::string_view call) { return tokens[0].Is(call); });
}

bool IsWhole(std::string_view number) {
  return std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Types that take every whole number, or refuse it.
bool IsNumberType(const Tokens& type) {
  if (type.size() != 1) return false;
  return type[0].Is("smallint") || type[0].Is("integer") || type[0].Is("bigint") || type[0].Is("numeric");
}

bool IsTextType(const Tokens& type) {
  return !type.empty() && (type[0].Is("text") || type[0].Is("character") || type[0].Is("bpchar"));
}

// "numeric(10,2)", "timestamp with time zone", "shop.mood[]", and nothing behind it.
bool IsType(const Tokens& tokens) {
  bool in_modifier = false;
  for (const Token& token : tokens) {
    if (token.IsSymbol("(")) in_modifier = true;
    const bool fits = in_modifier ? token.kind == TokenKind::kNumber || token.kind == TokenKind::kSymbol
                                  : token.IsName() || token.IsSymbol(".") || token.IsSymbol("[") || token.IsSymbol("]");
    if (!fits) return false;
    if (token.IsSymbol(")")) in_modifier = false;
  }
  return !tokens.empty();
}

struct Value {
  std::string text;
  bool null = false;
};

// A constant with casts that do not change it.
std::optional<Value> Constant(Tokens tokens, bool in_text_cast = false) {
  tokens = Inner(std::move(tokens));
  const size_t cast = LastCast(tokens);
  if (cast != std::string::npos) {
    const Tokens type = sql::Slice(tokens, cast + 1, tokens.size());
    if (!IsType(type)) return std::nullopt;
    const Tokens inner = Inner(sql::Slice(tokens, 0, cast));
    if (inner.size() == 1 && inner[0].IsString()) return Value{inner[0].value};
    if (inner.size() == 1 && inner[0].Is("NULL")) return Value{"", true};
    const std::optional<Value> value = Constant(inner, IsTextType(type));
    if (!value || value->null) return value;
    const bool kept = IsTextType(type) ? LastCast(inner) != std::string::npos && type.size() == 1 : IsNumberType(type);
    const bool whole = IsWhole(value->text.starts_with('-') ? value->text.substr(1) : value->text);
    return kept && (IsTextType(type) || whole || type[0].Is("numeric")) ? value : std::nullopt;
  }
  if (in_text_cast && tokens.size() != 1) return std::nullopt;
  if (tokens.size() == 2 && tokens[0].IsSymbol("-") && tokens[1].kind == TokenKind::kNumber) {
    return Value{"-" + tokens[1].text};
  }
  if (tokens.size() != 1) return std::nullopt;
  const Token& token = tokens[0];
  if (token.IsString()) return Value{token.value};
  if (token.kind == TokenKind::kNumber) return Value{token.text};
  if (token.Is("true") || token.Is("false")) return Value{sql::ToLower(token.text)};
  if (token.Is("NULL")) return Value{"", true};
  return std::nullopt;
}

std::string Neutral(std::string text, TypeKind kind) {
  if (kind == TypeKind::kBoolean) return text == "true" || text == "t" || text == "1" || text == "on" ? "1" : "0";
  if (kind == TypeKind::kTimestamp) {
    const size_t zone = text.rfind("+00");
    if (zone != std::string::npos && text.find(':') < zone) text.erase(zone, 3);
  }
  if (kind == TypeKind::kChar) text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace

ColumnDefault ReadDefault(const std::string& expression, const model::ColumnType& type) {
  if (expression.empty()) return {};
  Tokens tokens = Inner(sql::Tokenize(expression, kDialect));
  if (const std::optional<Value> value = Constant(tokens)) {
    if (value->null) return {};
    return {Kind::kLiteral, Neutral(value->text, type.kind)};
  }
  const bool is_moment = type.kind == TypeKind::kDateTime || type.kind == TypeKind::kTimestamp;
  if (const size_t cast = LastCast(tokens);
      is_moment && cast != std::string::npos && cast + 1 < tokens.size() && tokens[cast + 1].Is("timestamp")) {
    tokens = Inner(sql::Slice(tokens, 0, cast));
  }
  if (is_moment && IsNow(tokens)) return {Kind::kNow, ""};
  return {Kind::kExpression, expression};
}

std::string CheckExpression(const std::string& definition) {
  const Tokens tokens = sql::Tokenize(definition, kDialect);
  if (tokens.size() > 2 && tokens[0].Is("CHECK") && sql::ClosingEnd(tokens, 1) == tokens.size()) {
    return sql::Render(sql::Slice(tokens, 2, tokens.size() - 1));
  }
  return definition;
}

}  // namespace sluice::postgresql
