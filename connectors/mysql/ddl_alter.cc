#include "connectors/mysql/ddl_alter.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "connectors/mysql/connection.h"
#include "connectors/mysql/create_table_column.h"
#include "connectors/mysql/ddl_alter_names.h"
#include "sql/cursor.h"

namespace sluice::mysql {
namespace {

using sql::Cursor;
using sql::Tokens;

bool IsOneOf(const Cursor& cursor, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return cursor.SeesWord(word); });
}

class Translator {
 public:
  Translator(const AlterContext& context, Notes& notes) : context_(context), notes_(notes) {}

  AlterText Run(const Tokens& tokens, std::string_view default_database) {
    Cursor cursor(tokens);
    while (!cursor.AtEnd() && !cursor.TakeWord("TABLE")) cursor.Skip();
    cursor.TakeWords({"IF", "EXISTS"});
    model::ObjectName name;
    cursor.TakeName(name, default_database);
    if (cursor.SeesWord("WAIT") && cursor.Peek(1).kind == sql::TokenKind::kNumber) cursor.Skip(2);
    cursor.TakeWord("NOWAIT");
    default_database_ = default_database;
    size_t end = tokens.size();
    while (end > cursor.at() && tokens[end - 1].IsSymbol(";")) --end;
    for (Tokens& part : SplitList(tokens, cursor.at(), end)) {
      if (!part.empty()) Part(std::move(part));
    }
    return std::move(out_);
  }

  void AddElement(TableElement element) {
    if (element.name.empty() && context_.after != nullptr) {
      if (auto index = IndexOfForeignKey(element, context_, taken_)) AddElement(std::move(*index));
      NameAsSource(element, context_, default_database_, taken_);
    }
    if (!MapElement(element, context_.source, context_.columns, context_.names, notes_)) return;
    if (!context_.flavour.TranslateElement(element, notes_)) return;
    Emit("ADD " + sql::Render(element.tokens));
  }

  // Says whether the named thing is there to be dropped or changed.
  std::optional<std::string> There(Named what, const std::string& name) {
    auto there = NameAt(context_.target, what, name);
    if (!there) notes_.push_back(fmt::format("{} is not at the destination: nothing to do for it", name));
    return there;
  }
  bool Present(Named what, const std::string& name) { return There(what, name).has_value(); }

  void Emit(std::string action) { out_.actions.push_back(std::move(action)); }
  AlterText Take() { return std::move(out_); }

 private:
  // What stands between two commas; a partition clause may follow an action without a comma.
  void Part(Tokens part) {
    for (size_t i = 1; i + 1 < part.size(); ++i) {
      if (!part[i].Is("PARTITION") || !part[i + 1].Is("BY")) continue;
      Tokens clause = sql::Slice(part, i, part.size());
      part.resize(i);
      Action(std::move(part));
      PartitionBy(std::move(clause));
      return;
    }
    Action(std::move(part));
  }

  void Action(Tokens tokens) {
    tokens.front().gap.clear();
    Cursor cursor(tokens);
    if (in_order_by_ && tokens.size() <= 2 && cursor.Peek().IsName()) return;
    in_order_by_ = false;
    if (cursor.TakeWord("ADD")) {
      Add(tokens, cursor);
    } else if (cursor.TakeWord("CHANGE")) {
      Change(tokens, cursor);
    } else if (cursor.TakeWord("MODIFY")) {
      Modify(tokens, cursor);
    } else if (cursor.TakeWord("DROP")) {
      Drop(tokens, cursor);
    } else if (cursor.TakeWord("ALTER")) {
      AlterPart(tokens, cursor);
    } else if (cursor.TakeWord("RENAME")) {
      RenamePart(cursor);
    } else if (cursor.TakeWords({"CONVERT", "TO", "CHARACTER", "SET"}) ||
               cursor.TakeWords({"CONVERT", "TO", "CHARSET"})) {
      Convert(cursor);
    } else if (cursor.SeesWords({"PARTITION", "BY"})) {
      PartitionBy(std::move(tokens));
    } else if (cursor.SeesWords({"ORDER", "BY"})) {
      in_order_by_ = true;  // the order in which rows lie now: nothing that lasts
    } else if (IsOneOf(cursor, {"ALGORITHM", "LOCK", "WITHOUT", "ONLINE"}) ||
               cursor.SeesWords({"WITH", "VALIDATION"})) {
      // How the source did it says nothing about how the destination can.
    } else if (IsOneOf(cursor, {"DISCARD", "IMPORT"})) {
      notes_.push_back(sql::Render(tokens) + " left out: it moves files of the source");
    } else if (cursor.TakeWords({"EXCHANGE", "PARTITION"})) {
      Exchange(tokens, cursor);
    } else if (IsOneOf(cursor, {"FORCE", "ENABLE", "DISABLE", "REMOVE", "TRUNCATE", "COALESCE", "REORGANIZE", "REBUILD",
                                "ANALYZE", "CHECK", "OPTIMIZE", "REPAIR", "UPGRADE"})) {
      if (PartitionsThere(cursor)) Emit(sql::Render(tokens));
    } else {
      Options(tokens);
    }
  }

