#include "sql/token.h"

#include <algorithm>

namespace sluice::sql {
namespace {

bool IsSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsHexDigit(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool IsNameByte(char c) {
  const auto u = static_cast<unsigned char>(c);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c) || c == '_' || c == '$' || u >= 0x80;
}
char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

class Lexer {
 public:
  Lexer(std::string_view text, const Dialect& dialect) : text_(text), dialect_(dialect) {}

  Tokens Run() {
    while (SkipGap()) {
      Token& token = tokens_.emplace_back();
      token.gap = std::move(gap_);
      gap_.clear();
      const size_t begin = at_;
      ReadToken(token);
      token.text.assign(text_.substr(begin, at_ - begin));
      if (token.kind == TokenKind::kWord) token.value = token.text;
    }
    return std::move(tokens_);
  }

 private:
  char At(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool Have(size_t ahead = 0) const { return at_ + ahead < text_.size(); }
  bool IsPostgres() const { return dialect_.family == Family::kPostgreSql; }

  // Moves to the next token; false at the end.
  bool SkipGap() {
    parted_ = false;
    while (Have()) {
      if (IsSpace(At())) {
        if (!parted_ || At() != ' ') gap_ += At();
        parted_ = false;
        ++at_;
      } else if (At() == '/' && At(1) == '*') {
        SkipComment();
      } else if (in_executable_ && At() == '*' && At(1) == '/') {
        in_executable_ = false;
        Separate();
        at_ += 2;
      } else if ((At() == '#' && !IsPostgres()) || IsDashComment()) {
        KeepToLineEnd();
      } else {
        return true;
      }
    }
    return false;
  }

  // "--" must be followed by white space in MySQL (Reference Manual, "Comments"), not in PostgreSQL.
  bool IsDashComment() const {
    if (At() != '-' || At(1) != '-') return false;
    return IsPostgres() || !Have(2) || static_cast<unsigned char>(At(2)) <= ' ';
  }

  // What vanishes still parts two tokens.
  void Separate() {
    if (gap_.empty() || !IsSpace(gap_.back())) gap_ += ' ';
    parted_ = true;  // so that no two spaces remain of " /*!40000 a"
  }

  void KeepToLineEnd() {
    const size_t end = std::min(text_.find('\n', at_), text_.size());
    gap_.append(text_.substr(at_, end - at_));
    gap_ += '\n';  // also at the end of the text: something may be put after it
    at_ = end < text_.size() ? end + 1 : end;
  }

  void SkipComment() {
    const bool executable = !IsPostgres() && (At(2) == '!' || (At(2) == 'M' && At(3) == '!'));
    if (executable && ReadExecutableMark()) return;
    const size_t begin = at_;
    const bool nests = IsPostgres() || executable;
    at_ += 2;
    for (size_t depth = 1; Have();) {
      if (At() == '*' && At(1) == '/') {
        at_ += 2;
        if (--depth == 0) break;
      } else if (nests && At() == '/' && At(1) == '*') {
        at_ += 2;
        ++depth;
      } else {
        ++at_;
      }
    }
    const std::string_view comment = text_.substr(begin, at_ - begin);
    // Inside an executable comment another one would end it at a server that reads the whole.
    if (executable || in_executable_ || !comment.ends_with("*/")) {
      Separate();
    } else {
      gap_.append(comment);
    }
  }

  // At "/*!" or "/*M!": true and moved behind the mark when the server runs what is in it. MariaDB skips /*! with
  // versions 50700 to 99999, since they name MySQL features (MariaDB Knowledge Base, "Comment Syntax").
  bool ReadExecutableMark() {
    const bool maria_only = At(2) == 'M';
    size_t next = at_ + (maria_only ? 4 : 3);
    uint32_t version = 0;
    size_t digits = 0;
    while (next + digits < text_.size() && digits < 6 && IsDigit(text_[next + digits])) {
      version = version * 10 + static_cast<uint32_t>(text_[next + digits] - '0');
      ++digits;
    }
    if (digits < 5) {
      version = 0;
      digits = 0;
    }
    if (!Runs(version, maria_only)) return false;
    at_ = next + digits;
    in_executable_ = true;
    Separate();
    return true;
  }

  bool Runs(uint32_t version, bool maria_only) const {
    if (dialect_.version == 0) return true;
    if (dialect_.family == Family::kMariaDb) {
      if (!maria_only && version >= 50700 && version <= 99999) return false;
      return version <= dialect_.version;
    }
    return !maria_only && version <= dialect_.version;
  }

  void ReadToken(Token& token) {
    const char c = At();
    // A name may begin with a digit where only a name can stand: db.1st.
    const size_t before = tokens_.size() - 1;
    const bool glued = token.gap.empty();
    const bool after_name = glued && before >= 1 && tokens_[before - 1].IsName();
    const bool after_dot = glued && before >= 2 && tokens_[before - 1].IsSymbol(".") && tokens_[before - 2].IsName();
    if (c == '\'') {
      ReadString(token, dialect_.no_backslash_escapes || IsPostgres());
    } else if (c == '"') {
      if (dialect_.ansi_quotes || IsPostgres()) {
        ReadQuotedName(token);
      } else {
        ReadString(token, dialect_.no_backslash_escapes);
      }
    } else if (c == '`' && !IsPostgres()) {
      ReadQuotedName(token);
    } else if (IsPostgres() && c == '$' && ReadDollarString(token)) {
      return;
    } else if (IsNameByte(c)) {
      if (after_dot || !ReadNumberOrPrefixed(token)) ReadWord();
    } else if (c == '.' && IsDigit(At(1)) && !after_name) {
      token.kind = TokenKind::kNumber;
      ReadDecimal();
    } else {
      ReadSymbol(token);
    }
  }

  void ReadWord() {
    while (Have() && IsNameByte(At())) ++at_;
  }

  // Numbers, and strings with a letter before the quote. False: an ordinary word begins here.
  bool ReadNumberOrPrefixed(Token& token) {
    const char c = Lower(At());
    if (At(1) == '\'' && (c == 'x' || c == 'b')) {
      token.kind = TokenKind::kNumber;
      ++at_;
      Token ignored;
      ReadString(ignored, true);
      return true;
    }
    if (At(1) == '\'' && (c == 'n' || (c == 'e' && IsPostgres()))) {
      ++at_;
      ReadString(token, c == 'e' ? false : dialect_.no_backslash_escapes || IsPostgres());
      return true;
    }
    if (!IsDigit(At())) return false;
    const size_t begin = at_;
    token.kind = TokenKind::kNumber;
    if (At() == '0' && (At(1) == 'x' || At(1) == 'b')) {
      const bool hex = At(1) == 'x';
      at_ += 2;
      while (hex ? IsHexDigit(At()) : At() == '0' || At() == '1') ++at_;
      if (at_ > begin + 2 && !IsNameByte(At())) return true;
    } else {
      ReadDecimal();
      const bool plain = text_.substr(begin, at_ - begin).find_first_not_of("0123456789") == std::string_view::npos;
      if (!plain || !IsNameByte(At())) return true;
    }
    at_ = begin;  // a name that begins with a digit
    token.kind = TokenKind::kWord;
    return false;
  }

  void ReadDecimal() {
    while (IsDigit(At())) ++at_;
    if (At() == '.') {
      ++at_;
      while (IsDigit(At())) ++at_;
    }
    if (Lower(At()) != 'e') return;
    const size_t sign = At(1) == '+' || At(1) == '-' ? 1 : 0;
    if (!IsDigit(At(1 + sign))) return;
    at_ += 1 + sign;
    while (IsDigit(At())) ++at_;
  }

  void ReadString(Token& token, bool no_escapes) {
    token.kind = TokenKind::kString;
    const char quote = At();
    ++at_;
    while (Have()) {
      const char c = At();
      ++at_;
      if (c == quote) {
        if (At() != quote || !Have()) return;
        token.value += quote;
        ++at_;
      } else if (c == '\\' && !no_escapes && Have()) {
        token.value += Unescape(At());
        if (At() == '%' || At() == '_') token.value.insert(token.value.end() - 1, '\\');
        ++at_;
      } else {
        token.value += c;
      }
    }
  }

  static char Unescape(char c) {
    switch (c) {
      case '0':
        return '\0';
      case 'b':
        return '\b';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'Z':
        return '\x1a';
      default:
        return c;
    }
  }

  void ReadQuotedName(Token& token) {
    token.kind = TokenKind::kQuotedName;
    const char quote = At();
    ++at_;
    while (Have()) {
      const char c = At();
      ++at_;
      if (c == quote) {
        if (At() != quote || !Have()) return;
        ++at_;
      }
      token.value += c;
    }
  }

  bool ReadDollarString(Token& token) {
    size_t tag_end = at_ + 1;
    while (tag_end < text_.size() && IsNameByte(text_[tag_end]) && text_[tag_end] != '$') ++tag_end;
    if (tag_end >= text_.size() || text_[tag_end] != '$' || IsDigit(At(1))) return false;
    const std::string_view tag = text_.substr(at_, tag_end + 1 - at_);
    const size_t close = text_.find(tag, tag_end + 1);
    token.kind = TokenKind::kString;
    token.value.assign(
        text_.substr(tag_end + 1, (close == std::string_view::npos ? text_.size() : close) - tag_end - 1));
    at_ = close == std::string_view::npos ? text_.size() : close + tag.size();
    return true;
  }

  void ReadSymbol(Token& token) {
    token.kind = TokenKind::kSymbol;
    static constexpr std::string_view kLong[] = {
        "<=>", "->>", "<=", ">=", "<>", "!=", ":=", "||", "&&", "<<", ">>", "->", "@@", "::"};
    for (const std::string_view symbol : kLong) {
      if (text_.substr(at_).starts_with(symbol)) {
        at_ += symbol.size();
        return;
      }
    }
    at_ += 1;
  }

  std::string_view text_;
  const Dialect& dialect_;
  size_t at_ = 0;
  bool in_executable_ = false;
  bool parted_ = false;
  std::string gap_;
  Tokens tokens_;
};

}  // namespace

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string ToLower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), Lower);
  return out;
}

