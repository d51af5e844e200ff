// Statements of the source's log, translated to the destination (SchemaWriter::Translate of a DdlChange).
#include <fmt/format.h>

#include <algorithm>

#include "connectors/mysql/codes.h"
#include "connectors/mysql/ddl.h"
#include "connectors/mysql/ddl_alter.h"
#include "connectors/mysql/ddl_values.h"
#include "connectors/mysql/foreign/table.h"
#include "connectors/mysql/routines.h"
#include "connectors/mysql/schema.h"

namespace sluice::mysql {
namespace {

using connector::SchemaStage;
using connector::SchemaStatement;
using model::DdlChange;
using model::DdlKind;
using model::ObjectName;

std::string QuoteName(const ObjectName& name) {
  return Quote(name.database, name.name);
}

}  // namespace

// One statement's translation; lives for one call.
class DdlTranslator {
 public:
  DdlTranslator(MySqlSchemaWriter& writer, const DdlChange& ddl, const model::NameMap& names,
                const connector::ServerInfo& source)
      : writer_(writer),
        ddl_(ddl),
        names_(names),
        source_(source),
        flavour_(source, writer.capabilities_),
        dialect_(DialectFor(ddl.sql_mode, source.flavour, source.version)) {}

  std::vector<SchemaStatement> Run() {
    switch (ddl_.kind) {
      case DdlKind::kCreateTable:
        CreateTableStatement();
        break;
      case DdlKind::kAlterTable:
      case DdlKind::kCreateIndex:
      case DdlKind::kDropIndex:
        AlterTableStatement();
        break;
      case DdlKind::kDropTable:
        DropStatement("TABLE");
        break;
      case DdlKind::kRenameTable:
        RenameStatement();
        break;
      case DdlKind::kTruncateTable:
        TruncateStatement();
        break;
      case DdlKind::kCreateView:
      case DdlKind::kAlterView:
        ObjectStatement(model::ObjectKind::kView);
        break;
      case DdlKind::kDropView:
        DropStatement("VIEW");
        break;
      case DdlKind::kCreateProcedure:
        ObjectStatement(model::ObjectKind::kProcedure);
        break;
      case DdlKind::kCreateFunction:
        ObjectStatement(model::ObjectKind::kFunction);
        break;
      case DdlKind::kOther:
        break;
    }
    return std::move(out_);
  }

 private:
  SchemaStatement& Emit(SchemaStage stage, model::ObjectKind kind, const ObjectName& source, const ObjectName& object,
                        std::string sql) {
    SchemaStatement& statement = out_.emplace_back();
    statement.stage = stage;
    statement.kind = kind;
    statement.source = source;
    statement.object = object;
    statement.label = fmt::format("{} {}", model::Name(ddl_.kind), object.Text());
    statement.sql = std::move(sql);
    statement.sql_mode = Mode();
    statement.charset = ddl_.charset.empty() ? "" : flavour_.Charset(ddl_.charset);
    Notes ignored;
    statement.collation = flavour_.Collation(ddl_.collation, ignored);
    statement.notes = std::move(notes_);
    notes_.clear();
    return statement;
  }
  SchemaStatement& EmitTable(const ObjectName& source, const ObjectName& object, std::string sql) {
    return Emit(SchemaStage::kBeforeLoad, model::ObjectKind::kTable, source, object, std::move(sql));
  }

  std::string Mode() const {
    if (ddl_.sql_mode.empty()) return "";
    const std::string mode = flavour_.SqlMode(ddl_.sql_mode);
    return mode.empty() ? "NO_ENGINE_SUBSTITUTION" : mode;
  }