  bool PartitionsThere(const Cursor& cursor) const {
    return !context_.target.partition.empty() || IsOneOf(cursor, {"FORCE", "ENABLE", "DISABLE"});
  }

  void Add(const Tokens& tokens, Cursor& cursor) {
    if (IsOneOf(cursor, {"PARTITION"})) {
      if (context_.target.partition.empty()) return;
      Tokens part = tokens;
      context_.flavour.TranslatePartition(part, notes_);
      Emit(sql::Render(part));
      return;
    }
    if (cursor.SeesWords({"SYSTEM", "VERSIONING"})) {
      if (context_.flavour.destination_is_mariadb())
        Emit(sql::Render(tokens));
      else
        notes_.push_back("ADD SYSTEM VERSIONING left out");
      return;
    }
    if (!IsElementStart(cursor)) {
      cursor.TakeWord("COLUMN");
      const bool exists = cursor.TakeWords({"IF", "NOT", "EXISTS"});
      if (cursor.Peek().IsSymbol("(")) {
        const size_t close = sql::ClosingEnd(tokens, cursor.at()) - 1;
        for (Tokens& one : SplitList(tokens, cursor.at() + 1, close)) {
          TableElement element = ParseElement(std::move(one));
          if (element.kind == ElementKind::kColumn)
            AddColumn(element.tokens, exists);
          else
            AddElement(std::move(element));
        }
        return;
      }
      AddColumn(sql::Slice(tokens, cursor.at(), tokens.size()), exists);
      return;
    }
    Tokens element = sql::Slice(tokens, cursor.at(), tokens.size());
    if (!TakeIfNotExists(element)) AddElement(ParseElement(std::move(element)));
  }

  static bool IsElementStart(const Cursor& cursor) {
    if (cursor.Peek().kind != sql::TokenKind::kWord) return false;
    if (IsOneOf(cursor,
                {"CONSTRAINT", "PRIMARY", "UNIQUE", "FULLTEXT", "SPATIAL", "FOREIGN", "CHECK", "KEY", "INDEX"})) {
      return true;
    }
    return cursor.SeesWords({"PERIOD", "FOR"}) || cursor.SeesWords({"VECTOR", "KEY"}) ||
           cursor.SeesWords({"VECTOR", "INDEX"});
  }

  // The definition for the destination; nothing when the column is left out. Keys inside it stay in it.
  std::optional<std::string> Definition(const Tokens& tokens, std::vector<TableElement>& beside) {
    if (tokens.empty()) return std::nullopt;
    TableElement element = ParseElement(tokens);
    element.kind = ElementKind::kColumn;
    element.name = tokens.front().value;
    Remember(element);
    TakeReferences(element, beside);
    if (!MapColumnElement(element, context_.columns, notes_)) return std::nullopt;
    context_.flavour.TranslateColumn(element, notes_, beside);
    return sql::Render(element.tokens);
  }

  void Remember(const TableElement& element) {
    ColumnText column = ParseColumn(element.tokens);
    for (const std::string_view gone : {"FIRST", "AFTER", "UNIQUE", "PRIMARY KEY", "REFERENCES"}) column.Remove(gone);
    out_.defined[sql::ToLower(element.name)] = Join(column);
  }

