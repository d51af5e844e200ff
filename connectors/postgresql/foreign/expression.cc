#include "connectors/postgresql/foreign/expression.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "connectors/postgresql/connection.h"
#include "sql/cursor.h"

namespace sluice::postgresql {
namespace {

using model::ColumnType;
using model::TypeKind;
using sql::Token;
using sql::TokenKind;

// What a value is. MySQL makes numbers of truths, texts and dates where it needs them; here each keeps to its own.
enum class Kind {
  kNone,  // cannot be said
  kNull,
  kTruth,
  kInteger,
  kDecimal,
  kDouble,
  kText,
  kString,  // a literal, which takes the type of what it meets
  kEnum,
  kDate,
  kDateTime,
  kTimestamp,
  kTime,
  kBytes,
  kJson,
  kOther,
};

struct Value {
  Kind kind = Kind::kNone;
  bool is_wide = false;        // of a number: no result of it overflows here that MySQL can hold
  bool is_literal = false;     // of a number
  bool ignores_case = false;   // of a text
  bool is_utf8 = false;        // of a text: its bytes here are as many as there
  uint32_t scale = 0;          // of a decimal
  std::string_view text = {};  // of a string
};

constexpr Value kNothing{};
constexpr size_t kDeepest = 200;
constexpr uint32_t kMostScale = 30;  // of MySQL's decimals: it rounds a product that has more

bool IsNumber(Kind kind) {
  return kind == Kind::kInteger || kind == Kind::kDecimal || kind == Kind::kDouble;
}

bool HasDigits(std::string_view text, std::string_view pattern) {
  return text.size() == pattern.size() && std::equal(text.begin(), text.end(), pattern.begin(), [](char c, char p) {
           return p == '9' ? c >= '0' && c <= '9' : c == p;
         });
}

// "2020-01-31", which both read alike; MySQL's zeros are no date here.
bool IsDate(std::string_view text) {
  return HasDigits(text, "9999-99-99") && text.substr(0, 4) != "0000" && text.find("-00") == std::string_view::npos;
}

bool IsClock(std::string_view text) {
  const size_t point = text.find('.');
  const std::string_view fraction = point == std::string_view::npos ? "0" : text.substr(point + 1);
  return HasDigits(text.substr(0, point), "99:99:99") && !fraction.empty() && fraction.size() <= 6 &&
         fraction.find_first_not_of("0123456789") == std::string_view::npos;
}

bool IsMoment(std::string_view text) {
  return IsDate(text.substr(0, 10)) && (text.size() == 10 || (text[10] == ' ' && IsClock(text.substr(11))));
}

Kind KindOf(const ColumnType& type) {
  if (type.native.find("json") != std::string::npos) return Kind::kJson;
  if (type.IsText() && type.charset == "binary") return Kind::kBytes;
  switch (type.kind) {
    case TypeKind::kInteger:
      return type.is_unsigned && type.bytes == 8 ? Kind::kDecimal : Kind::kInteger;
    case TypeKind::kYear:
      return Kind::kInteger;
    case TypeKind::kDecimal:
      return Kind::kDecimal;
    case TypeKind::kFloat32:
    case TypeKind::kFloat64:
      return Kind::kDouble;
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kText:
    case TypeKind::kSet:
      return Kind::kText;
    case TypeKind::kEnum:
      return Kind::kEnum;
    case TypeKind::kDate:
      return Kind::kDate;
    case TypeKind::kDateTime:
      return Kind::kDateTime;
    case TypeKind::kTimestamp:
      return Kind::kTimestamp;
    case TypeKind::kTime:
      return Kind::kTime;
    case TypeKind::kBinary:
    case TypeKind::kVarbinary:
    case TypeKind::kBlob:
      return Kind::kBytes;
    case TypeKind::kJson:
      return Kind::kJson;
    default:
      return Kind::kOther;
  }
}

bool ReadsAs(std::string_view text, Kind kind) {
  switch (kind) {
    case Kind::kText:
    case Kind::kEnum:
      return true;
    case Kind::kDate:
      return IsDate(text);
    case Kind::kDateTime:
      return IsMoment(text);
    case Kind::kTime:
      return IsClock(text);
    default:
      return false;  // of a moment with a zone, each session's own would matter
  }
}

// Whether both mean the same by comparing them.
bool Compares(const Value& a, const Value& b, bool by_order) {
  if (a.kind == Kind::kNone || b.kind == Kind::kNone) return false;
  if (a.kind == Kind::kNull || b.kind == Kind::kNull) return true;
  if (IsNumber(a.kind) && IsNumber(b.kind)) return true;
  if (a.kind == Kind::kString && b.kind == Kind::kString) return false;
  if (b.kind == Kind::kString || a.kind == Kind::kString) {
    const Value& other = a.kind == Kind::kString ? b : a;
    const Value& string = a.kind == Kind::kString ? a : b;
    const bool is_text = other.kind == Kind::kText || other.kind == Kind::kEnum;
    return ReadsAs(string.text, other.kind) && !(is_text && (by_order || other.ignores_case));
  }
  if (a.kind == Kind::kDate || a.kind == Kind::kDateTime) {
    return b.kind == Kind::kDate || b.kind == Kind::kDateTime;
  }
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Kind::kText:
      return !by_order && !a.ignores_case && !b.ignores_case;
    case Kind::kTruth:
      return !by_order;
    case Kind::kTimestamp:
    case Kind::kTime:
    case Kind::kBytes:
      return true;
    default:
      return false;
  }
}

// What either of them may be: of CASE, COALESCE.
Value Either(const Value& a, const Value& b) {
  if (a.kind == Kind::kNone || b.kind == Kind::kNone) return kNothing;
  if (a.kind == Kind::kNull) return b;
  if (b.kind == Kind::kNull) return a;
  Value both = a;
  both.is_literal = false;
  both.is_wide = a.is_wide && b.is_wide;
  both.ignores_case = a.ignores_case || b.ignores_case;
  both.is_utf8 = a.is_utf8 && b.is_utf8;
  both.scale = std::max(a.scale, b.scale);
  if (IsNumber(a.kind) && IsNumber(b.kind)) {
    both.kind = std::max(a.kind, b.kind);
  } else if (a.kind == Kind::kString && b.kind == Kind::kText) {
    both.kind = Kind::kText;
  } else if (!(a.kind == Kind::kText && b.kind == Kind::kString) && a.kind != b.kind) {
    return kNothing;
  }
  return both;
}

class Translation {
 public:
  Translation(const sql::Tokens& tokens, const model::Table& table,
              const std::function<std::string(const model::Column&)>& rename)
      : cursor_(tokens), table_(table), rename_(rename) {}

