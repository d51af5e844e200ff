// Messages of pgoutput in, transactions out, in the order in which the source committed. One thread. Knows nothing of
// connections.
//
//   1. What belongs to a transaction is kept until it commits (spool.h); streamed ones, which the server sends while
//      they run, each by themselves. Messages of subtransactions that were rolled back are left out.
//   2. At the commit they are decoded, and handed on in parts where they are many.
//   3. A transaction's number (ordinal) is where its commit record ends in the log. So it is the same whenever it is
//      read, whatever else the server sends or leaves out (from 15 on it leaves out empty transactions).
//   4. TRUNCATE stands alone before the rows of its transaction: what the transaction itself had written before into
//      the table is left out, so that the order does not matter. Its number is one more than where the commit record
//      begins, and its position has "part":1: read again from there, the rows follow and the TRUNCATE does not.
//   5. With records of schema statements (../ddl_trigger.h) a transaction is handed on in the order in which it was
//   made:
//      rows, statement, rows. The n-th statement (TRUNCATE counts as one here) has the number 2n more than where the
//      commit record begins and "part":2n, the rows before it one less; the rows behind the last have the
//      transaction's.
//   6. Before the first of several parts comes an empty transaction that ends where the commit record begins: who
//      judges parts by where they begin then asks about the commit, not about what was long before it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "connectors/postgresql/pgoutput/message.h"
#include "connectors/postgresql/pgoutput/relations.h"
#include "connectors/postgresql/pgoutput/spool.h"
#include "connectors/postgresql/position.h"
#include "model/change.h"

namespace sluice::postgresql::pgoutput {

struct DecoderOptions {
  LogPosition start;
  uint64_t ordinal = 0;       // of what was handed on last before `start`
  model::ObjectName records;  // the table with records of schema statements, if there is one
  std::function<bool(const model::ObjectName&)> selected;
  std::function<void(model::TransactionPtr)> emit;  // may wait
  bool neutral = false;                             // connector::ChangeRequest::neutral
  size_t part_rows_max = 20'000;
  size_t part_bytes_max = 8u << 20;
  size_t memory_max = 8u << 20;           // of the transaction that is being sent
  size_t streamed_memory_max = 1u << 20;  // of each of those that still run
};

class Decoder {
 public:
  Decoder(DecoderOptions options, const connector::Definitions& definitions, SourceCatalog& catalog);
  ~Decoder();

  // One message. Throws kBadMessage, kUnknownMessage, kSchemaDrift, kSpoolFailed, and what emit() throws.
  void Feed(std::string_view message);
  // The server says that everything committed before `lsn` was sent.
  void Reached(uint64_t lsn);
  // Hands on how far the log is, if nothing else has said so.
  void Flush();
  bool InTransaction() const { return current_ != nullptr; }

 private:
  struct Open;  // a transaction whose messages come in

  Open& Streamed(uint32_t xid);  // made when it is not there
  void Take(char type, uint32_t xid, std::string_view body);
  void Keep(Open& open, char type, uint32_t xid, std::string_view body);
  void Finish(Open& open, const Commit& commit);
  void EmitTruncates(const Open& open, const Commit& commit);
  model::DdlChange TruncateOf(const std::vector<Truncate>& truncates);
  void FinishInOrder(Open& open, const Commit& commit);
  std::optional<model::DdlChange> StatementOf(std::string_view message);
  void EmitStatement(model::DdlChange ddl, const Commit& commit, uint32_t part);
  void Cut(model::TransactionPtr& filling, const Commit& commit, bool& first);
  void EmitEmpty(uint64_t lsn);
  void Emit(model::TransactionPtr transaction);
  model::TransactionPtr NewTransaction(const Commit& commit, uint64_t ordinal) const;
  LogPosition At(uint64_t lsn) const;

  DecoderOptions options_;
  SourceCatalog& catalog_;
  Relations relations_;
  std::unique_ptr<Open> current_;                       // between Begin and Commit
  std::map<uint32_t, std::unique_ptr<Open>> streamed_;  // by number, those that still run
  std::set<uint32_t> record_relations_;                 // numbers of options_.records
  uint32_t stream_ = 0;                                 // between Stream Start and Stream Stop
  uint64_t reached_;                                    // everything before is handed on or has no rows
  uint64_t emitted_;                                    // ordinal of what was handed on last
  int64_t committed_micros_ = 0;
};

}  // namespace sluice::postgresql::pgoutput
