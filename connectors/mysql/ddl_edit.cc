#include "connectors/mysql/ddl_edit.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "connectors/mysql/create_table_column.h"
#include "connectors/mysql/ddl_edit_keys.h"
#include "connectors/mysql/types.h"
#include "sql/cursor.h"

namespace sluice::mysql {

namespace {

using model::DdlKind;
using sql::Cursor;
using sql::Tokens;

// Options of a table that say nothing of its rows but how they are kept (MySQL 8.4 Reference Manual 15.1.20, MariaDB
// documentation, "CREATE TABLE").
constexpr std::string_view kOptions[] = {
    "ENGINE",        "COMMENT",         "AUTO_INCREMENT",   "CHARSET",           "COLLATE",
    "ROW_FORMAT",    "KEY_BLOCK_SIZE",  "STATS_PERSISTENT", "STATS_AUTO_RECALC", "STATS_SAMPLE_PAGES",
    "CHECKSUM",      "DELAY_KEY_WRITE", "MAX_ROWS",         "MIN_ROWS",          "AVG_ROW_LENGTH",
    "PACK_KEYS",     "COMPRESSION",     "ENCRYPTION",       "ENCRYPTED",         "PAGE_COMPRESSED",
    "PAGE_CHECKSUM", "TRANSACTIONAL"};

// One definition under the actions of an ALTER TABLE.
class Editor {
 public:
  Editor(CreateTable table, const model::DdlChange& ddl, sql::Family family)
      : table_(std::move(table)), ddl_(ddl), is_mariadb_(family == sql::Family::kMariaDb), before_(Names()) {
    for (const TableElement& element : table_.elements) {
      if (element.kind == ElementKind::kColumn) columns_.insert(sql::ToLower(element.name));
    }
  }

  void Alter(const Tokens& tokens) {
    Cursor cursor(tokens);
    for (; !cursor.AtEnd() && !cursor.TakeWord("TABLE"); cursor.Skip()) {
      if (cursor.SeesWord("IGNORE"))
        NotFollowed(ddl_, "with IGNORE it may drop rows, and which ones the log does not say");
    }
    cursor.TakeWords({"IF", "EXISTS"});
    model::ObjectName name;
    cursor.TakeName(name, ddl_.database);
    if (cursor.SeesWord("WAIT") && cursor.Peek(1).kind == sql::TokenKind::kNumber) cursor.Skip(2);
    cursor.TakeWord("NOWAIT");
    size_t end = tokens.size();
    while (end > cursor.at() && tokens[end - 1].IsSymbol(";")) --end;
    for (const Tokens& part : SplitList(tokens, cursor.at(), end)) {
      if (!part.empty()) Action(part);
    }
    RenameColumns();
    RenameInKeys();
  }

  // CREATE [UNIQUE | FULLTEXT | SPATIAL] INDEX name [USING ..] ON table (parts) ...
  void CreateIndex(const Tokens& tokens) {
    Cursor cursor(tokens);
    cursor.TakeWord("CREATE");
    cursor.TakeWords({"OR", "REPLACE"});
    Tokens element;
    while (!cursor.AtEnd() && !cursor.SeesWord("INDEX")) {
      if (!cursor.SeesWord("ONLINE") && !cursor.SeesWord("OFFLINE")) element.push_back(cursor.Peek());
      cursor.Skip();
    }
    element.push_back(sql::Word("INDEX"));
    cursor.Skip();
    cursor.TakeWords({"IF", "NOT", "EXISTS"});
    element.push_back(sql::BacktickName(cursor.Peek().Name()));
    cursor.Skip();
    while (!cursor.AtEnd() && !cursor.TakeWord("ON")) cursor.Skip();
    model::ObjectName name;
    cursor.TakeName(name, ddl_.database);
    for (; !cursor.AtEnd() && !cursor.Peek().IsSymbol(";"); cursor.Skip()) element.push_back(cursor.Peek());
    for (size_t i = 1; i < element.size(); ++i) element[i].gap = " ";
    AddElement(ParseElement(std::move(element)));
    RenameInKeys();
  }

