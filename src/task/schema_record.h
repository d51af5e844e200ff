// A schema statement as the task store keeps it.
#pragma once

#include "connector/connector.h"
#include "store/store.h"

namespace sluice::task {

store::ObjectRecord ToRecord(const connector::SchemaStatement& statement);
// Throws nlohmann's exceptions for a record that ToRecord() of this or an older version did not write.
connector::SchemaStatement StatementFrom(const store::ObjectRecord& record);

// Of an object that failed because another of its name stood there, which is not the task's.
void MarkInTheWay(store::ObjectRecord* record);
bool IsInTheWay(const store::ObjectRecord& record);

}  // namespace sluice::task
