#include "connectors/mysql/schema.h"

namespace sluice::mysql {
std::vector<connector::SchemaStatement> MySqlSchemaWriter::Translate(const model::DdlChange&, const model::NameMap&, const connector::ServerInfo&) { return {}; }
std::vector<connector::SchemaWriter::Redefined> MySqlSchemaWriter::DescribeAfter(const model::DdlChange&, const std::vector<model::TablePtr>&, const connector::ServerInfo&) { return {}; }
}  // namespace sluice::mysql