  void DropIndex(const Tokens& tokens) {
    Cursor cursor(tokens);
    while (!cursor.AtEnd() && !cursor.TakeWord("INDEX")) cursor.Skip();
    cursor.TakeWords({"IF", "EXISTS"});
    DropKey(cursor.Peek().Name());
  }

  const CreateTable& table() const { return table_; }
  const std::optional<model::ObjectName>& renamed() const { return renamed_; }
  // New name, name before.
  std::map<std::string, std::string> renamed_columns() const {
    std::map<std::string, std::string> out;
    for (const auto& [now, before] : names_) {
      if (now != before) out[now] = before;
    }
    return out;
  }

 private:
  using Elements = std::vector<TableElement>;

  void Action(const Tokens& tokens) {
    Cursor cursor(tokens);
    if (cursor.TakeWord("ADD")) return Add(tokens, cursor);
    if (cursor.TakeWord("DROP")) return Drop(cursor);
    if (cursor.TakeWord("MODIFY")) {
      cursor.TakeWord("COLUMN");
      cursor.TakeWords({"IF", "EXISTS"});
      return Redefine(cursor.Peek().Name(), sql::Slice(tokens, cursor.at(), tokens.size()));
    }
    if (cursor.TakeWord("CHANGE")) {
      cursor.TakeWord("COLUMN");
      cursor.TakeWords({"IF", "EXISTS"});
      const std::string before = cursor.Peek().Name();
      cursor.Skip();
      return Redefine(before, sql::Slice(tokens, cursor.at(), tokens.size()));
    }
    if (cursor.TakeWord("RENAME")) return Rename(cursor);
    if (cursor.TakeWord("ALTER")) return AlterPart(cursor);
    if (cursor.TakeWords({"CONVERT", "TO", "CHARACTER", "SET"}) || cursor.TakeWords({"CONVERT", "TO", "CHARSET"})) {
      return Convert(cursor);
    }
    // Nothing of these changes what a row looks like; removed partitions take rows with them, though.
    for (const char* nothing : {"ALGORITHM", "LOCK",     "ORDER",    "FORCE",      "ENABLE",  "DISABLE", "PARTITION",
                                "REMOVE",    "TRUNCATE", "COALESCE", "REORGANIZE", "REBUILD", "ANALYZE", "CHECK",
                                "OPTIMIZE",  "REPAIR",   "UPGRADE",  "WITHOUT",    "WITH",    "ONLINE"}) {
      if (cursor.SeesWord(nothing) && !(cursor.SeesWord("TRUNCATE") || cursor.SeesWords({"REMOVE", "SYSTEM"}))) return;
    }
    size_t at = 0;
    std::vector<TableOption> options = ParseOptions(tokens, at);
    const bool known = std::all_of(options.begin(), options.end(), [](const TableOption& option) {
      return std::find(std::begin(kOptions), std::end(kOptions), option.name) != std::end(kOptions);
    });
    if (options.empty() || at < tokens.size() || !known) NotFollowed(ddl_, "it has a clause that is not understood");
    if (std::any_of(options.begin(), options.end(), SaysCharset)) KeepCharsets();
    SetOptions(std::move(options));
  }

  void SetOptions(std::vector<TableOption> options) {
    // A character set without a collation means its own one, and the other way round.
    if (std::any_of(options.begin(), options.end(), SaysCharset)) std::erase_if(table_.options, SaysCharset);
    for (TableOption& option : options) {
      if (SaysCharset(option) && sql::EqualIgnoringCase(option.value, "DEFAULT")) {
        NotFollowed(ddl_, "it takes the database's character set, which it does not say");
      }
      std::erase_if(table_.options, [&](const TableOption& one) { return one.name == option.name; });
      for (sql::Token& token : option.tokens) {
        if (token.gap.find('\n') != std::string::npos) token.gap = " ";
      }
      table_.options.push_back(std::move(option));
    }
  }

