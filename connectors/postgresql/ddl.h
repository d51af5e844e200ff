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
// For DescribeAfter: what the log itself says (ddl_record.h); nothing of the tables changes by TRUNCATE. Throws for
// every other statement.
std::vector<connector::TableChange> DescribeAfterDdl(const model::DdlChange& ddl,
                                                     const std::vector<model::TablePtr>& before);
// What makes the tables of a server of this version follow.
std::vector<connector::SchemaStatement> TranslateChanges(const std::vector<connector::TableChange>& changes,
                                                         const model::DdlChange& ddl, const model::NameMap& names,
                                                         uint32_t version);
// The error for a statement that is not carried.
Error NotCarried(const model::DdlChange& ddl, const std::string& why = "");

// Statements that give a table its new name and schema; empty: it stays.
std::string MoveStatements(const model::ObjectName& from, const model::ObjectName& to);
// Parts of ALTER TABLE that give columns their new names (old, new), which may change places: then by way of names that
// nobody has.
std::vector<std::string> RenamesOfColumns(std::vector<std::pair<std::string, std::string>> moves);

}  // namespace sluice::postgresql
