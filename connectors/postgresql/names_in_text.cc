#include "connectors/postgresql/names_in_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/postgresql/connection.h"

namespace sluice::postgresql {
namespace {

using sql::Token;
using sql::TokenKind;
using sql::Tokens;

bool IsSystemSchema(std::string_view schema) {
  return schema.starts_with("pg_") || schema == "information_schema";
}

// As the server reads it: what is not quoted is in small letters.
std::string NameOf(const Token& token) {
  return token.kind == TokenKind::kWord ? sql::ToLower(token.value) : token.value;
}

// At "schema . name" and not within a longer name.
bool IsPair(const Tokens& tokens, size_t at) {
  if (at + 2 >= tokens.size() || !tokens[at].IsName() || !tokens[at + 1].IsSymbol(".")) return false;
  return tokens[at + 2].IsName() && (at == 0 || !tokens[at - 1].IsSymbol("."));
}

// 'shop.orders'::regclass, 'shop.f(integer)'::regprocedure, nextval('shop.numbers') ...
bool NamesObject(const Tokens& tokens, size_t at) {
  if (!tokens[at].IsString()) return false;
  if (at > 1 && tokens[at - 1].IsSymbol("(") &&
      (tokens[at - 2].Is("nextval") || tokens[at - 2].Is("currval") || tokens[at - 2].Is("setval"))) {
    return true;
  }
  if (at + 2 >= tokens.size() || !tokens[at + 1].IsSymbol("::")) return false;
  static const std::set<std::string> kinds = {"regclass",  "regtype",       "regproc",      "regprocedure", "regoper",
                                              "regconfig", "regdictionary", "regcollation", "regoperator"};
  size_t type = at + 2;
  if (tokens[type].Is("pg_catalog") && type + 2 < tokens.size()) type += 2;
  return kinds.contains(NameOf(tokens[type]));
}

bool IsDollarQuoted(const Token& token) {
  return token.IsString() && token.text.starts_with("$");
}

// The token with the schema of "OPERATOR(shop.===)" or "OPERATOR shop.===", seen from its first word; 0: there is none.
size_t SchemaOfOperator(const Tokens& tokens, size_t at) {
  if (!tokens[at].Is("OPERATOR")) return 0;
  const size_t schema = at + (at + 1 < tokens.size() && tokens[at + 1].IsSymbol("(") ? 2 : 1);
  const bool found = schema + 1 < tokens.size() && tokens[schema].IsName() && tokens[schema + 1].text.starts_with(".");
  return found ? schema : 0;
}

// Knows while walking over tokens whether a name stands where a table of FROM (or UPDATE, INSERT INTO) does.
class FromClauses {
 public:
  void Pass(const Tokens& tokens, size_t at) {
    const Token& token = tokens[at];
    if (token.IsSymbol("(")) {
      const bool joins =
          open_.back() && at > 0 &&
          (IsOneOf(tokens[at - 1], kBefore) || tokens[at - 1].IsSymbol("(") || tokens[at - 1].IsSymbol(","));
      open_.push_back(joins);
    } else if (token.IsSymbol(")")) {
      if (open_.size() > 1) open_.pop_back();
    } else if (token.IsSymbol(";") || IsOneOf(token, kEnds)) {
      open_.back() = false;
    } else if (IsOneOf(token, kBegins)) {
      open_.back() = true;
    }
  }

  // What has to stand before an alias of the table whose name begins at `at`; empty: it has one, or can have none.
  std::string NeedsAlias(const Tokens& tokens, size_t at) const {
    if (at == 0) return "";
    const Token& before = tokens[at - 1];
    const bool inserts = before.Is("INTO") && at > 1 && tokens[at - 2].Is("INSERT");
    const bool updates = before.Is("UPDATE");
    const bool listed = open_.back() && (IsOneOf(before, kBefore) || before.IsSymbol("(") || before.IsSymbol(","));
    if (!inserts && !updates && !listed) return "";
    if (at + 3 < tokens.size() && tokens[at + 3].IsName() && !IsOneOf(tokens[at + 3], kFollows)) return "";
    return inserts ? " AS " : " ";
  }

