// Sluice's own records at a MySQL-family destination: the database `sluice` with three tables.
//   chunk     the chunks of the full load that are in; a chunk's mark is inserted FIRST in the transaction that
//             loads it, so that whoever asks for the marks waits for a load that is still being committed or undone
//   progress  how far each lane of the incremental phase is, written in the lane's own transactions
//   note      small texts by name
//
// The fence. Which run of a task may write is told by its note "owner". A transaction reads that note under a shared
// lock right before it commits (HoldFence): whoever takes the task over locks it alone, and so waits for those that are
// being committed; all others find another owner and are undone. At the end and not at the beginning: a large load or
// transaction would keep the new owner waiting. What fails before that end may have met the new owner's rows, so the
// same is asked then. Statements that commit by themselves are preceded by a look (LookAtFence).
#pragma once

#include <string>

#include "connector/connector.h"
#include "connectors/mysql/connection.h"

namespace sluice::mysql {

inline constexpr const char* kBookkeepingDatabase = "sluice";

// The statement that records one lane's progress; runs inside the lane's transaction.
std::string SaveProgressStatement(const connector::ApplyProgress& progress);

// The statement that marks a chunk as in; error 1062 says that it was in already.
std::string InsertMarkStatement(const connector::ChunkMark& mark);
// Sets the number of rows of a mark that was inserted before they were known.
std::string UpdateMarkStatement(const connector::ChunkMark& mark);

// Rows of a chunk that is in; 0 if it is not.
uint64_t RowsOfMark(Connection& connection, const connector::ChunkMark& mark);

// Creates the database and its tables where they are missing.
void PrepareBookkeeping(Connection& connection);

// The statement that reads who owns the task of a fenced session, under a lock that is held until the transaction's
// end; for what it gives see RequireOwner(). Empty for a session without a fence.
std::string HoldFenceStatement(const connector::Fence& fence);
// Throws kTakenOver unless `note` is the fence's own.
void RequireOwner(const connector::Fence& fence, const OptionalText& note);
// Both at once; the last statement of a transaction before it commits.
void HoldFence(Connection& connection);
// The same without a lock: right before a statement that commits by itself (DDL), which nothing can hold up from there
// on but what holds up the server.
void LookAtFence(Connection& connection);
// After `error`: the same if it is a refusal, in place of which the taking over is told.
void LookAtFence(Connection& connection, const ErrorInfo& error);

// Removes a task's records, and the database with those of the last one.
connector::Bookkeeping::Released ReleaseTask(Connection& connection, const std::string& task);

// Held while the database is created or removed as a whole.
class BookkeepingLock {
 public:
  explicit BookkeepingLock(Connection& connection);  // throws kLockConflict
  ~BookkeepingLock();
  BookkeepingLock(const BookkeepingLock&) = delete;
  BookkeepingLock& operator=(const BookkeepingLock&) = delete;

 private:
  Connection& connection_;
};

}  // namespace sluice::mysql