  std::optional<std::string> Run(const ColumnType* wanted) {
    const Value value = Or();
    if (!cursor_.AtEnd() || value.kind == Kind::kNone) return std::nullopt;
    if (wanted == nullptr) return value.kind == Kind::kTruth ? std::optional(out_) : std::nullopt;
    const Kind kind = KindOf(*wanted);
    if (value.kind == Kind::kTruth && (kind == Kind::kInteger || kind == Kind::kDecimal)) return "(" + out_ + ")::int";
    return Becomes(value, *wanted, kind) ? std::optional(out_) : std::nullopt;
  }

 private:
  static bool Becomes(const Value& value, const ColumnType& type, Kind kind) {
    if (value.kind == Kind::kNull) return true;
    if (value.kind == Kind::kString) {
      const bool is_plain = value.text.find('\\') == std::string_view::npos;
      return ReadsAs(value.text, kind) || kind == Kind::kJson || (kind == Kind::kBytes && is_plain);
    }
    // A double is rounded in other ways.
    if (IsNumber(value.kind)) return kind == Kind::kDouble || (IsNumber(kind) && value.kind != Kind::kDouble);
    if (value.kind == Kind::kDate && kind == Kind::kDateTime) return true;
    return value.kind == kind && kind != Kind::kEnum && kind != Kind::kOther && type.kind != TypeKind::kSet;
  }

  void Put(std::string_view word, bool glued = false) {
    if (!out_.empty() && out_.back() != '(' && word != ")" && word != "," && !glued) out_ += ' ';
    out_ += word;
  }

  bool Take(std::string_view symbol) {
    if (!cursor_.TakeSymbol(symbol)) return false;
    Put(symbol);
    return true;
  }

  bool TakeWord(std::string_view word) {
    if (!cursor_.TakeWord(word)) return false;
    Put(sql::ToLower(word));
    return true;
  }

  Value Or() {
    Value value = And();
    while (TakeWord("or")) value = Truth(value, And());
    return value;
  }

  Value And() {
    Value value = Not();
    while (TakeWord("and")) value = Truth(value, Not());
    return value;
  }

  Value Not() {
    if (!TakeWord("not")) return Comparison();
    if (depth_ >= kDeepest) return kNothing;
    ++depth_;
    const Value value = Not();
    --depth_;
    return Truth(value, value);
  }

  static Value Truth(const Value& a, const Value& b) {
    const auto fits = [](Kind kind) { return kind == Kind::kTruth || kind == Kind::kNull; };
    return fits(a.kind) && fits(b.kind) ? Value{.kind = Kind::kTruth} : kNothing;
  }

