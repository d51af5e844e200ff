// The error codes of the MySQL connector: append-only, listed in docs/errors.md.
#pragma once

#include "base/error.h"

namespace sluice::mysql {

inline constexpr ErrorCode kCannotConnect{"MY-0101", "The server cannot be reached"};
inline constexpr ErrorCode kAccessDenied{"MY-0102", "The server refused the account or its password"};
inline constexpr ErrorCode kHostNotAllowed{"MY-0103", "The server does not allow this host to connect"};
inline constexpr ErrorCode kTlsFailed{"MY-0104", "The encrypted connection could not be set up"};
inline constexpr ErrorCode kUnknownHost{"MY-0105", "The host name is not known"};
inline constexpr ErrorCode kConnectionLost{"MY-0106", "The connection to the server was lost"};
inline constexpr ErrorCode kStatementFailed{"MY-0110", "The server refused a statement"};
inline constexpr ErrorCode kLockConflict{"MY-0111", "A lock could not be had"};
inline constexpr ErrorCode kDiskFull{"MY-0112", "The server has no space left"};
inline constexpr ErrorCode kPacketTooLarge{"MY-0113", "A row or statement is larger than the server takes"};
inline constexpr ErrorCode kMissingPrivilege{"MY-0114", "The account lacks a privilege"};
inline constexpr ErrorCode kMissingObject{"MY-0115", "An object does not exist"};
inline constexpr ErrorCode kDuplicateKey{"MY-0116", "A row with this key is already there"};
inline constexpr ErrorCode kForeignKeyViolated{"MY-0117", "A foreign key does not allow the change"};
inline constexpr ErrorCode kValueRefused{"MY-0118", "The destination would change a value"};
inline constexpr ErrorCode kReadOnly{"MY-0119", "The server is read-only"};
inline constexpr ErrorCode kTooManyConnections{"MY-0120", "The server has no connection left"};
inline constexpr ErrorCode kTableChanged{"MY-0121", "A table was altered while it was read"};
inline constexpr ErrorCode kUnsupported{"MY-0122", "The server cannot do this"};
inline constexpr ErrorCode kAlreadyExists{"MY-0123", "An object of this name exists already"};

// The binary log.
inline constexpr ErrorCode kBinaryLogOff{"MY-0201", "The source keeps no binary log"};
inline constexpr ErrorCode kLogPurged{"MY-0202", "The log was purged before it was read"};
inline constexpr ErrorCode kBadEvent{"MY-0203", "The log holds an event that cannot be read"};
inline constexpr ErrorCode kChecksumWrong{"MY-0204", "An event of the log has a wrong checksum"};
inline constexpr ErrorCode kSchemaDrift{"MY-0205", "A table in the log is not as it was described"};
inline constexpr ErrorCode kStatementInLog{"MY-0206", "The log holds a statement where rows are needed"};
inline constexpr ErrorCode kUnknownEvent{"MY-0207", "The log holds an event of an unknown kind"};
inline constexpr ErrorCode kEncryptedLog{"MY-0208", "The log arrives encrypted"};
inline constexpr ErrorCode kLogIncident{"MY-0209", "The source says that changes are missing from its log"};
inline constexpr ErrorCode kOtherServer{"MY-0210", "The position belongs to another server"};
inline constexpr ErrorCode kBadPosition{"MY-0211", "The position is not one of this engine"};
inline constexpr ErrorCode kTransactionCut{"MY-0212", "The log ends within a transaction"};
inline constexpr ErrorCode kDumpRefused{"MY-0213", "The source does not send its log"};
inline constexpr ErrorCode kLateRollback{"MY-0214", "A large transaction was rolled back in the log"};
inline constexpr ErrorCode kPreparedTransaction{"MY-0215", "The rows of a prepared (XA) transaction are not at hand"};
inline constexpr ErrorCode kNoDescription{"MY-0216", "A table in the log has no description"};
inline constexpr ErrorCode kHistoryDiverged{"MY-0217", "The source's history is not the one that was followed"};
inline constexpr ErrorCode kPartialImage{"MY-0218", "A changed row is not whole in the log"};

// Definitions.
inline constexpr ErrorCode kUnreadableDefinition{"MY-0301", "A definition cannot be understood"};
inline constexpr ErrorCode kUnknownCharset{"MY-0302", "The destination lacks a character set"};
inline constexpr ErrorCode kShadowFailed{"MY-0303", "A definition of the log could not be tried out"};
inline constexpr ErrorCode kNoDefinition{"MY-0304", "The source gave no definition of an object"};
inline constexpr ErrorCode kNotTranslatable{"MY-0305", "The destination cannot have such an object"};
inline constexpr ErrorCode kOnlySourceKnows{"MY-0306", "A statement gave rows values that only the source knows"};
inline constexpr ErrorCode kPerhapsRun{"MY-0307", "It cannot be told whether a statement was run"};

// Applying changes.
inline constexpr ErrorCode kRowMissing{"MY-0501", "A row to change is not there"};
inline constexpr ErrorCode kReplayWithoutKey{"MY-0502", "Changes of a table without a key cannot be replayed"};
inline constexpr ErrorCode kFilterFailed{"MY-0503", "A row filter could not be evaluated"};

}  // namespace sluice::mysql
