#include "connectors/mysql/precheck_settings.h"

#include <set>

#include "connectors/mysql/connection.h"

namespace sluice::mysql {

std::map<std::string, std::string> ReadComparedSettings(Connection& connection) {
  std::map<std::string, std::string> settings;
  for (const TextRow& row : connection.Query(
           "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('sql_mode', 'time_zone', 'system_time_zone', "
           "'lower_case_table_names', 'character_set_server', 'max_allowed_packet', 'innodb_page_size')")) {
    settings[row[0].value_or("")] = row[1].value_or("");
  }
  return settings;
}

bool LogsCascades(Connection& connection) {
  constexpr uint32_t kSince = 90600;
  if (connection.is_mariadb() || connection.version() < kSince) return false;
  const TextRows rows = connection.Query("SHOW GLOBAL VARIABLES LIKE 'innodb_native_foreign_keys'");
  return rows.empty() || rows[0].at(1) != "ON";
}

}  // namespace sluice::mysql