 private:
  static constexpr std::string_view kBegins[] = {"FROM", "JOIN", "USING"};
  static constexpr std::string_view kBefore[] = {"FROM", "JOIN", "ONLY", "USING"};
  static constexpr std::string_view kEnds[] = {"WHERE",  "GROUP",  "HAVING", "ORDER",     "LIMIT",
                                               "OFFSET", "FETCH",  "UNION",  "INTERSECT", "EXCEPT",
                                               "WINDOW", "SELECT", "SET",    "RETURNING", "VALUES"};
  static constexpr std::string_view kFollows[] = {
      "WHERE",     "GROUP",   "HAVING",    "ORDER",  "LIMIT",  "OFFSET",      "FETCH", "UNION",
      "INTERSECT", "EXCEPT",  "FOR",       "JOIN",   "INNER",  "LEFT",        "RIGHT", "FULL",
      "CROSS",     "NATURAL", "ON",        "USING",  "SET",    "INTO",        "WITH",  "END",
      "LOOP",      "DEFAULT", "RETURNING", "VALUES", "SELECT", "TABLESAMPLE", "WINDOW"};

  template <size_t N>
  static bool IsOneOf(const Token& token, const std::string_view (&words)[N]) {
    return std::any_of(std::begin(words), std::end(words), [&](std::string_view word) { return token.Is(word); });
  }

  std::vector<bool> open_ = {false};  // one for each open parenthesis
};

void SetName(Token& token, const std::string& name) {
  if (NameOf(token) == name) return;
  token.kind = TokenKind::kQuotedName;
  token.value = name;
  token.text = Quote(name);
}

}  // namespace

// A doubled quote within quotes ends them and begins them again.
size_t FindOutsideQuotes(std::string_view text, std::string_view what, bool last) {
  size_t found = std::string_view::npos;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (quote != 0) {
      if (text[i] == quote) quote = 0;
    } else if (text.substr(i).starts_with(what)) {
      found = i;
      if (!last) break;
    } else if (text[i] == '"' || text[i] == '\'') {
      quote = text[i];
    }
  }
  return found;
}

void References::Add(const References& more) {
  relations.insert(more.relations.begin(), more.relations.end());
  others.insert(more.others.begin(), more.others.end());
}

KnownNames KnownNames::Read(Connection& connection) {
  // One list for all kinds: what bears a relation's name is taken for the relation, since a table brings a type along.
  static constexpr const char* kQuery =
      "SELECT n.nspname, x.name, bool_or(x.relation) FROM ("
      "SELECT relnamespace AS schema, relname AS name, relkind IN ('r', 'p', 'v', 'm', 'f') AS relation "
      "FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c') "
      "UNION ALL SELECT typnamespace, typname, false FROM pg_type WHERE typrelid = 0 AND typelem = 0 "
      "UNION ALL SELECT pronamespace, proname, false FROM pg_proc "
      "UNION ALL SELECT collnamespace, collname, false FROM pg_collation "
      "UNION ALL SELECT opcnamespace, opcname, false FROM pg_opclass "
      "UNION ALL SELECT opfnamespace, opfname, false FROM pg_opfamily "
      "UNION ALL SELECT cfgnamespace, cfgname, false FROM pg_ts_config "
      "UNION ALL SELECT dictnamespace, dictname, false FROM pg_ts_dict) x "
      "JOIN pg_namespace n ON n.oid = x.schema WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' "
      "GROUP BY 1, 2";
  KnownNames known;
  for (const TextRow& row : connection.Query(kQuery)) {
    model::ObjectName name{row[0].value_or(""), row[1].value_or("")};
    (row[2].value_or("") == "t" ? known.all_.relations : known.all_.others).insert(std::move(name));
  }
  return known;
}

void KnownNames::Find(std::string_view text, References& found) const {
  // Without a point there is no qualified name.
  if (text.find('.') == std::string_view::npos) return;
  Find(sql::Tokenize(text, kDialect), found);
}

void KnownNames::Find(const Tokens& tokens, References& found) const {
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (IsPair(tokens, i)) {
      const model::ObjectName name{NameOf(tokens[i]), NameOf(tokens[i + 2])};
      if (all_.relations.contains(name)) found.relations.insert(name);
      if (all_.others.contains(name)) found.others.insert(name);
    } else if (IsDollarQuoted(tokens[i]) || NamesObject(tokens, i)) {
      Find(tokens[i].value, found);
    }
  }
}

NameRewriter::NameRewriter(const References& references, const model::NameMap& names) : names_(names) {
  const auto add = [&](const model::ObjectName& name, model::ObjectName mapped) {
    if (name.database != mapped.database) schemas_[name.database] = mapped.database;
    if (name != mapped) changed_[name] = std::move(mapped);
  };
  for (const model::ObjectName& name : references.others) add(name, {names.MapDatabase(name.database), name.name});
  for (const model::ObjectName& name : references.relations) add(name, names.Map(name));
}

model::ObjectName NameRewriter::Map(const model::ObjectName& name) const {
  const auto found = changed_.find(name);
  if (found != changed_.end()) return found->second;
  return {names_.MapDatabase(name.database), name.name};
}

