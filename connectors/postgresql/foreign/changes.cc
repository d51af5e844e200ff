// Tables that a statement of another engine's log changed, made to follow here: the description after it against the
// one before. Only what keeps every row as it is at the source is followed; anything else stops the task.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/ddl.h"
#include "connectors/postgresql/foreign/table.h"
#include "connectors/postgresql/foreign/table_translator.h"
#include "connectors/postgresql/foreign/types.h"

namespace sluice::postgresql {
namespace {

using connector::SchemaStatement;
using connector::TableChange;
using model::TypeKind;

bool SameDefault(const model::Column& a, const model::Column& b) {
  return a.default_value.kind == b.default_value.kind && a.default_value.text == b.default_value.text;
}

// One statement for all of it: the server does it whole or not at all.
class Difference {
 public:
  Difference(const TableChange& change, const model::TablePtr& before, const model::TableMapping& was,
             const model::TableMapping& is, const model::DdlChange& ddl, const model::NameMap& names, uint32_t version)
      : before_(*before),
        after_(*change.after),
        renamed_(change.renamed_columns),
        ddl_(ddl),
        old_(*before, was, names, version),
        new_(*change.after, is, names, version),
        was_(was),
        is_(is) {}

  std::string Sql() {
    MoveTable();
    std::vector<std::pair<std::string, std::string>> old_indexes = old_.Indexes();
    std::vector<std::pair<std::string, std::string>> new_indexes = new_.Indexes();
    RequireSameKeys();
    Columns();
    // By their names, and by what they say: of columns that have another name now the server changes it itself.
    if (renamed_.empty() && was_.destination == is_.destination) {
      std::erase_if(old_indexes, [&](const auto& one) {
        const bool same = std::find(new_indexes.begin(), new_indexes.end(), one) != new_indexes.end();
        if (!same) Add("DROP INDEX IF EXISTS " + Quote(is_.destination.database, one.first));
        return !same;
      });
    }
    for (const auto& [name, sql] : old_indexes) {
      if (!Holds(new_indexes, name)) Add("DROP INDEX IF EXISTS " + Quote(is_.destination.database, name));
    }
    for (const auto& [name, sql] : new_indexes) {
      if (!Holds(old_indexes, name)) Add(sql);
    }
    if (before_.comment != after_.comment) Add("COMMENT ON TABLE " + new_.full() + " IS " + Literal(after_.comment));
    return sql_;
  }

 private:
  void Add(const std::string& sql) { sql_ += (sql_.empty() ? "" : ";\n") + sql; }
  void Alter(const std::string& action) { Add("ALTER TABLE " + new_.full() + " " + action); }

  static bool Holds(const std::vector<std::pair<std::string, std::string>>& indexes, const std::string& name) {
    return std::any_of(indexes.begin(), indexes.end(), [&](const auto& one) { return one.first == name; });
  }

  void MoveTable() {
    const model::ObjectName& from = was_.destination;
    const model::ObjectName& to = is_.destination;
    if (from.name != to.name) {
      Add(fmt::format("ALTER TABLE {} RENAME TO {}", Quote(from.database, from.name), Quote(to.name)));
    }
    if (from.database != to.database) {
      Add(fmt::format("ALTER TABLE {} SET SCHEMA {}", Quote(from.database, to.name), Quote(to.database)));
    }
  }

  // Keys that rows are found by, and what depends on other tables, are not changed under way.
  void RequireSameKeys() const {
    const auto primary = [](const model::Table& table) {
      std::vector<std::string> names;
      for (const model::Key& key : table.keys) {
        if (!key.primary) continue;
        for (const model::KeyPart& part : key.parts) names.push_back(table.columns[part.column].name);
      }
      return names;
    };
    std::vector<std::string> now = primary(after_);
    for (std::string& name : now) name = NameBefore(name);
    const auto checks = [](const model::Table& table) {
      std::vector<std::string> texts;
      for (const model::TableCheck& check : table.checks) texts.push_back(check.expression);
      return texts;
    };
    const auto references = [](const model::Table& table) {
      std::vector<std::string> texts;
      for (const model::ForeignKey& key : table.foreign_keys) texts.push_back(key.name);
      std::sort(texts.begin(), texts.end());
      return texts;
    };
    if (primary(before_) != now || checks(before_) != checks(after_) || references(before_) != references(after_)) {
      throw NotCarried(ddl_);
    }
  }

