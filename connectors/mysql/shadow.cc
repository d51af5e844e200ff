// What a table is after a statement of the log: the statement is run by the destination's server on an empty copy.
//
//   1. A lock of the server keeps two tasks from using the shadow names at the same time.
//   2. The table as it was is made in database `sluice`, under a name of its own, with the source's column names.
//      Foreign keys point to tables that do not exist there: with checks off the server takes them, and locks nobody.
//   3. The statement runs on the copy, translated to this server's flavour.
//   4. The copy is described and dropped; the description gets the source's names back.
//
// Where the flavours differ, columns whose type has no equal here keep the definition that the source wrote.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "connectors/mysql/catalog.h"
#include "connectors/mysql/codes.h"
#include "connectors/mysql/database_defaults.h"
#include "connectors/mysql/ddl.h"
#include "connectors/mysql/ddl_alter.h"
#include "connectors/mysql/ddl_values.h"
#include "connectors/mysql/schema.h"
#include "connectors/mysql/shadow_names.h"
#include "connectors/mysql/statement_session.h"
#include "connectors/mysql/types.h"

namespace sluice::mysql {
namespace {

using connector::SchemaWriter;
using model::DdlChange;
using model::DdlKind;
using model::ObjectName;
using model::TablePtr;

constexpr const char* kDatabase = ShadowNames::kDatabase;
constexpr const char* kLock = "sluice.shadow";

const ColumnNames& SameColumns() {
  static const ColumnNames kSame = [](std::string_view column) { return std::optional<std::string>(column); };
  return kSame;
}

// Types that the other flavour does not have.
bool IsOwnType(const std::string& word) {
  return word == "json" || word == "uuid" || word == "inet4" || word == "inet6" || word == "vector";
}

// The server names unnamed constraints after their table: <table>_ibfk_1, <table>_chk_1 (MySQL).
void RenameGenerated(CreateTable& table, const std::string& shadow, const std::string& source) {
  for (const std::string_view infix : {"_ibfk_", "_chk_"}) {
    const std::string ours = shadow + std::string(infix);
    const std::string theirs = source + std::string(infix);
    unsigned highest = 0;
    for (const TableElement& element : table.elements) {
      if (!element.name.starts_with(theirs)) continue;
      highest =
          std::max(highest, static_cast<unsigned>(std::strtoul(element.name.c_str() + theirs.size(), nullptr, 10)));
    }
    for (TableElement& element : table.elements) {
      if (!element.name.starts_with(ours) || element.tokens.size() < 2) continue;
      element.name = theirs + std::to_string(++highest);
      element.tokens[1] = sql::BacktickName(element.name);
    }
  }
}

}  // namespace

class ShadowRun {
 public:
  ShadowRun(MySqlSchemaWriter& writer, const DdlChange& ddl, const connector::ServerInfo& source)
      : writer_(writer),
        connection_(writer.connection_),
        ddl_(ddl),
        source_(source),
        flavour_(source, writer.capabilities_),
        dialect_(DialectFor(ddl.sql_mode, source.flavour, source.version)),
        shadow_{kDatabase, "shadow_table"},  // one name is enough: the lock is the server's
        names_(ddl.objects.at(0), shadow_) {
    RefuseVersioned();
    Lock();
  }
  ~ShadowRun() {
    try {
      connection_.Execute("DROP TABLE IF EXISTS " + Quote(shadow_.database, shadow_.name));
      ResumeSession(connection_);
      connection_.Execute("SET NAMES utf8mb4");
      connection_.Execute(fmt::format("SET SESSION foreign_key_checks = 1, sql_mode = '{}'", kSessionSqlMode));
      TrySet("sql_log_bin = 1");
      connection_.Query(fmt::format("SELECT RELEASE_LOCK('{}')", kLock));
    } catch (const Error& error) {
      LogWarning("schema",
                 error.info().OneLine());  // the session's end releases the lock, the next run drops the table
    }
  }
  ShadowRun(const ShadowRun&) = delete;
  ShadowRun& operator=(const ShadowRun&) = delete;