  // Columns keep theirs when the table gets another one: it is for columns that come from then on, those of the
  // statement itself among them.
  void KeepCharsets() {
    std::string words;
    for (const TableOption& option : table_.options) {
      if (SaysCharset(option)) words += (option.name == "CHARSET" ? " CHARACTER SET " : " COLLATE ") + option.value;
    }
    for (TableElement& element : table_.elements) {
      if (element.kind != ElementKind::kColumn || defined_.contains(sql::ToLower(element.name))) continue;
      ColumnText column = ParseColumn(element.tokens);
      if (!ParseColumnType(sql::Render(column.type)).IsText() || column.Has("CHARSET") || column.Has("COLLATE"))
        continue;
      const Tokens tokens = sql::Tokenize(words, {});
      column.type.insert(column.type.end(), tokens.begin(), tokens.end());
      element.tokens = Join(column);
    }
  }

  // Actions of one statement name columns as they were before it, or as an earlier action added them.
  Elements::iterator FindColumn(const std::string& name) {
    const auto is = [&](const TableElement& one, const std::string& called) {
      return one.kind == ElementKind::kColumn && sql::EqualIgnoringCase(called, name);
    };
    auto found = std::find_if(table_.elements.begin(), table_.elements.end(),
                              [&](const TableElement& one) { return is(one, Before(one.name)); });
    if (found == table_.elements.end()) {
      found = std::find_if(table_.elements.begin(), table_.elements.end(),
                           [&](const TableElement& one) { return is(one, one.name); });
    }
    if (found == table_.elements.end()) NotFollowed(ddl_, "it names column " + name + ", which is not known");
    return found;
  }
  std::string Before(const std::string& name) const {
    const auto known = names_.find(name);
    return known == names_.end() ? name : known->second;
  }

  void Add(const Tokens& tokens, Cursor& cursor) {
    if (cursor.SeesWord("PARTITION")) return;
    if (cursor.SeesWord("SYSTEM") || cursor.SeesWord("PERIOD")) NotFollowed(ddl_, "it has system versioning");
    const TableElement probe = ParseElement(sql::Slice(tokens, cursor.at(), tokens.size()));
    const bool is_column_word = cursor.SeesWord("COLUMN");
    if (!is_column_word && !cursor.Peek().IsSymbol("(") && probe.kind != ElementKind::kColumn) {
      return AddElement(probe);
    }
    cursor.TakeWord("COLUMN");
    const bool may_exist = cursor.TakeWords({"IF", "NOT", "EXISTS"});
    if (!cursor.Peek().IsSymbol("(")) {
      return AddColumn(sql::Slice(tokens, cursor.at(), tokens.size()), may_exist);
    }
    const size_t close = sql::ClosingEnd(tokens, cursor.at()) - 1;
    for (const Tokens& one : SplitList(tokens, cursor.at() + 1, close)) {
      TableElement element = ParseElement(one);
      if (element.kind == ElementKind::kColumn) {
        AddColumn(one, may_exist);
      } else {
        AddElement(std::move(element));
      }
    }
  }

  // Keys inside the definition become keys of the table, as SHOW CREATE TABLE has them.
  TableElement Column(const Tokens& tokens, std::string* after, Elements* keys) {
    ColumnText text = ParseColumn(tokens);
    const std::string name = text.name.value;
    after->clear();
    if (text.Has("FIRST")) *after = kFirst;
    if (const ColumnAttribute* place = text.Find("AFTER")) *after = place->value;
    if (text.Has("REFERENCES")) NotFollowed(ddl_, "it has a foreign key inside a column's definition");
    *keys = TakeElements(text, is_mariadb_);
    for (const std::string_view gone : {"FIRST", "AFTER"}) text.Remove(gone);
    TableElement element;
    element.kind = ElementKind::kColumn;
    element.name = name;
    element.tokens = Join(text);
    if (!element.tokens.empty()) element.tokens.front() = sql::BacktickName(name);
    defined_.insert(sql::ToLower(name));
    return element;
  }

  void Place(TableElement element, const std::string& after) {
    auto at = std::find_if(table_.elements.begin(), table_.elements.end(),
                           [](const TableElement& one) { return one.kind != ElementKind::kColumn; });
    if (after == kFirst) {
      at = table_.elements.begin();
    } else if (!after.empty()) {
      at = FindColumn(after) + 1;
    }
    table_.elements.insert(at, std::move(element));
  }

