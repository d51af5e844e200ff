// What the PostgreSQL connector is and can do; the only symbol others see is Descriptor().
#include "connector/registry.h"
#include "connectors/postgresql/names.h"
#include "connectors/postgresql/sessions.h"

namespace sluice::postgresql {

const connector::Connector& Descriptor() {
  static const connector::Connector kDescriptor = {
      .name = "postgresql",
      .title = "PostgreSQL",
      .default_port = 5432,
      .group = "schema",
      .needs_database = true,
      .plugins = {kPgoutput, kTestDecoding},
      .reserved = {"information_schema", "pg_catalog", "pg_toast", "sluice"},
      .columns_ignore_case = false,
      .drop_account = "DROP ROLE",
      .reassign_objects = "REASSIGN OWNED BY role TO new_owner;",
      .make_source = MakeSource,
      .make_destination = MakeDestination,
  };
  return kDescriptor;
}

}  // namespace sluice::postgresql
