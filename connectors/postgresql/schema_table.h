// One table on its way to statements, with the names, columns and version of the destination.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connector/connector.h"
#include "connectors/postgresql/definition.h"
#include "connectors/postgresql/names_in_text.h"

namespace sluice::postgresql {

class TableTranslator {
 public:
  TableTranslator(const Definition& table, const model::TableMapping& mapping, const model::NameMap& names,
                  uint32_t version);

  // With all indexes at once when `small`.
  std::vector<connector::SchemaStatement> Run(bool small);

 private:
  friend class TableDifference;  // says parts of it

  using Statement = connector::SchemaStatement;

  Statement Make(connector::SchemaStage stage, std::string label, std::string sql) const;
  model::ObjectName NameOf(const Definition& part) const;
  std::string Full(const Definition& part) const;
  // A note, once, when the destination is older than `version`.
  bool Needs(uint32_t version, const std::string& what);
  void Note(const std::string& text);
  // The text with the destination's names; nothing when it uses a column that is left out.
  std::optional<std::string> Expression(const std::string& text) const;

  // schema_table.cc
  std::string Create(const Definition& part);
  std::string Column(const Definition& part, const ColumnDefinition& column, bool typed);
  std::string ColumnConstraints(const Definition& part, const ColumnDefinition& column);
  std::string Identity(const Definition& part, const ColumnDefinition& column);
  std::string Options(const std::vector<std::string>& options) const;
  // schema_table_alter.cc: what CREATE TABLE cannot say, each beginning with ";\n".
  std::string Alterations(const Definition& part);
  std::string ColumnAlterations(const Definition& part, const ColumnDefinition& column);
  std::string InheritedColumn(const Definition& part, const ColumnDefinition& column) const;
  std::string OwnedSequences(const Definition& part);
  std::string Comments(const Definition& part);
  void AddSequences(const Definition& part, std::vector<Statement>& statements) const;
  void AddLateChecks(const Definition& part, std::vector<Statement>& statements);
  void AddForeignKeys(const Definition& part, std::vector<Statement>& statements);
  std::optional<std::string> ForeignKey(const ForeignKeyDefinition& key);
  // schema_table_index.cc
  struct IndexText {
    std::string label;
    std::string sql;
  };
  std::vector<IndexText> Indexes(const Definition& part);
  std::optional<std::string> Index(const Definition& part, const IndexDefinition& index);
  std::string IndexExtras(const Definition& part, const IndexDefinition& index) const;
  std::vector<IndexText> Statistics(const Definition& part);

  static const Definition* ParentOf(const Definition& tree, const Definition& part);
  bool IsStandalone(const Definition& part) const;  // its parents are not carried, or there are none

  const Definition& table_;
  const model::TableMapping& mapping_;
  const model::NameMap& names_;
  const uint32_t version_;
  const NameRewriter rewriter_;
  const ColumnRewriter columns_;
  std::vector<std::string> notes_;
};

// Whether the definition of a constraint ends with these words: "NOT VALID".
bool EndsWithWords(const std::string& definition, const std::string& words);

}  // namespace sluice::postgresql
