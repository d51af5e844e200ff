#include "connectors/postgresql/pgoutput/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/time.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/ddl.h"
#include "connectors/postgresql/pgoutput/open_transaction.h"
#include "connectors/postgresql/pgoutput/row_reader.h"

namespace sluice::postgresql::pgoutput {

Decoder::Decoder(DecoderOptions options, const connector::Definitions& definitions, SourceCatalog& catalog)
    : options_(std::move(options)),
      catalog_(catalog),
      relations_(definitions, catalog, options_.selected, options_.neutral),
      reached_(options_.start.lsn),
      emitted_(std::max(options_.ordinal, options_.start.lsn)) {}

Decoder::~Decoder() = default;

void Decoder::Feed(std::string_view message) {
  Bytes bytes(message);
  const char type = bytes.Char();
  switch (static_cast<MessageType>(type)) {
    case MessageType::kBegin:
      if (current_ != nullptr) ThrowBadMessage("a transaction begins within another");
      current_ = std::make_unique<Open>(options_.memory_max);
      current_->begin = ReadBegin(bytes);
      return;
    case MessageType::kCommit: {
      const Commit commit = ReadCommit(bytes);
      if (current_ == nullptr || current_->begin.commit_lsn != commit.commit_lsn) {
        ThrowBadMessage("a transaction ends that did not begin");
      }
      const std::unique_ptr<Open> open = std::exchange(current_, nullptr);
      Finish(*open, commit);
      return;
    }
    case MessageType::kStreamStart:
      if (stream_ != 0) ThrowBadMessage("a stream begins within another");
      stream_ = bytes.U32();
      if (stream_ == 0) ThrowBadMessage("a stream has no transaction");
      // Nothing may follow: the server streams what is large, and then sends the published tables' rows alone.
      Streamed(stream_);
      return;
    case MessageType::kStreamStop:
      stream_ = 0;
      return;
    case MessageType::kStreamCommit: {
      const Commit commit = ReadStreamCommit(bytes);
      const auto found = streamed_.find(commit.xid);
      if (found == streamed_.end()) ThrowBadMessage("a streamed transaction ends that did not begin");
      const std::unique_ptr<Open> open = std::move(found->second);
      streamed_.erase(found);
      open->begin = {commit.commit_lsn, commit.committed_micros, commit.xid};
      Finish(*open, commit);
      return;
    }
    case MessageType::kStreamAbort: {
      const StreamAbort abort = ReadStreamAbort(bytes);
      const auto found = streamed_.find(abort.xid);
      if (found == streamed_.end()) return;  // nothing of it was sent
      if (abort.subxid == abort.xid) {
        streamed_.erase(found);
      } else {
        found->second->rolled_back.insert(abort.subxid);
      }
      return;
    }
    default: {
      const bool in_stream = stream_ != 0 && static_cast<MessageType>(type) != MessageType::kOrigin;
      const uint32_t xid = in_stream ? bytes.U32() : 0;
      Take(type, xid, bytes.Rest());
    }
  }
}

Decoder::Open& Decoder::Streamed(uint32_t xid) {
  std::unique_ptr<Open>& open = streamed_[xid];
  if (open == nullptr) open = std::make_unique<Open>(options_.streamed_memory_max);
  return *open;
}

void Decoder::Take(char type, uint32_t xid, std::string_view body) {
  switch (static_cast<MessageType>(type)) {
    case MessageType::kRelation:
    case MessageType::kInsert:
    case MessageType::kUpdate:
    case MessageType::kDelete:
    case MessageType::kTruncate: {
      Open* open = current_.get();
      if (stream_ != 0) open = &Streamed(stream_);
      if (open == nullptr) ThrowBadMessage("a change stands outside of any transaction");
      Keep(*open, type, xid, body);
      return;
    }
    case MessageType::kType:     // types are known by their numbers
    case MessageType::kOrigin:   // where a transaction came from first
    case MessageType::kMessage:  // what an application wrote into the log for others
      return;
    case MessageType::kBeginPrepare:
    case MessageType::kPrepare:
    case MessageType::kCommitPrepared:
    case MessageType::kRollbackPrepared:
    case MessageType::kStreamPrepare:
      throw Error(kUnknownMessage)
          .Object("message of the source's log")
          .Cause(
              "Prepared transactions are sent before they commit: two_phase was switched on for the replication slot. "
              "Sluice makes its slots without, and then gets a prepared transaction when it commits.")
          .Remedy(
              "Switch it off (ALTER_REPLICATION_SLOT name (TWO_PHASE false) in a replication session, from 18 on), "
              "or begin anew with `sluice run --restart`.")
          .Side("source");
    default:
      throw Error(kUnknownMessage)
          .Object("message of the source's log")
          .Cause(fmt::format("its kind is 0x{:02x}", static_cast<uint8_t>(type)))
          .Remedy("Use a newer version of Sluice.")
          .Retry(RetryClass::kOnce)
          .Side("source");
  }
}

void Decoder::Keep(Open& open, char type, uint32_t xid, std::string_view body) {
  if (static_cast<MessageType>(type) == MessageType::kTruncate) {
    open.truncations.push_back({open.messages, xid, ReadTruncate(Bytes(body))});
  } else if (static_cast<MessageType>(type) == MessageType::kRelation && !options_.records.name.empty()) {
    const Relation relation = ReadRelation(Bytes(body));
    if (model::ObjectName{relation.schema, relation.name} == options_.records) record_relations_.insert(relation.oid);
  } else if (static_cast<MessageType>(type) == MessageType::kInsert && !record_relations_.empty()) {
    open.has_records = open.has_records || record_relations_.contains(Bytes(body).U32());
  }
  open.spool.Append(xid, type, body);
  ++open.messages;
}

std::unordered_map<uint32_t, uint64_t> Decoder::Open::LastTruncations() const {
  std::unordered_map<uint32_t, uint64_t> last;
  for (const Truncation& truncation : truncations) {
    if (rolled_back.contains(truncation.xid)) continue;
    for (const uint32_t relation : truncation.truncate.relations) last[relation] = truncation.message;
  }
  return last;
}

LogPosition Decoder::At(uint64_t lsn) const {
  LogPosition position = options_.start;
  position.lsn = lsn;
  position.part = 0;
  return position;
}

model::TransactionPtr Decoder::NewTransaction(const Commit& commit, uint64_t ordinal) const {
  auto transaction = std::make_unique<model::Transaction>();
  transaction->ordinal = ordinal;
  transaction->gtid = FormatLsn(commit.commit_lsn);
  transaction->committed_micros = commit.committed_micros;
  transaction->received_micros = NowMicros();
  return transaction;
}

void Decoder::Finish(Open& open, const Commit& commit) {
  if (commit.end_lsn <= options_.start.lsn) return;  // it is behind the position: nothing of it is wanted
  committed_micros_ = commit.committed_micros;
  if (open.has_records) return FinishInOrder(open, commit);
  const auto truncated = open.LastTruncations();
  if (!truncated.empty()) {
    // The relations that it names are described by messages of the same transaction, before it.
    open.spool.ReadAll([&](uint32_t, std::string_view message) {
      if (message[0] == 'R') relations_.Set(ReadRelation(Bytes(message.substr(1))));
    });
    EmitTruncates(open, commit);
  }
  model::TransactionPtr filling = NewTransaction(commit, commit.end_lsn);
  bool first = true;
  uint64_t number = 0;
  open.spool.ReadAll([&](uint32_t xid, std::string_view message) {
    const uint64_t here = number++;
    const std::string_view body = message.substr(1);
    if (message[0] == 'R') return relations_.Set(ReadRelation(Bytes(body)));
    if (message[0] == 'T' || (xid != 0 && open.rolled_back.contains(xid))) return;
    ReadRow(message[0], Bytes(body), relations_, *filling, [&](uint32_t relation) {
      const auto last = truncated.find(relation);
      return last != truncated.end() && here < last->second;
    });
    Cut(filling, commit, first);
  });
  reached_ = std::max(reached_, commit.end_lsn);
  if (first && filling->rows.empty()) return;
  filling->first_part = first;
  filling->end = FormatPosition(At(commit.end_lsn));
  Emit(std::move(filling));
}

// Hands on a part when it is large enough.
void Decoder::Cut(model::TransactionPtr& filling, const Commit& commit, bool& first) {
  if (filling->rows.size() < options_.part_rows_max && filling->arena.used() < options_.part_bytes_max) return;
  if (first) EmitEmpty(commit.commit_lsn);
  const uint64_t ordinal = filling->ordinal;
  filling->first_part = std::exchange(first, false);
  filling->last_part = false;
  Emit(std::exchange(filling, NewTransaction(commit, ordinal)));
}

void Decoder::FinishInOrder(Open& open, const Commit& commit) {
  uint32_t part = 1;  // of the rows that come next
  model::TransactionPtr filling = NewTransaction(commit, commit.commit_lsn + part);
  bool first = true;
  const auto hand_on_rows = [&](const LogPosition& end) {
    if (!first || !filling->rows.empty()) {
      filling->first_part = first;
      filling->end = FormatPosition(end);
      Emit(std::move(filling));
    }
    first = true;
  };
  open.spool.ReadAll([&](uint32_t xid, std::string_view message) {
    const std::string_view body = message.substr(1);
    if (message[0] == 'R') return relations_.Set(ReadRelation(Bytes(body)));
    if (xid != 0 && open.rolled_back.contains(xid)) return;
    const bool own = message[0] != 'T' && record_relations_.contains(Bytes(body).U32());
    if (own && message[0] != 'I') return;  // records are deleted again
    if (own || message[0] == 'T') {
      LogPosition end = At(commit.commit_lsn);
      end.part = part;
      hand_on_rows(end);
      if (commit.commit_lsn + part + 2 >= commit.end_lsn) {
        throw Error(kSchemaDrift)
            .Object("transaction at " + FormatLsn(commit.commit_lsn))
            .Cause("It has more schema statements than can be told apart.")
            .Remedy("Begin anew with `sluice run --restart`.")
            .Side("source");
      }
      if (commit.commit_lsn + part + 1 > options_.ordinal) {
        if (std::optional<model::DdlChange> ddl = StatementOf(message))
          EmitStatement(std::move(*ddl), commit, part + 1);
      }
      part += 2;
      filling = NewTransaction(commit, commit.commit_lsn + part);
      return;
    }
    if (filling->ordinal <= options_.ordinal) return;
    ReadRow(message[0], Bytes(body), relations_, *filling, [](uint32_t) { return false; });
    Cut(filling, commit, first);
  });
  reached_ = std::max(reached_, commit.end_lsn);
  hand_on_rows(At(commit.end_lsn));
}

// The record's text is its second column.
std::optional<model::DdlChange> Decoder::StatementOf(std::string_view message) {
  Bytes body(message.substr(1));
  if (message[0] == 'T') {
    model::DdlChange ddl = TruncateOf({ReadTruncate(body)});
    if (ddl.objects.empty()) return std::nullopt;
    return ddl;
  }
  body.U32();
  if (body.Char() != 'N') ThrowBadMessage("an insert has no new row");
  TupleReader tuple(body);
  if (tuple.left() != 2) ThrowBadMessage("a record of a schema statement has not two columns");
  tuple.Next();
  const TupleReader::Value record = tuple.Next();
  if (record.kind != 't') ThrowBadMessage("a record of a schema statement has no text");
  return catalog_.ChangeOf(record.bytes);
}

void Decoder::EmitStatement(model::DdlChange ddl, const Commit& commit, uint32_t part) {
  model::TransactionPtr transaction = NewTransaction(commit, commit.commit_lsn + part);
  LogPosition end = At(commit.commit_lsn);
  end.part = part;
  transaction->end = FormatPosition(end);
  const bool truncate = ddl.kind == model::DdlKind::kTruncateTable;
  transaction->ddl = std::move(ddl);
  Emit(std::move(transaction));
  if (!truncate) catalog_.Changed();
}

// One statement for all: what refers to each other by foreign keys can only be emptied together. No objects: nothing of
// it is followed.
model::DdlChange Decoder::TruncateOf(const std::vector<Truncate>& truncates) {
  std::map<uint32_t, const RelationPlan*> plans;
  TruncateStatement statement;
  for (const Truncate& truncate : truncates) {
    statement.restart_identity = statement.restart_identity || truncate.restart_identity;
    for (const uint32_t relation : truncate.relations) {
      const RelationPlan& plan = relations_.PlanOf(relation);
      if (plan.table != nullptr) plans.emplace(relation, &plan);
    }
  }
  model::DdlChange ddl;
  ddl.kind = model::DdlKind::kTruncateTable;
  ddl.foreign_keys_off = true;
  std::set<model::ObjectName> roots;
  for (const auto& [relation, plan] : plans) roots.insert(plan->table->name);
  for (const model::ObjectName& root : roots) {
    ddl.objects.push_back(root);
    std::vector<TruncateStatement::Target> targets;
    bool whole = false;
    for (const auto& [relation, plan] : plans) {
      if (plan->table->name != root) continue;
      targets.push_back({plan->name, !plan->partitioned});
      whole = whole || plan->name == root;
    }
    if (!whole) {
      // The log names partitions; the statement may have named their table.
      const std::vector<uint32_t> all = catalog_.PartitionsOf(root);
      whole = std::all_of(all.begin(), all.end(), [&](uint32_t one) { return plans.contains(one); });
      if (whole) targets = {{root, false}};
    } else if (targets.size() > 1) {
      targets = {{root, false}};
    }
    statement.tables.insert(statement.tables.end(), targets.begin(), targets.end());
  }
  if (!ddl.objects.empty()) ddl.database = ddl.objects.front().database;
  ddl.statement = statement.Text();
  return ddl;
}

void Decoder::EmitTruncates(const Open& open, const Commit& commit) {
  const uint64_t ordinal = commit.commit_lsn + 1;
  if (ordinal <= options_.ordinal) return;  // done before the stream was opened
  std::vector<Truncate> truncates;
  for (const Open::Truncation& truncation : open.truncations) {
    if (!open.rolled_back.contains(truncation.xid)) truncates.push_back(truncation.truncate);
  }
  model::DdlChange ddl = TruncateOf(truncates);
  if (ddl.objects.empty()) return;
  model::TransactionPtr transaction = NewTransaction(commit, ordinal);
  LogPosition end = At(commit.commit_lsn);
  end.part = 1;
  transaction->end = FormatPosition(end);
  transaction->ddl = std::move(ddl);
  Emit(std::move(transaction));
}

void Decoder::Reached(uint64_t lsn) {
  reached_ = std::max(reached_, lsn);
}

void Decoder::Flush() {
  EmitEmpty(reached_);
}

void Decoder::EmitEmpty(uint64_t lsn) {
  if (lsn <= emitted_) return;
  auto transaction = std::make_unique<model::Transaction>();
  transaction->ordinal = lsn;
  transaction->end = FormatPosition(At(lsn));
  transaction->committed_micros = committed_micros_;
  transaction->received_micros = NowMicros();
  Emit(std::move(transaction));
}

void Decoder::Emit(model::TransactionPtr transaction) {
  emitted_ = std::max(emitted_, transaction->ordinal);
  options_.emit(std::move(transaction));
}

}  // namespace sluice::postgresql::pgoutput