  TablePtr AfterAlter(const model::Table& before) {
    const ObjectName& name = ddl_.objects[0];
    auto definition = ParseCreateTable(before.create_statement, name.database, SourceDialect());
    if (!definition) throw Unreadable(before.create_statement);
    const CreateTable old_definition = *definition;
    Make(*definition);
    const sql::Tokens tokens = sql::Tokenize(ddl_.statement, dialect_);
    Notes notes;
    const AlterContext context{name, SameColumns(), names_, flavour_, *definition, nullptr};
    AlterText text = ddl_.kind == DdlKind::kAlterTable    ? TranslateAlter(tokens, ddl_.database, context, notes)
                     : ddl_.kind == DdlKind::kCreateIndex ? TranslateCreateIndex(tokens, context, notes)
                                                          : TranslateDropIndex(tokens, context, notes);
    // Partitions' rows are nothing that a description has.
    std::erase_if(text.actions, [](const std::string& action) { return action.starts_with("EXCHANGE PARTITION"); });
    if (!text.actions.empty()) {
      SetMode(ddl_.sql_mode);
      std::string sql = "ALTER TABLE " + Quote(shadow_.database, shadow_.name);
      for (size_t i = 0; i < text.actions.size(); ++i) sql += (i == 0 ? " " : ", ") + text.actions[i];
      AsSource(sql);
    }
    renamed_ = text.renamed;
    return Describe(name, &before,
                    [&](const std::string& column) { return SourceElement(column, text, old_definition); });
  }

  // The new name, if AfterAlter() met one.
  const std::optional<ObjectName>& renamed() const { return renamed_; }

  TablePtr AfterCreate(const std::map<ObjectName, TablePtr>& before) {
    const ObjectName& name = ddl_.objects[0];
    auto definition = ParseCreateTable(ddl_.statement, ddl_.database, dialect_);
    if (!definition) throw Unreadable(ddl_.statement);
    const bool like = definition->like.has_value();
    if (like) *definition = LikeOf(*definition->like, before);
    if (definition->elements.empty()) throw Unreadable(ddl_.statement);
    const CreateTable stated = *definition;
    AddDefaultCollation(connection_, ddl_, name.database, *definition);
    TakeInlineReferences(*definition);
    SetMode(ddl_.sql_mode);
    if (like) {
      Make(*definition);
    } else {
      AsSource(Prepare(*definition));
    }
    return Describe(name, nullptr, [&](const std::string& column) -> std::optional<sql::Tokens> {
      const TableElement* element = stated.FindColumn(column);
      if (element == nullptr) return std::nullopt;
      return element->tokens;
    });
  }

 private:
  sql::Dialect SourceDialect() const { return DialectFor("", source_.flavour, source_.version); }

  Error Unreadable(const std::string& statement) const {
    return Error(kUnreadableDefinition)
        .Object("table " + ddl_.objects[0].Text())
        .Cause("The statement is: " + statement.substr(0, 400))
        .Remedy("Begin anew with --restart after the change, and report this statement.");
  }

  void RefuseVersioned() const {
    if (!IsVersioned(sql::Tokenize(ddl_.statement, dialect_))) return;
    throw Error(kNotTranslatable)
        .Object("table " + ddl_.objects[0].Text())
        .Cause("It becomes system-versioned, and changes of such tables cannot be followed: " +
               ddl_.statement.substr(0, 400))
        .Remedy("Take the table out of the task's objects and begin anew with --restart.")
        .Side("source");
  }

  void Lock() {
    const OptionalText got = connection_.QueryOne(fmt::format("SELECT GET_LOCK('{}', 60)", kLock));
    if (!got || *got != "1") {
      throw Error(kShadowFailed)
          .Object("table " + ddl_.objects[0].Text())
          .Cause("Another task holds the lock 'sluice.shadow' of the destination.")
          .Retry(RetryClass::kBackoff);
    }
    connection_.Execute(fmt::format("CREATE DATABASE IF NOT EXISTS {}", kDatabase));
    connection_.Execute("SET SESSION foreign_key_checks = 0");
    // Copies are nothing for a log of the destination.
    TrySet("sql_log_bin = 0");
  }

