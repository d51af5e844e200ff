// The source half of the connector: joins the sessions that the other files define.
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "connector/neutral.h"
#include "connectors/postgresql/ddl.h"
#include "connectors/postgresql/open_transactions.h"
#include "connectors/postgresql/server.h"
#include "connectors/postgresql/sessions.h"

namespace sluice::postgresql {
namespace {

using connector::SessionContext;

class PostgresqlSource : public connector::Source {
 public:
  explicit PostgresqlSource(connector::Endpoint endpoint) : endpoint_(Named(std::move(endpoint))) {}

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
    return SchemaStatementOf(endpoint_, database, {.stop = {}, .purpose = "catalog"});
  }
  std::unique_ptr<connector::Snapshot> OpenSnapshot(const connector::SnapshotRequest& request,
                                                    const SessionContext& context) override {
    return MakeSnapshot(endpoint_, request, context);
  }
  std::unique_ptr<connector::ChangeStream> OpenChanges(const connector::ChangeRequest& request,
                                                       const SessionContext& context) override {
    return MakeChangeStream(endpoint_, request, context);
  }
  std::unique_ptr<connector::FilterEvaluator> OpenFilter(bool /*neutral*/, const SessionContext& context) override {
    return MakeFilterEvaluator(endpoint_, context);
  }
  std::vector<connector::TableChange> DescribeAfter(const model::DdlChange& ddl,
                                                    const std::vector<model::TablePtr>& before,
                                                    const SessionContext& /*context*/) override {
    return DescribeAfterDdl(ddl, before);
  }
  std::unique_ptr<connector::VerifyReader> OpenVerifyReader(const SessionContext& context) override {
    return MakeVerifyReader(endpoint_, context);
  }
  model::Position CurrentPosition(std::stop_token stop) override {
    return position_.Use(std::move(stop), ReadCurrentPosition);
  }
  bool Reached(const model::Position& applied, const model::Position& wanted) const override {
    return PositionReached(applied, wanted);
  }
  // Chunks are ranges of pages. What moved into a page that was read before the crash would be missed, and the log may
  // not hold all of it (large values that an update left alone).
  bool ChunksOutliveCut(bool written) const override { return !written; }
  std::vector<std::string> SnapshotEncodings() const override {
    return {kCopyBinary, kCopyText, connector::kNeutralTsv};
  }
  connector::OpenTransactions OpenTransactionsIn(const std::vector<std::string>&,
                                                 const SessionContext& context) override {
    Connection connection(endpoint_, context);
    return {.found = ReadOpenTransactions(connection), .not_seen = {}};
  }
  std::vector<connector::SourceObject> SourceObjects(const SessionContext& context) override {
    return ListSourceObjects(endpoint_, context);
  }
  std::vector<std::string> ReleaseSource(const std::string& task, const SessionContext& context) override {
    return ReleaseSourceObjects(endpoint_, task, context);
  }

 private:
  static connector::Endpoint Named(connector::Endpoint endpoint) {
    if (endpoint.side.empty()) endpoint.side = "source";
    return endpoint;
  }

  const connector::Endpoint endpoint_;
  std::mutex mutex_;
  std::optional<connector::ServerInfo> server_;
  KeptSession position_{endpoint_, "position"};
};

}  // namespace

std::unique_ptr<connector::Source> MakeSource(connector::Endpoint endpoint) {
  return std::make_unique<PostgresqlSource>(std::move(endpoint));
}

}  // namespace sluice::postgresql
