// One table of another engine on its way to statements.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "connector/connector.h"

namespace sluice::postgresql {

class ForeignTable {
 public:
  using SchemaStatement = connector::SchemaStatement;
  using SchemaStage = connector::SchemaStage;

  ForeignTable(const model::Table& table, const model::TableMapping& mapping, const model::NameMap& names,
               uint32_t version);

  std::vector<SchemaStatement> Run();
  // The column's name here; empty: it is left out.
  std::string NameOf(const model::Column& column) const;
  // Empty: a generated column that cannot be.
  std::string Column(const model::Column& column, const std::string& name);
  // Name and statement of each index beside the primary key.
  std::vector<std::pair<std::string, std::string>> Indexes();
  void ForeignKeys(const std::string& title);
  std::string Default(const model::Column& column, const std::string& name);
  SchemaStatement& Add(SchemaStage stage, std::string label, std::string sql);
  const std::string& full() const { return full_; }
  std::vector<SchemaStatement>& statements() { return statements_; }
  std::vector<std::string>& notes() { return notes_; }

 private:
  void Note(std::string text) { notes_.push_back("not kept: " + std::move(text)); }
  std::string Create();
  std::string Comments() const;
  std::string TypeText(const model::Column& column, const std::string& name);
  std::optional<std::string> Expression(const std::string& text) const;
  // Whether all columns of a key are here; their names.
  bool Names(const std::vector<uint32_t>& columns, std::string& list) const;
  std::optional<std::string> KeyPart(const model::KeyPart& part) const;
  void AddSetCheck(const model::Column& column, const std::string& name, std::string& body);

  const model::Table& table_;
  const model::TableMapping& mapping_;
  const model::NameMap& names_;
  const uint32_t version_;
  const std::string schema_;
  const std::string full_;
  bool prefix_primary_ = false;
  std::set<std::string> lost_;  // generated columns that cannot be here
  std::vector<std::string> notes_;
  std::vector<SchemaStatement> statements_;
};

}  // namespace sluice::postgresql
