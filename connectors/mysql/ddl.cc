#include "connectors/mysql/ddl.h"

#include <array>
#include <charconv>

#include "sql/cursor.h"

namespace sluice::mysql {
namespace {

using model::DdlChange;
using model::DdlKind;
using model::ObjectName;
using sql::Cursor;

// By bit of the mask. Bit 4 is unused in MySQL; bit 32 and above differ, and the log of one server is only read with
// the modes below, so they are left out.
constexpr std::array<std::string_view, 32> kModes = {"REAL_AS_FLOAT",
                                                     "PIPES_AS_CONCAT",
                                                     "ANSI_QUOTES",
                                                     "IGNORE_SPACE",
                                                     "IGNORE_BAD_TABLE_OPTIONS",
                                                     "ONLY_FULL_GROUP_BY",
                                                     "NO_UNSIGNED_SUBTRACTION",
                                                     "NO_DIR_IN_CREATE",
                                                     "POSTGRESQL",
                                                     "ORACLE",
                                                     "MSSQL",
                                                     "DB2",
                                                     "MAXDB",
                                                     "NO_KEY_OPTIONS",
                                                     "NO_TABLE_OPTIONS",
                                                     "NO_FIELD_OPTIONS",
                                                     "MYSQL323",
                                                     "MYSQL40",
                                                     "ANSI",
                                                     "NO_AUTO_VALUE_ON_ZERO",
                                                     "NO_BACKSLASH_ESCAPES",
                                                     "STRICT_TRANS_TABLES",
                                                     "STRICT_ALL_TABLES",
                                                     "NO_ZERO_IN_DATE",
                                                     "NO_ZERO_DATE",
                                                     "ALLOW_INVALID_DATES",
                                                     "ERROR_FOR_DIVISION_BY_ZERO",
                                                     "TRADITIONAL",
                                                     "NO_AUTO_CREATE_USER",
                                                     "HIGH_NOT_PRECEDENCE",
                                                     "NO_ENGINE_SUBSTITUTION",
                                                     "PAD_CHAR_TO_FULL_LENGTH"};

class Classifier {
 public:
  Classifier(const sql::Tokens& tokens, DdlChange& out) : cursor_(tokens), out_(out) {}

  void Run() {
    SkipSetStatement();
    if (cursor_.TakeWord("CREATE")) {
      Create();
    } else if (cursor_.TakeWord("ALTER")) {
      Alter();
    } else if (cursor_.TakeWord("DROP")) {
      Drop();
    } else if (cursor_.TakeWord("RENAME")) {
      Rename();
    } else if (cursor_.TakeWord("TRUNCATE")) {
      cursor_.TakeWord("TABLE");
      One(DdlKind::kTruncateTable);
    }
  }

 private:
  // MariaDB: SET STATEMENT a=1, b=(SELECT 2) FOR CREATE ...
  void SkipSetStatement() {
    while (cursor_.TakeWords({"SET", "STATEMENT"})) {
      while (!cursor_.AtEnd() && !cursor_.TakeWord("FOR")) {
        if (cursor_.Peek().IsSymbol("(")) {
          cursor_.SkipParentheses();
        } else {
          cursor_.Skip();
        }
      }
    }
  }

  void IfExists() {
    cursor_.TakeWords({"IF", "EXISTS"});
    cursor_.TakeWords({"IF", "NOT", "EXISTS"});
  }

  // MariaDB: WAIT n, NOWAIT
  void SkipWait() {
    if (cursor_.SeesWord("WAIT") && cursor_.Peek(1).kind == sql::TokenKind::kNumber) cursor_.Skip(2);
    cursor_.TakeWord("NOWAIT");
  }

  bool Name(ObjectName& name) { return cursor_.TakeName(name, out_.database); }

  // [IF [NOT] EXISTS] name
  bool One(DdlKind kind) {
    IfExists();
    ObjectName name;
    if (!Name(name)) return false;
    out_.kind = kind;
    out_.objects.push_back(std::move(name));
    return true;
  }

