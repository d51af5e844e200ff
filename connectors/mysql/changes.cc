// The stream of changes: a thread reads and decodes the log ahead of whoever applies it.
//
//   1. The position says where to begin: by GTID where the server has them, else by file and offset, which are only
//      taken from the server that they belong to.
//   2. The thread decodes into a queue that is bounded by bytes. Nothing is dropped: when it is full, the server waits.
//   3. After a schema statement the thread waits until the next call of Next(): only then do the descriptions hold
//      for what follows.
//   4. Any failure ends the thread; Next() hands on what is in the queue, then throws it.
#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <thread>

#include "base/log.h"
#include "connector/change_queue.h"
#include "connector/definitions.h"
#include "connectors/mysql/binlog/decoder.h"
#include "connectors/mysql/binlog/session.h"
#include "connectors/mysql/charset_table.h"
#include "connectors/mysql/codes.h"
#include "connectors/mysql/database_defaults.h"
#include "connectors/mysql/ddl.h"
#include "connectors/mysql/position.h"
#include "connectors/mysql/sessions.h"
#include "connectors/mysql/statement_session.h"
#include "sql/cursor.h"

namespace sluice::mysql {
namespace {

constexpr size_t kQueueBytes = 24u << 20;
constexpr uint64_t kDumpOffsetMax = UINT32_MAX;  // the protocol has 32 bits for it
constexpr uint64_t kFirstOffset = 4;             // behind the magic number of a file

struct StartPlan {
  LogPosition start;  // with `rewind` where reading begins earlier
  bool by_gtid = false;
  bool learn_gtids = false;
  bool gtids_from_none = false;

  const LogPosition& first() const { return start.rewind != nullptr ? *start.rewind : start; }
};

// Servers may have the same transactions in another order, and some of their own between them: the numbers that one's
// log gave them mean others at another.
[[noreturn]] void ThrowCountedElsewhere(const std::string& server, const LogPosition& start) {
  throw Error(kOtherServer)
      .Object("position " + FormatPosition(start).json)
      .Cause(
          fmt::format("The server is {} now. The run before this one was interrupted, and what it had applied beyond "
                      "this position is known by the order of the log of {} alone.",
                      server, start.server))
      .Remedy(
          "Connect to the server that was followed before and let the task catch up, then go on with this one; or "
          "begin anew with --restart.");
}

StartPlan PlanStart(binlog::LogSession& session, const connector::ChangeRequest& request) {
  const model::Position& wanted = request.start;
  const binlog::LogServer& server = session.server();
  StartPlan plan;
  plan.start = ParsePosition(wanted).ValueOrThrow();
  plan.by_gtid = server.has_gtids && !plan.start.gtid.empty();
  if (plan.by_gtid) {
    const bool is_other = !plan.start.server.empty() && plan.start.server != server.identity;
    if (request.counted && is_other) ThrowCountedElsewhere(server.identity, plan.start);
    return plan;
  }
  const LogPosition& start = plan.start;
  if (start.file.empty() || (!start.server.empty() && start.server != server.identity)) {
    throw Error(kOtherServer)
        .Object("position " + wanted.json)
        .Cause(fmt::format("The server is {} now, and without GTIDs on both sides the position means nothing to it.",
                           server.identity))
        .Remedy(
            "Connect to the server that the task began with, or switch GTIDs on there and begin anew with "
            "--restart.")
        .Side(session.connection().endpoint().side);
  }
  if (server.is_mariadb && server.has_gtids) {
    // The server can say which GTIDs lie before a place of its own files; unknown if it is not a place between events.
    const OptionalText gtid = session.connection().QueryOne(
        fmt::format("SELECT BINLOG_GTID_POS({}, {})", Literal(start.file), start.offset), "binary log");
    plan.gtids_from_none = gtid && gtid->empty();
    if (gtid && !gtid->empty()) {
      plan.start.gtid = *gtid;
      plan.by_gtid = true;
      return plan;
    }
  }
  plan.learn_gtids = !server.is_mariadb && server.has_gtids;
  if ((plan.learn_gtids || start.offset > kDumpOffsetMax) && start.rewind == nullptr) {
    LogPosition begin;
    begin.file = start.file;
    begin.offset = kFirstOffset;
    plan.start.rewind = std::make_shared<LogPosition>(std::move(begin));
  }
  return plan;
}

class Changes : public connector::ChangeStream {
 public:
  Changes(const connector::Endpoint& endpoint, const connector::ChangeRequest& request,
          const connector::SessionContext& context)
      : endpoint_(endpoint),
        outer_stop_(context.stop),
        forward_stop_(context.stop, [this] { stop_.request_stop(); }),
        definitions_(request.tables),
        session_(endpoint, connector::SessionContext{stop_.get_token(), context.purpose}),
        defaults_(session_.connection()),
        utf8_(endpoint, connector::SessionContext{stop_.get_token(), "character sets"}),
        queue_(kQueueBytes) {
    const StartPlan plan = PlanStart(session_, request);
    if (session_.server().is_mariadb) IgnoreSequences();
    session_.Begin(plan.first(), plan.by_gtid);
    decoder_ = std::make_unique<binlog::Decoder>(Options(plan, request), definitions_);
    LogInfo(
        "binlog",
        fmt::format("reading the log of {} {} {}", endpoint.Address(), plan.by_gtid ? "after GTIDs" : "from",
                    plan.by_gtid ? plan.first().gtid : fmt::format("{}:{}", plan.first().file, plan.first().offset)));
    thread_ = std::jthread([this] { Run(); });
    pthread_setname_np(thread_.native_handle(), "sluice-binlog");
  }

