// What a statement of the log makes of a table's description, from the statement alone: for destinations of another
// engine, which cannot run it on a copy. The definition that is known is edited as the statement says (ddl_edit.h), and
// described anew.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "connectors/mysql/catalog.h"
#include "connectors/mysql/catalog_describe.h"
#include "connectors/mysql/codes.h"
#include "connectors/mysql/connection.h"
#include "connectors/mysql/create_table.h"
#include "connectors/mysql/database_defaults.h"
#include "connectors/mysql/ddl.h"
#include "connectors/mysql/ddl_edit.h"
#include "connectors/mysql/ddl_edit_keys.h"
#include "connectors/mysql/ddl_moment.h"
#include "connectors/mysql/ddl_references.h"
#include "connectors/mysql/sessions.h"

namespace sluice::mysql {

void NotFollowed(const model::DdlChange& ddl, const std::string& why) {
  throw Error(kUnsupported)
      .Object(ddl.objects.empty() ? "" : "table " + ddl.objects.front().Text())
      .Cause(fmt::format("{}, and so cannot be followed to another engine: {}", why, ddl.statement.substr(0, 400)))
      .Remedy("Make the same change at the destination by hand, then begin anew with `sluice run --restart`.")
      .Side("source");
}
namespace {

using connector::TableChange;
using model::DdlKind;
using model::TablePtr;
using sql::Tokens;

class Describer {
 public:
  Describer(const connector::Endpoint& endpoint, const model::DdlChange& ddl, const std::vector<TablePtr>& before,
            const connector::SessionContext& context)
      : connection_(endpoint, context), ddl_(ddl), facts_(ReadCharsetFacts(connection_)) {
    for (const TablePtr& table : before) {
      if (table != nullptr) known_[table->name] = table;
    }
  }

  std::vector<TableChange> Run() {
    std::vector<TableChange> changes = Changes();
    for (const auto& [name, before] : followed_) {
      // Of the changes of one name the last one counts.
      const auto own = std::find_if(changes.rbegin(), changes.rend(),
                                    [&, called = name](const TableChange& change) { return change.name == called; });
      if (own == changes.rend()) {
        changes.push_back({.name = name, .before = before, .after = known_.at(name)});
      } else if (own->after != nullptr) {
        own->after = known_.at(name);
      }
    }
    return changes;
  }

 private:
  std::vector<TableChange> Changes() {
    std::vector<TableChange> changes;
    if (ddl_.objects.empty()) return changes;
    const model::ObjectName& first = ddl_.objects.front();
    const TablePtr table = Known(first);
    switch (ddl_.kind) {
      case DdlKind::kDropTable:
        for (const model::ObjectName& name : ddl_.objects) changes.push_back({name, Known(name), nullptr});
        break;
      case DdlKind::kRenameTable:
        for (size_t i = 0; i < ddl_.objects.size() && i < ddl_.new_names.size(); ++i) {
          const TablePtr was = Known(ddl_.objects[i]);
          if (was != nullptr) Rename(changes, ddl_.objects[i], was, ddl_.new_names[i]);
        }
        break;
      case DdlKind::kCreateTable:
        Create(changes, first, table);
        break;
      case DdlKind::kAlterTable:
      case DdlKind::kCreateIndex:
      case DdlKind::kDropIndex:
        if (table != nullptr) Alter(changes, first, table);
        break;
      default:
        break;
    }
    return changes;
  }

  TablePtr Known(const model::ObjectName& name) const {
    const auto found = known_.find(name);
    return found == known_.end() ? nullptr : found->second;
  }
  sql::Dialect OfServer() const {
    return DialectFor("", connection_.is_mariadb() ? "mariadb" : "mysql", connection_.version());
  }
  sql::Dialect OfStatement() const {
    return DialectFor(ddl_.sql_mode, connection_.is_mariadb() ? "mariadb" : "mysql", connection_.version());
  }

  TablePtr Describe(const CreateTable& definition, const model::ObjectName& name, const model::Table* like) const {
    const TableFacts facts{.type = "BASE TABLE",
                           .engine = like == nullptr ? "InnoDB" : like->storage_engine,
                           .rows = like == nullptr ? 0 : like->rows_estimated,
                           .bytes = like == nullptr ? 0 : like->bytes_estimated,
                           .transactional = like == nullptr || like->transactional};
    const TablePtr table = DescribeTable(name, facts, Render(definition), OfServer(), facts_);
    // The server makes bytes of such texts.
    const bool has_bytes = std::any_of(table->columns.begin(), table->columns.end(), [](const model::Column& column) {
      return column.type.IsText() && column.type.charset == "binary";
    });
    if (has_bytes) NotFollowed(ddl_, "it has a text in the character set binary");
    return table;
  }

  // A later part of the statement may name it as it is called now.
  void AddRenamed(std::vector<TableChange>& changes, const model::ObjectName& from, const TablePtr& before,
                  const model::ObjectName& to, const TablePtr& after, std::map<std::string, std::string> columns = {},
                  std::map<std::string, std::string> filled = {}) {
    auto moved = std::make_shared<model::Table>(*after);
    moved->name = to;
    changes.push_back({.name = from, .before = before, .after = nullptr, .renamed_columns = {}, .renamed_to = to});
    changes.push_back({.name = to,
                       .before = nullptr,
                       .after = moved,
                       .renamed_columns = std::move(columns),
                       .filled = std::move(filled)});
    known_.erase(from);
    known_[to] = std::move(moved);
    Follow({.from = from, .to = to, .columns = {}});
  }

