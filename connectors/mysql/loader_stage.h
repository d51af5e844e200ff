// Loading in two steps, for chunks in which the server warned of something that need not be a carried value: what it
// computes from them (generated columns, indexes over expressions) warns too, and not every warning names its column.
//
//   1. the rows go, as strictly as always, into a table of Sluice's database that has the carried columns and no
//   others:
//      what is refused there is a carried value;
//   2. they are copied from there, column by column of the same type, without strict mode: what warns now is computed.
//
// Both in the chunk's transaction. The table belongs to one session and is dropped with it; one that a crash or a stop
// has left is empty, and goes when the last task is released.
#pragma once

#include <string>
#include <string_view>

#include "connectors/mysql/connection.h"
#include "connectors/mysql/loader_columns.h"
#include "model/name.h"

namespace sluice::mysql {

inline constexpr std::string_view kStagePrefix = "stage_";

class LoadStage {
 public:
  explicit LoadStage(Connection& connection) : connection_(connection) {}
  ~LoadStage();
  LoadStage(const LoadStage&) = delete;
  LoadStage& operator=(const LoadStage&) = delete;

  // Before the chunk's transaction.
  void Prepare(const LoadPlan& plan, const model::ObjectName& destination);
  // For step 1.
  const LoadPlan& plan() const { return plan_; }
  // Step 2: all rows, of which there must be this many.
  void Move(const LoadPlan& plan, uint64_t rows);

 private:
  void Create(const LoadPlan& plan, const model::ObjectName& destination);
  void Drop();
  uint64_t Copy(const LoadPlan& plan);

  Connection& connection_;
  std::string name_;   // quoted; empty: there is none
  std::string order_;  // quoted name of its own first column
  LoadPlan plan_;
  std::string of_;  // the table that it was made for, as LoadPlan::table
};

}  // namespace sluice::mysql
