// The source half of the connector: joins the sessions that the other files define.
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/error.h"
#include "connector/neutral.h"
#include "connectors/mysql/connection.h"
#include "connectors/mysql/open_transactions.h"
#include "connectors/mysql/position.h"
#include "connectors/mysql/precheck_settings.h"
#include "connectors/mysql/sessions.h"
#include "connectors/mysql/tsv.h"

namespace sluice::mysql {
namespace {

using connector::SessionContext;

// For questions that a server answers at once: those who ask have no stop token, or would rather go on without.
constexpr unsigned kShortAnswerSeconds = 20;

class MysqlSource : public connector::Source {
 public:
  explicit MysqlSource(connector::Endpoint endpoint) : endpoint_(std::move(endpoint)) {
    if (endpoint_.side.empty()) endpoint_.side = "source";
  }

  connector::ServerInfo Server() override {
    std::lock_guard lock(mutex_);
    if (!server_) server_ = ReadServerInfo(endpoint_, {.stop = {}, .purpose = "server information"});
    return *server_;
  }
  std::vector<connector::PrecheckItem> Precheck(const connector::PrecheckRequest& request,
                                                const SessionContext& context) override {
    return PrecheckSource(endpoint_, request, context);
  }
  std::unique_ptr<connector::Catalog> OpenCatalog(const SessionContext& context) override {
    return MakeCatalog(endpoint_, context);
  }
  std::string DatabaseStatement(const std::string& database) override {
    Connection connection(endpoint_, {.stop = {}, .purpose = "catalog"}, {.read_timeout_seconds = kShortAnswerSeconds});
    const TextRows rows = connection.Query("SHOW CREATE DATABASE " + Quote(database), "database " + database);
    return rows.empty() || rows[0].size() < 2 ? "" : rows[0][1].value_or("");
  }
  std::unique_ptr<connector::Snapshot> OpenSnapshot(const connector::SnapshotRequest& request,
                                                    const SessionContext& context) override {
    return MakeSnapshot(endpoint_, request, context);
  }
  std::unique_ptr<connector::ChangeStream> OpenChanges(const connector::ChangeRequest& request,
                                                       const SessionContext& context) override {
    return MakeChangeStream(endpoint_, request, context);
  }
  std::unique_ptr<connector::FilterEvaluator> OpenFilter(bool neutral, const SessionContext& context) override {
    return MakeFilterEvaluator(endpoint_, neutral, context);
  }
  std::vector<connector::TableChange> DescribeAfter(const model::DdlChange& ddl,
                                                    const std::vector<model::TablePtr>& before,
                                                    const SessionContext& context) override {
    return DescribeStatement(endpoint_, ddl, before, context);
  }
  std::unique_ptr<connector::VerifyReader> OpenVerifyReader(const SessionContext& context) override {
    return MakeVerifyReader(endpoint_, context);
  }
  model::Position CurrentPosition(std::stop_token stop) override;
  bool ChunksOutliveCut(bool) const override { return true; }
  bool Reached(const model::Position& applied, const model::Position& wanted) const override {
    return PositionReached(applied, wanted);
  }
  std::vector<std::string> SnapshotEncodings() const override { return {kTsvEncoding, connector::kNeutralTsv}; }
  connector::OpenTransactions OpenTransactionsIn(const std::vector<std::string>& databases,
                                                 const SessionContext& context) override {
    Connection connection(endpoint_, context);
    return ReadOpenTransactions(connection, databases);
  }
  // The binary log needs nothing of ours at the source.
  std::vector<connector::SourceObject> SourceObjects(const SessionContext&) override { return {}; }
  std::vector<std::string> ReleaseSource(const std::string&, const SessionContext&) override { return {}; }

 private:
  connector::Endpoint endpoint_;
  std::mutex mutex_;
  std::optional<connector::ServerInfo> server_;
  std::mutex position_mutex_;
  // Kept: asked for about once a second. It outlives the calls, and so has a stop of its own.
  struct PositionSession {
    std::stop_source stop;
    std::unique_ptr<Connection> connection;
  };
  std::unique_ptr<PositionSession> position_session_;
};

// A kept connection may have died since the last call: then one new one is tried before the error is told.
model::Position MysqlSource::CurrentPosition(std::stop_token stop) {
  std::lock_guard lock(position_mutex_);
  for (bool again = position_session_ != nullptr;; again = false) {
    try {
      if (!position_session_) position_session_ = std::make_unique<PositionSession>();
      PositionSession& session = *position_session_;
      const std::stop_callback forward(stop, [&session] { session.stop.request_stop(); });
      if (!session.connection) {
        session.connection = std::make_unique<Connection>(
            endpoint_, SessionContext{.stop = session.stop.get_token(), .purpose = "position"},
            ConnectOptions{.read_timeout_seconds = kShortAnswerSeconds});
      }
      return FormatPosition(ReadLogPosition(*session.connection));
    } catch (const Error& error) {
      position_session_.reset();
      if (!again || error.info().retry != RetryClass::kReconnect) throw;
    }
  }
}

}  // namespace

connector::ServerInfo ReadServerInfo(const connector::Endpoint& endpoint, const SessionContext& context) {
  Connection connection(endpoint, context, {.read_timeout_seconds = kShortAnswerSeconds});
  return {.engine = "mysql",
          .flavour = connection.is_mariadb() ? "mariadb" : "mysql",
          .version_text = connection.version_text(),
          .version = connection.version(),
          .identity = ServerIdentity(connection),
          .settings = ReadComparedSettings(connection),
          .logs_cascades = LogsCascades(connection)};
}

std::unique_ptr<connector::Source> MakeSource(connector::Endpoint endpoint) {
  return std::make_unique<MysqlSource>(std::move(endpoint));
}

}  // namespace sluice::mysql