  void Follow(const NewNames& names) {
    for (auto& [name, table] : known_) {
      TablePtr follows = FollowNames(table, names, OfServer());
      if (follows == table) continue;
      followed_.emplace(name, table);
      table = std::move(follows);
    }
  }

  void Rename(std::vector<TableChange>& changes, const model::ObjectName& from, const TablePtr& table,
              const model::ObjectName& to) {
    auto definition = ParseCreateTable(table->create_statement, from.database, OfServer());
    if (!definition) NotFollowed(ddl_, "the table's definition cannot be read");
    RenameGenerated(*definition, from.name, to.name, connection_.is_mariadb());
    AddRenamed(changes, from, table, to, Describe(*definition, from, table.get()));
  }

  void Alter(std::vector<TableChange>& changes, const model::ObjectName& name, const TablePtr& table) {
    auto definition = ParseCreateTable(table->create_statement, name.database, OfServer());
    if (!definition) NotFollowed(ddl_, "the table's definition cannot be read");
    definition->name = name;
    EditedTable edited =
        EditTable(*definition, sql::Tokenize(ddl_.statement, OfStatement()), ddl_, OfStatement().family);
    DdlMoment moment(connection_, ddl_);
    moment.Settle(*definition, edited.table, edited.renamed_columns);
    const model::ObjectName now = edited.renamed.value_or(name);
    const TablePtr after = Describe(edited.table, name, table.get());
    if (after->columns.empty()) NotFollowed(ddl_, "the definition after it cannot be read");
    std::map<std::string, std::string> filled = moment.Filled(*table, *after, edited.renamed_columns);
    known_[name] = after;
    NewNames columns{.from = name, .to = name, .columns = {}};
    for (const auto& [is, was] : edited.renamed_columns) columns.columns[sql::ToLower(was)] = is;
    if (!columns.columns.empty()) Follow(columns);
    if (now == name) {
      changes.push_back({.name = name,
                         .before = table,
                         .after = after,
                         .renamed_columns = std::move(edited.renamed_columns),
                         .filled = std::move(filled)});
    } else {
      AddRenamed(changes, name, table, now, known_.at(name), std::move(edited.renamed_columns), std::move(filled));
    }
  }

  void Create(std::vector<TableChange>& changes, const model::ObjectName& name, const TablePtr& table) {
    auto definition = ParseCreateTable(ddl_.statement, ddl_.database, OfStatement());
    if (!definition) NotFollowed(ddl_, "its definition cannot be read");
    if (table != nullptr && definition->if_not_exists) return;
    if (definition->like) {
      const TablePtr model = Known(*definition->like);
      if (model == nullptr) NotFollowed(ddl_, "the table that it is like is not known");
      definition = ParseCreateTable(model->create_statement, name.database, OfServer());
      if (!definition) NotFollowed(ddl_, "the definition of the table that it is like cannot be read");
      std::erase_if(definition->elements, [](const TableElement& one) { return one.kind == ElementKind::kForeignKey; });
    }
    if (definition->has_query) NotFollowed(ddl_, "its columns are those of a query");
    // Edited by nothing, for the keys inside of columns.
    CreateTable plain = *definition;
    plain.elements.clear();
    plain.name = name;
    plain.if_not_exists = plain.or_replace = false;
    plain.like.reset();
    if (!AddDefaultCollation(connection_, ddl_, plain.name.database, plain)) {
      NotFollowed(ddl_, "the character set of its database is not known");
    }
    std::string adds;
    for (const TableElement& element : definition->elements) {
      adds += (adds.empty() ? "" : ", ") + std::string("ADD ") +
              (element.kind == ElementKind::kColumn ? "COLUMN " : "") + sql::Render(element.tokens);
    }
    const Tokens alter = sql::Tokenize("ALTER TABLE " + sql::BacktickName(name.name).text + " " + adds, OfStatement());
    EditedTable made = EditTable(plain, alter, ddl_, OfStatement().family);
    DdlMoment(connection_, ddl_).Settle(plain, made.table, {});
    const TablePtr after = Describe(made.table, name, nullptr);
    if (after->columns.empty()) NotFollowed(ddl_, "the definition cannot be read");
    // Another table of the same name: nothing of the old one stays.
    if (table != nullptr) changes.push_back({name, table, nullptr});
    changes.push_back({name, nullptr, after});
  }

  Connection connection_;
  const model::DdlChange& ddl_;
  const CharsetFacts facts_;
  std::map<model::ObjectName, TablePtr> known_;
  std::map<model::ObjectName, TablePtr> followed_;  // whose foreign keys followed a new name: as they were before
};

}  // namespace

std::vector<TableChange> DescribeStatement(const connector::Endpoint& endpoint, const model::DdlChange& ddl,
                                           const std::vector<TablePtr>& before,
                                           const connector::SessionContext& context) {
  return Describer(endpoint, ddl, before, context).Run();
}

}  // namespace sluice::mysql
