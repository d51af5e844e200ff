// The messages of the output plugin pgoutput, protocol versions 1 to 4 (PostgreSQL documentation, "Logical Replication
// Message Formats"). Views point into the message.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/postgresql/pgoutput/bytes.h"

namespace sluice::postgresql::pgoutput {

// The first byte of a message.
enum class MessageType : char {
  kBegin = 'B',
  kCommit = 'C',
  kOrigin = 'O',
  kRelation = 'R',
  kType = 'Y',
  kInsert = 'I',
  kUpdate = 'U',
  kDelete = 'D',
  kTruncate = 'T',
  kMessage = 'M',
  kStreamStart = 'S',
  kStreamStop = 'E',
  kStreamCommit = 'c',
  kStreamAbort = 'A',
  kBeginPrepare = 'b',
  kPrepare = 'P',
  kCommitPrepared = 'K',
  kRollbackPrepared = 'r',
  kStreamPrepare = 'p',
};

// Times are microseconds of the Unix epoch.
struct Begin {
  uint64_t commit_lsn = 0;  // where the commit record begins
  int64_t committed_micros = 0;
  uint32_t xid = 0;
};
struct Commit {
  uint32_t xid = 0;  // of a streamed transaction
  uint64_t commit_lsn = 0;
  uint64_t end_lsn = 0;  // where the commit record ends
  int64_t committed_micros = 0;
};
struct RelationColumn {
  std::string name;
  bool key = false;   // part of the replica identity
  uint32_t type = 0;  // 0: by its name (no server's message: ../test_decoding/translator.h)
  int32_t modifier = -1;
  std::string type_name;  // without what modifies it; follows in the message
};
struct Relation {
  uint32_t oid = 0;
  std::string schema;
  std::string name;
  char identity = 'd';  // pg_class.relreplident
  std::vector<RelationColumn> columns;
};
struct Truncate {
  bool restart_identity = false;
  std::vector<uint32_t> relations;
};
struct StreamAbort {
  uint32_t xid = 0;
  uint32_t subxid = 0;  // equal to xid: all of it
};

// A row as it stands in a message: values one by one.
class TupleReader {
 public:
  explicit TupleReader(Bytes& bytes) : bytes_(&bytes), left_(bytes.U16()) {}
  size_t left() const { return left_; }
  struct Value {
    char kind = 'n';  // 'n' null, 'u' unchanged and not sent, 't' text, 'b' binary
    std::string_view bytes;
  };
  Value Next();

 private:
  Bytes* bytes_;
  size_t left_;
};

// Each reads what follows the message's type (and, inside a stream, the transaction's number).
Begin ReadBegin(Bytes bytes);
Commit ReadCommit(Bytes bytes);
Commit ReadStreamCommit(Bytes bytes);
Relation ReadRelation(Bytes bytes);
Truncate ReadTruncate(Bytes bytes);
StreamAbort ReadStreamAbort(Bytes bytes);

// The server's clock counts microseconds from 2000-01-01.
int64_t UnixMicros(uint64_t server_micros);

}  // namespace sluice::postgresql::pgoutput
