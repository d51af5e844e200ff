#include "connectors/mysql/foreign/expression.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "connectors/mysql/connection.h"
#include "sql/cursor.h"

namespace sluice::mysql {
namespace {

using model::TypeKind;
using sql::Token;
using sql::TokenKind;
using sql::Tokens;

constexpr sql::Dialect kPostgreSql{.family = sql::Family::kPostgreSql};

constexpr std::array<std::string_view, 14> kWords = {"and",  "or",   "not",  "is",  "null", "in",    "case",
                                                     "when", "then", "else", "end", "true", "false", "unknown"};
constexpr std::array<std::string_view, 11> kSymbols = {"(", ")", ",", "+", "-", "*", "=", "<>", "<", ">", "<="};
constexpr std::array<std::string_view, 4> kOrders = {"<", ">", "<=", ">="};
constexpr std::array<std::string_view, 3> kArithmetic = {"+", "-", "*"};

// Functions that give the same for the same, NULL included.
const std::map<std::string, std::string_view, std::less<>>& Functions() {
  static const std::map<std::string, std::string_view, std::less<>> functions = {
      {"abs", "abs"},
      {"coalesce", "coalesce"},
      {"nullif", "nullif"},
      {"lower", "lower"},
      {"upper", "upper"},
      {"floor", "floor"},
      {"ceil", "ceiling"},
      {"ceiling", "ceiling"},
      {"length", "char_length"},
      {"char_length", "char_length"},
      {"character_length", "char_length"},
      {"octet_length", "length"},
  };
  return functions;
}

template <typename List>
bool Holds(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// What stands before a cast, as far as it has to be known.
enum class Operand { kNone, kText, kString, kNumber };

class Translation {
 public:
  Translation(const Tokens& tokens, const model::Table& table,
              const std::function<std::string(const model::Column&)>& rename)
      : tokens_(tokens), table_(table), rename_(rename) {}

  std::optional<std::string> Run() {
    if (!Part(tokens_.size())) return std::nullopt;
    // The order of texts is that of the source's language there, that of their bytes here.
    if (out_.empty() || (has_text_ && has_order_)) return std::nullopt;
    // A date is a number of days there, and the digits of the date here.
    if (has_moment_ && has_arithmetic_) return std::nullopt;
    return out_;
  }

 private:
  void Put(std::string_view word, bool glued = false) {
    const bool close = word == ")" || word == ",";
    if (!out_.empty() && out_.back() != '(' && !close && !glued) out_ += ' ';
    out_ += word;
  }

  bool Part(size_t end) {
    while (at_ < end) {
      if (!Next(end)) return false;
    }
    return true;
  }

  bool Next(size_t end) {
    const Token& token = tokens_[at_];
    const std::string lower = sql::ToLower(token.text);
    const bool is_call = token.kind == TokenKind::kWord && at_ + 1 < end && tokens_[at_ + 1].IsSymbol("(");
    if (token.IsSymbol("::")) return Cast(end);
    if ((token.IsSymbol("=") || token.IsSymbol("<>")) && at_ + 1 < end &&
        tokens_[at_ + 1].Is(token.IsSymbol("=") ? "any" : "all")) {
      return List(end, token.IsSymbol("=") ? "IN" : "NOT IN");
    }
    ++at_;
    if (token.IsString()) {
      before_ = Operand::kString;
      had_text_ = has_text_;
      has_text_ = true;
      Put(Literal(token.value));
    } else if (token.kind == TokenKind::kNumber) {
      if (token.text.find_first_not_of("0123456789.") != std::string::npos) return false;
      before_ = Operand::kNumber;
      Put(token.text);
    } else if (token.IsSymbol("~") || token.IsSymbol("!")) {
      return Like(end);
    } else if (token.kind == TokenKind::kSymbol) {
      if (!Holds(kSymbols, token.text) && token.text != ">=") return false;
      has_order_ = has_order_ || Holds(kOrders, token.text);
      has_arithmetic_ = has_arithmetic_ || Holds(kArithmetic, token.text);
      if (token.text != ")") before_ = Operand::kNone;  // behind "(a)" it is still what a is
      Put(token.text, token.text == "(" && after_function_);
    } else if (is_call && !Holds(kWords, lower)) {
      const auto function = Functions().find(lower);
      if (function == Functions().end()) return false;
      Put(function->second);
      after_function_ = true;
      return !function->second.ends_with("length") || Length(end);
    } else if (token.kind == TokenKind::kWord && Holds(kWords, lower)) {
      before_ = Operand::kNone;
      Put(lower);
    } else if (!Name(token, lower)) {
      return false;
    }
    after_function_ = false;
    return true;
  }

  // Behind the first sign of ~~ or !~~, PostgreSQL's LIKE; ~~* does not mind the case.
  bool Like(size_t end) {
    const bool is_not = tokens_[at_ - 1].IsSymbol("!");
    for (int signs = is_not ? 2 : 1; signs > 0; --signs, ++at_) {
      if (at_ >= end || !tokens_[at_].IsSymbol("~") || !tokens_[at_].gap.empty()) return false;
    }
    if (at_ < end && tokens_[at_].IsSymbol("*") && tokens_[at_].gap.empty()) return false;
    Put(is_not ? "NOT LIKE" : "LIKE");
    before_ = Operand::kNone;
    return true;
  }

  // At the "(" of a function that makes a number of a text.
  bool Length(size_t end) {
    const bool had_text = has_text_;
    const size_t close = sql::ClosingEnd(tokens_, at_);
    if (close > end || !Part(close)) return false;
    has_text_ = had_text;
    before_ = Operand::kNumber;
    return true;
  }

  bool Name(const Token& token, const std::string& lower) {
    if (!token.IsName() || (at_ < tokens_.size() && tokens_[at_].IsSymbol("."))) return false;
    const auto index = table_.FindColumn(token.kind == TokenKind::kWord ? lower : token.value);
    if (!index) return false;
    const model::Column& column = table_.columns[*index];
    const std::string name = rename_(column);
    if (name.empty()) return false;
    const TypeKind kind = column.type.kind;
    before_ = column.type.IsText()                                       ? Operand::kText
              : kind == TypeKind::kInteger || kind == TypeKind::kDecimal ? Operand::kNumber
                                                                         : Operand::kNone;
    has_text_ = has_text_ || column.type.IsText();
    has_moment_ = has_moment_ || kind == TypeKind::kDate || kind == TypeKind::kTime || kind == TypeKind::kDateTime ||
                  kind == TypeKind::kTimestamp;
    // Values of other types than these are compared in ways of their own.
    if (kind == TypeKind::kJson || kind == TypeKind::kOther || kind == TypeKind::kInterval || kind == TypeKind::kInet ||
        kind == TypeKind::kBit) {
      return false;
    }
    Put(Quote(name));
    return true;
  }

  // Behind the value: only casts that leave it what it is.
  bool Cast(size_t end) {
    const size_t type = ++at_;
    while (at_ < end && !tokens_[at_].Is("collate") && (tokens_[at_].IsName() || tokens_[at_].IsSymbol("."))) ++at_;
    if (at_ == type) return false;
    const bool limited = at_ < end && tokens_[at_].IsSymbol("(");
    const bool is_array = at_ < end && tokens_[at_].IsSymbol("[");
    if (is_array) return false;
    const Token& word = tokens_[type];
    if (before_ == Operand::kString) {
      if (limited || word.Is("interval") || word.Is("json") || word.Is("jsonb") || word.Is("bytea") || word.Is("bit")) {
        return false;
      }
      const bool is_moment = word.Is("timestamp") || word.Is("time");
      has_moment_ = has_moment_ || is_moment || word.Is("date");
      if (is_moment && at_ > type + 1 && tokens_[type + 1].Is("with")) return false;
      constexpr std::array<std::string_view, 5> kOrdered = {"date", "numeric", "integer", "bigint", "smallint"};
      if (is_moment || Holds(kOrdered, sql::ToLower(word.text))) has_text_ = had_text_;
      return true;  // read as such a value: what it is compared with says so too
    }
    if (limited) return false;
    const bool to_text = word.Is("text") || word.Is("bpchar") || (word.Is("character") && at_ == type + 2);
    if (before_ == Operand::kText) return to_text;
    return before_ == Operand::kNumber && (word.Is("numeric") || word.Is("bigint"));
  }

  // = ANY (ARRAY['a'::text, 'b'::text]), = ANY ((ARRAY[...])::text[])
  bool List(size_t end, std::string_view word) {
    at_ += 2;
    size_t open = 0;
    while (at_ < end && tokens_[at_].IsSymbol("(")) {
      ++open;
      ++at_;
    }
    if (open == 0 || open > 2 || at_ + 1 >= end || !tokens_[at_].Is("array") || !tokens_[at_ + 1].IsSymbol("[")) {
      return false;
    }
    at_ += 2;
    size_t close = at_;
    while (close < end && !tokens_[close].IsSymbol("]")) ++close;
    if (close == end || close == at_) return false;
    Put(word);
    Put("(");
    before_ = Operand::kNone;
    if (!Part(close)) return false;
    ++at_;
    if (open == 2 && !SkipArrayCast(end)) return false;
    if (at_ >= end || !tokens_[at_].IsSymbol(")")) return false;
    ++at_;
    Put(")");
    before_ = Operand::kNone;
    return true;
  }

  // ")::text[]"
  bool SkipArrayCast(size_t end) {
    if (at_ + 4 >= end || !tokens_[at_].IsSymbol(")") || !tokens_[at_ + 1].IsSymbol("::")) return false;
    at_ += 2;
    while (at_ < end && tokens_[at_].IsName()) ++at_;
    if (at_ + 1 >= end || !tokens_[at_].IsSymbol("[") || !tokens_[at_ + 1].IsSymbol("]")) return false;
    at_ += 2;
    return true;
  }

  const Tokens& tokens_;
  const model::Table& table_;
  const std::function<std::string(const model::Column&)>& rename_;
  size_t at_ = 0;
  std::string out_;
  Operand before_ = Operand::kNone;
  bool after_function_ = false;
  bool has_text_ = false;
  bool had_text_ = false;  // before the last string
  bool has_order_ = false;
  bool has_moment_ = false;
  bool has_arithmetic_ = false;
};

}  // namespace

std::optional<std::string> TranslateExpression(const std::string& expression, const model::Table& table,
                                               const std::function<std::string(const model::Column&)>& rename) {
  const Tokens tokens = sql::Tokenize(expression, kPostgreSql);
  return Translation(tokens, table, rename).Run();
}

}  // namespace sluice::mysql
