#include "connectors/postgresql/schema_table_difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/ddl.h"
#include "sql/token.h"

namespace sluice::postgresql {
namespace {

// Names as the source's statement changed them.
class RenamedAtSource : public model::NameMap {
 public:
  RenamedAtSource(const Definition& before, const Definition& after) : from_(before.name), to_(after.name) {
    for (const ColumnDefinition& column : before.columns) {
      for (const ColumnDefinition& now : after.columns) {
        if (now.number == column.number && column.number != 0) columns_[column.name] = now.name;
      }
    }
  }

  model::ObjectName Map(const model::ObjectName& source) const override { return source == from_ ? to_ : source; }
  std::string MapDatabase(const std::string& source) const override { return source; }
  std::string MapColumn(const model::ObjectName& table, const std::string& column) const override {
    const auto found = columns_.find(column);
    return table == from_ && found != columns_.end() ? found->second : column;
  }
  bool Selected(const model::ObjectName&) const override { return true; }
  model::TableMappingPtr MapTable(const model::Table&) const override { return nullptr; }

 private:
  const model::ObjectName from_;
  const model::ObjectName to_;
  std::map<std::string, std::string> columns_;
};

// Of CREATE INDEX name ON table USING ...: what the index is, whatever the two are called.
size_t BodyAt(const std::string& index) {
  return std::min(FindOutsideQuotes(index, " USING "), index.size());
}

Definition Renamed(const Definition& before, const Definition& after) {
  Definition renamed = before;
  const RenamedAtSource names(before, after);
  const NameRewriter rewriter(before.references, names);
  model::TableMapping mapping;
  mapping.source = before.name;
  std::vector<std::string> list;
  for (const ColumnDefinition& column : before.columns) list.push_back(column.name);
  const ColumnRewriter columns(mapping, names, list);
  const auto rewrite = [&](std::string& text) {
    text = rewriter.Rewrite(text);
    columns.Rewrite(text);
  };
  for (ColumnDefinition& column : renamed.columns) {
    column.name = columns.Map(column.name);
    rewrite(column.default_value);
  }
  for (ConstraintDefinition& check : renamed.checks) rewrite(check.definition);
  for (ForeignKeyDefinition& key : renamed.foreign_keys) {
    rewrite(key.definition);
    for (std::string& column : key.columns) column = columns.Map(column);
  }
  for (IndexDefinition& index : renamed.indexes) {
    const size_t body = BodyAt(index.definition);
    std::string keys = index.definition.substr(body);
    rewrite(keys);
    index.definition = index.definition.substr(0, body) + keys;
    rewrite(index.constraint_definition);
  }
  rewrite(renamed.partition_key);
  return renamed;
}

// Equal for texts that differ in white space and needless quotes.
std::string Plain(const std::string& text) {
  std::string plain;
  for (const sql::Token& token : sql::Tokenize(text, kDialect)) {
    plain += ' ';
    plain += token.kind == sql::TokenKind::kWord ? sql::ToLower(token.value)
             : token.IsName()                    ? token.value
                                                 : token.text;
  }
  return plain;
}

std::string Body(const std::string& index) {
  return index.substr(BodyAt(index));
}

constexpr const char* kNotValid = " NOT VALID";

}  // namespace

TableDifference::TableDifference(const Definition& before, const model::TableMapping& was, const Definition& after,
                                 const model::TableMapping& is, const model::DdlChange& ddl,
                                 const model::NameMap& names, uint32_t version)
    : before_(before),
      after_(after),
      renamed_(Renamed(before, after)),
      was_(was),
      is_(is),
      ddl_(ddl),
      names_(names),
      version_(version),
      old_(before_, was, names, version),
      new_(after_, is, names, version) {}

void TableDifference::Alter(const std::string& action) {
  Add(fmt::format("ALTER TABLE {} {}", new_.Full(after_), action));
}

void TableDifference::Refuse(const std::string& why) const {
  throw NotCarried(ddl_, fmt::format("table {}: {}", before_.name.Text(), why));
}

TableDifferenceSql TableDifference::Run() {
  RequireSameKind();
  if (const std::string moved = MoveStatements(was_.destination, is_.destination); !moved.empty()) Add(moved);
  ForeignKeys();
  DropIndexes();
  Checks();
  Columns();
  Partitions(before_, after_);
  AddIndexes();
  Settings();
  return std::move(sql_);
}

void TableDifference::RequireSameKind() const {
  if (before_.kind != after_.kind) Refuse("it is partitioned now, or no longer");
  if (before_.persistence != after_.persistence) Refuse("it is logged now, or no longer");
  if (before_.of_type != after_.of_type) Refuse("its row type changed");
  if (before_.access_method != after_.access_method) Refuse("its access method changed");
  if (Plain(renamed_.partition_key) != Plain(after_.partition_key)) Refuse("its partition key changed");
  if (before_.parents != after_.parents) Refuse("what it inherits from changed");
  const bool other_type =
      std::any_of(after_.columns.begin(), after_.columns.end(), [&](const ColumnDefinition& column) {
        const ColumnDefinition* was = Before(column);
        return was != nullptr && (was->type != column.type || was->collation != column.collation);
      });
  if (HasRows() && (after_.rewritten & kRewrittenByType) != 0 && !other_type)
    Refuse("its values were changed by USING");
  for (const ColumnDefinition& column : after_.columns) {
    if (column.number == 0) Refuse("its columns cannot be told: the plan is of an older version of Sluice");
  }
  for (const ColumnDefinition& column : before_.columns) {
    if (column.number == 0) Refuse("its columns cannot be told: the plan is of an older version of Sluice");
  }
}

void TableDifference::ForeignKeys() {
  const std::string full_before = Quote(was_.destination.database, was_.destination.name);
  const auto add = [](std::string& to, const std::string& sql) { to += (to.empty() ? "" : ";\n") + sql; };
  std::vector<const ForeignKeyDefinition*> come;
  std::vector<const ForeignKeyDefinition*> go;
  const auto same = [](const ForeignKeyDefinition& a, const ForeignKeyDefinition& b) {
    return a.name == b.name && Plain(a.definition) == Plain(b.definition);
  };
  for (const ForeignKeyDefinition& key : renamed_.foreign_keys) {
    const bool stays = std::any_of(after_.foreign_keys.begin(), after_.foreign_keys.end(),
                                   [&](const ForeignKeyDefinition& one) { return same(key, one); });
    if (!stays) go.push_back(&key);
  }
  for (const ForeignKeyDefinition& key : after_.foreign_keys) {
    const bool was_there = std::any_of(renamed_.foreign_keys.begin(), renamed_.foreign_keys.end(),
                                       [&](const ForeignKeyDefinition& one) { return same(one, key); });
    if (!was_there) come.push_back(&key);
  }
  for (const ForeignKeyDefinition* key : go) {
    const auto renamed = std::find_if(come.begin(), come.end(), [&](const ForeignKeyDefinition* one) {
      return Plain(one->definition) == Plain(key->definition);
    });
    const auto validated = std::find_if(come.begin(), come.end(), [&](const ForeignKeyDefinition* one) {
      return one->name == key->name && Plain(one->definition + kNotValid) == Plain(key->definition);
    });
    if (validated != come.end()) {
      if (names_.Selected(key->referenced))
        add(sql_.after, fmt::format("ALTER TABLE {} VALIDATE CONSTRAINT {}", new_.Full(after_), Quote(key->name)));
      come.erase(validated);
    } else if (renamed != come.end()) {
      if (names_.Selected(key->referenced)) {
        Alter(fmt::format("RENAME CONSTRAINT {} TO {}", Quote(key->name), Quote((*renamed)->name)));
      }
      come.erase(renamed);
    } else {
      add(sql_.before, fmt::format("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}", full_before, Quote(key->name)));
    }
  }
  for (const ForeignKeyDefinition* key : come) {
    if (!names_.Selected(key->referenced)) continue;
    const std::optional<std::string> definition = new_.ForeignKey(*key);
    if (!definition) continue;
    add(sql_.after,
        fmt::format("ALTER TABLE {} ADD CONSTRAINT {} {}", new_.Full(after_), Quote(key->name), *definition));
  }
}

// Those that go; those that come are added when their columns are there (AddIndexes).
void TableDifference::Checks() {
  for (ConstraintDefinition& check : renamed_.checks) {
    const auto by_name = std::find_if(after_.checks.begin(), after_.checks.end(),
                                      [&](const ConstraintDefinition& one) { return one.name == check.name; });
    if (by_name != after_.checks.end()) {
      if (Plain(by_name->definition) == Plain(check.definition)) continue;
      if (Plain(by_name->definition + kNotValid) == Plain(check.definition)) continue;  // validated
    } else {
      const auto same_text =
          std::find_if(after_.checks.begin(), after_.checks.end(), [&](const ConstraintDefinition& one) {
            const bool is_new = std::none_of(before_.checks.begin(), before_.checks.end(),
                                             [&](const ConstraintDefinition& old) { return old.name == one.name; });
            return is_new && Plain(one.definition) == Plain(check.definition);
          });
      if (same_text != after_.checks.end()) {
        Alter(fmt::format("RENAME CONSTRAINT {} TO {}", Quote(check.name), Quote(same_text->name)));
        check.name = same_text->name;
        continue;
      }
    }
    Alter(fmt::format("DROP CONSTRAINT IF EXISTS {}", Quote(check.name)));
  }
}

bool TableDifference::IsSame(const IndexDefinition& old, const IndexDefinition& now) const {
  return old.unique == now.unique && old.constraint_kind == now.constraint_kind &&
         old.nulls_not_distinct == now.nulls_not_distinct &&
         Plain(Body(old.definition)) == Plain(Body(now.definition)) &&
         Plain(old.constraint_definition) == Plain(now.constraint_definition);
}

void TableDifference::DropIndexes() {
  const std::string schema = Quote(is_.destination.database);
  for (IndexDefinition& index : renamed_.indexes) {
    if (!index.valid && before_.kind == 'r') continue;
    const auto named = [&](const std::string& name) {
      return std::find_if(after_.indexes.begin(), after_.indexes.end(), [&](const IndexDefinition& one) {
        return one.name.name == name && (one.valid || after_.kind != 'r');
      });
    };
    const auto same_name = named(index.name.name);
    if (same_name != after_.indexes.end() && IsSame(index, *same_name)) continue;
    const auto renamed = std::find_if(after_.indexes.begin(), after_.indexes.end(), [&](const IndexDefinition& one) {
      const bool is_new = std::none_of(renamed_.indexes.begin(), renamed_.indexes.end(),
                                       [&](const IndexDefinition& old) { return old.name.name == one.name.name; });
      return is_new && IsSame(index, one);
    });
    if (same_name == after_.indexes.end() && renamed != after_.indexes.end()) {
      Add(fmt::format("ALTER INDEX {}.{} RENAME TO {}", schema, Quote(index.name.name), Quote(renamed->name.name)));
      index.name.name = renamed->name.name;
    } else if (index.constraint_kind != ' ') {
      Alter("DROP CONSTRAINT IF EXISTS " + Quote(index.constraint));
      index.name.name.clear();
    } else {
      Add(fmt::format("DROP INDEX IF EXISTS {}.{}", schema, Quote(index.name.name)));
      index.name.name.clear();
    }
  }
}

void TableDifference::AddIndexes() {
  for (const ConstraintDefinition& check : after_.checks) {
    const auto old = std::find_if(renamed_.checks.begin(), renamed_.checks.end(),
                                  [&](const ConstraintDefinition& one) { return one.name == check.name; });
    if (old != renamed_.checks.end() && Plain(old->definition) == Plain(check.definition)) continue;
    if (!check.local && !new_.IsStandalone(after_)) continue;
    if (old != renamed_.checks.end() && Plain(check.definition + kNotValid) == Plain(old->definition)) {
      Alter("VALIDATE CONSTRAINT " + Quote(check.name));
      continue;
    }
    const std::optional<std::string> definition = new_.Expression(check.definition);
    if (definition) Alter(fmt::format("ADD CONSTRAINT {} {}", Quote(check.name), *definition));
  }
  for (const IndexDefinition& index : after_.indexes) {
    if (!index.valid && after_.kind == 'r') continue;
    const bool is_there =
        std::any_of(renamed_.indexes.begin(), renamed_.indexes.end(), [&](const IndexDefinition& one) {
          return one.name.name == index.name.name && (one.valid || before_.kind != 'r');
        });
    if (is_there) continue;
    if (const std::optional<std::string> sql = new_.Index(after_, index)) Add(*sql);
  }
}

// Partitions that came and went. What is done to all of them is done to the table.
void TableDifference::Partitions(const Definition& before, const Definition& after) {
  for (const Definition& old : before.partitions) {
    const auto now = std::find_if(after.partitions.begin(), after.partitions.end(),
                                  [&](const Definition& one) { return one.id == old.id; });
    if (now == after.partitions.end()) {
      if (ddl_.kind != model::DdlKind::kDropTable) Refuse("a partition was detached");
      const model::ObjectName here = old_.NameOf(old);
      Add("DROP TABLE IF EXISTS " + Quote(here.database, here.name));
      continue;
    }
    if (now->partition_bound != old.partition_bound) Refuse("a partition was attached elsewhere");
    Partition(old, *now);
    Partitions(old, *now);
  }
  for (const Definition& one : after.partitions) {
    const bool is_new = std::none_of(before.partitions.begin(), before.partitions.end(),
                                     [&](const Definition& old) { return old.id == one.id; });
    if (!is_new) continue;
    if (!one.unpublished.empty()) Refuse("a partition came whose rows the log does not have: " + one.unpublished);
    if (const auto joins = joining_.find(one.id); joins != joining_.end()) {
      Join(after, one, *joins->second);
      continue;
    }
    if (!one.empty) Refuse("a partition came with rows");
    Add(new_.Create(one));
  }
}

// A table that was carried, and is here with its rows. Its indexes become parts of the table's, or are made.
void TableDifference::Join(const Definition& parent, const Definition& part, const model::TableMapping& was) {
  if (was.filter != is_.filter) Refuse("a table became its partition that has another row filter");
  if (const std::string moved = MoveStatements(was.destination, new_.NameOf(part)); !moved.empty()) Add(moved);
  Add(fmt::format("ALTER TABLE ONLY {} ATTACH PARTITION {} {}", new_.Full(parent), new_.Full(part),
                  new_.rewriter_.Rewrite(part.partition_bound)));
}

// What a partition has of its own.
void TableDifference::Partition(const Definition& before, const Definition& after) {
  const model::ObjectName from = old_.NameOf(before);
  const model::ObjectName to = new_.NameOf(after);
  if (from.name != to.name) {
    Add(fmt::format("ALTER TABLE {} RENAME TO {}", Quote(from.database, from.name), Quote(to.name)));
  }
  if (from.database != to.database) {
    Add(fmt::format("ALTER TABLE {} SET SCHEMA {}", Quote(from.database, to.name), Quote(to.database)));
  }
  const auto own_checks = [](const Definition& part, const Definition& root) {
    std::set<std::string> names;
    for (const ConstraintDefinition& check : part.checks) {
      const bool of_root = std::any_of(root.checks.begin(), root.checks.end(),
                                       [&](const ConstraintDefinition& one) { return one.name == check.name; });
      if (!of_root) names.insert(check.name);
    }
    return names;
  };
  if (own_checks(before, before_) != own_checks(after, after_)) Refuse("a check of a partition alone came or went");
  const auto own = [](const Definition& part, const std::string& name) {
    return std::find_if(part.indexes.begin(), part.indexes.end(), [&](const IndexDefinition& one) {
      return one.name.name == name && one.valid && one.parent.name.empty();
    });
  };
  for (const IndexDefinition& index : before.indexes) {
    if (own(before, index.name.name) == before.indexes.end()) continue;
    const bool stays = std::any_of(after.indexes.begin(), after.indexes.end(),
                                   [&](const IndexDefinition& one) { return one.name.name == index.name.name; });
    if (!stays) Add("DROP INDEX IF EXISTS " + Quote(to.database, index.name.name));
  }
  for (const IndexDefinition& index : after.indexes) {
    if (own(after, index.name.name) == after.indexes.end()) continue;
    const bool was_there = std::any_of(before.indexes.begin(), before.indexes.end(),
                                       [&](const IndexDefinition& one) { return one.name.name == index.name.name; });
    if (was_there) continue;
    if (const std::optional<std::string> sql = new_.Index(after, index)) Add(*sql);
  }
}

void TableDifference::Settings() {
  std::vector<std::string> gone;
  std::vector<std::string> set;
  const auto name_of = [](const std::string& option) { return option.substr(0, option.find('=')); };
  for (const std::string& option : after_.options) {
    if (std::find(before_.options.begin(), before_.options.end(), option) == before_.options.end()) {
      set.push_back(option);
    }
  }
  for (const std::string& option : before_.options) {
    const bool stays = std::any_of(after_.options.begin(), after_.options.end(),
                                   [&](const std::string& one) { return name_of(one) == name_of(option); });
    if (!stays) gone.push_back(name_of(option));
  }
  if (!set.empty()) Alter("SET (" + new_.Options(set) + ")");
  if (!gone.empty()) Alter("RESET (" + new_.Options(gone) + ")");
  if (before_.comment != after_.comment) {
    Add(fmt::format("COMMENT ON TABLE {} IS {}", new_.Full(after_), Literal(after_.comment)));
  }
}

}  // namespace sluice::postgresql
