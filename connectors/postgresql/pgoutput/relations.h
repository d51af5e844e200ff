// The relations that the log has named, and how their rows become those of the described tables. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "connector/definitions.h"
#include "connectors/postgresql/pgoutput/message.h"
#include "model/change.h"

namespace sluice::postgresql::pgoutput {

// What the log does not say of itself: asked of the source's catalog, which may be ahead of the log.
class SourceCatalog {
 public:
  virtual ~SourceCatalog() = default;
  struct Place {
    model::ObjectName root;  // of a table that is no partition: its own name
    bool partitioned = false;
  };
  // Nothing: there is no such relation any more.
  virtual std::optional<Place> PlaceOf(uint32_t oid) = 0;
  // The followed table that had this number when the stream was opened.
  virtual std::optional<model::ObjectName> FollowedAs(uint32_t oid) = 0;
  // format_type() of it.
  virtual std::string TypeText(uint32_t type, int32_t modifier) = 0;
  // A described type without what modifies it, as format_type() writes it.
  virtual std::string PlainType(const std::string& type) = 0;
  // Partitions with rows of that table, as far as they are known.
  virtual std::vector<uint32_t> PartitionsOf(const model::ObjectName& root) = 0;
  // The described column is in no row of this relation, since Sluice has left it out of the publication.
  virtual bool IsUnlisted(uint32_t oid, const model::Table& table, const std::string& column) = 0;
  // Followed tables that are not in the catalog now.
  virtual std::vector<model::ObjectName> Missing() = 0;
  // What a record of a schema statement says (ddl_record.h); nothing: it changed none of the tables.
  virtual std::optional<model::DdlChange> ChangeOf(std::string_view record) = 0;
  // Such a change was handled: the definitions are those behind it.
  virtual void Changed() = 0;
};

// How a relation's rows are read.
struct RelationPlan {
  struct Column {
    uint32_t index = 0;  // into table->columns
    model::TypeKind kind = model::TypeKind::kOther;
    bool is_unsigned = false;
    bool key = false;
    bool trimmed = false;  // the spaces at a value's end are not its own: char(n), for another engine
  };
  model::TablePtr table;  // null: its rows are left out
  model::ObjectName name;
  bool partitioned = false;
  bool whole_rows = false;  // REPLICA IDENTITY FULL
  std::vector<Column> columns;
  uint64_t generation = 0;
};

class Relations {
 public:
  Relations(const connector::Definitions& definitions, SourceCatalog& catalog,
            std::function<bool(const model::ObjectName&)> selected, bool neutral = false)
      : definitions_(definitions), catalog_(catalog), selected_(std::move(selected)), neutral_(neutral) {}

  void Set(Relation relation);
  // Valid until the next call of Set() or a definition changes. Throws kSchemaDrift.
  const RelationPlan& PlanOf(uint32_t oid);

 private:
  struct Known {
    Relation relation;
    RelationPlan plan;
  };
  void Plan(Known& known);
  model::TablePtr Describe(const Known& known, std::optional<SourceCatalog::Place>& place);
  void LeaveOut(const Known& known, const std::optional<SourceCatalog::Place>& place);
  void PlanColumns(Known& known);

  const connector::Definitions& definitions_;
  SourceCatalog& catalog_;
  const std::function<bool(const model::ObjectName&)> selected_;
  const bool neutral_;  // values are those of connector/neutral.h
  std::unordered_map<uint32_t, Known> known_;
  std::set<uint32_t> told_;  // that it is left out
};

}  // namespace sluice::postgresql::pgoutput