  // Column names of a table that the statement touches: of before and after, each mapped by its own mapping. A word
  // that is no column of either stays as it is.
  ColumnNames Columns(const ObjectName& source) const {
    struct Side {
      model::TablePtr table;
      model::TableMappingPtr mapping;
    };
    std::vector<Side> sides;
    const auto add = [&](const std::map<ObjectName, model::TablePtr>& known, const ObjectName& name) {
      const auto at = known.find(name);
      if (at == known.end() || at->second == nullptr) return;
      if (auto mapping = names_.MapTable(*at->second)) sides.push_back({at->second, std::move(mapping)});
    };
    add(writer_.after_, source);
    if (!ddl_.new_names.empty()) add(writer_.after_, ddl_.new_names[0]);
    add(writer_.before_, source);
    return [sides, source, &names = names_](std::string_view column) -> std::optional<std::string> {
      for (const Side& side : sides) {
        const auto index = side.table->FindColumn(column);
        if (!index) continue;
        return NamesOf(*side.mapping, names)(side.table->columns[*index].name);
      }
      if (!sides.empty()) return std::string(column);
      return names.MapColumn(source, std::string(column));
    };
  }

  // The table as it is after the statement, also when that renames it; null if it was not tried out.
  const model::Table* AfterOf(const ObjectName& source) const {
    for (const ObjectName& name : {source, ddl_.new_names.empty() ? source : ddl_.new_names[0]}) {
      const auto found = writer_.after_.find(name);
      if (found != writer_.after_.end() && found->second != nullptr) return found->second.get();
    }
    return nullptr;
  }

  CreateTable TargetOf(const ObjectName& object) {
    const std::string statement = writer_.ShowCreate(object);
    const auto parsed = ParseCreateTable(statement, object.database, writer_.OwnDialect());
    return parsed ? *parsed : CreateTable();
  }

  void CreateTableStatement() {
    const ObjectName& source = ddl_.objects.at(0);
    if (!names_.Selected(source)) return;
    // As the server itself understood the statement, if it was tried out just now: LIKE, defaults and all.
    const auto after = writer_.after_.find(source);
    const bool known = after != writer_.after_.end() && after->second != nullptr;
    const auto stated = ParseCreateTable(ddl_.statement, ddl_.database, dialect_);
    auto definition = known ? ParseCreateTable(after->second->create_statement, source.database,
                                               DialectFor("", source_.flavour, source_.version))
                            : stated;
    if (!definition || (definition->elements.empty() && !definition->like)) {
      throw Error(kUnreadableDefinition)
          .Object("table " + source.Text())
          .Cause("The statement is: " + ddl_.statement.substr(0, 400));
    }
    if (stated) {
      definition->if_not_exists = stated->if_not_exists;
      definition->or_replace = stated->or_replace && writer_.capabilities_.mariadb;
    }
    const ObjectName object = names_.Map(source);
    if (definition->like) {
      definition->name = object;
      definition->like = names_.Map(*definition->like);
    } else {
      MapTable(*definition, source, object, Columns(source), names_, notes_);
      flavour_.Translate(*definition, notes_);
      writer_.ReadTakenNames(*definition);
      writer_.DropTakenNames(*definition, notes_);
    }
    if (stated && stated->or_replace && !writer_.capabilities_.mariadb) {
      EmitTable(source, object, "DROP TABLE IF EXISTS " + QuoteName(object)).label += " (1)";
    }
    SchemaStatement& statement = EmitTable(source, object, Render(*definition));
    if (known) statement.sql_mode.clear();  // the server's own text, in its plain way of writing
  }

  void AlterTableStatement() {
    const ObjectName& source = ddl_.objects.at(0);
    if (!names_.Selected(source)) {
      if (!ddl_.new_names.empty()) RefuseRenameIn(source, ddl_.new_names[0]);
      return;
    }
    const ObjectName object = names_.Map(source);
    const ColumnNames columns = Columns(source);
    const CreateTable target = TargetOf(object);
    const AlterContext context{source, columns, names_, flavour_, target, AfterOf(source)};
    const sql::Tokens tokens = sql::Tokenize(ddl_.statement, dialect_);
    AlterText text = ddl_.kind == DdlKind::kAlterTable    ? TranslateAlter(tokens, ddl_.database, context, notes_)
                     : ddl_.kind == DdlKind::kCreateIndex ? TranslateCreateIndex(tokens, context, notes_)
                                                          : TranslateDropIndex(tokens, context, notes_);
    RefuseOtherRows(source, object, target, text);
    if (text.renamed) AddRename(source, *text.renamed, text.actions);
    if (text.actions.empty()) return;
    std::string sql = "ALTER TABLE " + QuoteName(object);
    for (size_t i = 0; i < text.actions.size(); ++i) sql += (i == 0 ? " " : ", ") + text.actions[i];
    EmitTable(source, object, std::move(sql)).session = ddl_.session;
  }