  void List(DdlKind kind) {
    IfExists();
    std::vector<ObjectName> names;
    do {
      ObjectName name;
      if (!Name(name)) return;
      names.push_back(std::move(name));
    } while (cursor_.TakeSymbol(","));
    out_.kind = kind;
    out_.objects = std::move(names);
  }

  void OnTable(DdlKind kind) {
    while (!cursor_.AtEnd() && !cursor_.TakeWord("ON")) cursor_.Skip();
    One(kind);
  }

  // What may stand between CREATE or ALTER and the kind of a view or routine.
  void SkipQualifiers() {
    for (bool moved = true; moved && !cursor_.AtEnd();) {
      moved = cursor_.TakeWords({"OR", "REPLACE"}) || cursor_.TakeWord("AGGREGATE") ||
              cursor_.TakeWords({"SQL", "SECURITY", "DEFINER"}) || cursor_.TakeWords({"SQL", "SECURITY", "INVOKER"});
      if (cursor_.SeesWord("ALGORITHM") || cursor_.SeesWord("DEFINER")) {
        const bool definer = cursor_.SeesWord("DEFINER");
        cursor_.Skip();
        cursor_.TakeSymbol("=");
        if (definer) {
          cursor_.SkipAccount();
        } else {
          cursor_.Skip();
        }
        moved = true;
      }
    }
  }

  void Create() {
    SkipQualifiers();
    if (cursor_.TakeWord("TABLE")) {
      if (One(DdlKind::kCreateTable)) TakeLike();
    } else if (cursor_.TakeWord("VIEW")) {
      One(DdlKind::kCreateView);
    } else if (cursor_.TakeWord("PROCEDURE")) {
      One(DdlKind::kCreateProcedure);
    } else if (cursor_.TakeWord("FUNCTION")) {
      CreateFunction();
    } else {
      SkipIndexKind();
      if (cursor_.TakeWord("INDEX")) OnTable(DdlKind::kCreateIndex);
    }
  }

  // The model of a CREATE TABLE ... LIKE is named second: without its description there is none of the new table.
  void TakeLike() {
    cursor_.TakeSymbol("(");
    ObjectName model;
    if (cursor_.TakeWord("LIKE") && Name(model)) out_.objects.push_back(std::move(model));
  }

  // CREATE FUNCTION ... SONAME loads a library: nothing that can be carried.
  void CreateFunction() {
    if (!One(DdlKind::kCreateFunction) || cursor_.Peek().IsSymbol("(")) return;
    out_.kind = DdlKind::kOther;
    out_.objects.clear();
  }

  void SkipIndexKind() {
    while (cursor_.TakeWord("ONLINE") || cursor_.TakeWord("OFFLINE") || cursor_.TakeWord("UNIQUE") ||
           cursor_.TakeWord("FULLTEXT") || cursor_.TakeWord("SPATIAL") || cursor_.TakeWord("VECTOR")) {
    }
  }

  void Alter() {
    while (cursor_.TakeWord("ONLINE") || cursor_.TakeWord("OFFLINE") || cursor_.TakeWord("IGNORE")) {
    }
    if (cursor_.TakeWord("TABLE")) {
      if (One(DdlKind::kAlterTable)) AlterActions();
      return;
    }
    SkipQualifiers();
    if (cursor_.TakeWord("VIEW")) One(DdlKind::kAlterView);
  }

  // Only what concerns names: RENAME [TO|AS|=] x, EXCHANGE PARTITION p WITH TABLE x.
  void AlterActions() {
    SkipWait();
    ObjectName renamed;
    while (!cursor_.AtEnd()) {
      if (cursor_.TakeWord("RENAME")) {
        const bool part = cursor_.SeesWord("COLUMN") || cursor_.SeesWord("INDEX") || cursor_.SeesWord("KEY");
        if (!part || !cursor_.Peek(1).IsName()) {
          if (!cursor_.TakeWord("TO") && !cursor_.TakeWord("AS")) cursor_.TakeSymbol("=");
          Name(renamed);
        }
      } else if (cursor_.TakeWords({"EXCHANGE", "PARTITION"})) {
        cursor_.Skip();
        ObjectName other;
        if (cursor_.TakeWords({"WITH", "TABLE"}) && Name(other)) out_.objects.push_back(std::move(other));
      }
      cursor_.SkipPast(",");
    }
    if (renamed.name.empty()) return;
    out_.new_names.resize(out_.objects.size());
    out_.new_names[0] = std::move(renamed);
  }