  void AddColumn(const Tokens& tokens, bool may_exist) {
    std::string after;
    Elements keys;
    TableElement element = Column(tokens, &after, &keys);
    if (may_exist && table_.FindColumn(element.name) != nullptr) return;
    // A destination knows columns by their names.
    if (columns_.contains(sql::ToLower(element.name))) {
      NotFollowed(ddl_, "it adds a column " + element.name + " in place of one that it drops or renames");
    }
    Place(std::move(element), after);
    for (TableElement& key : keys) AddElement(std::move(key));
  }

  void Redefine(const std::string& before, const Tokens& tokens) {
    const auto found = FindColumn(before);
    const std::string old_name = Before(found->name);
    std::string after;
    Elements keys;
    TableElement element = Column(tokens, &after, &keys);
    if (const TableElement* other = table_.FindColumn(element.name); other != nullptr && other != &*found) {
      NotFollowed(ddl_, "it gives a column the name of another one, " + element.name + ", that is still there");
    }
    NoteRename(old_name, element.name);
    if (after.empty()) {
      *found = std::move(element);
    } else {
      table_.elements.erase(found);
      Place(std::move(element), after);
    }
    for (TableElement& key : keys) AddElement(std::move(key));
  }

  void RenameColumns() {
    struct Move {
      Elements::iterator column;
      std::string before;
      std::string now;
    };
    std::vector<Move> moves;
    for (const auto& [from, to] : renames_) {
      const auto column = FindColumn(from);
      moves.push_back({column, Before(column->name), to});
    }
    for (const Move& move : moves) {
      NoteRename(move.before, move.now);
      move.column->name = move.now;
      move.column->tokens.front() = sql::BacktickName(move.now);
    }
  }

  void NoteRename(const std::string& before, const std::string& name) {
    if (before != name) names_[name] = before;
  }

  // At the end, all at once: two columns may have changed their names. Keys that the statement adds name them anew.
  void RenameInKeys() {
    std::map<std::string, std::string> now;
    for (const auto& [name, before] : names_) now[sql::ToLower(before)] = name;
    if (!now.empty()) RenameInChecks(table_, now);
    for (TableElement& element : table_.elements) {
      if (!element.IsKey() && element.kind != ElementKind::kForeignKey) continue;
      for (const KeyPartText& part : KeyParts(element)) {
        const auto found = now.find(sql::ToLower(part.column));
        if (part.column.empty() || found == now.end()) continue;
        const std::string gap = element.tokens[part.begin].gap;
        element.tokens[part.begin] = sql::BacktickName(found->second);
        element.tokens[part.begin].gap = gap;
      }
    }
    AddAdded();
  }

  // Named at the end: when the server names them, what the statement drops is gone.
  void AddAdded() {
    for (TableElement& element : added_) {
      table_.elements.push_back(WithName(std::move(element), {table_.name.name, is_mariadb_, before_, Names()}));
    }
    added_.clear();
    for (const TableElement& element : table_.elements) {
      if (element.kind == ElementKind::kPrimaryKey) RequireValues(table_, element);
    }
    if (renamed_) RenameGenerated(table_, table_.name.name, renamed_->name, is_mariadb_);
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const TableElement& one : table_.elements) {
      if (one.kind != ElementKind::kColumn) names.push_back(one.name);
    }
    return names;
  }

  void AddElement(TableElement element) {
    if (element.kind == ElementKind::kPeriod) NotFollowed(ddl_, "it has system versioning");
    added_.push_back(std::move(element));
  }

