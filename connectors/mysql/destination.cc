// The destination half of the connector: joins the sessions that the other files define.
#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/check.h"
#include "connector/neutral.h"
#include "connectors/mysql/sessions.h"
#include "connectors/mysql/tsv.h"

namespace sluice::mysql {
namespace {

using connector::SessionContext;

class MysqlDestination : public connector::Destination {
 public:
  explicit MysqlDestination(connector::Endpoint endpoint) : endpoint_(std::move(endpoint)) {
    if (endpoint_.side.empty()) endpoint_.side = "destination";
  }

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
  std::unique_ptr<connector::Applier> OpenApplier(bool neutral, const SessionContext& context) override {
    return MakeApplier(endpoint_, neutral, context);
  }
  std::unique_ptr<connector::Bookkeeping> OpenBookkeeping(const SessionContext& context) override {
    return MakeBookkeeping(endpoint_, context);
  }
  std::unique_ptr<connector::VerifyReader> OpenVerifyReader(const SessionContext& context) override {
    return MakeVerifyReader(endpoint_, context);
  }
  std::string ChooseEncoding(const model::Table&, const model::TableMapping&, const std::vector<std::string>& offered,
                             const SessionContext&) override {
    for (const char* known : {kTsvEncoding, connector::kNeutralTsv}) {
      if (std::find(offered.begin(), offered.end(), known) != offered.end()) return known;
    }
    Check(false, "an encoding of both sides");
    return "";
  }

 private:
  connector::Endpoint endpoint_;
  std::mutex mutex_;
  std::optional<connector::ServerInfo> server_;
};

}  // namespace

std::unique_ptr<connector::Destination> MakeDestination(connector::Endpoint endpoint) {
  return std::make_unique<MysqlDestination>(std::move(endpoint));
}

}  // namespace sluice::mysql
