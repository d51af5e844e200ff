// The destination half of the connector: joins the sessions that the other files define.
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "connectors/postgresql/server.h"
#include "connectors/postgresql/sessions.h"

namespace sluice::postgresql {
namespace {

using connector::SessionContext;

class PostgresqlDestination : public connector::Destination {
 public:
  explicit PostgresqlDestination(connector::Endpoint endpoint) : endpoint_(Named(std::move(endpoint))) {}

  void WriteAs(const connector::Fence& fence) override { endpoint_.fence = fence; }
  connector::ServerInfo Server() override {
    std::lock_guard lock(mutex_);
    if (!server_) server_ = ReadServerInfo(endpoint_, {.stop = {}, .purpose = "server information"});
    return *server_;
  }
  std::vector<connector::PrecheckItem> Precheck(const connector::PrecheckRequest& request,
                                                const SessionContext& context) override {
    return PrecheckDestination(endpoint_, request, context);
  }
  std::unique_ptr<connector::Catalog> OpenCatalog(const SessionContext& context) override {
    return MakeCatalog(endpoint_, context);
  }
  std::unique_ptr<connector::SchemaWriter> OpenSchemaWriter(const SessionContext& context) override {
    return MakeSchemaWriter(endpoint_, context);
  }
  std::unique_ptr<connector::Loader> OpenLoader(const SessionContext& context) override {
    return MakeLoader(endpoint_, context);
  }
  std::unique_ptr<connector::Applier> OpenApplier(bool /*neutral*/, const SessionContext& context) override {
    return MakeApplier(endpoint_, context);
  }
  std::unique_ptr<connector::Bookkeeping> OpenBookkeeping(const SessionContext& context) override {
    return MakeBookkeeping(endpoint_, context);
  }
  std::unique_ptr<connector::VerifyReader> OpenVerifyReader(const SessionContext& context) override {
    return MakeVerifyReader(endpoint_, context);
  }
  std::string ChooseEncoding(const model::Table& table, const model::TableMapping& mapping,
                             const std::vector<std::string>& offered, const SessionContext& context) override {
    return encodings_.Use(
        context.stop, [&](Connection& connection) { return ChooseLoadEncoding(connection, table, mapping, offered); });
  }

 private:
  static connector::Endpoint Named(connector::Endpoint endpoint) {
    if (endpoint.side.empty()) endpoint.side = "destination";
    return endpoint;
  }

  connector::Endpoint endpoint_;
  std::mutex mutex_;
  std::optional<connector::ServerInfo> server_;
  KeptSession encodings_{endpoint_, "full load"};
};

}  // namespace

std::unique_ptr<connector::Destination> MakeDestination(connector::Endpoint endpoint) {
  return std::make_unique<PostgresqlDestination>(std::move(endpoint));
}

}  // namespace sluice::postgresql
