// Looks whether the publication still tells all that it was made for, while the log is read that it makes. Uses the
// session of whoever owns it. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "connector/definitions.h"
#include "connectors/postgresql/publication.h"

namespace sluice::postgresql {

class PublicationWatch {
 public:
  // `tell`: ChangeRequest::tell.
  PublicationWatch(Connection& connection, const connector::Definitions& definitions, std::string name,
                   std::function<void(const std::string&)> tell);

  // Throws kPublicationChanged when somebody else has made it leave out rows, columns or kinds of changes, and
  // kSchemaDrift when a table with a list has a column that is not described: the log does not show it. A table whose
  // rows are identified in another way than when it was limited is published whole from here on.
  void Check();

  // The column of this relation is in no row, since Sluice has left it out of the list.
  bool IsUnlisted(uint32_t oid, const model::Table& table, const std::string& column) const;

 private:
  void CheckColumns(const std::vector<LimitedTable>& limited);

  Connection& connection_;
  const connector::Definitions& definitions_;
  const std::string name_;
  const std::function<void(const std::string&)> tell_;
  const std::map<uint32_t, std::set<int>> listed_;
};

}  // namespace sluice::postgresql