  // A reference inside a column's definition: some versions make a foreign key of it, the others ignore it.
  void TakeReferences(TableElement& element, std::vector<TableElement>& beside) {
    ColumnText column = ParseColumn(element.tokens);
    const ColumnAttribute* found = column.Find("REFERENCES");
    if (found == nullptr) return;
    if (context_.flavour.SourceHonoursInlineReferences()) {
      Tokens key = sql::Tokenize("FOREIGN KEY (", {});
      key.push_back(sql::BacktickName(element.name));
      key.push_back(sql::Symbol(")"));
      key.insert(key.end(), found->tokens.begin(), found->tokens.end());
      beside.push_back(ParseElement(std::move(key)));
    }
    column.Remove("REFERENCES");
    element.tokens = Join(column);
  }

  void EmitBeside(std::vector<TableElement>& beside) {
    for (TableElement& element : beside) {
      if (element.kind == ElementKind::kForeignKey)
        AddElement(std::move(element));
      else
        Emit("ADD " + sql::Render(element.tokens));  // checks: mapped with their column
    }
  }

  void AddColumn(const Tokens& tokens, bool if_not_exists) {
    std::vector<TableElement> beside;
    const auto definition = Definition(tokens, beside);
    if (!definition) return;
    // IF NOT EXISTS is MariaDB's; elsewhere the table itself tells.
    const auto name = context_.columns(tokens.front().value);
    if (name) {
      const bool twice = !added_.insert(sql::ToLower(*name)).second;
      if (if_not_exists && (twice || context_.target.FindColumn(*name) != nullptr)) return;
    }
    Emit("ADD COLUMN " + *definition);
    EmitBeside(beside);
  }

  // IF EXISTS, which MariaDB alone has, of the column that is named next: whether there is nothing to do.
  bool TakeIfExists(Cursor& cursor) const {
    if (!cursor.TakeWords({"IF", "EXISTS"})) return false;
    const auto name = context_.columns(cursor.Peek().Name());
    return name && context_.target.FindColumn(*name) == nullptr;
  }

  // The same of IF NOT EXISTS of a key or constraint: it is taken out.
  bool TakeIfNotExists(Tokens& element) const {
    constexpr size_t kLastBegin = 5;  // CONSTRAINT name FOREIGN KEY ...
    for (size_t i = 0; i <= kLastBegin && i + 2 < element.size(); ++i) {
      if (!element[i].Is("IF") || !element[i + 1].Is("NOT") || !element[i + 2].Is("EXISTS")) continue;
      element.erase(element.begin() + static_cast<ptrdiff_t>(i), element.begin() + static_cast<ptrdiff_t>(i) + 3);
      const TableElement parsed = ParseElement(element);
      const Named what = parsed.kind == ElementKind::kForeignKey ? Named::kForeignKey
                         : parsed.kind == ElementKind::kCheck    ? Named::kConstraint
                                                                 : Named::kKey;
      const std::string name = parsed.kind == ElementKind::kPrimaryKey ? "PRIMARY" : parsed.name;
      return !name.empty() && NameAt(context_.target, what, name).has_value();
    }
    return false;
  }

  void Change(const Tokens& tokens, Cursor& cursor) {
    cursor.TakeWord("COLUMN");
    if (TakeIfExists(cursor)) return;
    const std::string old_name = cursor.Peek().Name();
    cursor.Skip();
    const auto old_there = context_.columns(old_name);
    std::vector<TableElement> beside;
    const Tokens definition_tokens = sql::Slice(tokens, cursor.at(), tokens.size());
    if (!definition_tokens.empty()) {
      out_.renamed_columns[sql::ToLower(definition_tokens.front().value)] = old_name;
    }
    const auto definition = Definition(definition_tokens, beside);
    if (!old_there || !definition) return;
    Emit("CHANGE COLUMN " + Quote(*old_there) + " " + *definition);
    EmitBeside(beside);
  }

  void Modify(const Tokens& tokens, Cursor& cursor) {
    cursor.TakeWord("COLUMN");
    if (TakeIfExists(cursor)) return;
    std::vector<TableElement> beside;
    const auto definition = Definition(sql::Slice(tokens, cursor.at(), tokens.size()), beside);
    if (!definition) return;
    Emit("MODIFY COLUMN " + *definition);
    EmitBeside(beside);
  }