  // One alone: PostgreSQL binds a chain of them in another way.
  Value Comparison() {
    const Value left = Sum();
    if (cursor_.SeesWord("is")) return Is(left);
    const bool is_not = cursor_.SeesWord("not") && (cursor_.SeesWord("in", 1) || cursor_.SeesWord("between", 1));
    if (is_not) TakeWord("not");
    if (TakeWord("between")) {
      const Value low = Sum();
      if (!TakeWord("and")) return kNothing;
      const Value high = Sum();
      return Compares(left, low, true) && Compares(left, high, true) ? Value{.kind = Kind::kTruth} : kNothing;
    }
    if (TakeWord("in")) return In(left);
    constexpr std::array<std::string_view, 7> kComparisons = {"=", "<>", "!=", "<", ">", "<=", ">="};
    for (const std::string_view one : kComparisons) {
      if (!cursor_.TakeSymbol(one)) continue;
      Put(one == "!=" ? "<>" : one);
      const bool by_order = one[0] != '=' && one != "<>" && one != "!=";
      return Compares(left, Sum(), by_order) ? Value{.kind = Kind::kTruth} : kNothing;
    }
    return left;
  }

  Value Is(const Value& left) {
    TakeWord("is");
    TakeWord("not");
    if (TakeWord("null")) return left.kind == Kind::kNone ? kNothing : Value{.kind = Kind::kTruth};
    const bool is_truth = TakeWord("true") || TakeWord("false") || TakeWord("unknown");
    return is_truth && left.kind == Kind::kTruth ? left : kNothing;
  }

  Value In(const Value& left) {
    if (!Take("(")) return kNothing;
    bool compares = true;
    do {
      compares = Compares(left, Sum(), false) && compares;
    } while (Take(","));
    return Take(")") && compares ? Value{.kind = Kind::kTruth} : kNothing;
  }

  Value Sum() {
    Value value = Product();
    while (cursor_.Peek().IsSymbol("+") || cursor_.Peek().IsSymbol("-")) {
      value = Arithmetic(value, [this] { return Product(); });
    }
    return value;
  }

  Value Product() {
    Value value = Negative();
    while (cursor_.Peek().IsSymbol("*")) value = Arithmetic(value, [this] { return Negative(); });
    return value;
  }

  // Whole numbers are computed in 64 bits there, and in those of their columns here.
  template <typename Next>
  Value Arithmetic(Value left, const Next& next) {
    const std::string sign = cursor_.Peek().text;
    Widen(left, true);
    Take(sign);
    Value right = next();
    Widen(right, false);
    if (!IsNumber(left.kind) || !IsNumber(right.kind)) return kNothing;
    Value result{.kind = std::max(left.kind, right.kind), .is_wide = true};
    result.scale = sign == "*" ? left.scale + right.scale : std::max(left.scale, right.scale);
    return result.kind == Kind::kDecimal && result.scale > kMostScale ? kNothing : result;
  }

  // At the end of the operand.
  void Widen(Value& value, bool literals_too) {
    if (!IsNumber(value.kind) || value.is_wide || (value.is_literal && !literals_too)) return;
    if (value.kind == Kind::kInteger) out_ += "::bigint";
    if (value.kind == Kind::kDecimal && !value.is_literal) out_ += "::numeric";
    value.is_wide = true;
  }

  Value Negative() {
    if (!Take("-")) return Operand();
    if (depth_ >= kDeepest) return kNothing;
    ++depth_;
    Value value = Negative();
    --depth_;
    if (!value.is_literal) Widen(value, false);
    return IsNumber(value.kind) ? value : kNothing;
  }

  Value Operand() {
    if (depth_ >= kDeepest) return kNothing;
    ++depth_;
    const Value value = Innermost();
    --depth_;
    return value;
  }

  Value Innermost() {
    if (Take("(")) {
      Value value = Or();
      value.is_literal = false;
      return Take(")") ? value : kNothing;
    }
    const Token token = cursor_.Peek();
    const std::string lower = sql::ToLower(token.text);
    if (token.kind == TokenKind::kWord && lower.starts_with('_') && cursor_.Peek(1).IsString()) {
      cursor_.Skip();  // _utf8mb4'text'
      return String();
    }
    if (token.IsString()) return String();
    if (token.kind == TokenKind::kNumber) return Number(lower);
    if (TakeWord("null")) return {.kind = Kind::kNull};
    if (cursor_.SeesWord("true") || cursor_.SeesWord("false")) {  // they are numbers there
      Put(cursor_.SeesWord("true") ? "1" : "0");
      cursor_.Skip();
      return {.kind = Kind::kInteger, .is_literal = true};
    }
    if (cursor_.SeesWord("case")) return Case();
    if (token.kind == TokenKind::kWord && cursor_.Peek(1).IsSymbol("(")) return Call(lower);
    return token.IsName() ? Column(token.value) : kNothing;
  }

