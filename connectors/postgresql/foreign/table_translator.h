// One table of another engine on its way to statements.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "connector/connector.h"

namespace sluice::postgresql {

// An index beside the primary key. `body` tells whether two are alike but for their names.
struct ForeignIndex {
  size_t origin = 0;  // which of Table::keys
  std::string name;   // here
  std::string body;
  std::string sql;
};

// A check or a foreign key: ALTER TABLE .. ADD CONSTRAINT name body.
struct ForeignConstraint {
  size_t origin = 0;   // which one of the table's
  std::string source;  // its name there
  std::string name;    // here
  std::string body;
  std::string column;                 // of a foreign key: the first one that refers
  model::ObjectName referenced = {};  // of a foreign key: the table, at the source
  bool acts = false;                  // it changes rows (connector::ActsOnRows)
};

// Why a foreign key of the table has to wait; empty: it has not to.
using WhyKeyWaits = std::function<std::string(const model::Table& table, const model::ForeignKey& key)>;

class ForeignTable {
 public:
  using SchemaStatement = connector::SchemaStatement;
  using SchemaStage = connector::SchemaStage;

  ForeignTable(const model::Table& table, const model::TableMapping& mapping, const model::NameMap& names,
               uint32_t version, WhyKeyWaits why_key_waits = {});

  std::vector<SchemaStatement> Run();
  // The column's name here; empty: it is left out, or is a generated one that cannot be.
  std::string NameOf(const model::Column& column) const;
  // `fill`: what rows that are there get, in place of the column's default (connector/neutral.h).
  std::string Column(const model::Column& column, const std::string& name, const std::string* fill = nullptr);
  std::string PrimaryKey() const;  // "(a, b)"; empty: there is none
  std::vector<ForeignIndex> Indexes();
  std::vector<ForeignConstraint> Checks();  // with those of sets
  std::vector<ForeignConstraint> ForeignKeys();
  void NoteLostColumns();
  // The type of its own that a column with labels has; its name is the column's here.
  model::ObjectName EnumName(const std::string& column) const;
  std::string CreateEnum(const model::ObjectName& own, const std::vector<std::string>& labels) const;
  std::vector<model::ObjectName> EnumTypes() const;
  std::string Default(const model::Column& column, const std::string& name);
  SchemaStatement& Add(SchemaStage stage, std::string label, std::string sql);
  const std::string& full() const { return full_; }
  std::vector<SchemaStatement>& statements() { return statements_; }
  std::vector<std::string>& notes() { return notes_; }
  // Foreign keys that are left out as long as they have to wait, in words.
  const std::vector<std::string>& put_off() const { return put_off_; }

 private:
  void Note(std::string text) { notes_.push_back("not kept: " + std::move(text)); }
  std::string Create();
  std::string Comments() const;
  std::string TypeText(const model::Column& column, const std::string& name);
  std::optional<std::string> Condition(const std::string& text) const;
  std::optional<std::string> Generation(const model::Column& column) const;
  std::string Fill(const model::Column& column, const std::string& value) const;
  void AddForeignKeys(const std::string& title);
  // Whether all columns of a key are here; their names.
  bool Names(const std::vector<uint32_t>& columns, std::string& list) const;
  std::optional<std::string> KeyPart(const model::KeyPart& part) const;

  const model::Table& table_;
  const model::TableMapping& mapping_;
  const model::NameMap& names_;
  const uint32_t version_;
  const WhyKeyWaits why_key_waits_;
  const std::string schema_;
  const std::string full_;
  bool prefix_primary_ = false;
  std::set<std::string> lost_;  // generated columns that cannot be here
  std::vector<std::string> notes_;
  std::vector<std::string> put_off_;
  std::vector<SchemaStatement> statements_;
};

}  // namespace sluice::postgresql
