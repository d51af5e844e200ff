#include "connectors/mysql/loader_stage.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "connectors/mysql/bookkeeping.h"
#include "connectors/mysql/codes.h"
#include "connectors/mysql/destination_table.h"
#include "connectors/mysql/loader_check.h"

namespace sluice::mysql {
namespace {

constexpr const char* kObject = "a table of database sluice for rows on their way";

// Not one of the carried columns' names.
std::string OrderColumn(const LoadPlan& plan) {
  std::string name = "sluice_order";
  const auto is_taken = [&](const LoadColumn& column) { return column.name == name; };
  while (std::any_of(plan.columns.begin(), plan.columns.end(), is_taken)) name += '_';
  return name;
}

std::string Definition(const std::string& name, const DestinationColumn& column) {
  std::string text = Quote(name) + " " + column.definition;
  if (!column.charset.empty()) {
    text += " CHARACTER SET " + column.charset;
    if (!column.collation.empty()) text += " COLLATE " + column.collation;
  }
  return text + (column.nullable ? " NULL" : " NOT NULL");
}

}  // namespace

LoadStage::~LoadStage() {
  try {
    Drop();
  } catch (const Error& error) {
    if (error.info().code != kStopped.id) LogWarning("mysql.loader", error.info().OneLine());
  }
}

void LoadStage::Drop() {
  if (name_.empty()) return;
  connection_.Execute("DROP TABLE IF EXISTS " + name_, kObject);
  name_.clear();
}

void LoadStage::Prepare(const LoadPlan& plan, const model::ObjectName& destination) {
  if (name_.empty() || of_ != plan.table) {
    Drop();
    Create(plan, destination);
  }
  connection_.Execute("DELETE FROM " + name_, kObject);
}

void LoadStage::Create(const LoadPlan& plan, const model::ObjectName& destination) {
  const DestinationTable there = ReadDestinationTable(connection_, destination, plan.object);
  const std::string order = OrderColumn(plan);
  std::string columns = Quote(order) + " BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY";
  for (const LoadColumn& column : plan.columns) {
    const DestinationColumn* found = there.Find(column.name);
    if (found == nullptr) {
      throw Error(kMissingObject)
          .Object(plan.object + ", column " + column.name)
          .Cause("The column was there when the load began, and is gone.")
          .Remedy("Add it again, and let nothing alter tables of the destination during the load.")
          .Side(connection_.endpoint().side);
    }
    columns += ", " + Definition(column.name, *found);
  }
  // Unlike a connection's number it is never given twice, whatever server of a cluster this is.
  const std::string name = std::string(kStagePrefix) + connection_.QueryOne("SELECT UUID_SHORT()").value_or("0");
  name_ = Quote(kBookkeepingDatabase, name);
  order_ = Quote(order);
  connection_.Execute(fmt::format("CREATE TABLE {} ({}) ENGINE=InnoDB", name_, columns), kObject);
  of_ = plan.table;
  plan_ = plan;
  plan_.table = name_;
  plan_.transactional = true;
}

void LoadStage::Move(const LoadPlan& plan, uint64_t rows) {
  Check(!name_.empty() && of_ == plan.table, "the stage was made for this table");
  uint64_t copied = 0;
  const auto set_mode = [&](const char* mode) {
    connection_.Execute(fmt::format("SET SESSION sql_mode = '{}'", mode), plan.object);
  };
  set_mode(kLooseSqlMode);
  try {
    copied = Copy(plan);
  } catch (const Error& error) {
    const RetryClass retry = error.info().retry;
    if (retry != RetryClass::kReconnect && error.info().code != kStopped.id) set_mode(kSessionSqlMode);
    throw;
  }
  set_mode(kSessionSqlMode);
  // A row that replaced another counts twice.
  if (plan.transactional ? copied != rows : copied < rows) {
    throw Error(kValueRefused)
        .Object(plan.object)
        .Cause(fmt::format("{} rows were sent and {} arrived", rows, copied))
        .Remedy("Look for a trigger, a partition or a CHECK at the destination that refuses rows.")
        .Side(connection_.endpoint().side);
  }
  connection_.Execute("DELETE FROM " + name_, kObject);
}

uint64_t LoadStage::Copy(const LoadPlan& plan) {
  const std::string columns = plan.InsertColumns();
  return ExecuteCounted(
      connection_,
      fmt::format("{} INTO {} ({}) SELECT {} FROM {} ORDER BY {}", plan.transactional ? "INSERT" : "REPLACE",
                  plan.table, columns, columns, name_, order_),
      plan.object);
}

}  // namespace sluice::mysql
