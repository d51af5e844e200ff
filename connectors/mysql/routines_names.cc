// Which names in a query or a routine's body are tables, and what they are called at the destination.
#include <array>
#include <map>
#include <set>

#include "connectors/mysql/routines.h"
#include "sql/cursor.h"

namespace sluice::mysql {
namespace {

using model::ObjectName;
using sql::Token;
using sql::Tokens;

// What may follow a table where an alias could stand.
constexpr std::array<std::string_view, 44> kNoAlias = {
    "ON",      "WHERE",         "JOIN",      "LEFT",   "RIGHT",  "INNER",     "OUTER",       "CROSS",
    "NATURAL", "STRAIGHT_JOIN", "USING",     "GROUP",  "ORDER",  "LIMIT",     "HAVING",      "UNION",
    "EXCEPT",  "INTERSECT",     "SET",       "FOR",    "VALUES", "VALUE",     "SELECT",      "PARTITION",
    "USE",     "IGNORE",        "FORCE",     "WINDOW", "LOCK",   "WITH",      "INTO",        "AS",
    "READ",    "WRITE",         "PROCEDURE", "OFFSET", "FETCH",  "RETURNING", "TABLESAMPLE", "END",
    "DO",      "THEN",          "ELSE",      "FULL"};

bool IsReserved(const Token& token) {
  for (const std::string_view word : kNoAlias) {
    if (token.Is(word)) return true;
  }
  return false;
}

struct TableReference {
  size_t begin = 0;  // tokens of [db .] name
  size_t end = 0;
  ObjectName source;
  std::string alias;  // lower case; the table's own name when there is none
  bool has_alias = false;
  bool qualified = false;
};

class Mapper {
 public:
  Mapper(Tokens& tokens, size_t begin, const BodyContext& context, const model::NameMap& names)
      : tokens_(tokens), begin_(begin), context_(context), names_(names) {}

  void Run() {
    FindTables();
    RewriteColumns();
    RewriteTables();
  }

 private:
  const Token& At(size_t i) const {
    static const Token kNone{sql::TokenKind::kSymbol, "", "", ""};
    return i < tokens_.size() ? tokens_[i] : kNone;
  }

  // Whether a table's name is expected at `i`, by what stands before it.
  bool ExpectsTable(size_t i, bool in_from) const {
    if (i <= begin_) return false;
    const Token& before = At(i - 1);
    if (before.IsSymbol("(")) return i >= 2 && (OpensTables(i - 2) || ExpectsTable(i - 1, in_from));
    if (before.IsSymbol(",")) return in_from;
    if (before.Is("EXISTS")) {
      size_t k = i - 1;
      while (k > begin_ && (At(k).Is("EXISTS") || At(k).Is("NOT") || At(k).Is("IF"))) --k;
      return At(k).Is("TABLE");
    }
    return OpensTables(i - 1);
  }

  bool OpensTables(size_t i) const {
    const Token& token = At(i);
    if (token.Is("FROM") || token.Is("JOIN") || token.Is("STRAIGHT_JOIN") || token.Is("REFERENCES")) return true;
    const Token& before = i > 0 ? At(i - 1) : At(tokens_.size());
    if (token.Is("TABLE")) return !before.Is("TEMPORARY");
    if (token.Is("UPDATE")) return !before.Is("KEY") && !before.Is("FOR") && !before.Is("ON");
    if (token.Is("INTO") || token.Is("IGNORE") || token.Is("LOW_PRIORITY")) {
      for (const std::string_view word :
           {"INSERT", "REPLACE", "UPDATE", "IGNORE", "LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED"}) {
        if (before.Is(word)) return true;
      }
    }
    return false;
  }

