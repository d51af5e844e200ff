// The source half of the connector: joins the sessions that the other files define.
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/error.h"
#include "connectors/mysql/connection.h"
#include "connectors/mysql/position.h"
#include "connectors/mysql/precheck_settings.h"
#include "connectors/mysql/sessions.h"
#include "connectors/mysql/tsv.h"

namespace sluice::mysql {
namespace {

using connector::SessionContext;

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
    Connection connection(endpoint_, {.stop = {}, .purpose = "catalog"});
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
  std::unique_ptr<connector::FilterEvaluator> OpenFilter(const SessionContext& context) override {
    return MakeFilterEvaluator(endpoint_, context);
  }
  std::unique_ptr<connector::VerifyReader> OpenVerifyReader(const SessionContext& context) override {
    return MakeVerifyReader(endpoint_, context);
  }
  model::Position CurrentPosition() override;
  bool Reached(const model::Position& applied, const model::Position& wanted) const override {
    return PositionReached(applied, wanted);
  }
  std::vector<std::string> SnapshotEncodings() const override { return {kTsvEncoding}; }

 private:
  connector::Endpoint endpoint_;
  std::mutex mutex_;
  std::optional<connector::ServerInfo> server_;
  std::mutex position_mutex_;
  std::unique_ptr<Connection> position_connection_;  // kept: asked for about once a second
};

// A kept connection may have died since the last call: then one new one is tried before the error is told.
model::Position MysqlSource::CurrentPosition() {
  std::lock_guard lock(position_mutex_);
  const bool kept = position_connection_ != nullptr;
  for (bool again = kept;; again = false) {
    try {
      if (!position_connection_) {
        position_connection_ = std::make_unique<Connection>(
            endpoint_, SessionContext{.stop = {}, .purpose = "position"}, ConnectOptions{.read_timeout_seconds = 20});
      }
      return FormatPosition(ReadLogPosition(*position_connection_));
    } catch (const Error& error) {
      position_connection_.reset();
      if (!again || error.info().retry != RetryClass::kReconnect) throw;
    }
  }
}

}  // namespace

connector::ServerInfo ReadServerInfo(const connector::Endpoint& endpoint, const SessionContext& context) {
  Connection connection(endpoint, context);
  return {.engine = "mysql",
          .flavour = connection.is_mariadb() ? "mariadb" : "mysql",
          .version_text = connection.version_text(),
          .version = connection.version(),
          .identity = ServerIdentity(connection),
          .settings = ReadComparedSettings(connection)};
}

std::unique_ptr<connector::Source> MakeSource(connector::Endpoint endpoint) {
  return std::make_unique<MysqlSource>(std::move(endpoint));
}

}  // namespace sluice::mysql
