#include "connectors/postgresql/pgoutput/message.h"

#include "base/error.h"
#include "connectors/postgresql/codes.h"

namespace sluice::postgresql::pgoutput {

void ThrowBadMessage(std::string_view cause) {
  throw Error(kBadMessage)
      .Object("message of the source's log")
      .Cause(std::string(cause))
      .Remedy(
          "Something between Sluice and the server alters what it sends, or the server does what this version of "
          "Sluice does not know. Use a newer one, or report it.")
      .Retry(RetryClass::kOnce)
      .Side("source");
}

int64_t UnixMicros(uint64_t server_micros) {
  constexpr uint64_t kEpochs = 946'684'800'000'000;  // 1970-01-01 to 2000-01-01
  return static_cast<int64_t>(server_micros + kEpochs);
}

TupleReader::Value TupleReader::Next() {
  if (left_ == 0) ThrowBadMessage("a row in it has fewer values than its table has columns");
  --left_;
  Value value;
  value.kind = bytes_->Char();
  switch (value.kind) {
    case 'n':
    case 'u':
      return value;
    case 't':
    case 'b':
      value.bytes = bytes_->Take(bytes_->U32());
      return value;
    default:
      ThrowBadMessage("a value in it is of an unknown kind");
  }
}

Begin ReadBegin(Bytes bytes) {
  Begin begin;
  begin.commit_lsn = bytes.U64();
  begin.committed_micros = UnixMicros(bytes.U64());
  begin.xid = bytes.U32();
  return begin;
}

Commit ReadCommit(Bytes bytes) {
  Commit commit;
  bytes.U8();  // flags, none known
  commit.commit_lsn = bytes.U64();
  commit.end_lsn = bytes.U64();
  commit.committed_micros = UnixMicros(bytes.U64());
  if (commit.end_lsn <= commit.commit_lsn) ThrowBadMessage("a commit in it ends before it begins");
  return commit;
}

Commit ReadStreamCommit(Bytes bytes) {
  const uint32_t xid = bytes.U32();
  Commit commit = ReadCommit(bytes);
  commit.xid = xid;
  return commit;
}

Relation ReadRelation(Bytes bytes) {
  Relation relation;
  relation.oid = bytes.U32();
  relation.schema = bytes.Text();
  if (relation.schema.empty()) relation.schema = "pg_catalog";
  relation.name = bytes.Text();
  relation.identity = bytes.Char();
  const size_t columns = bytes.U16();
  for (size_t i = 0; i < columns; ++i) {
    RelationColumn column;
    column.key = (bytes.U8() & 1) != 0;
    column.name = bytes.Text();
    column.type = bytes.U32();
    column.modifier = static_cast<int32_t>(bytes.U32());
    if (column.type == 0) column.type_name = bytes.Text();
    relation.columns.push_back(std::move(column));
  }
  return relation;
}

Truncate ReadTruncate(Bytes bytes) {
  constexpr uint8_t kRestartIdentity = 2;
  Truncate truncate;
  const uint32_t count = bytes.U32();
  truncate.restart_identity = (bytes.U8() & kRestartIdentity) != 0;
  for (uint32_t i = 0; i < count; ++i) truncate.relations.push_back(bytes.U32());
  return truncate;
}

StreamAbort ReadStreamAbort(Bytes bytes) {
  StreamAbort abort;
  abort.xid = bytes.U32();
  abort.subxid = bytes.U32();
  return abort;
}

}  // namespace sluice::postgresql::pgoutput
