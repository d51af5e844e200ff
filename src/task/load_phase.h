// The full load of a task: the cut, which tables are read at it, the load itself, and what a later cut means for the
// tables that an earlier process had begun.
//
// Protocol
//  1. Describe the selected tables; their destination tables exist (schema phase, or the user's own).
//  2. Open the snapshot; the first one of a task by its own protocol (first_cut.cc). Its cut is written to the
//  destination together with the start of the changes, before any row
//     is copied: from then on nothing that the source commits can be missed.
//  3. Describe again: a table that was altered in between is refused, since its rows would not fit.
//  4. Copy. Each chunk's completion stands in the destination transaction that wrote it.
//  5. After a crash: chunks that are marked stay. The rest is read at a new, later cut. Per table:
//       complete        keeps its first cut
//       not begun       is read at the new cut, and changes up to that cut are skipped for it
//       begun           if its rows have a key, no foreign key ties it to others and the source's chunks hold the same
//                       rows at the new cut (ranges of a key do, ranges of pages that rows leave do not): goes on, and
//                       changes up to the new cut are applied idempotently; otherwise it is emptied and read again at
//                       the new cut
//     Tables that are tied by foreign keys are read at one cut together or not at all.
//  6. The store may be a copy of before, whose cuts and plans are not those that the marks were made by. So each
//     attempt numbers its chunks from a random number on, which goes into the store before the first mark: a table with
//     marks that the store does not know, whole ones too, is emptied and read again.
#pragma once

#include <string>
#include <vector>

#include "pipeline/apply.h"
#include "task/schema_phase.h"
#include "task/session.h"

namespace sluice::task {

// A selected table as the task keeps it.
struct TaskTable {
  model::TablePtr table;
  model::TableMappingPtr mapping;
  store::TableRecord record;
};

std::vector<TaskTable> LoadTaskTables(store::Store& store, const std::string& task);
store::TableRecord MakeTableRecord(const model::Table& table, const model::TableMapping& mapping);
void SaveTaskTable(store::Store& store, const std::string& task, const TaskTable& table);

// For a task without a full load, whose destination has the rows already: changes begin at a cut of now. Nothing is
// done where they have begun. Later runs go on from what is applied.
void BeginChanges(Session& session, std::vector<TaskTable>& tables);

// Runs the load to its end, over lost connections. Throws kTablesFailed when tables could not be copied.
void RunLoadPhase(Session& session, SchemaPhase* schema, std::vector<TaskTable>& tables);

// What the tables' cuts mean for the changes, relative to where changes begin.
std::vector<pipeline::TableWindow> MakeWindows(const std::vector<TaskTable>& tables);

// Groups of tables that foreign keys tie together, as indexes into `tables`; untied tables are groups of one.
std::vector<std::vector<size_t>> ForeignKeyGroups(const std::vector<TaskTable>& tables);

}  // namespace sluice::task