  void TrySet(const std::string& setting) {
    try {
      connection_.Execute("SET SESSION " + setting);
    } catch (const Error& error) {
      if (error.info().retry != RetryClass::kNever || error.info().code == kStopped.id) throw;
    }
  }

  void SetMode(const std::string& mode) {
    if (!mode.empty()) connection_.Execute("SET SESSION sql_mode = " + Literal(flavour_.SqlMode(mode)));
    if (!ddl_.collation.empty()) {
      Notes ignored;
      connection_.Execute("SET SESSION collation_connection = " + Literal(flavour_.Collation(ddl_.collation, ignored)));
    }
  }

  void Run(const std::string& sql) {
    try {
      connection_.Execute(sql, "copy of table " + ddl_.objects[0].Text());
    } catch (const Error& error) {
      if (error.info().retry != RetryClass::kNever || error.info().code == kStopped.id) throw;
      throw Error(kShadowFailed)
          .Object("table " + ddl_.objects[0].Text())
          .Cause(fmt::format("The destination refused it on an empty copy: {}; the source ran: {}",
                             error.info().native_message, ddl_.statement.substr(0, 400)))
          .Remedy("Make the destination able to run it, or begin anew with --restart.")
          .Native(error.info().native_code, error.info().native_message)
          .Side(error.info().side);
    }
  }

  void AsSource(const std::string& sql) {
    AssumeSession(connection_, ddl_.session, sql, "copy of table " + ddl_.objects[0].Text());
    Run(sql);
    ResumeSession(connection_);
  }

  void Make(CreateTable& definition) { Run(Prepare(definition)); }

  // `definition` becomes what is made: under the shadow's names, in this server's flavour. The statement that makes it.
  std::string Prepare(CreateTable& definition) {
    Notes notes;
    definition.if_not_exists = definition.or_replace = false;
    MapTable(definition, ddl_.objects[0], shadow_, SameColumns(), names_, notes);
    flavour_.Translate(definition, notes);
    connection_.Execute("DROP TABLE IF EXISTS " + Quote(shadow_.database, shadow_.name));
    return Render(definition);
  }

  // REFERENCES inside a column's definition: a foreign key where the source makes one of it, else nothing.
  void TakeInlineReferences(CreateTable& definition) {
    std::vector<TableElement> keys;
    for (TableElement& element : definition.elements) {
      if (element.kind != ElementKind::kColumn) continue;
      ColumnText column = ParseColumn(element.tokens);
      const ColumnAttribute* found = column.Find("REFERENCES");
      if (found == nullptr) continue;
      if (flavour_.SourceHonoursInlineReferences()) {
        sql::Tokens key = sql::Tokenize("FOREIGN KEY (", {});
        key.push_back(sql::BacktickName(element.name));
        key.push_back(sql::Symbol(")"));
        key.insert(key.end(), found->tokens.begin(), found->tokens.end());
        keys.push_back(ParseElement(std::move(key)));
      }
      column.Remove("REFERENCES");
      element.tokens = Join(column);
    }
    for (TableElement& key : keys) definition.elements.push_back(std::move(key));
  }

  // LIKE takes over everything but foreign keys and the counter of AUTO_INCREMENT.
  CreateTable LikeOf(const ObjectName& like, const std::map<ObjectName, TablePtr>& before) {
    const auto model = before.find(like);
    if (model == before.end() || model->second == nullptr) {
      throw Error(kShadowFailed)
          .Object("table " + ddl_.objects[0].Text())
          .Cause("It was created LIKE " + like.Text() + ", of which this task knows nothing.")
          .Remedy("Begin anew with --restart, or take the table out of the task's objects.");
    }
    auto definition = ParseCreateTable(model->second->create_statement, like.database, SourceDialect());
    if (!definition) throw Unreadable(model->second->create_statement);
    std::erase_if(definition->elements,
                  [](const TableElement& element) { return element.kind == ElementKind::kForeignKey; });
    for (TableElement& element : definition->elements) {
      // Names of checks are made anew.
      if (element.kind != ElementKind::kCheck || !element.tokens.front().Is("CONSTRAINT") || element.name.empty())
        continue;
      if (source_.flavour != "mariadb") element.tokens.erase(element.tokens.begin(), element.tokens.begin() + 2);
    }
    std::erase_if(definition->options, [](const TableOption& option) { return option.name == "AUTO_INCREMENT"; });
    return *definition;
  }