  std::string NameBefore(const std::string& name) const {
    const auto found = renamed_.find(name);
    return found == renamed_.end() ? name : found->second;
  }
  const model::Column* Before(const model::Column& column) const {
    const std::string name = NameBefore(column.name);
    const auto found = std::find_if(before_.columns.begin(), before_.columns.end(),
                                    [&](const model::Column& one) { return one.name == name; });
    return found == before_.columns.end() ? nullptr : &*found;
  }

  void Columns() {
    for (const model::Column& column : before_.columns) {
      const bool stays = std::any_of(after_.columns.begin(), after_.columns.end(),
                                     [&](const model::Column& one) { return NameBefore(one.name) == column.name; });
      const std::string name = old_.NameOf(column);
      if (!stays && !name.empty()) Alter("DROP COLUMN IF EXISTS " + Quote(name));
    }
    // Names may change places: by way of names that nobody has.
    std::vector<std::pair<std::string, std::string>> moves;
    for (const model::Column& column : after_.columns) {
      const model::Column* was = Before(column);
      if (was == nullptr) continue;
      const std::string from = old_.NameOf(*was);
      const std::string to = new_.NameOf(column);
      if (from.empty() != to.empty()) throw NotCarried(ddl_);
      if (from != to) moves.emplace_back(from, to);
    }
    for (size_t i = 0; i < moves.size(); ++i) {
      Alter(fmt::format("RENAME COLUMN {} TO {}", Quote(moves[i].first), Quote(fmt::format("sluice moves {}", i))));
    }
    for (size_t i = 0; i < moves.size(); ++i) {
      Alter(fmt::format("RENAME COLUMN {} TO {}", Quote(fmt::format("sluice moves {}", i)), Quote(moves[i].second)));
    }
    for (const model::Column& column : after_.columns) {
      const std::string name = new_.NameOf(column);
      if (name.empty()) continue;
      if (const model::Column* was = Before(column)) {
        Redefine(*was, column, name);
      } else {
        AddColumn(column, name);
      }
    }
  }

  // Rows that are there get the default, at the source as here: it has to be the same at any time.
  void AddColumn(const model::Column& column, const std::string& name) {
    using Kind = model::ColumnDefault::Kind;
    const Kind kind = column.default_value.kind;
    const bool plain = column.generated == model::Generated::kNo && !column.auto_increment &&
                       (kind == Kind::kLiteral || (kind == Kind::kNone && column.nullable));
    const ForeignType type = ToPostgresqlType(after_, static_cast<size_t>(&column - after_.columns.data()));
    if (!plain || !type.labels.empty() || !type.elements.empty() || !type.refusal.empty()) throw NotCarried(ddl_);
    Alter("ADD COLUMN " + new_.Column(column, name));
    if (!column.comment.empty()) Comment(column, name);
  }

  void Comment(const model::Column& column, const std::string& name) {
    Add(fmt::format("COMMENT ON COLUMN {}.{} IS {}", new_.full(), Quote(name), Literal(column.comment)));
  }

  // Types whose values the server turns into each other exactly, or refuses to.
  static bool Converts(TypeKind kind) {
    return kind == TypeKind::kInteger || kind == TypeKind::kDecimal || kind == TypeKind::kVarchar ||
           kind == TypeKind::kText;
  }

