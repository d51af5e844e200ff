// The source's catalog as whoever decodes its log needs it. Uses its own ordinary session. One thread.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "connectors/postgresql/definition.h"
#include "connectors/postgresql/followed.h"
#include "connectors/postgresql/partition_watch.h"
#include "connectors/postgresql/pgoutput/relations.h"
#include "connectors/postgresql/publication_watch.h"
#include "connectors/postgresql/test_decoding/translator.h"

namespace sluice::postgresql {

class SourceTables : public pgoutput::SourceCatalog, public test_decoding::NameCatalog {
 public:
  // `name`: of the publication, and of the table with records of schema statements. `tell`: ChangeRequest::tell.
  SourceTables(Connection& connection, const connector::Definitions& definitions, std::string name,
               std::function<void(const std::string&)> tell);

  std::optional<Place> PlaceOf(uint32_t oid) override;
  std::optional<model::ObjectName> FollowedAs(uint32_t oid) override;
  std::string TypeText(uint32_t type, int32_t modifier) override;
  std::string PlainType(const std::string& type) override;
  std::vector<uint32_t> PartitionsOf(const model::ObjectName& root) override;
  std::vector<model::ObjectName> Missing() override { return missing_; }
  std::optional<model::DdlChange> ChangeOf(std::string_view record) override;
  void Changed() override;
  std::optional<test_decoding::TableFacts> FactsOf(const model::ObjectName& name) override;
  bool IsUnlisted(uint32_t oid, const model::Table& table, const std::string& column) override {
    return publication_.IsUnlisted(oid, table, column);
  }

  // Throws kPublicationChanged unless the publication holds everything that is followed, partitions included that came
  // since, and tells all of it (publication_watch.h); and kSchemaDrift when a table has another name or was made anew.
  // What was dropped is left out. Where the log tells schema statements only the first is judged: the catalog may be
  // ahead of the log. Where it does not, a column that is not the one that was described under its name is kSchemaDrift
  // too, and so is a partition that was attached with rows (partition_watch.h). Where there is no publication
  // (test_decoding), columns whose types have changed are kSchemaDrift too: the log does not tell what modifies a type.
  void Check();

 private:
  void CheckTables();
  void CheckNumbers();
  void CheckColumns();
  void LookAtPartitions();
  void LookAtDefinition(const Definition& part, const model::ObjectName& root);

  Connection& connection_;
  const connector::Definitions& definitions_;
  const std::string name_;
  PublicationWatch publication_;
  PartitionWatch partitions_;
  const bool has_publication_;
  bool follows_ddl_ = false;
  std::unordered_map<uint32_t, FollowedRelation> followed_;
  std::unordered_map<uint32_t, Place> places_;  // of relations that are not followed, or came later
  std::map<std::pair<uint32_t, int32_t>, std::string> types_;
  std::map<std::string, std::string> plain_types_;
  std::vector<model::ObjectName> missing_;
  // For CheckNumbers(), of this generation of the definitions.
  std::vector<OptionalText> numbers_;
  std::optional<uint64_t> numbered_at_;
};

}  // namespace sluice::postgresql