  // How the source defined a column of the table after an ALTER.
  std::optional<sql::Tokens> SourceElement(const std::string& column, const AlterText& text,
                                           const CreateTable& before) const {
    const auto defined = text.defined.find(sql::ToLower(column));
    if (defined != text.defined.end()) return defined->second;
    const auto renamed = text.renamed_columns.find(sql::ToLower(column));
    const TableElement* element = before.FindColumn(renamed == text.renamed_columns.end() ? column : renamed->second);
    if (element == nullptr) return std::nullopt;
    sql::Tokens tokens = element->tokens;
    if (!tokens.empty()) tokens.front() = sql::BacktickName(column);
    return tokens;
  }

  template <typename SourceOf>
  TablePtr Describe(const ObjectName& name, const model::Table* before, const SourceOf& source_of) {
    MySqlCatalog catalog(writer_.endpoint_, writer_.context_);
    const std::vector<TablePtr> found = catalog.DescribeTables({shadow_});
    if (found.empty()) throw Unreadable(ddl_.statement);
    auto table = std::make_shared<model::Table>(*found[0]);
    auto definition = ParseCreateTable(table->create_statement, kDatabase, writer_.OwnDialect());
    if (!definition) throw Unreadable(table->create_statement);
    Notes notes;
    MapTable(*definition, shadow_, name, SameColumns(), BackNames(names_), notes);
    RenameGenerated(*definition, shadow_.name, name.name);
    if (!flavour_.SameFlavour()) RestoreTypes(*table, *definition, source_of);
    table->name = name;
    table->create_statement = Render(*definition);
    table->foreign_keys.clear();
    for (const TableElement& element : definition->elements) {
      if (element.kind == ElementKind::kForeignKey) AddForeignKey(*table, element);
    }
    if (before != nullptr) {
      table->rows_estimated = before->rows_estimated;
      table->bytes_estimated = before->bytes_estimated;
    }
    return table;
  }

  static void AddForeignKey(model::Table& table, const TableElement& element) {
    const auto text = ParseForeignKey(element, table.name.database);
    if (!text) return;
    model::ForeignKey key;
    key.name = element.name;
    for (const std::string& column : text->columns) {
      if (const auto index = table.FindColumn(column)) key.columns.push_back(*index);
    }
    key.referenced = text->referenced;
    key.referenced_columns = text->referenced_columns;
    key.on_delete = text->on_delete;
    key.on_update = text->on_update;
    table.foreign_keys.push_back(std::move(key));
  }

  // Columns of types that this server lacks are what the source says, in the statement and in the description: the
  // log has their values in the source's form.
  template <typename SourceOf>
  void RestoreTypes(model::Table& table, CreateTable& definition, const SourceOf& source_of) const {
    for (model::Column& column : table.columns) {
      const std::optional<sql::Tokens> tokens = source_of(column.name);
      if (!tokens) continue;
      ColumnText text = ParseColumn(*tokens);
      // MariaDB's JSON is a name for LONGTEXT, here as there.
      if (!IsOwnType(text.TypeWord()) || (text.TypeWord() == "json" && flavour_.source_is_mariadb())) continue;
      column.type = ParseColumnType(sql::Render(text.type));
      for (TableElement& element : definition.elements) {
        if (element.kind == ElementKind::kColumn && sql::EqualIgnoringCase(element.name, column.name)) {
          // Keys, and MySQL's checks, stand among the table's elements already.
          for (const std::string_view beside : {"UNIQUE", "PRIMARY KEY", "REFERENCES", "FIRST", "AFTER"})
            text.Remove(beside);
          if (!flavour_.destination_is_mariadb()) text.Remove("CHECK");
          element.tokens = Join(text);
        }
      }
    }
  }

