// The stream of changes: a thread reads the slot and decodes ahead of whoever applies.
//
//   1. Before anything is read it is made sure that the slot has all that follows the position (changes_open.h).
//   2. The thread decodes into a queue that is bounded by bytes. While it waits for room it goes on answering the
//      server, at least every 10 seconds and well within wal_sender_timeout: it alone uses the session.
//   3. The server is told what Confirm() was told, so that it keeps the log of everything that is not durable at the
//      destination. Where nothing is changed the server's signs of life move the position on, and so its log is not
//      held back by a database that is quiet.
//   4. Any failure ends the thread; Next() hands on what is in the queue, then throws it.
#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <exception>
#include <memory>
#include <thread>

#include "base/log.h"
#include "connector/change_queue.h"
#include "connector/definitions.h"
#include "connectors/postgresql/changes_open.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/log_session.h"
#include "connectors/postgresql/names.h"
#include "connectors/postgresql/pgoutput/decoder.h"
#include "connectors/postgresql/sessions.h"
#include "connectors/postgresql/slot.h"
#include "connectors/postgresql/source_tables.h"
#include "connectors/postgresql/test_decoding/translator.h"

namespace sluice::postgresql {
namespace {

constexpr size_t kQueueBytes = 24u << 20;
constexpr milliseconds kLook{200};           // for a stop, for what was confirmed
constexpr milliseconds kAnswerEvery{10000};  // at the latest
constexpr milliseconds kConfirmEvery{1000};  // at the most
constexpr milliseconds kCheckEvery{10000};   // the publication
constexpr milliseconds kAnswerAtLeast{50};
constexpr milliseconds kAskWhenSilent{15000};  // a live server says something when it is asked to
constexpr milliseconds kSuspicious{45000};     // of silence; then the server is asked what it knows of the stream
constexpr milliseconds kCatalogAnswers{20000};
constexpr uint32_t kBusyMessages = 32;               // so many, with no more time for each than
constexpr std::chrono::microseconds kBusyEach{125};  // this, and the log is busy
constexpr milliseconds kGather{1};                   // then nobody waits for its next message for so long

// Well within what the server waits for.
milliseconds AnswerEvery(Connection& session) {
  const std::string text =
      session.QueryOne("SELECT setting FROM pg_settings WHERE name = 'wal_sender_timeout'").value_or("");
  int64_t timeout = 0;
  std::from_chars(text.data(), text.data() + text.size(), timeout);
  if (timeout <= 0) return kAnswerEvery;
  return std::clamp(milliseconds(timeout / 4), kAnswerAtLeast, kAnswerEvery);
}

class Changes : public connector::ChangeStream {
 public:
  Changes(const connector::Endpoint& endpoint, const connector::ChangeRequest& request,
          const connector::SessionContext& context)
      : outer_stop_(context.stop),
        forward_stop_(context.stop, [this] { stop_.request_stop(); }),
        name_(SourceObjectName(request.task)),
        definitions_(request.tables),
        catalog_(endpoint, {.stop = stop_.get_token(), .purpose = context.purpose}, {.answer_within = kCatalogAnswers}),
        session_(endpoint, {.stop = stop_.get_token(), .purpose = context.purpose}),
        tables_(catalog_, definitions_, name_, request.tell),
        queue_(kQueueBytes) {
    pgoutput::DecoderOptions options;
    options.start = CheckHistory(session_, ParsePosition(request.start));
    CheckSlot(catalog_, name_, options.start);
    tables_.Check();
    options.ordinal = request.ordinal;
    options.records = {kOwnSchema, name_};
    options.selected = request.selected;
    options.neutral = request.neutral;
    options.emit = [this](model::TransactionPtr transaction) { Put(std::move(transaction)); };
    received_ = options.start.lsn;
    answer_every_ = AnswerEvery(catalog_);
    session_.Start(name_, name_, options.start.lsn);
    LogInfo("changes", fmt::format("reading the log of {} from {} through slot {}", endpoint.Address(),
                                   FormatLsn(options.start.lsn), name_));
    decoder_ = std::make_unique<pgoutput::Decoder>(std::move(options), definitions_, tables_);
    if (!HasPublication(catalog_)) {
      test_decoding::TranslatorOptions from;
      from.start = received_;
      from.version = session_.connection().version();
      from.encoding = session_.connection().DatabaseEncoding();
      from.feed = [this](std::string_view one) { decoder_->Feed(one); };
      translator_ = std::make_unique<test_decoding::Translator>(std::move(from), definitions_, tables_);
    }
    thread_ = std::jthread([this] { Run(); });
    pthread_setname_np(thread_.native_handle(), "sluice-changes");
  }

  ~Changes() override {
    stop_.request_stop();
    queue_.Close();
  }

  model::TransactionPtr Next(Deadline deadline) override { return queue_.Next(outer_stop_, deadline); }

  void Define(const model::ObjectName& name, model::TablePtr table) override {
    definitions_.Set(name, std::move(table));
  }