  void Drop(const Tokens& tokens, Cursor& cursor) {
    if (cursor.SeesWords({"PRIMARY", "KEY"})) {
      if (Present(Named::kKey, "PRIMARY")) Emit("DROP PRIMARY KEY");
      return;
    }
    if (cursor.SeesWord("PARTITION")) {
      if (!context_.target.partition.empty()) Emit(sql::Render(tokens));
      return;
    }
    if (cursor.SeesWords({"SYSTEM", "VERSIONING"}) || cursor.SeesWords({"PERIOD", "FOR"})) {
      if (context_.flavour.destination_is_mariadb()) Emit(sql::Render(tokens));
      return;
    }
    if (cursor.TakeWords({"FOREIGN", "KEY"})) {
      DropNamed(cursor, Named::kForeignKey, "FOREIGN KEY");
    } else if (cursor.SeesWord("INDEX") || (cursor.SeesWord("KEY") && cursor.Peek(1).IsName())) {
      cursor.Skip();
      DropNamed(cursor, Named::kKey, "INDEX");
    } else if (cursor.TakeWord("CONSTRAINT") ||
               (cursor.SeesWord("CHECK") && cursor.Peek(1).IsName() && cursor.TakeWord("CHECK"))) {
      DropNamed(cursor, Named::kConstraint, "CONSTRAINT");
    } else {
      cursor.TakeWord("COLUMN");
      const bool if_exists = cursor.TakeWords({"IF", "EXISTS"});
      const auto name = context_.columns(cursor.Peek().Name());
      if (name && (!if_exists || context_.target.FindColumn(*name) != nullptr)) Emit("DROP COLUMN " + Quote(*name));
    }
  }

  void DropNamed(Cursor& cursor, Named what, std::string_view words) {
    cursor.TakeWords({"IF", "EXISTS"});
    const std::string name = cursor.Peek().Name();
    if (const auto there = There(what, name)) Emit(fmt::format("DROP {} {}", words, Quote(*there)));
  }

  void AlterPart(const Tokens& tokens, Cursor& cursor) {
    const bool index = cursor.SeesWord("INDEX") || (cursor.SeesWord("KEY") && cursor.Peek(1).IsName());
    if (index) {
      cursor.Skip();
      cursor.TakeWords({"IF", "EXISTS"});
      const std::string name = cursor.Peek().Name();
      cursor.Skip();
      if (!Present(Named::kKey, name)) return;
      const bool hide = cursor.SeesWord("INVISIBLE") || cursor.SeesWord("IGNORED");
      const bool maria = context_.flavour.destination_is_mariadb();
      Emit(fmt::format("ALTER INDEX {} {}", Quote(name),
                       maria ? (hide ? "IGNORED" : "NOT IGNORED") : (hide ? "INVISIBLE" : "VISIBLE")));
      return;
    }
    if (cursor.SeesWord("CONSTRAINT") || (cursor.SeesWord("CHECK") && cursor.Peek(1).IsName())) {
      if (context_.flavour.destination_is_mariadb()) {
        notes_.push_back(sql::Render(tokens) + " left out");
      } else if (const auto there = There(Named::kConstraint, cursor.Peek(1).Name())) {
        Tokens renamed = tokens;
        renamed[cursor.at() + 1] = sql::BacktickName(*there);
        Emit(sql::Render(renamed));
      }
      return;
    }
    cursor.TakeWord("COLUMN");
    if (TakeIfExists(cursor)) return;
    const auto name = context_.columns(cursor.Peek().Name());
    cursor.Skip();
    if (!name) return;
    const TableElement* there = context_.target.FindColumn(*name);
    if (cursor.SeesWords({"SET", "VISIBLE"}) || cursor.SeesWords({"SET", "INVISIBLE"})) {
      SetVisible(*name, there, cursor.SeesWord("VISIBLE", 1));
      return;
    }
    Tokens rest = sql::Slice(tokens, cursor.at(), tokens.size());
    MapColumns(rest, std::min<size_t>(2, rest.size()), rest.size(), context_.columns);
    if (cursor.SeesWords({"SET", "DEFAULT"}) && there != nullptr) SetDefault(*there, rest);
    Emit("ALTER COLUMN " + Quote(*name) + " " + sql::Render(rest));
  }

