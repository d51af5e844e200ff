// A row that was written without strict mode is judged by what the destination has of it afterwards: the values that
// the log gives, or others. For rows that strict mode refuses although nothing of them is changed: what the server
// computes from them warns, or an ENUM holds its error value.
#pragma once

#include "connectors/mysql/applier_target.h"
#include "connectors/mysql/connection.h"
#include "model/change.h"

namespace sluice::mysql {

class RowReread {
 public:
  // Looks at the destination before the row is written. `may_miss`: an update may find no row.
  RowReread(Connection& connection, const Target& target, const model::RowChange& row, bool may_miss);

  // After it was written: whether every value arrived as it is.
  bool Arrived();

 private:
  uint64_t CountExact(model::Row row);
  uint64_t CountIdentity(model::Row row);
  uint64_t Count(const std::string& condition);

  Connection& connection_;
  const Target& target_;
  const model::RowChange& row_;
  uint64_t expected_ = 0;
};

}  // namespace sluice::mysql