  ~Changes() override {
    stop_.request_stop();
    queue_.Close();
  }

  model::TransactionPtr Next(Deadline deadline) override { return queue_.Next(outer_stop_, deadline); }

  void Define(const model::ObjectName& name, model::TablePtr table) override {
    definitions_.Set(name, std::move(table));
  }

  void Confirm(const model::Position&) override {}  // a MySQL source keeps its log by age, not by what readers say

 private:
  binlog::DecoderOptions Options(const StartPlan& plan, const connector::ChangeRequest& request) {
    const binlog::LogServer& server = session_.server();
    const std::string flavour = server.is_mariadb ? "mariadb" : "mysql";
    const uint32_t version = session_.connection().version();
    binlog::DecoderOptions options;
    options.traits = {server.is_mariadb, version};
    if (request.neutral) options.traits.to_utf8 = [this](const std::string& charset) { return utf8_.Find(charset); };
    options.checksums = server.checksums;
    options.lower_case_names = server.lower_case_names;
    options.by_gtid = plan.by_gtid;
    options.learn_gtids = plan.learn_gtids;
    options.gtids_from_none = plan.gtids_from_none;
    options.server = server.identity;
    options.start = plan.start;
    options.ordinal = request.ordinal;
    options.collations = server.collations;
    options.selected = request.selected;
    options.classify = [flavour, version](std::string_view statement, std::string_view database,
                                          std::string_view sql_mode) {
      return ClassifyDdl(statement, database, sql_mode, DialectFor(sql_mode, flavour, version));
    };
    options.complete = [this, flavour, version](model::DdlChange& ddl, const std::string& server_collation,
                                                const std::string& utf8mb4_collation) {
      const sql::Dialect dialect = DialectFor(ddl.sql_mode, flavour, version);
      defaults_.Follow(ddl, dialect, {server_collation, utf8mb4_collation});
      if (ddl.kind == model::DdlKind::kOther) IgnoreSequence(ddl, dialect);
    };
    options.emit = [this](model::TransactionPtr transaction) { Put(std::move(transaction)); };
    return options;
  }

  // Sequences of MariaDB are not carried, and their rows come along the log as those of tables do: as of tables that
  // are dropped, nothing is done with them.
  void IgnoreSequences() {
    for (const TextRow& row : session_.connection().Query(
             "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE = 'SEQUENCE'",
             "sequences")) {
      const model::ObjectName name{row[0].value_or(""), row[1].value_or("")};
      if (!definitions_.Find(name)) definitions_.Set(name, nullptr);
    }
  }

  void IgnoreSequence(const model::DdlChange& ddl, const sql::Dialect& dialect) {
    const sql::Tokens tokens = sql::Tokenize(ddl.statement, dialect);
    sql::Cursor cursor(tokens);
    if (!cursor.TakeWord("CREATE")) return;
    cursor.TakeWords({"OR", "REPLACE"});
    if (!cursor.TakeWord("SEQUENCE")) return;
    cursor.TakeWords({"IF", "NOT", "EXISTS"});
    model::ObjectName name;
    if (cursor.TakeName(name, ddl.database)) definitions_.Set(name, nullptr);
  }

  void Run() {
    try {
      while (!stop_.stop_requested()) {
        if (session_.Idle()) decoder_->Flush();
        decoder_->Feed(session_.Read());
      }
      queue_.Close();
    } catch (...) {
      queue_.Close(std::current_exception());
    }
  }

  void Put(model::TransactionPtr transaction) {
    if (transaction->ddl && IsIncomplete(transaction->ddl->session)) {
      Connection connection(endpoint_, connector::SessionContext{stop_.get_token(), "schema statement"});
      CompleteSession(connection, transaction->ddl->session);
    }
    // A MySQL source needs no word from us while it sends.
    queue_.Put(std::move(transaction), stop_.get_token(), milliseconds(10'000), [] {});
  }

  const connector::Endpoint endpoint_;
  std::stop_token outer_stop_;
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> forward_stop_;
  connector::Definitions definitions_;
  binlog::LogSession session_;
  DatabaseDefaults defaults_;  // of the thread
  Utf8Converter utf8_;         // of the thread
  std::unique_ptr<binlog::Decoder> decoder_;
  connector::ChangeQueue queue_;
  std::jthread thread_;  // last: joined before anything that it uses goes
};

}  // namespace

std::unique_ptr<connector::ChangeStream> MakeChangeStream(const connector::Endpoint& endpoint,
                                                          const connector::ChangeRequest& request,
                                                          const connector::SessionContext& context) {
  return std::make_unique<Changes>(endpoint, request, context);
}

}  // namespace sluice::mysql
