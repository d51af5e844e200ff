#include "connectors/postgresql/schema_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/definition_parts.h"
#include "connectors/postgresql/schema.h"

namespace sluice::postgresql {
namespace {

using connector::SchemaStage;
using connector::SchemaStatement;

// Tables below this size (with indexes) get all their indexes at once: a statement costs more than it saves there.
constexpr uint64_t kIndexesLaterFromBytes = 256 * 1024;

std::vector<std::string> NamesOfColumns(const Definition& table) {
  std::vector<std::string> names;
  for (const ColumnDefinition& column : table.columns) names.push_back(column.name);
  return names;
}

}  // namespace

bool EndsWithWords(const std::string& definition, const std::string& words) {
  return definition.ends_with(" " + words);
}

TableTranslator::TableTranslator(const Definition& table, const model::TableMapping& mapping,
                                 const model::NameMap& names, uint32_t version)
    : table_(table),
      mapping_(mapping),
      names_(names),
      version_(version),
      rewriter_(table.references, names),
      columns_(mapping, names, NamesOfColumns(table)) {}

SchemaStatement TableTranslator::Make(SchemaStage stage, std::string label, std::string sql) const {
  return {.stage = stage,
          .source = mapping_.source,
          .object = mapping_.destination,
          .label = std::move(label),
          .sql = std::move(sql)};
}

model::ObjectName TableTranslator::NameOf(const Definition& part) const {
  return part.name == mapping_.source ? mapping_.destination : rewriter_.Map(part.name);
}

std::string TableTranslator::Full(const Definition& part) const {
  const model::ObjectName name = NameOf(part);
  return Quote(name.database, name.name);
}

void TableTranslator::Note(const std::string& text) {
  if (std::find(notes_.begin(), notes_.end(), text) == notes_.end()) notes_.push_back(text);
}

bool TableTranslator::Needs(uint32_t version, const std::string& what) {
  if (version_ >= version) return true;
  Note(fmt::format("{} need PostgreSQL {}, the destination is older", what, version / 10000));
  return false;
}

std::optional<std::string> TableTranslator::Expression(const std::string& text) const {
  std::string out = rewriter_.Rewrite(text);
  if (!columns_.Rewrite(out)) return std::nullopt;
  return out;
}

bool TableTranslator::IsStandalone(const Definition& part) const {
  return std::none_of(part.parents.begin(), part.parents.end(),
                      [&](const model::ObjectName& parent) { return names_.Selected(parent); });
}

std::string TableTranslator::Options(const std::vector<std::string>& options) const {
  std::string text;
  for (const std::string& option : options) {
    const size_t equals = option.find('=');
    text += (text.empty() ? "" : ", ") + option.substr(0, equals);
    if (equals != std::string::npos) text += " = " + Literal(option.substr(equals + 1));
  }
  return text;
}

std::string TableTranslator::Identity(const Definition& part, const ColumnDefinition& column) {
  Needs(100000, "identity columns");
  std::string text = fmt::format(" GENERATED {} AS IDENTITY", column.identity == 'a' ? "ALWAYS" : "BY DEFAULT");
  for (const SequenceDefinition& sequence : part.sequences) {
    if (sequence.column != column.name) continue;
    const model::ObjectName name = rewriter_.Map(sequence.name);
    text += fmt::format(" (SEQUENCE NAME {} {})", Quote(name.database, name.name), SequenceOptions(sequence));
  }
  return text;
}

std::string TableTranslator::ColumnConstraints(const Definition& part, const ColumnDefinition& column) {
  std::string text;
  if (column.generated != ' ') {
    Needs(column.generated == 'v' ? 180000 : 120000,
          column.generated == 'v' ? "virtual generated columns" : "generated columns");
    const auto expression = Expression(column.default_value);
    text += fmt::format(" GENERATED ALWAYS AS ({}) {}", expression.value_or(""),
                        column.generated == 's' ? "STORED" : "VIRTUAL");
  } else if (column.identity != ' ') {
    // A partition has its table's identity (from 17 on), and must have none when it is attached.
    if (part.partition_bound.empty()) text += Identity(part, column);
  } else if (!column.default_value.empty()) {
    const auto expression = Expression(column.default_value);
    text += " DEFAULT " + expression.value_or("NULL");
  }
  const bool not_valid = column.not_null_not_valid;
  if (column.not_null && !not_valid) {
    const bool named = version_ >= 180000;
    if (named && !column.not_null_name.empty()) text += " CONSTRAINT " + Quote(column.not_null_name);
    text += " NOT NULL";
    if (column.not_null_no_inherit && Needs(180000, "NOT NULL constraints that are not inherited")) {
      text += " NO INHERIT";
    }
  }
  return text;
}

std::string TableTranslator::Column(const Definition& part, const ColumnDefinition& column, bool typed) {
  std::string text = Quote(columns_.Map(column.name));
  if (typed) {
    const std::string constraints = ColumnConstraints(part, column);
    return constraints.empty() ? "" : text + " WITH OPTIONS" + constraints;
  }
  text += " " + rewriter_.Rewrite(column.type);
  if (!column.compression.empty() && Needs(140000, "compression methods of columns")) {
    text += " COMPRESSION " + column.compression;
  }
  if (!column.collation.empty()) text += " COLLATE " + rewriter_.Rewrite(column.collation);
  return text + ColumnConstraints(part, column);
}

std::string TableTranslator::Create(const Definition& part) {
  const bool standalone = IsStandalone(part);
  const bool partition = !part.partition_bound.empty();
  const bool typed = !part.of_type.empty() && !columns_.AnyChanged();
  if (!part.of_type.empty() && !typed) {
    Note(fmt::format("created without OF {}: columns are renamed or left out", part.of_type));
  }
  std::string body;
  const auto add = [&](const std::string& element) {
    if (!element.empty()) body += (body.empty() ? "\n  " : ",\n  ") + element;
  };
  for (const ColumnDefinition& column : part.columns) {
    if (columns_.LeftOut(column.name)) continue;
    if (!standalone && !column.local) continue;
    const bool computable = column.generated == ' ' || Expression(column.default_value).has_value();
    if (!computable) {
      Note(fmt::format("generated column {} left out: it uses a column that is left out", column.name));
      continue;
    }
    add(Column(part, column, typed));
  }
  for (const ConstraintDefinition& check : part.checks) {
    if ((!standalone && !check.local) || EndsWithWords(check.definition, "NOT VALID")) continue;
    const auto definition = Expression(check.definition);
    if (!definition) {
      Note(fmt::format("check {} left out: it uses a column that is left out", check.name));
      continue;
    }
    if (EndsWithWords(check.definition, "NOT ENFORCED") && !Needs(180000, "checks that are not enforced")) continue;
    add("CONSTRAINT " + Quote(check.name) + " " + *definition);
  }
  std::string sql = fmt::format("CREATE {}TABLE {}", part.persistence == 'u' ? "UNLOGGED " : "", Full(part));
  if (typed) sql += " OF " + rewriter_.Rewrite(part.of_type);
  if (!typed || !body.empty()) sql += " (" + body + "\n)";
  if (!part.parents.empty()) {
    std::string parents;
    for (const model::ObjectName& parent : part.parents) {
      if (!names_.Selected(parent)) {
        Note(fmt::format("does not inherit from {}: that table is not carried", parent.Text()));
        continue;
      }
      const model::ObjectName name = rewriter_.Map(parent);
      parents += (parents.empty() ? "" : ", ") + Quote(name.database, name.name);
    }
    if (!parents.empty()) sql += " INHERITS (" + parents + ")";
  }
  if (!part.partition_key.empty()) {
    const auto key = Expression(part.partition_key);
    if (key) {
      Needs(100000, "partitioned tables");
      sql += " PARTITION BY " + *key;
    } else {
      Note("not partitioned: the partition key uses a column that is left out");
    }
  }
  if (!part.access_method.empty()) sql += " USING " + Quote(part.access_method);
  if (!part.options.empty()) sql += " WITH (" + Options(part.options) + ")";
  sql += Alterations(part);
  for (const Definition& one : part.partitions) sql += ";\n" + Create(one);
  if (partition) {
    const Definition* parent = ParentOf(table_, part);
    if (parent != nullptr) {
      sql += fmt::format(";\nALTER TABLE ONLY {} ATTACH PARTITION {} {}", Full(*parent), Full(part),
                         rewriter_.Rewrite(part.partition_bound));
    }
  }
  return sql;
}

const Definition* TableTranslator::ParentOf(const Definition& tree, const Definition& part) {
  for (const Definition& one : tree.partitions) {
    if (&one == &part) return &tree;
    if (const Definition* found = ParentOf(one, part)) return found;
  }
  return nullptr;
}

std::vector<SchemaStatement> TableTranslator::Run(bool small) {
  std::vector<SchemaStatement> statements;
  AddSequences(table_, statements);
  const std::string title = "table " + mapping_.destination.Text();
  std::string create = Create(table_);
  std::vector<IndexText> indexes = Indexes(table_);
  std::vector<IndexText> statistics = Statistics(table_);
  std::move(statistics.begin(), statistics.end(), std::back_inserter(indexes));
  if (small) {
    for (const IndexText& index : indexes) create += ";\n" + index.sql;
    indexes.clear();
  }
  // Tables that others inherit from come before those; the others are created side by side.
  const SchemaStage stage = table_.has_children ? SchemaStage::kTypes : SchemaStage::kBeforeLoad;
  const size_t place = statements.size();
  statements.push_back(Make(stage, title, std::move(create)));
  for (const IndexText& index : indexes) {
    statements.push_back(Make(SchemaStage::kIndexes, index.label + " of " + title, index.sql));
  }
  AddLateChecks(table_, statements);
  AddForeignKeys(table_, statements);
  statements[place].notes = std::move(notes_);
  return statements;
}

std::vector<SchemaStatement> TranslateTable(const model::Table& table, const model::TableMapping& mapping,
                                            const model::NameMap& names, uint32_t version) {
  const Definition definition = DefinitionFromJson(table.create_statement, table.name);
  return TableTranslator(definition, mapping, names, version).Run(table.bytes_estimated < kIndexesLaterFromBytes);
}

}  // namespace sluice::postgresql