  void FindTables() {
    bool in_from = false;
    size_t depth = 0, from_depth = 0;
    for (size_t i = begin_; i < tokens_.size(); ++i) {
      const Token& token = tokens_[i];
      if (token.IsSymbol("(")) ++depth;
      if (token.IsSymbol(")") && depth > 0 && --depth < from_depth) in_from = false;
      if (token.Is("FROM")) {
        in_from = true;
        from_depth = depth;
      }
      for (const std::string_view word :
           {"WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "UNION", "SELECT", "SET", "ON"}) {
        if (token.Is(word)) in_from = false;
      }
      if (token.IsSymbol(";")) in_from = false;
      if (!token.IsName() || IsReserved(token) || token.Is("DUAL") || token.Is("LATERAL")) continue;
      if (!ExpectsTable(i, in_from && depth <= from_depth + 0)) continue;
      i = AddTable(i);
    }
  }

  // Gives back the last token of the reference.
  size_t AddTable(size_t i) {
    sql::Cursor cursor(tokens_, i);
    TableReference reference;
    reference.begin = i;
    cursor.TakeName(reference.source, context_.default_database);
    reference.end = cursor.at();
    reference.qualified = reference.end > i + 1;
    if (cursor.Peek().IsSymbol("(") && !At(i - 1).Is("INTO") && !At(i - 1).Is("TABLE")) return i;  // a table function
    const size_t last = cursor.at() - 1;
    if (cursor.SeesWord("PARTITION")) {
      cursor.Skip();
      cursor.SkipParentheses();
    }
    const bool as = cursor.TakeWord("AS");
    reference.has_alias = cursor.Peek().IsName() && (as || !IsReserved(cursor.Peek()));
    reference.alias = sql::ToLower(reference.has_alias ? cursor.Peek().Name() : reference.source.name);
    references_.push_back(reference);
    return last;
  }

  const TableReference* FindAlias(const std::string& name) const {
    const std::string lower = sql::ToLower(name);
    for (const TableReference& reference : references_) {
      if (reference.alias == lower) return &reference;
    }
    return nullptr;
  }

  bool InReference(size_t i) const {
    for (const TableReference& reference : references_) {
      if (i >= reference.begin && i < reference.end) return true;
    }
    return false;
  }

  void SetName(size_t i, const std::string& name) {
    if (tokens_[i].Name() == name) return;
    const std::string gap = tokens_[i].gap;
    tokens_[i] = sql::BacktickName(name);
    tokens_[i].gap = gap;
  }

  // Rewrites that keep the number of tokens, so that the references found stay valid.
  void RewriteColumns() {
    for (size_t i = begin_; i < tokens_.size(); ++i) {
      if (!tokens_[i].IsName() || InReference(i) || (i > 0 && At(i - 1).IsSymbol(".")) ||
          (i > 0 && (At(i - 1).IsSymbol("@") || At(i - 1).IsSymbol("@@")))) {
        continue;
      }
      if (!At(i + 1).IsSymbol(".") || !At(i + 2).IsName()) {
        if (context_.view && !At(i + 1).IsSymbol(".")) RewriteBareColumn(i);
        continue;
      }
      if (At(i + 3).IsSymbol(".") && At(i + 4).IsName()) {
        RewriteThreeParts(i);
        i += 4;
      } else {
        RewriteTwoParts(i);
        i += 2;
      }
    }
  }

  void RewriteThreeParts(size_t i) {
    const ObjectName source{tokens_[i].Name(), tokens_[i + 2].Name()};
    const ObjectName mapped = names_.Map(source);
    SetName(i + 4, names_.MapColumn(source, tokens_[i + 4].Name()));
    SetName(i, mapped.database);
    SetName(i + 2, mapped.name);
  }

  void RewriteTwoParts(size_t i) {
    const std::string first = tokens_[i].Name();
    const std::string second = tokens_[i + 2].Name();
    if (At(i + 3).IsSymbol("(") || (i > 0 && At(i - 1).Is("CALL"))) {
      SetName(i, names_.MapDatabase(first));
      return;
    }
    const bool row = tokens_[i].Is("NEW") || tokens_[i].Is("OLD");
    if (row && !context_.trigger_table.name.empty()) {
      SetName(i + 2, names_.MapColumn(context_.trigger_table, second));
      return;
    }
    if (const TableReference* reference = FindAlias(first)) {
      SetName(i + 2, names_.MapColumn(reference->source, second));
      if (!reference->has_alias) SetName(i, names_.Map(reference->source).name);
      return;
    }
    // database.table in a place that was not recognised as one: a join with a comma, LOCK TABLES
    if (names_.MapDatabase(first) == first) return;
    const ObjectName mapped = names_.Map({first, second});
    SetName(i, mapped.database);
    SetName(i + 2, mapped.name);
  }

  // A column without its table, in a view as the user wrote it: it is renamed when one of the view's tables has it so.
  void RewriteBareColumn(size_t i) {
    if (At(i + 1).IsSymbol("(") || At(i - 1).Is("AS") || IsReserved(tokens_[i])) return;
    const std::string name = tokens_[i].Name();
    for (const TableReference& reference : references_) {
      const std::string mapped = names_.MapColumn(reference.source, name);
      if (mapped == name) continue;
      const bool selected = (At(i - 1).Is("SELECT") || At(i - 1).Is("DISTINCT") || At(i - 1).IsSymbol(",")) &&
                            (At(i + 1).IsSymbol(",") || At(i + 1).Is("FROM"));
      SetName(i, mapped);
      // The view's own column keeps its name.
      if (selected) tokens_[i].text += " AS " + sql::BacktickName(name).text;
      return;
    }
  }

  void RewriteTables() {
    for (size_t r = references_.size(); r-- > 0;) {
      const TableReference& reference = references_[r];
      const ObjectName mapped = names_.Map(reference.source);
      if (reference.qualified) {
        SetName(reference.end - 1, mapped.name);
        SetName(reference.begin, mapped.database);
      } else if (context_.view || mapped.database != names_.MapDatabase(context_.default_database)) {
        Token database = sql::BacktickName(mapped.database);
        database.gap = tokens_[reference.begin].gap;
        SetName(reference.begin, mapped.name);
        tokens_[reference.begin].gap.clear();
        const auto at = tokens_.begin() + static_cast<std::ptrdiff_t>(reference.begin);
        tokens_.insert(at, {database, sql::Symbol(".")});
      } else {
        SetName(reference.begin, mapped.name);
      }
    }
  }

  Tokens& tokens_;
  const size_t begin_;
  const BodyContext& context_;
  const model::NameMap& names_;
  std::vector<TableReference> references_;
};

}  // namespace

void MapNames(Tokens& tokens, size_t begin, const BodyContext& context, const model::NameMap& names) {
  Mapper(tokens, begin, context, names).Run();
}

}  // namespace sluice::mysql
