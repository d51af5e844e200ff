#include "connectors/postgresql/server.h"

#include <fmt/format.h>

#include "connectors/postgresql/codes.h"

namespace sluice::postgresql {
namespace {

constexpr milliseconds kAnswerWithin{20000};

// Which running server this is. The cluster's own number is not enough: standbys and copies of its files have it too.
std::string ReadIdentity(Connection& connection) {
  constexpr uint32_t kControlFunctions = 90600;
  const TextRow row = connection.Query(
      "SELECT (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint, current_database()")[0];
  std::string cluster;
  if (connection.version() >= kControlFunctions) {
    try {
      cluster = connection.QueryOne("SELECT system_identifier FROM pg_control_system()").value_or("");
    } catch (const Error& error) {
      // The right to call it was taken away: the start to the microsecond has to do.
      if (error.info().code != kMissingPrivilege.id) throw;
    }
  }
  return cluster + "@" + row[0].value_or("") + "/" + row[1].value_or("");
}

}  // namespace

std::string DatabaseCollation(Connection& connection) {
  constexpr uint32_t kProviders = 150000;
  constexpr uint32_t kOneLocale = 170000;
  std::string sql = "'libc/' || datcollate";
  if (connection.version() >= kProviders) {
    sql = fmt::format(
        "CASE datlocprovider WHEN 'i' THEN 'icu/' || {0} WHEN 'b' THEN 'builtin/' || {0} ELSE 'libc/' || datcollate "
        "END",
        connection.version() >= kOneLocale ? "datlocale" : "daticulocale");
  }
  return connection.QueryOne("SELECT " + sql + " FROM pg_database WHERE datname = current_database()").value_or("");
}

connector::ServerInfo ReadServerInfo(const connector::Endpoint& endpoint, const connector::SessionContext& context) {
  Connection connection(endpoint, context, {.answer_within = kAnswerWithin});
  connector::ServerInfo info;
  info.engine = "postgresql";
  info.flavour = "postgresql";
  info.version_text = connection.QueryOne("SHOW server_version").value_or("");
  info.version = connection.version();
  info.identity = ReadIdentity(connection);
  for (const char* name : {"server_encoding", "lc_collate", "wal_level", "max_identifier_length"}) {
    info.settings[name] =
        connection.QueryOne(fmt::format("SELECT current_setting({}, true)", Literal(name))).value_or("");
  }
  info.settings["collation"] = DatabaseCollation(connection);
  return info;
}

std::unique_ptr<Connection> KeptSession::Open(std::stop_token stop) const {
  return std::make_unique<Connection>(endpoint_,
                                      connector::SessionContext{.stop = std::move(stop), .purpose = purpose_},
                                      ConnectOptions{.answer_within = kAnswerWithin});
}

}  // namespace sluice::postgresql