  // MariaDB has no statement for it but the whole definition.
  void SetVisible(const std::string& name, const TableElement* there, bool visible) {
    if (!context_.flavour.destination_is_mariadb()) {
      Emit("ALTER COLUMN " + Quote(name) + (visible ? " SET VISIBLE" : " SET INVISIBLE"));
      return;
    }
    if (there == nullptr) return;
    ColumnText column = ParseColumn(there->tokens);
    column.Remove("INVISIBLE");
    if (!visible) column.attributes.insert(column.attributes.begin(), {"INVISIBLE", "", {sql::Word("INVISIBLE")}});
    Emit("MODIFY COLUMN " + sql::Render(Join(column)));
  }

  // SET DEFAULT value, as a whole definition would have it there.
  void SetDefault(const TableElement& there, Tokens& rest) {
    ColumnText column;
    column.name = there.tokens.front();
    column.type = ParseColumn(there.tokens).type;
    column.attributes.push_back({"DEFAULT", "", sql::Slice(rest, 1, rest.size())});
    TableElement element{ElementKind::kColumn, there.name, Join(column)};
    std::vector<TableElement> ignored;
    context_.flavour.TranslateColumn(element, notes_, ignored);
    const ColumnText translated = ParseColumn(element.tokens);
    const ColumnAttribute* value = translated.Find("DEFAULT");
    if (value == nullptr) return;
    rest.resize(1);
    rest.insert(rest.end(), value->tokens.begin(), value->tokens.end());
  }

  void RenamePart(Cursor& cursor) {
    if (cursor.SeesWord("COLUMN") && cursor.Peek(1).IsName() && cursor.Peek(2).IsName()) {
      cursor.Skip();
      if (TakeIfExists(cursor)) return;
      const std::string from = cursor.Peek().Name();
      cursor.Skip();
      cursor.TakeWord("TO");
      const std::string to = cursor.Peek().Name();
      out_.renamed_columns[sql::ToLower(to)] = from;
      const auto from_there = context_.columns(from);
      const auto to_there = context_.columns(to);
      if (from_there && to_there && *from_there != *to_there) RenameColumn(*from_there, *to_there);
      return;
    }
    if ((cursor.SeesWord("INDEX") || cursor.SeesWord("KEY")) && cursor.Peek(1).IsName()) {
      cursor.Skip();
      cursor.TakeWords({"IF", "EXISTS"});
      const std::string from = cursor.Peek().Name();
      cursor.Skip();
      cursor.TakeWord("TO");
      if (Present(Named::kKey, from)) Emit("RENAME INDEX " + Quote(from) + " TO " + Quote(cursor.Peek().Name()));
      return;
    }
    if (!cursor.TakeWord("TO") && !cursor.TakeWord("AS")) cursor.TakeSymbol("=");
    model::ObjectName name;
    if (cursor.TakeName(name, default_database_)) out_.renamed = name;
  }

  void RenameColumn(const std::string& from, const std::string& to) {
    const Capabilities& there = context_.flavour.destination();
    const TableElement* element = context_.target.FindColumn(from);
    if (there.version >= (there.mariadb ? 100502u : 80000u) || element == nullptr) {
      Emit("RENAME COLUMN " + Quote(from) + " TO " + Quote(to));
      return;
    }
    Tokens definition = element->tokens;
    definition.front() = sql::BacktickName(to);
    Emit("CHANGE COLUMN " + Quote(from) + " " + sql::Render(definition));
  }

  void Convert(Cursor& cursor) {
    const std::string charset = cursor.Peek().value;
    cursor.Skip();
    std::string collation = cursor.TakeWord("COLLATE") ? cursor.Peek().value : "";
    if (collation.empty()) collation = context_.flavour.SourceDefaultCollation(charset);
    std::string action = "CONVERT TO CHARACTER SET " + context_.flavour.Charset(charset);
    if (!collation.empty()) action += " COLLATE " + context_.flavour.Collation(collation, notes_);
    Emit(std::move(action));
  }

  void PartitionBy(Tokens clause) {
    clause.front().gap.clear();
    if (!MapPartition(clause, context_.columns)) {
      notes_.push_back("PARTITION BY left out: it uses a column that is left out");
      return;
    }
    context_.flavour.TranslatePartition(clause, notes_);
    if (!clause.empty()) Emit(sql::Render(clause));
  }

