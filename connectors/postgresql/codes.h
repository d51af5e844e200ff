// The error codes of the PostgreSQL connector: append-only, listed in docs/errors.md. PG-01xx mean what MY-01xx mean.
#pragma once

#include "base/error.h"

namespace sluice::postgresql {

inline constexpr ErrorCode kCannotConnect{"PG-0101", "The server cannot be reached"};
inline constexpr ErrorCode kAccessDenied{"PG-0102", "The server refused the account or its password"};
inline constexpr ErrorCode kHostNotAllowed{"PG-0103", "The server does not allow this host to connect"};
inline constexpr ErrorCode kTlsFailed{"PG-0104", "The encrypted connection could not be set up"};
inline constexpr ErrorCode kUnknownHost{"PG-0105", "The host name is not known"};
inline constexpr ErrorCode kConnectionLost{"PG-0106", "The connection to the server was lost"};
inline constexpr ErrorCode kNoSuchDatabase{"PG-0107", "The database to log in to does not exist"};
inline constexpr ErrorCode kStatementFailed{"PG-0110", "The server refused a statement"};
inline constexpr ErrorCode kLockConflict{"PG-0111", "A lock could not be had"};
inline constexpr ErrorCode kDiskFull{"PG-0112", "The server has no space left"};
inline constexpr ErrorCode kRowTooLarge{"PG-0113", "A row or statement is larger than the server takes"};
inline constexpr ErrorCode kMissingPrivilege{"PG-0114", "The account lacks a privilege"};
inline constexpr ErrorCode kMissingObject{"PG-0115", "An object does not exist"};
inline constexpr ErrorCode kDuplicateKey{"PG-0116", "A row with this key is already there"};
inline constexpr ErrorCode kForeignKeyViolated{"PG-0117", "A foreign key does not allow the change"};
inline constexpr ErrorCode kValueRefused{"PG-0118", "The destination would change a value"};
inline constexpr ErrorCode kReadOnly{"PG-0119", "The server is read-only"};
inline constexpr ErrorCode kTooManyConnections{"PG-0120", "The server has no connection left"};
inline constexpr ErrorCode kTableChanged{"PG-0121", "A table was altered while it was read"};
inline constexpr ErrorCode kUnsupported{"PG-0122", "The server cannot do this"};
inline constexpr ErrorCode kAlreadyExists{"PG-0123", "An object of this name exists already"};
inline constexpr ErrorCode kTimedOut{"PG-0124", "The server's own timeout ended a statement"};
inline constexpr ErrorCode kInUse{"PG-0125", "Another session uses an object"};

// The log. Those that mean what one of MY-02xx means have its number.
inline constexpr ErrorCode kBadPosition{"PG-0201", "The position is not one of this engine"};
inline constexpr ErrorCode kLogRemoved{"PG-0202", "The log was removed before it was read"};
inline constexpr ErrorCode kBadMessage{"PG-0203", "The log holds a message that cannot be read"};
inline constexpr ErrorCode kSchemaDrift{"PG-0205", "A table in the log is not as it was described"};
inline constexpr ErrorCode kUnknownMessage{"PG-0207", "The log holds a message of an unknown kind"};
inline constexpr ErrorCode kOtherServer{"PG-0210", "The position belongs to another server"};
inline constexpr ErrorCode kHistoryDiverged{"PG-0217", "The source's history is not the one that was followed"};
inline constexpr ErrorCode kSlotMissing{"PG-0218", "The replication slot is not there"};
inline constexpr ErrorCode kSlotAhead{"PG-0219", "The replication slot is past the position"};
inline constexpr ErrorCode kNoReplicaIdentity{"PG-0220",
                                              "A table's updates would not be logged with what identifies a row"};
inline constexpr ErrorCode kPublicationChanged{"PG-0221", "The publication leaves out what is followed"};
inline constexpr ErrorCode kSpoolFailed{"PG-0222", "A large transaction cannot be kept in a temporary file"};
inline constexpr ErrorCode kSlotUnfit{"PG-0223", "The replication slot is not one that Sluice can follow"};
inline constexpr ErrorCode kStandby{"PG-0226", "The source is a standby that was not promoted"};
inline constexpr ErrorCode kNoSlotFree{"PG-0227", "No replication slot is free"};

// Definitions.
inline constexpr ErrorCode kNotTranslatable{"PG-0301", "The destination cannot have such an object"};

// Reading and loading.
inline constexpr ErrorCode kBadCopy{"PG-0401", "The server's COPY is not in the format it should be in"};
inline constexpr ErrorCode kRowsMissing{"PG-0402", "Rows did not arrive"};
// Applying changes.
inline constexpr ErrorCode kRowMissing{"PG-0501", "A row to change is not there"};
inline constexpr ErrorCode kReplayWithoutKey{"PG-0502", "Changes of a table without a key cannot be replayed"};
inline constexpr ErrorCode kFilterFailed{"PG-0503", "A row filter could not be evaluated"};
inline constexpr ErrorCode kNoIdentity{"PG-0504", "The log does not tell which row changed"};

}  // namespace sluice::postgresql
