#include "connectors/postgresql/foreign/expression.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "connectors/postgresql/connection.h"
#include "sql/token.h"

namespace sluice::postgresql {
namespace {

using sql::Token;
using sql::TokenKind;

constexpr std::array<std::string_view, 17> kWords = {"and",     "or",    "not",  "is",      "null", "in",
                                                     "between", "case",  "when", "then",    "else", "end",
                                                     "true",    "false", "xor",  "unknown", ""};
constexpr std::array<std::string_view, 15> kSymbols = {"(", ")",  ",",  "+",  "-",  "*", "=", "<",
                                                       ">", "<=", ">=", "<>", "!=", ".", ""};

// Functions that give the same for the same, NULL included.
const std::map<std::string, std::string_view, std::less<>>& Functions() {
  static const std::map<std::string, std::string_view, std::less<>> functions = {
      {"abs", "abs"},
      {"coalesce", "coalesce"},
      {"ifnull", "coalesce"},
      {"nullif", "nullif"},
      {"lower", "lower"},
      {"lcase", "lower"},
      {"upper", "upper"},
      {"ucase", "upper"},
      {"floor", "floor"},
      {"ceil", "ceil"},
      {"ceiling", "ceil"},
      {"length", "octet_length"},
      {"octet_length", "octet_length"},
      {"char_length", "char_length"},
      {"character_length", "char_length"},
  };
  return functions;
}

template <typename List>
bool Holds(const List& list, std::string_view word) {
  return !word.empty() && std::find(list.begin(), list.end(), word) != list.end();
}

bool ComparesExactly(const model::ColumnType& type) {
  return !type.IsText() || type.by_bytes || type.collation.ends_with("_bin") || type.charset == "binary";
}

}  // namespace

std::optional<std::string> TranslateExpression(const std::string& expression, const model::Table& table,
                                               const std::function<std::string(const model::Column&)>& rename) {
  const sql::Tokens tokens = sql::Tokenize(expression, {});
  std::string out;
  bool has_text = false;
  bool ignores_case = false;
  bool after_function = false;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    std::string word;
    const bool is_call = token.kind == TokenKind::kWord && i + 1 < tokens.size() && tokens[i + 1].IsSymbol("(");
    const std::string lower = sql::ToLower(token.text);
    if (token.kind == TokenKind::kWord && lower.starts_with('_') && i + 1 < tokens.size() && tokens[i + 1].IsString()) {
      continue;  // _utf8mb4'text'
    }
    if (token.IsString()) {
      has_text = true;
      word = Literal(token.value);
    } else if (token.kind == TokenKind::kNumber && !lower.starts_with("0x") && !lower.starts_with("0b")) {
      word = token.text;
    } else if (token.kind == TokenKind::kSymbol && Holds(kSymbols, token.text) && token.text != ".") {
      word = token.text == "!=" ? "<>" : token.text;
    } else if (is_call && !Holds(kWords, lower)) {
      const auto function = Functions().find(lower);
      if (function == Functions().end()) return std::nullopt;
      word = function->second;
    } else if (token.kind == TokenKind::kWord && Holds(kWords, lower) && lower != "xor") {
      word = lower;
    } else if (token.IsName()) {
      const auto index = table.FindColumn(token.value);
      if (!index) return std::nullopt;
      const model::Column& column = table.columns[*index];
      const std::string name = rename(column);
      if (name.empty()) return std::nullopt;
      ignores_case = ignores_case || !ComparesExactly(column.type);
      word = Quote(name);
    } else {
      return std::nullopt;
    }
    const bool glued =
        out.empty() || out.back() == '(' || word == ")" || word == "," || (word == "(" && after_function);
    after_function = is_call && !Holds(kWords, lower);
    out += (glued ? "" : " ") + word;
  }
  if (out.empty() || (has_text && ignores_case)) return std::nullopt;
  return out;
}

}  // namespace sluice::postgresql