std::string NameRewriter::Rewrite(std::string_view text) const {
  Tokens tokens = sql::Tokenize(text, kDialect);
  return Rewrite(tokens) ? sql::Render(tokens) : std::string(text);
}

bool NameRewriter::RewriteString(Token& token, bool names_object) const {
  // The end mark's gap is what stands behind the last token: white space and comments.
  Tokens inner = sql::Tokenize(token.value + "\n;", kDialect);
  const std::string rest = inner.back().gap.substr(0, inner.back().gap.size() - 1);
  inner.pop_back();
  if (!Rewrite(inner)) return false;
  std::string value;
  for (const Token& one : inner) value += one.gap + one.text;
  value += rest;
  if (names_object) {
    token.text = Literal(value);
  } else {
    const size_t tag = token.text.find('$', 1) + 1;
    token.text = token.text.substr(0, tag) + value + token.text.substr(0, tag);
  }
  token.value = std::move(value);
  return true;
}

bool NameRewriter::Rewrite(Tokens& tokens) const {
  bool changed = false;
  const auto set = [&](Token& token, const std::string& name) {
    const std::string before = token.text;
    SetName(token, name);
    changed = changed || token.text != before;
  };
  FromClauses from;
  bool search_path = false;  // within SET search_path TO 'a', 'b'
  for (size_t i = 0; i < tokens.size(); ++i) {
    Token& token = tokens[i];
    from.Pass(tokens, i);
    if (token.Is("search_path") && i > 0 && tokens[i - 1].Is("SET")) {
      search_path = true;
      ++i;  // TO
      continue;
    }
    search_path = search_path && ((token.IsString() && !IsDollarQuoted(token)) || token.IsSymbol(","));
    if (search_path && token.IsString() && !IsSystemSchema(token.value)) {
      const std::string schema = names_.MapDatabase(token.value);
      if (schema == token.value) continue;
      token.text = Literal(schema);
      token.value = schema;
      changed = true;
    } else if (IsPair(tokens, i)) {
      const auto found = changed_.find({NameOf(token), NameOf(tokens[i + 2])});
      if (found == changed_.end()) continue;
      const std::string alias = found->second.name == found->first.name ? "" : from.NeedsAlias(tokens, i);
      set(token, found->second.database);
      set(tokens[i + 2], found->second.name);
      // Columns are qualified by the name that the table had.
      if (!alias.empty()) tokens[i + 2].text += alias + Quote(found->first.name);
    } else if (const size_t operator_schema = SchemaOfOperator(tokens, i); operator_schema != 0) {
      const std::string schema = NameOf(tokens[operator_schema]);
      if (!IsSystemSchema(schema)) set(tokens[operator_schema], names_.MapDatabase(schema));
    } else if (NamesObject(tokens, i)) {
      changed = RewriteString(token, true) || changed;
    } else if (IsDollarQuoted(token)) {
      changed = RewriteString(token, false) || changed;
    }
  }
  return changed;
}

ColumnRewriter::ColumnRewriter(const model::TableMapping& mapping, const model::NameMap& names,
                               std::vector<std::string> columns) {
  std::map<std::string, std::string> mapped;
  for (const model::ColumnMapping& one : mapping.columns) mapped[one.source] = one.destination;
  for (const std::string& column : columns) {
    if (mapping.excluded.contains(column)) {
      left_out_.insert(column);
      continue;
    }
    const auto found = mapped.find(column);
    const std::string name = found != mapped.end() ? found->second : names.MapColumn(mapping.source, column);
    if (name != column) renamed_[column] = name;
  }
}

std::string ColumnRewriter::Map(const std::string& column) const {
  const auto found = renamed_.find(column);
  return found == renamed_.end() ? column : found->second;
}

bool ColumnRewriter::Rewrite(std::string& text) const {
  if (left_out_.empty() && renamed_.empty()) return true;
  Tokens tokens = sql::Tokenize(text, kDialect);
  bool changed = false;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (!tokens[i].IsName()) continue;
    const bool behind = i > 0 && (tokens[i - 1].IsSymbol(".") || tokens[i - 1].IsSymbol("::") ||
                                  tokens[i - 1].Is("COLLATE") || tokens[i - 1].Is("NULLS"));
    const bool call = i + 1 < tokens.size() && (tokens[i + 1].IsSymbol("(") || tokens[i + 1].IsSymbol("."));
    if (behind || call) continue;
    const std::string name = NameOf(tokens[i]);
    if (left_out_.contains(name)) return false;
    const auto found = renamed_.find(name);
    if (found == renamed_.end()) continue;
    SetName(tokens[i], found->second);
    changed = true;
  }
  if (changed) text = sql::Render(tokens);
  return true;
}

}  // namespace sluice::postgresql