  void Drop(Cursor& cursor) {
    if (cursor.SeesWord("PARTITION")) NotFollowed(ddl_, "it drops partitions with their rows");
    if (cursor.SeesWord("SYSTEM") || cursor.SeesWord("PERIOD")) NotFollowed(ddl_, "it has system versioning");
    if (cursor.TakeWords({"PRIMARY", "KEY"})) return DropKey("PRIMARY");
    if (cursor.TakeWords({"FOREIGN", "KEY"})) {
      const bool may_miss = cursor.TakeWords({"IF", "EXISTS"});
      return DropConstraint(cursor.Peek().Name(), {ElementKind::kForeignKey}, may_miss);
    }
    if (cursor.SeesWord("INDEX") || (cursor.SeesWord("KEY") && cursor.Peek(1).IsName())) {
      cursor.Skip();
      cursor.TakeWords({"IF", "EXISTS"});
      return DropKey(cursor.Peek().Name());
    }
    if (cursor.TakeWord("CONSTRAINT") ||
        (cursor.SeesWord("CHECK") && cursor.Peek(1).IsName() && cursor.TakeWord("CHECK"))) {
      const bool may_miss = cursor.TakeWords({"IF", "EXISTS"});
      return DropConstraint(
          cursor.Peek().Name(),
          {ElementKind::kForeignKey, ElementKind::kCheck, ElementKind::kUniqueKey, ElementKind::kPrimaryKey}, may_miss);
    }
    cursor.TakeWord("COLUMN");
    const bool may_miss = cursor.TakeWords({"IF", "EXISTS"});
    const std::string name = cursor.Peek().Name();
    if (may_miss && table_.FindColumn(name) == nullptr) return;
    DropColumn(name);
  }

  void DropKey(const std::string& name) {
    DropNamed(name, {ElementKind::kPrimaryKey, ElementKind::kUniqueKey, ElementKind::kIndex, ElementKind::kFulltextKey,
                     ElementKind::kSpatialKey, ElementKind::kVectorKey});
  }

  // An index that is not there has another name at the source than here: keys without a name of their own. It is of no
  // consequence for the rows.
  size_t DropNamed(const std::string& name, std::initializer_list<ElementKind> kinds) {
    return std::erase_if(table_.elements, [&](const TableElement& one) {
      return std::find(kinds.begin(), kinds.end(), one.kind) != kinds.end() && sql::EqualIgnoringCase(one.name, name);
    });
  }

  // One that stayed at the destination would go on acting there.
  void DropConstraint(const std::string& name, std::initializer_list<ElementKind> kinds, bool may_miss) {
    if (DropNamed(name, kinds) != 0 || may_miss) return;
    NotFollowed(ddl_, "it drops the constraint " + name + ", which is not known");
  }

  void DropColumn(const std::string& name) {
    table_.elements.erase(FindColumn(name));
    names_.erase(name);
    // A key loses the column, and is gone with its last one.
    Elements kept;
    for (TableElement& element : table_.elements) {
      if (ChecksColumn(element, name)) continue;  // of this column alone, or the server would not let it go
      if (!element.IsKey()) {
        kept.push_back(std::move(element));
        continue;
      }
      const std::vector<KeyPartText> parts = KeyParts(element);
      Tokens list;
      bool lost = false;
      for (const KeyPartText& part : parts) {
        if (sql::EqualIgnoringCase(part.column, name)) {
          lost = true;
          continue;
        }
        if (!list.empty()) list.push_back(sql::Symbol(","));
        for (size_t i = part.begin; i < part.end; ++i) list.push_back(element.tokens[i]);
      }
      if (lost && list.empty()) continue;
      if (lost) {
        Tokens tokens(element.tokens.begin(), element.tokens.begin() + static_cast<long>(parts.front().begin));
        tokens.insert(tokens.end(), list.begin(), list.end());
        tokens.insert(tokens.end(), element.tokens.begin() + static_cast<long>(parts.back().end), element.tokens.end());
        element.tokens = std::move(tokens);
      }
      kept.push_back(std::move(element));
    }
    table_.elements = std::move(kept);
  }

  void Rename(Cursor& cursor) {
    if (cursor.SeesWord("COLUMN") && cursor.Peek(1).IsName() && cursor.Peek(2).IsName()) {
      cursor.Skip();
      cursor.TakeWords({"IF", "EXISTS"});
      const auto found = FindColumn(cursor.Peek().Name());
      cursor.Skip();
      cursor.TakeWord("TO");
      const std::string new_name = cursor.Peek().Name();
      renames_.emplace_back(found->name, new_name);
      return;
    }
    if ((cursor.SeesWord("INDEX") || cursor.SeesWord("KEY")) && cursor.Peek(1).IsName()) {
      cursor.Skip();
      cursor.TakeWords({"IF", "EXISTS"});
      const std::string from = cursor.Peek().Name();
      cursor.Skip();
      cursor.TakeWord("TO");
      const std::string to = cursor.Peek().Name();
      for (TableElement& element : table_.elements) {
        if (!element.IsKey() || !sql::EqualIgnoringCase(element.name, from)) continue;
        for (sql::Token& token : element.tokens) {
          if (token.IsSymbol("(")) break;
          if (!token.IsName() || !sql::EqualIgnoringCase(token.value, element.name)) continue;
          const std::string gap = token.gap;
          token = sql::BacktickName(to);
          token.gap = gap;
        }
        element.name = to;
      }
      return;
    }
    if (!cursor.TakeWord("TO")) cursor.TakeWord("AS");
    cursor.TakeSymbol("=");
    model::ObjectName name;
    if (!cursor.TakeName(name, ddl_.database)) NotFollowed(ddl_, "it renames what is not understood");
    renamed_ = name;
  }

