// The factories of this connector's sessions. Each is defined in the file of its name (snapshot.cc, loader.cc ...);
// source.cc and destination.cc put them together.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connector/connector.h"

namespace sluice::postgresql {

class Connection;

// Encodings of the full load: the bodies of COPY's binary and text format (documentation of COPY, "File Formats"),
// without header and trailer.
inline constexpr const char* kCopyBinary = "pg.copy.binary";
inline constexpr const char* kCopyText = "pg.copy.text";

std::unique_ptr<connector::Source> MakeSource(connector::Endpoint endpoint);
std::unique_ptr<connector::Destination> MakeDestination(connector::Endpoint endpoint);

std::unique_ptr<connector::Catalog> MakeCatalog(const connector::Endpoint& endpoint,
                                                const connector::SessionContext& context);
// The statement that made a schema: "CREATE SCHEMA shop", with its comment.
std::string SchemaStatementOf(const connector::Endpoint& endpoint, const std::string& schema,
                              const connector::SessionContext& context);
std::unique_ptr<connector::SchemaWriter> MakeSchemaWriter(const connector::Endpoint& endpoint,
                                                          const connector::SessionContext& context);
std::unique_ptr<connector::Snapshot> MakeSnapshot(const connector::Endpoint& endpoint,
                                                  const connector::SnapshotRequest& request,
                                                  const connector::SessionContext& context);
// Binary where each column's type is built in (or an array, enum ... of the same definition) and the same at both
// sides, else text.
std::string ChooseLoadEncoding(Connection& connection, const model::Table& table, const model::TableMapping& mapping,
                               const std::vector<std::string>& offered);
std::unique_ptr<connector::Loader> MakeLoader(const connector::Endpoint& endpoint,
                                              const connector::SessionContext& context);
std::unique_ptr<connector::ChangeStream> MakeChangeStream(const connector::Endpoint& endpoint,
                                                          const connector::ChangeRequest& request,
                                                          const connector::SessionContext& context);
std::unique_ptr<connector::Applier> MakeApplier(const connector::Endpoint& endpoint,
                                                const connector::SessionContext& context);
std::unique_ptr<connector::Bookkeeping> MakeBookkeeping(const connector::Endpoint& endpoint,
                                                        const connector::SessionContext& context);
std::unique_ptr<connector::FilterEvaluator> MakeFilterEvaluator(const connector::Endpoint& endpoint,
                                                                const connector::SessionContext& context);
std::unique_ptr<connector::VerifyReader> MakeVerifyReader(const connector::Endpoint& endpoint,
                                                          const connector::SessionContext& context);

std::vector<connector::PrecheckItem> PrecheckSource(const connector::Endpoint& endpoint,
                                                    const connector::PrecheckRequest& request,
                                                    const connector::SessionContext& context);
std::vector<connector::PrecheckItem> PrecheckDestination(const connector::Endpoint& endpoint,
                                                         const connector::PrecheckRequest& request,
                                                         const connector::SessionContext& context);

// The log (position.cc, slot.cc).
model::Position ReadCurrentPosition(Connection& connection);
bool PositionReached(const model::Position& applied, const model::Position& wanted);
std::vector<connector::SourceObject> ListSourceObjects(const connector::Endpoint& endpoint,
                                                       const connector::SessionContext& context);
std::vector<std::string> ReleaseSourceObjects(const connector::Endpoint& endpoint, const std::string& task,
                                              const connector::SessionContext& context);

}  // namespace sluice::postgresql
