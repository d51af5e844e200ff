// Reads tables from the catalogs: a few queries for all of them together, partitions included.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/definition.h"
#include "connectors/postgresql/definition_parts.h"
#include "connectors/postgresql/definition_questions.h"
#include "connectors/postgresql/names_in_text.h"
#include "model/table.h"

namespace sluice::postgresql {

// A table as the catalogs have it, in both forms.
struct TableRead {
  Definition definition;                 // with its partitions and references
  std::vector<model::ColumnType> types;  // beside definition.columns
  uint64_t rows_estimated = 0;           // of all partitions together
  uint64_t bytes_estimated = 0;
};

// Who answers the questions: a server, or what it wrote down.
class DefinitionAnswers {
 public:
  virtual ~DefinitionAnswers() = default;
  virtual Rows Answer(DefinitionQuestion question, std::span<const OptionalText> parameters) = 0;
  // What the answer about sequences cannot have (before 10).
  virtual void Complete(SequenceDefinition& sequence) = 0;
};

// In no particular order; a table that does not exist is left out.
std::vector<TableRead> ReadTables(Connection& connection, const std::vector<model::ObjectName>& names,
                                  const KnownNames& known);
std::vector<TableRead> ReadTables(DefinitionAnswers& answers, const std::vector<model::ObjectName>& names,
                                  const KnownNames& known);

model::TablePtr MakeTable(const TableRead& read);

// Expressions of a query on `c` (pg_class): rows as the planner would estimate them, and bytes on disk with indexes.
extern const char* const kRowsEstimated;
extern const char* const kBytesEstimated;

}  // namespace sluice::postgresql