  MySqlSchemaWriter& writer_;
  Connection& connection_;
  const DdlChange& ddl_;
  const connector::ServerInfo& source_;
  const Flavour flavour_;
  const sql::Dialect dialect_;
  const ObjectName shadow_;
  ShadowNames names_;
  std::optional<ObjectName> renamed_;
};

namespace {

// A table under another name; its references to itself follow.
TablePtr Renamed(const model::Table& table, const ObjectName& name, const sql::Dialect& dialect) {
  auto renamed = std::make_shared<model::Table>(table);
  renamed->name = name;
  for (model::ForeignKey& key : renamed->foreign_keys) {
    if (key.referenced == table.name) key.referenced = name;
  }
  auto definition = ParseCreateTable(table.create_statement, table.name.database, dialect);
  if (!definition) return renamed;
  Notes notes;
  // The table alone changes its name; every other keeps it, qualified.
  class OneName : public model::NameMap {
   public:
    OneName(const ObjectName& from, const ObjectName& to) : from_(from), to_(to) {}
    ObjectName Map(const ObjectName& source) const override { return source == from_ ? to_ : source; }
    std::string MapDatabase(const std::string& source) const override { return source; }
    std::string MapColumn(const ObjectName&, const std::string& column) const override { return column; }
    bool Selected(const ObjectName&) const override { return true; }
    model::TableMappingPtr MapTable(const model::Table&) const override { return nullptr; }

   private:
    const ObjectName& from_;
    const ObjectName& to_;
  };
  MapTable(*definition, table.name, name, SameColumns(), OneName(table.name, name), notes);
  renamed->create_statement = Render(*definition);
  return renamed;
}

}  // namespace

std::vector<connector::TableChange> MySqlSchemaWriter::DescribeAfter(const DdlChange& ddl,
                                                                     const std::vector<TablePtr>& before,
                                                                     const connector::ServerInfo& source) {
  before_.clear();
  after_.clear();
  for (const TablePtr& table : before) {
    if (table != nullptr) before_[table->name] = table;
  }
  if (ddl.objects.empty()) return {};
  const ObjectName& first = ddl.objects[0];
  const auto known = before_.find(first);
  switch (ddl.kind) {
    case DdlKind::kDropTable:
      for (const ObjectName& name : ddl.objects) after_[name] = nullptr;
      break;
    case DdlKind::kRenameTable: {
      const sql::Dialect dialect = DialectFor("", source.flavour, source.version);
      std::map<ObjectName, TablePtr> state = before_;
      for (size_t i = 0; i < ddl.objects.size() && i < ddl.new_names.size(); ++i) {
        const TablePtr table = state[ddl.objects[i]];
        state[ddl.objects[i]] = after_[ddl.objects[i]] = nullptr;
        if (table == nullptr) continue;  // a view, or a table that is not followed
        state[ddl.new_names[i]] = after_[ddl.new_names[i]] = Renamed(*table, ddl.new_names[i], dialect);
      }
      break;
    }
    case DdlKind::kAlterTable:
    case DdlKind::kCreateIndex:
    case DdlKind::kDropIndex: {
      if (known == before_.end()) break;
      ShadowRun run(*this, ddl, source);
      after_[first] = run.AfterAlter(*known->second);
      if (run.renamed() && *run.renamed() != first) {
        const sql::Dialect dialect = DialectFor("", source.flavour, source.version);
        after_[*run.renamed()] = Renamed(*after_[first], *run.renamed(), dialect);
        after_[first] = nullptr;
      }
      break;
    }
    case DdlKind::kCreateTable: {
      const auto stated =
          ParseCreateTable(ddl.statement, ddl.database, DialectFor(ddl.sql_mode, source.flavour, source.version));
      if (known != before_.end() && stated && stated->if_not_exists) {
        after_[first] = known->second;
      } else {
        after_[first] = ShadowRun(*this, ddl, source).AfterCreate(before_);
      }
      break;
    }
    default:
      break;
  }
  std::vector<connector::TableChange> out;
  for (const auto& [name, table] : after_) {
    const auto was = before_.find(name);
    out.push_back({name, was == before_.end() ? nullptr : was->second, table});
  }
  return out;
}

}  // namespace sluice::mysql