bool Token::Is(std::string_view word) const {
  return kind == TokenKind::kWord && EqualIgnoringCase(text, word);
}

Tokens Tokenize(std::string_view text, const Dialect& dialect) {
  return Lexer(text, dialect).Run();
}

std::string Render(const Tokens& tokens, size_t begin, size_t end) {
  std::string out;
  for (size_t i = begin; i < end && i < tokens.size(); ++i) {
    if (i > begin) out += tokens[i].gap;
    out += tokens[i].text;
  }
  return out;
}

std::string Render(const Tokens& tokens) {
  return Render(tokens, 0, tokens.size());
}

Tokens Slice(const Tokens& tokens, size_t begin, size_t end) {
  end = std::min(end, tokens.size());
  begin = std::min(begin, end);
  return Tokens(tokens.begin() + static_cast<std::ptrdiff_t>(begin), tokens.begin() + static_cast<std::ptrdiff_t>(end));
}

Token Word(std::string_view text) {
  return {TokenKind::kWord, std::string(text), std::string(text), " "};
}
Token Symbol(std::string_view text) {
  return {TokenKind::kSymbol, std::string(text), "", ""};
}
Token Number(std::string_view text) {
  return {TokenKind::kNumber, std::string(text), "", " "};
}

Token BacktickName(std::string_view name) {
  std::string text = "`";
  for (const char c : name) {
    if (c == '`') text += '`';
    text += c;
  }
  text += '`';
  return {TokenKind::kQuotedName, std::move(text), std::string(name), " "};
}

Token StringToken(std::string_view value, const Dialect& dialect) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || (c == '\\' && !dialect.no_backslash_escapes && dialect.family != Family::kPostgreSql)) text += c;
    text += c;
  }
  text += '\'';
  return {TokenKind::kString, std::move(text), std::string(value), " "};
}

}  // namespace sluice::sql