  void Drop() {
    while (cursor_.TakeWord("ONLINE") || cursor_.TakeWord("OFFLINE")) {
    }
    if (cursor_.TakeWord("TABLE") || cursor_.TakeWord("TABLES")) {
      List(DdlKind::kDropTable);
    } else if (cursor_.TakeWord("VIEW")) {
      List(DdlKind::kDropView);
    } else if (cursor_.TakeWord("INDEX")) {
      OnTable(DdlKind::kDropIndex);
    } else if (cursor_.TakeWord("DATABASE") || cursor_.TakeWord("SCHEMA")) {
      DropDatabase();
    }
  }

  // Of no kind that is carried, but it takes tables with their rows.
  void DropDatabase() {
    IfExists();
    if (!cursor_.Peek().IsName()) return;
    out_.objects.push_back({cursor_.Peek().Name(), ""});
    out_.rows_need_it = true;
  }

  void Rename() {
    if (!cursor_.TakeWord("TABLE") && !cursor_.TakeWord("TABLES")) return;
    IfExists();
    std::vector<ObjectName> objects, new_names;
    do {
      ObjectName from, to;
      if (!Name(from)) return;
      SkipWait();
      if (!cursor_.TakeWord("TO") || !Name(to)) return;
      objects.push_back(std::move(from));
      new_names.push_back(std::move(to));
    } while (cursor_.TakeSymbol(","));
    out_.kind = DdlKind::kRenameTable;
    out_.objects = std::move(objects);
    out_.new_names = std::move(new_names);
  }

  Cursor cursor_;
  DdlChange& out_;
};

}  // namespace

std::string SqlModeText(std::string_view mode) {
  uint64_t mask = 0;
  const auto [end, error] = std::from_chars(mode.data(), mode.data() + mode.size(), mask);
  if (error != std::errc() || end != mode.data() + mode.size()) return std::string(mode);
  std::string text;
  for (size_t bit = 0; bit < kModes.size(); ++bit) {
    if ((mask >> bit & 1) == 0) continue;
    if (!text.empty()) text += ',';
    text += kModes[bit];
  }
  return text;
}

bool HasSqlMode(std::string_view mode, std::string_view flag) {
  const std::string text = SqlModeText(mode);
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    std::string_view one = rest.substr(0, comma);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    if (sql::EqualIgnoringCase(one, flag)) return true;
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  return false;
}

sql::Dialect DialectFor(std::string_view sql_mode, std::string_view flavour, uint32_t version) {
  sql::Dialect dialect;
  dialect.family = flavour == "mariadb" ? sql::Family::kMariaDb : sql::Family::kMySql;
  dialect.version = flavour.empty() ? 0 : version;
  // Masks and stored modes spell the combined modes out, but a session's text may hold only the combined name.
  for (const std::string_view mode : {"ANSI_QUOTES", "ANSI", "ORACLE", "MSSQL", "DB2", "MAXDB", "POSTGRESQL"}) {
    if (HasSqlMode(sql_mode, mode)) dialect.ansi_quotes = true;
  }
  dialect.no_backslash_escapes = HasSqlMode(sql_mode, "NO_BACKSLASH_ESCAPES");
  return dialect;
}

DdlChange ClassifyDdl(std::string_view statement, std::string_view default_database, std::string_view sql_mode) {
  return ClassifyDdl(statement, default_database, sql_mode, DialectFor(sql_mode));
}

DdlChange ClassifyDdl(std::string_view statement, std::string_view default_database, std::string_view sql_mode,
                      const sql::Dialect& dialect) {
  DdlChange change;
  change.database = default_database;
  change.statement = statement;
  change.sql_mode = sql_mode;
  const sql::Tokens tokens = sql::Tokenize(statement, dialect);
  Classifier(tokens, change).Run();
  return change;
}

}  // namespace sluice::mysql