  // Rows that the statement would leave otherwise here than at the source.
  void RefuseOtherRows(const ObjectName& source, const ObjectName& object, const CreateTable& target,
                       const AlterText& text) const {
    const sql::Tokens tokens = sql::Tokenize(ddl_.statement, dialect_);
    std::string why = WhyRowsAreMissing(tokens);
    if (why.empty() && target.partition.empty() && TakesRowsOfPartitions(tokens) && HasRows(object)) {
      why = "takes the rows of partitions, and the table at the destination has none";
    }
    for (size_t i = 1; why.empty() && i < ddl_.objects.size(); ++i) {
      if (!IsWhole(ddl_.objects[i]) || !IsWhole(source)) {
        why = fmt::format("exchanges rows with {}, and not all rows of both are carried", ddl_.objects[i].Text());
      }
    }
    const auto before = writer_.before_.find(source);
    const model::Table* after = AfterOf(source);
    const bool known = before != writer_.before_.end() && before->second != nullptr && after != nullptr;
    if (why.empty() && known && !text.actions.empty()) {
      const bool same_flavour = (source_.flavour == "mariadb") == writer_.capabilities_.mariadb;
      why = WhyOnlySourceKnows(tokens, *before->second, *after, {IsWhole(source), same_flavour, text.renamed_columns});
      // Where there is no row, none is wrong.
      if (!why.empty() && !HasRows(object)) why.clear();
    }
    if (why.empty()) return;
    throw Error(kOnlySourceKnows)
        .Object("table " + source.Text())
        .Cause(fmt::format("It {}: {}", why, ddl_.statement.substr(0, 400)))
        .Remedy("Begin anew with `sluice run --restart`, which reads the rows as they are now.")
        .Side("source");
  }

  bool HasRows(const ObjectName& object) const {
    return writer_.connection_.QueryOne("SELECT 1 FROM " + QuoteName(object) + " LIMIT 1").has_value();
  }

  bool IsWhole(const ObjectName& name) const {
    if (!names_.Selected(name)) return false;
    const auto known = writer_.before_.find(name);
    if (known == writer_.before_.end() || known->second == nullptr) return false;
    const model::TableMappingPtr mapping = names_.MapTable(*known->second);
    return mapping != nullptr && mapping->filter.empty();
  }

  // Out of the selection: the table gets out of the way of a new one, and its changes are not followed any more.
  void AddRename(const ObjectName& from, const ObjectName& to, std::vector<std::string>& actions) {
    const ObjectName mapped = names_.Map(to);
    if (!names_.Selected(to)) {
      notes_.push_back(
          fmt::format("{} is renamed out of the selection: its changes are not followed from here on", from.Text()));
      if (mapped.database != names_.Map(from).database) return;
    }
    actions.push_back("RENAME TO " + QuoteName(mapped));
  }

  void RefuseRenameIn(const ObjectName& from, const ObjectName& to) const {
    if (!names_.Selected(to)) return;
    throw Error(kNotTranslatable)
        .Object("table " + to.Text())
        .Cause(fmt::format("{} was renamed to it, and that table was not part of the task: its rows are not at the "
                           "destination.",
                           from.Text()))
        .Remedy("Begin anew with --restart, or take the table out of the task's objects.");
  }

  // Names that are there before are there afterwards, and no others: what the definitions say is then no witness of
  // whether a statement that a crash interrupted was run.
  bool OnlySwaps() const {
    std::set<ObjectName> before, now;
    for (size_t i = 0; i < ddl_.objects.size() && i < ddl_.new_names.size(); ++i) {
      if (now.erase(ddl_.objects[i]) == 0) before.insert(ddl_.objects[i]);
      now.insert(ddl_.new_names[i]);
    }
    return before == now;
  }

