// What the MySQL connector is and can do; the only symbol others see is Descriptor().
#include "connector/registry.h"
#include "connectors/mysql/sessions.h"

namespace sluice::mysql {

const connector::Connector& Descriptor() {
  static const connector::Connector kDescriptor = {
      .name = "mysql",
      .title = "MySQL and MariaDB",
      .default_port = 3306,
      .reserved = {"information_schema", "mysql", "performance_schema", "sluice", "sys"},
      .make_source = MakeSource,
      .make_destination = MakeDestination,
  };
  return kDescriptor;
}

}  // namespace sluice::mysql
