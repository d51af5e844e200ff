// Sluice's own records at a PostgreSQL destination: the schema `sluice` with three tables.
//   chunk     the chunks of the full load that are in; a chunk's mark is inserted in the transaction that loads it
//   progress  how far each lane of the incremental phase is, written in the lane's own transactions
//   note      small texts by name
//
// A transaction that is being committed for a client that died is invisible until it is done. So whoever writes rows
// for a task holds the task's lock (an advisory one, shared) from the first statement of each transaction to its end;
// whoever asks how far the task is takes the same lock alone, and so waits for those.
//
// The fence. Which run of a task may write is told by its note "owner". A transaction that has the task's lock looks at
// it in its next statement, whose snapshot is newer than the lock; whoever takes the task over holds the lock alone. No
// lock on the note's row: each would be written into it. The statement fails where the owner is another one, so that it
// can go out together with others: those after it are not run.
#pragma once

#include <string>

#include "connector/connector.h"
#include "connectors/postgresql/connection.h"

namespace sluice::postgresql {

// Takes the task's lock, shared, until the transaction ends: the first statement of each transaction of a loader and
// of an applier.
std::string ShareTaskLockStatement(const std::string& task);
// The same, alone: waits for all transactions that share it.
std::string HoldTaskLockStatement(const std::string& task);

// The statement that fails (kTakenOver) unless the fence's note is still its own; empty without a fence. With the
// task's lock it holds until the transaction's end. Without, it is a look, as before a schema statement, of which some
// must not run in a transaction with others.
std::string FenceStatement(const connector::Fence& fence);
void LookAtFence(Connection& connection);
// "BEGIN", the task's lock, shared, and the fence.
std::string BeginStatement(const std::string& task, const connector::Fence& fence);

// The statement that records one lane's progress; runs inside the lane's transaction.
std::string SaveProgressStatement(const connector::ApplyProgress& progress);

// Marks a chunk as in; gives one row, or none when it was in already. Waits for a session that works on it.
std::string InsertMarkStatement(const connector::ChunkMark& mark);
// Sets the number of rows of a mark that was inserted before they were known.
std::string UpdateMarkStatement(const connector::ChunkMark& mark);
// Rows of a chunk that is in; 0 if it is not.
uint64_t RowsOfMark(Connection& connection, const connector::ChunkMark& mark);

// Creates the schema and its tables where they are missing.
void PrepareBookkeeping(Connection& connection);

// Removes a task's records, and the schema with those of the last one.
connector::Bookkeeping::Released ReleaseTask(Connection& connection, const std::string& task);

// Held until the transaction's end while the schema is created or removed as a whole.
inline constexpr const char* kBookkeepingLock = "SELECT pg_catalog.pg_advisory_xact_lock(1936487778, 0)";

// How a session whose client is gone without a word is noticed by the server: within about two minutes.
inline constexpr const char* kNoticeDeadClient =
    "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 15; SET tcp_keepalives_count = 6";

}  // namespace sluice::postgresql
