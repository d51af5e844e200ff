// Expressions: what the two flavours spell differently inside generated columns, checks, defaults and bodies.
#include "connectors/mysql/flavour.h"
#include "sql/cursor.h"

namespace sluice::mysql {
namespace {

using sql::Token;
using sql::Tokens;

Token Glued(Token token) {
  token.gap.clear();
  return token;
}

void Replace(Tokens& tokens, size_t begin, size_t end, const Tokens& with) {
  tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(begin), tokens.begin() + static_cast<std::ptrdiff_t>(end));
  tokens.insert(tokens.begin() + static_cast<std::ptrdiff_t>(begin), with.begin(), with.end());
}

// The first token of the column that stands before `at`: a, t.a, d.t.a
size_t ColumnBegin(const Tokens& tokens, size_t at) {
  size_t begin = at;
  if (begin == 0 || !tokens[begin - 1].IsName()) return at;
  --begin;
  while (begin >= 2 && tokens[begin - 1].IsSymbol(".") && tokens[begin - 2].IsName()) begin -= 2;
  return begin;
}

// a -> 'path' is json_extract(a, 'path'); ->> unquotes it. MariaDB has neither.
void ExpandArrows(Tokens& tokens, size_t from) {
  for (size_t i = from; i + 1 < tokens.size(); ++i) {
    const bool unquote = tokens[i].IsSymbol("->>");
    if ((!unquote && !tokens[i].IsSymbol("->")) || !tokens[i + 1].IsString()) continue;
    const size_t begin = ColumnBegin(tokens, i);
    if (begin == i || begin < from) continue;
    Tokens call;
    if (unquote) {
      call.push_back(sql::Word("json_unquote"));
      call.push_back(sql::Symbol("("));
    }
    call.push_back(sql::Word("json_extract"));
    if (unquote) call.back().gap.clear();
    call.push_back(sql::Symbol("("));
    for (size_t k = begin; k < i; ++k) call.push_back(k == begin ? Glued(tokens[k]) : tokens[k]);
    call.push_back(sql::Symbol(","));
    call.push_back(Glued(tokens[i + 1]));
    call.push_back(sql::Symbol(")"));
    if (unquote) call.push_back(sql::Symbol(")"));
    call.front().gap = tokens[begin].gap;
    Replace(tokens, begin, i + 2, call);
    i = begin + call.size() - 1;
  }
}

// MySQL prints a REGEXP b as regexp_like(a,b), and has uuid_to_bin(); MariaDB has neither function.
void RewriteCalls(Tokens& tokens, size_t from) {
  for (size_t i = from; i + 1 < tokens.size(); ++i) {
    if (!tokens[i + 1].IsSymbol("(")) continue;
    const bool regexp = tokens[i].Is("regexp_like");
    if (!regexp && !tokens[i].Is("uuid_to_bin")) continue;
    const size_t end = sql::ClosingEnd(tokens, i + 1);
    std::vector<Tokens> arguments = SplitList(tokens, i + 2, end - 1);
    if (arguments.size() != (regexp ? 2u : 1u) || arguments[0].empty()) continue;
    const std::string gap = tokens[i].gap;
    Tokens with;
    if (regexp) {
      with.push_back(sql::Symbol("("));
      with.insert(with.end(), arguments[0].begin(), arguments[0].end());
      with.push_back(sql::Word("regexp"));
      if (!arguments[1].empty()) arguments[1].front().gap = " ";
      with.insert(with.end(), arguments[1].begin(), arguments[1].end());
      with.push_back(sql::Symbol(")"));
    } else {
      with = sql::Tokenize("unhex(replace(", {});
      with.insert(with.end(), arguments[0].begin(), arguments[0].end());
      for (Token& token : sql::Tokenize(",'-',''))", {})) with.push_back(std::move(token));
    }
    with.front().gap = gap;
    Replace(tokens, i, end, with);
  }
}

}  // namespace

void Flavour::TranslateExpression(Tokens& tokens, size_t begin, Notes& notes) const {
  for (size_t i = begin; i + 1 < tokens.size(); ++i) {
    if (!tokens[i].Is("COLLATE")) continue;
    const size_t at = i + (tokens[i + 1].IsSymbol("=") ? 2 : 1);
    if (at >= tokens.size() || (!tokens[at].IsName() && !tokens[at].IsString())) continue;
    const std::string collation = Collation(tokens[at].value, notes);
    if (collation == tokens[at].value) continue;
    const std::string gap = tokens[at].gap;
    tokens[at] = sql::Word(collation);
    tokens[at].gap = gap;
  }
  if (!to_.mariadb || source_mariadb_) return;
  ExpandArrows(tokens, begin);
  RewriteCalls(tokens, begin);
}

}  // namespace sluice::mysql