  void Redefine(const model::Column& was, const model::Column& column, const std::string& name) {
    const auto index = [](const model::Table& table, const model::Column& one) {
      return static_cast<size_t>(&one - table.columns.data());
    };
    const ForeignType old_type = ToPostgresqlType(before_, index(before_, was));
    const ForeignType type = ToPostgresqlType(after_, index(after_, column));
    const bool same_kind = was.generated == column.generated && was.generated_as == column.generated_as &&
                           was.auto_increment == column.auto_increment && old_type.labels == type.labels &&
                           old_type.elements == type.elements;
    if (!same_kind || !type.refusal.empty()) throw NotCarried(ddl_);
    const std::string alter = "ALTER COLUMN " + Quote(name) + " ";
    if (old_type.text != type.text) {
      const bool numbers = was.type.kind == TypeKind::kInteger || was.type.kind == TypeKind::kDecimal;
      const bool both = column.type.kind == TypeKind::kInteger || column.type.kind == TypeKind::kDecimal;
      // What rounds or cuts at the source is not done over: only what takes every value as it is.
      const bool scale_kept = column.type.kind != TypeKind::kDecimal || column.type.scale >= was.type.scale;
      if (!Converts(was.type.kind) || !Converts(column.type.kind) || numbers != both || !scale_kept) {
        throw NotCarried(ddl_);
      }
      Alter(alter + "TYPE " + type.text);
    }
    if (was.nullable && !column.nullable) Alter(alter + "SET NOT NULL");
    if (!was.nullable && column.nullable) Alter(alter + "DROP NOT NULL");
    if (!SameDefault(was, column) && !column.auto_increment) {
      const std::string value = new_.Default(column, name);
      Alter(alter + (value.empty() ? "DROP DEFAULT" : "SET" + value));
    }
    if (was.comment != column.comment) Comment(column, name);
  }

  const model::Table& before_;
  const model::Table& after_;
  const std::map<std::string, std::string>& renamed_;
  const model::DdlChange& ddl_;
  ForeignTable old_;
  ForeignTable new_;
  const model::TableMapping& was_;
  const model::TableMapping& is_;
  std::string sql_;
};

SchemaStatement Statement(const model::ObjectName& source, const model::ObjectName& here, std::string sql) {
  SchemaStatement statement;
  statement.source = source;
  statement.object = here;
  statement.label = "table " + here.Text();
  statement.sql = std::move(sql);
  return statement;
}

}  // namespace

std::vector<SchemaStatement> TruncateForeign(const model::DdlChange& ddl, const model::NameMap& names) {
  std::vector<SchemaStatement> statements;
  for (const model::ObjectName& source : ddl.objects) {
    if (!names.Selected(source)) continue;
    const model::ObjectName here = names.Map(source);
    // The counter begins anew at the source too.
    statements.push_back(
        Statement(source, here, "TRUNCATE TABLE " + Quote(here.database, here.name) + " RESTART IDENTITY"));
  }
  return statements;
}

std::vector<SchemaStatement> TranslateForeignChanges(const std::vector<TableChange>& changes,
                                                     const model::DdlChange& ddl, const model::NameMap& names,
                                                     uint32_t version, const connector::ServerInfo& /*source*/) {
  std::vector<SchemaStatement> statements;
  std::map<model::ObjectName, model::TablePtr> moved;  // by the new name
  for (const TableChange& change : changes) {
    if (!change.renamed_to.name.empty()) moved[change.renamed_to] = change.before;
  }
  for (const TableChange& change : changes) {
    const auto from = moved.find(change.name);
    const model::TablePtr before = change.before == nullptr && from != moved.end() ? from->second : change.before;
    const model::TableMappingPtr was = before == nullptr ? nullptr : names.MapTable(*before);
    const model::TableMappingPtr is = change.after == nullptr ? nullptr : names.MapTable(*change.after);
    if (before != nullptr && !change.renamed_to.name.empty()) {
      // Its new name is another change; one that is not carried any more stays where it is.
      continue;
    }
    if (was != nullptr && is == nullptr && change.after == nullptr) {
      statements.push_back(
          Statement(change.name, was->destination,
                    "DROP TABLE IF EXISTS " + Quote(was->destination.database, was->destination.name)));
    } else if (was == nullptr && is != nullptr) {
      if (before != nullptr) throw NotCarried(ddl);  // it has rows that were not followed
      for (SchemaStatement& one : TranslateForeignTable(*change.after, *is, names, version)) {
        statements.push_back(std::move(one));
      }
    } else if (was != nullptr && is != nullptr) {
      const std::string sql = Difference(change, before, *was, *is, ddl, names, version).Sql();
      if (!sql.empty()) statements.push_back(Statement(change.name, is->destination, sql));
    }
  }
  return statements;
}

}  // namespace sluice::postgresql