  void Confirm(const model::Position& position) override {
    if (!position.empty()) durable_.store(ParsePosition(position).lsn);
  }

 private:
  void Run() {
    try {
      while (!stop_.stop_requested()) Step();
      queue_.Close();
    } catch (...) {
      queue_.Close(std::current_exception());
    }
  }

  void Step() {
    const std::optional<LogMessage> message = session_.Read();
    const Clock::time_point now = Clock::now();
    if (!message) return Idle(now);
    CheckSometimes(now);  // the log does not tell what is left out of it: when it is busy, too
    heard_at_ = now;
    ++burst_;
    bool asked = false;
    if (message->kind == LogMessage::Kind::kChange) {
      translator_ ? translator_->Feed(message->body, message->lsn) : decoder_->Feed(message->body);
    } else {
      received_ = std::max(received_, message->lsn);
      decoder_->Reached(message->lsn);
      if (translator_) translator_->Reached(message->lsn);
      asked = message->wants_answer;
    }
    AnswerSometimes(now, asked);
  }

  // Everything that came was decoded.
  void Idle(Clock::time_point now) {
    decoder_->Flush();
    CheckSometimes(now);
    AnswerSometimes(now, false);
    CheckSilence(now);
    // The server sends each change by itself and wakes whoever waits for it. Where many come in a short time that is
    // dearer for both than the changes: then they are left to gather.
    const bool is_busy = burst_ >= kBusyMessages && now - burst_began_ < burst_ * kBusyEach;
    if (is_busy) {
      SleepFor(stop_.get_token(), kGather);
    } else {
      session_.Wait(Deadline::After(std::min(kLook, answer_every_)));
      if (now - burst_began_ < kBusyMessages * kBusyEach) return;
    }
    burst_ = 0;
    burst_began_ = Clock::now();
  }

  // A server that decodes what it does not send may be silent for long, and must not be made to begin again. One that
  // does not hear us ends the stream after wal_sender_timeout, which another session tells.
  void CheckSilence(Clock::time_point now) {
    if (now - heard_at_ < kSuspicious || now - suspected_at_ < kAskWhenSilent) return;
    suspected_at_ = now;
    const std::string sql = fmt::format("SELECT active FROM pg_replication_slots WHERE slot_name = {}", Literal(name_));
    if (catalog_.QueryOne(sql, "replication slot " + name_) == "t") return;
    throw Error(kConnectionLost)
        .Object("replication slot " + name_)
        .Cause("the server has ended the stream, and nothing of that was heard: the network between is dead")
        .Remedy("Nothing has to be done if it comes back: Sluice connects again.")
        .Side("source")
        .Retry(RetryClass::kReconnect);
  }

  void AnswerSometimes(Clock::time_point now, bool asked) {
    const uint64_t durable = durable_.load();
    const auto since = now - answered_at_;
    if (!asked && since < answer_every_ && (durable == answered_ || since < kConfirmEvery)) return;
    received_ = std::max(received_, durable);
    session_.Answer(received_, durable, now - heard_at_ >= kAskWhenSilent);
    answered_at_ = now;
    answered_ = durable;
  }

  void CheckSometimes(Clock::time_point now) {
    if (now - checked_at_ < kCheckEvery) return;
    tables_.Check();
    checked_at_ = Clock::now();
  }

  // While the pipeline is busy the server is answered all the same.
  void Put(model::TransactionPtr transaction) {
    queue_.Put(std::move(transaction), stop_.get_token(), std::min(kConfirmEvery, answer_every_), [this] {
      heard_at_ = Clock::now();  // nobody listens meanwhile
      AnswerSometimes(heard_at_, false);
    });
  }

  std::stop_token outer_stop_;
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> forward_stop_;
  const std::string name_;  // of slot and publication
  connector::Definitions definitions_;
  Connection catalog_;
  LogSession session_;
  SourceTables tables_;
  std::unique_ptr<pgoutput::Decoder> decoder_;
  std::unique_ptr<test_decoding::Translator> translator_;  // where the plugin is test_decoding
  connector::ChangeQueue queue_;
  std::atomic<uint64_t> durable_{0};  // as Confirm() was told
  // Of the thread.
  uint64_t received_ = 0;
  uint64_t answered_ = 0;
  milliseconds answer_every_ = kAnswerEvery;
  Clock::time_point answered_at_{};
  Clock::time_point checked_at_ = Clock::now();
  Clock::time_point heard_at_ = Clock::now();
  Clock::time_point suspected_at_{};
  Clock::time_point burst_began_{};
  uint32_t burst_ = 0;  // messages since then

  std::jthread thread_;  // last: joined before anything that it uses goes
};

}  // namespace

std::unique_ptr<connector::ChangeStream> MakeChangeStream(const connector::Endpoint& endpoint,
                                                          const connector::ChangeRequest& request,
                                                          const connector::SessionContext& context) {
  return std::make_unique<Changes>(endpoint, request, context);
}

}  // namespace sluice::postgresql
