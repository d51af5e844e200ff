// The factories of this connector's sessions. Each is defined in the file of its name (snapshot.cc, loader.cc ...);
// source.cc and destination.cc put them together.
#pragma once

#include <memory>

#include "connector/connector.h"

namespace sluice::mysql {

std::unique_ptr<connector::Source> MakeSource(connector::Endpoint endpoint);
std::unique_ptr<connector::Destination> MakeDestination(connector::Endpoint endpoint);

connector::ServerInfo ReadServerInfo(const connector::Endpoint& endpoint, const connector::SessionContext& context);

std::unique_ptr<connector::Catalog> MakeCatalog(const connector::Endpoint& endpoint,
                                                const connector::SessionContext& context);
std::unique_ptr<connector::SchemaWriter> MakeSchemaWriter(const connector::Endpoint& endpoint,
                                                          const connector::SessionContext& context);
std::unique_ptr<connector::Snapshot> MakeSnapshot(const connector::Endpoint& endpoint,
                                                  const connector::SnapshotRequest& request,
                                                  const connector::SessionContext& context);
std::unique_ptr<connector::Loader> MakeLoader(const connector::Endpoint& endpoint,
                                              const connector::SessionContext& context);
std::unique_ptr<connector::ChangeStream> MakeChangeStream(const connector::Endpoint& endpoint,
                                                          const connector::ChangeRequest& request,
                                                          const connector::SessionContext& context);
std::unique_ptr<connector::Applier> MakeApplier(const connector::Endpoint& endpoint, bool neutral,
                                                const connector::SessionContext& context);
std::unique_ptr<connector::Bookkeeping> MakeBookkeeping(const connector::Endpoint& endpoint,
                                                        const connector::SessionContext& context);
std::unique_ptr<connector::FilterEvaluator> MakeFilterEvaluator(const connector::Endpoint& endpoint, bool neutral,
                                                                const connector::SessionContext& context);
// What a statement of the log makes of its tables, for destinations of another engine (connector::Source).
std::vector<connector::TableChange> DescribeStatement(const connector::Endpoint& endpoint, const model::DdlChange& ddl,
                                                      const std::vector<model::TablePtr>& before,
                                                      const connector::SessionContext& context);
std::unique_ptr<connector::VerifyReader> MakeVerifyReader(const connector::Endpoint& endpoint,
                                                          const connector::SessionContext& context);

std::vector<connector::PrecheckItem> PrecheckSource(const connector::Endpoint& endpoint,
                                                    const connector::PrecheckRequest& request,
                                                    const connector::SessionContext& context);
std::vector<connector::PrecheckItem> PrecheckDestination(const connector::Endpoint& endpoint,
                                                         const connector::PrecheckRequest& request,
                                                         const connector::SessionContext& context);

// Positions (position.cc): JSON {"file","offset","gtid","server"} as model/position.h shows.
model::Position ReadCurrentPosition(const connector::Endpoint& endpoint, const connector::SessionContext& context);
bool PositionReached(const model::Position& applied, const model::Position& wanted);

}  // namespace sluice::mysql
