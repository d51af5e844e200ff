// What a destination has to bear of another engine's tables.
#include "connectors/mysql/precheck.h"

#include <fmt/format.h>

#include "connectors/mysql/connection.h"
#include "connectors/mysql/foreign/table.h"

namespace sluice::mysql {

void CheckForeignTables(Precheck& check) {
  constexpr const char* kTitle = "Every column has a type here";
  const Capabilities server = ReadCapabilities(check.connection());
  bool all = true;
  for (size_t i = 0; i < check.request().tables.size() && i < check.request().mappings.size(); ++i) {
    const model::Table& table = *check.request().tables[i];
    for (const std::string& why : WhyNotHere(table, *check.request().mappings[i], server)) {
      all = false;
      check.Fail("foreign_types", kTitle, "table " + table.name.Text(), why,
                 "Leave the column out (columns: {exclude: [..]}), or make the table yourself and leave `schema` out.");
    }
  }
  if (all) check.Pass("foreign_types", kTitle);
  check.WarnOfForeignObjects(check.request().objects);
}

// A source of another engine may forget what it was told of.
void CheckDurable(Precheck& check) {
  constexpr const char* kTitle = "What is committed survives a crash of the destination";
  const std::string setting = check.Variable("innodb_flush_log_at_trx_commit");
  if (setting == "1" || setting.empty()) {
    check.Pass("durable", kTitle);
    return;
  }
  check.Warn("durable", kTitle, "innodb_flush_log_at_trx_commit",
             fmt::format("It is {}: a crash of the machine loses the last commits, of which the source may have been "
                         "told. The task then stops and has to begin anew.",
                         setting),
             "SET GLOBAL innodb_flush_log_at_trx_commit = 1;");
}

}  // namespace sluice::mysql