  void Exchange(const Tokens& tokens, Cursor& cursor) {
    cursor.Skip();  // the partition's name
    if (!cursor.TakeWords({"WITH", "TABLE"})) return;
    const size_t begin = cursor.at();
    model::ObjectName other;
    if (!cursor.TakeName(other, default_database_)) return;
    const model::ObjectName mapped = context_.names.Map(other);
    Emit(sql::Render(tokens, 0, begin) + " " + Quote(mapped.database, mapped.name) + " " +
         sql::Render(tokens, cursor.at(), tokens.size()));
  }

  void Options(const Tokens& tokens) {
    size_t at = 0;
    std::vector<TableOption> options = ParseOptions(tokens, at);
    context_.flavour.TranslateOptions(options, notes_);
    std::string text;
    for (const TableOption& option : options) text += (text.empty() ? "" : " ") + sql::Render(option.tokens);
    if (!text.empty()) Emit(std::move(text));
    if (at < tokens.size()) Emit(sql::Render(tokens, at, tokens.size()));
  }

  const AlterContext& context_;
  Notes& notes_;
  AlterText out_;
  std::string default_database_;
  std::set<std::string> added_;
  std::set<std::string> taken_;
  bool in_order_by_ = false;
};

}  // namespace

AlterText TranslateAlter(const Tokens& tokens, std::string_view default_database, const AlterContext& context,
                         Notes& notes) {
  return Translator(context, notes).Run(tokens, default_database);
}

AlterText TranslateCreateIndex(const Tokens& tokens, const AlterContext& context, Notes& notes) {
  Translator translator(context, notes);
  Cursor cursor(tokens);
  while (!cursor.AtEnd() && !cursor.TakeWord("CREATE")) cursor.Skip();
  const bool replace = cursor.TakeWords({"OR", "REPLACE"});
  while (cursor.TakeWord("ONLINE") || cursor.TakeWord("OFFLINE")) {
  }
  Tokens definition;
  while (!cursor.AtEnd() && !cursor.SeesWord("INDEX")) {
    definition.push_back(cursor.Peek());
    cursor.Skip();
  }
  definition.push_back(sql::Word("INDEX"));
  cursor.Skip();
  const bool if_not_exists = cursor.TakeWords({"IF", "NOT", "EXISTS"});
  const std::string name = cursor.Peek().Name();
  while (!cursor.AtEnd() && !cursor.TakeWord("ON")) {
    definition.push_back(cursor.Peek());
    cursor.Skip();
  }
  model::ObjectName table;
  cursor.TakeName(table, "");
  for (; !cursor.AtEnd() && !cursor.Peek().IsSymbol(";"); cursor.Skip()) {
    if (cursor.SeesWord("ALGORITHM") || cursor.SeesWord("LOCK")) {
      cursor.Skip(cursor.Peek(1).IsSymbol("=") ? 2 : 1);
    } else if (cursor.SeesWord("WAIT")) {
      cursor.Skip();
    } else if (!cursor.SeesWord("NOWAIT")) {
      definition.push_back(cursor.Peek());
    }
  }
  definition.front().gap.clear();
  const bool there = HasElement(context.target, Named::kKey, name);
  if (there && if_not_exists) return translator.Take();
  if (there && replace) translator.Emit("DROP INDEX " + Quote(name));
  translator.AddElement(ParseElement(std::move(definition)));
  return translator.Take();
}

AlterText TranslateDropIndex(const Tokens& tokens, const AlterContext& context, Notes& notes) {
  Translator translator(context, notes);
  Cursor cursor(tokens);
  while (!cursor.AtEnd() && !cursor.TakeWord("INDEX")) cursor.Skip();
  cursor.TakeWords({"IF", "EXISTS"});
  const std::string name = cursor.Peek().Name();
  if (translator.Present(Named::kKey, name)) {
    translator.Emit(sql::EqualIgnoringCase(name, "PRIMARY") ? "DROP PRIMARY KEY" : "DROP INDEX " + Quote(name));
  }
  return translator.Take();
}

}  // namespace sluice::mysql
