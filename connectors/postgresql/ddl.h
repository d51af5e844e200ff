// Statements that the source's log is carried as.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connector/connector.h"

namespace sluice::postgresql {

// What a TRUNCATE in the log emptied. The log has no statement: we write one, and read it again where it is carried
// out.
struct TruncateStatement {
  struct Target {
    model::ObjectName name;
    bool only = true;  // not for a partitioned table, which has no rows of its own
    bool operator==(const Target&) const = default;
  };
  std::vector<Target> tables;  // a partition of a followed table too
  bool restart_identity = false;

  std::string Text() const;  // TRUNCATE TABLE ONLY "shop"."a", "shop"."b" RESTART IDENTITY
  static std::optional<TruncateStatement> Parse(std::string_view text);
};

// For SchemaWriter::Translate(DdlChange): the same with the destination's names; empty when none is carried. A
// partition is carried where its table is: `ddl.objects` has the tables.
// Throws for every other statement.
std::vector<connector::SchemaStatement> TranslateTruncate(const model::DdlChange& ddl, const model::NameMap& names);
// For DescribeAfter: nothing of the tables changes. Throws for every other statement.
std::vector<connector::TableChange> DescribeAfterTruncate(const model::DdlChange& ddl,
                                                          const std::vector<model::TablePtr>& before);
// The error for a statement that is not carried.
Error NotCarried(const model::DdlChange& ddl);

}  // namespace sluice::postgresql
