// The publication of a task: the tables that the log is sent for, made at the source. From PostgreSQL 15 on it is
// limited to what the task carries (publication_limits.h).
//
// Anybody who may can limit a publication further while the task runs, and what it leaves out then is not missed by
// anyone. So it is looked at again and again, and the limits that Sluice made are written down in its comment, a line
// for each table and one for what they depend on:
//     16401 columns 1 2 5 rows (total > 5)
//     16401 identity d 1
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "connectors/postgresql/connection.h"
#include "model/mapping.h"
#include "model/table.h"

namespace sluice::postgresql {

// Made anew if it is there with others; where there is none (test_decoding) the tables' replica identities are judged
// all the same (kNoReplicaIdentity). `connection` is an ordinary session. `with_records`: of the source's schema
// statements too (ddl_trigger.h); then there are no limits. `mappings` stand beside `tables`; without them there are
// none either, nor in a publication that is there as PublicationStatement() makes it.
void PreparePublication(Connection& connection, const std::string& name, const std::vector<model::TablePtr>& tables,
                        const std::vector<model::TableMappingPtr>& mappings = {}, bool with_records = false);

// The statement that makes it, for whoever may when the account may not; and whether it is there as it has to be.
std::string PublicationStatement(Connection& connection, const std::string& name,
                                 const std::vector<model::TablePtr>& tables);
bool PublicationFits(Connection& connection, const std::string& name, const std::vector<model::TablePtr>& tables);

bool DropPublication(Connection& connection, const std::string& name);

// A table of which the publication tells some columns or rows alone.
struct LimitedTable {
  uint32_t oid = 0;
  model::ObjectName name;
  bool has_list = false;
  std::string limit;          // as in the comment, without the number
  bool is_ours = false;       // so Sluice has limited it
  bool is_identified = true;  // by the columns that identified its rows then
};

struct PublicationState {
  bool is_there = false;
  bool tells_all_kinds = false;  // of changes, those of a partition under its own name
  bool lacks_records = false;    // of schema statements, though they are written
  std::vector<LimitedTable> limited;

  // What others have made it leave out, in words; empty: nothing.
  std::string Narrowed() const;
};
PublicationState ReadPublicationState(Connection& connection, const std::string& name);

// Takes the limits of a table away: its rows are identified by other columns now, and so the server may refuse the
// application's changes. Nothing is lost by it. False: somebody holds a lock on the table.
bool PublishWhole(Connection& connection, const std::string& name, const LimitedTable& table);

// The numbers of the columns of tables with a list, as Sluice has made it: also of those that are whole by now, since
// the log may be older.
std::map<uint32_t, std::set<int>> ListedColumns(Connection& connection, const std::string& name);

}  // namespace sluice::postgresql