  Value String() {
    const Token& token = cursor_.Peek();
    cursor_.Skip();
    Put(Literal(token.value));
    return {.kind = Kind::kString, .text = token.value};
  }

  Value Number(const std::string& text) {
    if (text.find_first_of("xb") != std::string::npos) return kNothing;  // 0x41, x'41', b'1'
    cursor_.Skip();
    const bool is_double = text.find('e') != std::string::npos;
    Put(is_double ? text + "::double precision" : text);
    const size_t point = text.find('.');
    Value value{.kind = Kind::kInteger, .is_literal = true};
    if (point != std::string::npos) {
      value.kind = Kind::kDecimal;
      value.scale = static_cast<uint32_t>(text.size() - point - 1);
    }
    if (is_double) value = {.kind = Kind::kDouble, .is_wide = true, .is_literal = true};
    return value;
  }

  Value Column(const std::string& name) {
    const auto index = table_.FindColumn(name);
    if (!index) return kNothing;
    const model::Column& column = table_.columns[*index];
    const std::string here = rename_(column);
    if (here.empty()) return kNothing;
    cursor_.Skip();
    const ColumnType& type = column.type;
    const bool is_float = type.kind == TypeKind::kFloat32;
    Put(Quote(here) + (is_float ? "::double precision" : ""));  // as which MySQL computes it
    const bool is_exact = type.by_bytes || type.collation.ends_with("_bin");
    const bool is_utf8 = type.charset.starts_with("utf8") || type.charset == "ascii";
    const bool is_varying = type.kind == TypeKind::kVarchar || type.kind == TypeKind::kText;
    return {.kind = KindOf(type),
            .is_wide = type.kind == TypeKind::kDecimal || KindOf(type) == Kind::kDouble,
            .ignores_case = type.IsText() && !is_exact,
            .is_utf8 = is_utf8 && is_varying,
            .scale = type.kind == TypeKind::kDecimal ? type.scale : 0u};
  }

  Value Case() {
    TakeWord("case");
    const bool has_subject = !cursor_.SeesWord("when");
    const Value subject = has_subject ? Or() : Value{.kind = Kind::kTruth};
    Value result{.kind = Kind::kNull};
    while (TakeWord("when")) {
      const Value when = Or();
      if (has_subject ? !Compares(subject, when, false) : when.kind != Kind::kTruth) return kNothing;
      if (!TakeWord("then")) return kNothing;
      result = Either(result, Or());
    }
    if (TakeWord("else")) result = Either(result, Or());
    result.is_literal = false;
    return TakeWord("end") ? result : kNothing;
  }

  Value Call(const std::string& name) {
    static const std::map<std::string, std::string_view, std::less<>> kFunctions = {
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
    const auto function = kFunctions.find(name);
    if (function == kFunctions.end()) return kNothing;
    const std::string_view here = function->second;
    cursor_.Skip(2);
    Put(here);
    Put("(", true);
    Value value = Or();
    if (here == "coalesce" || here == "nullif") {
      while (Take(",")) {
        const Value other = Or();
        if (here == "nullif" && !Compares(value, other, false)) return kNothing;
        if (here == "coalesce") value = Either(value, other);
      }
      value.is_literal = false;
    } else {
      value = Applied(here, value);
    }
    return Take(")") ? value : kNothing;
  }

  // Of a function of one argument, which has just been written.
  Value Applied(std::string_view function, Value value) {
    if (function == "lower" || function == "upper") return value.kind == Kind::kText ? value : kNothing;
    if (function == "char_length") return value.kind == Kind::kText ? Value{.kind = Kind::kInteger} : kNothing;
    if (function == "octet_length") {
      const bool is_same = (value.kind == Kind::kText && value.is_utf8) || value.kind == Kind::kBytes;
      return is_same ? Value{.kind = Kind::kInteger} : kNothing;
    }
    if (!IsNumber(value.kind)) return kNothing;
    // There is no floor() of whole numbers: a double would lose digits.
    if (value.kind == Kind::kInteger && !(value.is_wide && function == "abs"))
      out_ += function == "abs" ? "::bigint" : "::numeric";
    value.is_wide = true;
    value.is_literal = false;
    return value;
  }

  sql::Cursor cursor_;
  const model::Table& table_;
  const std::function<std::string(const model::Column&)>& rename_;
  std::string out_;
  size_t depth_ = 0;
};

}  // namespace

std::optional<std::string> TranslateExpression(const std::string& expression, const model::Table& table,
                                               const std::function<std::string(const model::Column&)>& rename,
                                               const model::ColumnType* wanted) {
  const sql::Tokens tokens = sql::Tokenize(expression, {});
  return Translation(tokens, table, rename).Run(wanted);
}

}  // namespace sluice::postgresql