  void AlterPart(Cursor& cursor) {
    if (cursor.SeesWord("INDEX") || (cursor.SeesWord("KEY") && cursor.Peek(1).IsName())) return;  // its visibility
    if (cursor.TakeWord("CONSTRAINT") || cursor.TakeWord("CHECK")) {
      return SetEnforced(table_, cursor.Peek().Name(), !cursor.SeesWord("NOT", 1));
    }
    cursor.TakeWord("COLUMN");
    cursor.TakeWords({"IF", "EXISTS"});
    const auto found = FindColumn(cursor.Peek().Name());
    cursor.Skip();
    ColumnText text = ParseColumn(found->tokens);
    if (cursor.TakeWords({"DROP", "DEFAULT"})) {
      text.Remove("DEFAULT");
    } else if (cursor.TakeWords({"SET", "DEFAULT"})) {
      text.Remove("DEFAULT");
      Tokens with = Join(text);
      with.push_back(sql::Word("DEFAULT"));
      with.back().gap = " ";
      for (bool first = true; !cursor.AtEnd(); cursor.Skip(), first = false) {
        with.push_back(cursor.Peek());
        if (first) with.back().gap = " ";
      }
      found->tokens = std::move(with);
      return;
    } else if (!cursor.SeesWords({"SET", "VISIBLE"}) && !cursor.SeesWords({"SET", "INVISIBLE"})) {
      NotFollowed(ddl_, "it has a clause that is not understood");
    }
    found->tokens = Join(text);
  }

  void Convert(Cursor& cursor) {
    const std::string charset = cursor.Peek().value;
    cursor.Skip();
    const std::string collation = cursor.TakeWord("COLLATE") ? cursor.Peek().value : "";
    size_t at = 0;
    const std::string text = "CHARSET=" + charset + (collation.empty() ? "" : " COLLATE=" + collation);
    SetOptions(ParseOptions(sql::Tokenize(text, {}), at));
    for (TableElement& element : table_.elements) {
      if (element.kind != ElementKind::kColumn) continue;
      ColumnText column = ParseColumn(element.tokens);
      column.Remove("CHARSET");
      column.Remove("COLLATE");
      element.tokens = Join(column);
    }
  }

  static constexpr const char* kFirst = "\x01";  // no column's name

  CreateTable table_;
  const model::DdlChange& ddl_;
  const bool is_mariadb_;
  const std::vector<std::string> before_;  // names of keys and constraints
  std::set<std::string> columns_;          // before the statement, in small letters
  std::optional<model::ObjectName> renamed_;
  std::map<std::string, std::string> names_;  // new name, name before the statement
  std::set<std::string> defined_;             // columns whose definitions the statement has, in small letters
  Elements added_;                            // keys and constraints
  std::vector<std::pair<std::string, std::string>> renames_;
};

}  // namespace

EditedTable EditTable(CreateTable table, const Tokens& tokens, const model::DdlChange& ddl, sql::Family family) {
  Editor editor(std::move(table), ddl, family);
  if (ddl.kind == DdlKind::kCreateIndex) {
    editor.CreateIndex(tokens);
  } else if (ddl.kind == DdlKind::kDropIndex) {
    editor.DropIndex(tokens);
  } else {
    editor.Alter(tokens);
  }
  return {editor.table(), editor.renamed(), editor.renamed_columns()};
}

}  // namespace sluice::mysql