  void RenameStatement() {
    std::vector<std::string> pairs;
    ObjectName first_source, first_object;
    const bool one_by_one = OnlySwaps();
    std::set<ObjectName> carried;  // names that hold a table of ours while the statement goes on
    for (size_t i = 0; i < ddl_.objects.size() && i < ddl_.new_names.size(); ++i) {
      const ObjectName& from = ddl_.objects[i];
      const ObjectName& to = ddl_.new_names[i];
      const bool ours = carried.erase(from) > 0 || names_.Selected(from);
      if (!ours) {
        RefuseRenameIn(from, to);
        continue;
      }
      const ObjectName old_name = names_.Map(from);
      const ObjectName new_name = names_.Map(to);
      if (!names_.Selected(to)) {
        notes_.push_back(fmt::format("{} is renamed out of the selection", from.Text()));
        if (new_name.database != old_name.database) continue;
        carried.insert(to);
      }
      if (pairs.empty()) first_source = from, first_object = old_name;
      pairs.push_back(QuoteName(old_name) + " TO " + QuoteName(new_name));
      // Each step shows whether it was done.
      if (one_by_one) EmitTable(from, old_name, "RENAME TABLE " + pairs.back());
    }
    if (pairs.empty() || one_by_one) return;
    std::string sql = "RENAME TABLE ";
    for (size_t i = 0; i < pairs.size(); ++i) sql += (i == 0 ? "" : ", ") + pairs[i];
    EmitTable(first_source, first_object, std::move(sql));
  }

  void DropStatement(std::string_view what) {
    std::string list;
    ObjectName first;
    for (const ObjectName& name : ddl_.objects) {
      if (!names_.Selected(name)) continue;
      if (list.empty()) first = name;
      list += (list.empty() ? "" : ", ") + QuoteName(names_.Map(name));
    }
    if (list.empty()) return;
    const bool view = what == "VIEW";
    Emit(view ? SchemaStage::kObjects : SchemaStage::kBeforeLoad,
         view ? model::ObjectKind::kView : model::ObjectKind::kTable, first, names_.Map(first),
         fmt::format("DROP {} IF EXISTS {}", what, list));
  }

  void TruncateStatement() {
    const ObjectName& source = ddl_.objects.at(0);
    if (!names_.Selected(source)) return;
    EmitTable(source, names_.Map(source), "TRUNCATE TABLE " + QuoteName(names_.Map(source)));
  }

  void ObjectStatement(model::ObjectKind kind) {
    const ObjectName& source = ddl_.objects.at(0);
    if (!names_.Selected(source)) return;
    const bool view = kind == model::ObjectKind::kView;
    const ObjectName object = view ? names_.Map(source) : ObjectName{names_.MapDatabase(source.database), source.name};
    BodyContext context;
    // A routine's names belong to its own database, a view's to the session that made it.
    context.default_database = view ? ddl_.database : source.database;
    context.view = view;
    std::string sql =
        TranslateObjectStatement(kind, ddl_.statement, dialect_, context, object, names_, flavour_, notes_);
    Emit(SchemaStage::kObjects, kind, source, object, std::move(sql)).default_database = object.database;
  }

  MySqlSchemaWriter& writer_;
  const DdlChange& ddl_;
  const model::NameMap& names_;
  const connector::ServerInfo& source_;
  const Flavour flavour_;
  const sql::Dialect dialect_;
  Notes notes_;
  std::vector<SchemaStatement> out_;
};

std::vector<SchemaStatement> MySqlSchemaWriter::Translate(const DdlChange& ddl, const model::NameMap& names,
                                                          const connector::ServerInfo& source) {
  exchanges_ = false;
  if (ddl.objects.empty()) return {};
  exchanges_ =
      ddl.kind == DdlKind::kAlterTable && ExchangesRows(sql::Tokenize(ddl.statement, DialectFor(ddl.sql_mode)));
  return DdlTranslator(*this, ddl, names, source).Run();
}

std::vector<SchemaStatement> MySqlSchemaWriter::Translate(const std::vector<connector::TableChange>& /*changes*/,
                                                          const std::vector<model::TablePtr>& /*before*/,
                                                          const model::DdlChange& ddl, const model::NameMap& names,
                                                          const connector::ServerInfo& /*source*/) {
  return TranslateForeignChanges(ddl, names);
}

}  // namespace sluice::mysql
