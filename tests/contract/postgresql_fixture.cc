// PostgreSQL for the contract suite, one kind for each major version. What the suite calls a database is a schema of
// the database `contract`.
#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "base/stop.h"
#include "tests/contract/fixture.h"
#include "tests/contract/postgresql_tables.h"

namespace sluice::contract::postgresql {
namespace {

constexpr const char* kDatabase = "contract";
constexpr const char* kAccount = "contract";
constexpr const char* kAccountPassword = "Con-tract-1";

struct Address {
  std::string host, port, user, password;
};

Address Split(const std::string& address) {
  std::vector<std::string> parts(1);
  for (const char c : address) {
    if (c == ':' && parts.size() < 4) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (parts.size() != 4) throw std::runtime_error("an address is host:port:user:password");
  return {parts[0], parts[1], parts[2], parts[3]};
}

std::string Quote(const std::string& name) {
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

// A plain session, without any of the connector's code.
class Session : public OpenTransaction {
 public:
  Session(const Address& address, const std::string& database) {
    const char* keys[] = {"host", "port", "user", "password", "dbname", "client_encoding", "options", nullptr};
    // A test that leaves a lock behind fails instead of waiting for the next one's.
    const char* values[] = {address.host.c_str(),
                            address.port.c_str(),
                            address.user.c_str(),
                            address.password.c_str(),
                            database.c_str(),
                            "UTF8",
                            "-c lock_timeout=30s -c client_min_messages=error -c timezone=UTC",
                            nullptr};
    handle_ = PQconnectdbParams(keys, values, 0);
    if (PQstatus(handle_) != CONNECTION_OK) {
      const std::string why = PQerrorMessage(handle_);
      PQfinish(handle_);
      throw std::runtime_error("the administrator cannot connect: " + why);
    }
  }
  ~Session() override { PQfinish(handle_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void Run(const std::string& sql) override { Query(sql); }
  void Rollback() override { Run("ROLLBACK"); }
  std::vector<std::string> Query(const std::string& sql) {
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(handle_, sql.c_str()), PQclear);
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
      throw std::runtime_error(fmt::format("{}: {}", sql.substr(0, 300), PQerrorMessage(handle_)));
    }
    std::vector<std::string> values;
    for (int row = 0; row < PQntuples(result.get()); ++row) values.emplace_back(PQgetvalue(result.get(), row, 0));
    return values;
  }
  uint32_t version() const { return static_cast<uint32_t>(PQserverVersion(handle_)); }

 private:
  PGconn* handle_ = nullptr;
};

class PostgresqlFixture : public Fixture {
 public:
  explicit PostgresqlFixture(int major)
      : kind_(fmt::format("pg{}", major)), variable_(fmt::format("SLUICE_TEST_PG{}", major)) {}

  const std::string& kind() const override { return kind_; }
  const std::string& engine() const override { return engine_; }
  const std::string& variable() const override { return variable_; }

  void Open(const std::string& address) override;
  connector::Endpoint endpoint() const override;

  void Run(const std::string& sql) override { admin_->Run(sql); }
  std::string Value(const std::string& sql) override {
    const std::vector<std::string> values = admin_->Query(sql);
    return values.empty() ? "" : values[0];
  }
  std::unique_ptr<OpenTransaction> Begin() override {
    auto session = std::make_unique<Session>(address_, kDatabase);
    session->Run("BEGIN");
    return session;
  }
  void MakeDatabase(const std::string& name) override {
    DropDatabase(name);
    Run("CREATE SCHEMA " + Quote(name));
  }
  void DropDatabase(const std::string& name) override { Run("DROP SCHEMA IF EXISTS " + Quote(name) + " CASCADE"); }
  std::string Name(const model::ObjectName& table) const override {
    return Quote(table.database) + "." + Quote(table.name);
  }
  std::string BookkeepingDatabase() const override { return "sluice"; }

  std::vector<TableSpec> TablesOfEveryType() const override { return TypeTables(admin_->version()); }
  std::vector<TableSpec> KeyShapes() const override { return KeyTables(admin_->version()); }
  TableSpec LargeRow() const override {
    return {"large_row",
            {"CREATE TABLE {} (id int PRIMARY KEY, v text)", "INSERT INTO {} VALUES (1, repeat('x', 3000000))"},
            1};
  }
  std::vector<std::string> Rows(const std::string& encoding, const std::string& bytes) const override;
  // From 15 on the server leaves transactions out that have nothing of the publication.
  bool CountsUnselected() const override { return false; }

  std::string SlowCondition() const override { return "pg_sleep(100) IS NOT NULL"; }
  size_t BusySessions() override { return Sessions("state = 'active' AND backend_type = 'client backend'").size(); }
  size_t WaitingSessions() override { return Sessions("wait_event_type = 'Lock'").size(); }
  size_t KillSessions() override;

  void TakeReadRight(const std::string& database) override {
    Run(fmt::format("ALTER ROLE {} NOSUPERUSER REPLICATION", kAccount));
    Run(fmt::format("GRANT USAGE ON SCHEMA {} TO {}", Quote(database), kAccount));
  }
  void TakeWriteRight(const std::string& database) override {
    Run(fmt::format("ALTER ROLE {} NOSUPERUSER REPLICATION", kAccount));
    for (const std::string& schema : {database, BookkeepingDatabase()}) {
      Run(fmt::format("GRANT ALL ON SCHEMA {} TO {}", Quote(schema), kAccount));
      Run(fmt::format("GRANT ALL ON ALL TABLES IN SCHEMA {} TO {}", Quote(schema), kAccount));
    }
    // Its owner may be deprived too.
    Run(fmt::format("REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA {} FROM {}", Quote(database),
                    kAccount));
  }
  void TakeLogRight() override {
    Run(fmt::format("ALTER ROLE {} NOSUPERUSER NOREPLICATION", kAccount));
    for (const std::string& schema : admin_->Query("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'contract%'")) {
      Run(fmt::format("GRANT USAGE ON SCHEMA {} TO {}", Quote(schema), kAccount));
      Run(fmt::format("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}", Quote(schema), kAccount));
    }
  }
  void GiveRightsBack() override { Run(fmt::format("ALTER ROLE {} SUPERUSER REPLICATION", kAccount)); }
  // Rows may have any size up to the 1 GB of a value.
  void LimitRows(uint64_t) override {}
  void ResetRowLimit() override {}

  const ExpectedErrors& errors() const override { return errors_; }

 private:
  std::vector<std::string> Sessions(const std::string& condition) {
    return admin_->Query(
        fmt::format("SELECT pid FROM pg_stat_activity WHERE usename = '{}' AND ({})", kAccount, condition));
  }
  void DropSlots();

  const std::string kind_;
  const std::string engine_ = "postgresql";
  const std::string variable_;
  Address address_;
  std::unique_ptr<Session> admin_;
  // As docs/errors.md says.
  const ExpectedErrors errors_{.wrong_password = {"PG-0102", RetryClass::kNever},
                               .unknown_host = {"PG-0105", RetryClass::kBackoff},
                               .refused_port = {"PG-0101", RetryClass::kReconnect},
                               .missing_right = {"PG-0114", RetryClass::kNever},
                               .missing_log_right = {"PG-0114", RetryClass::kNever},
                               .duplicate_key = {"PG-0116", RetryClass::kNever},
                               .value_refused = {"PG-0118", RetryClass::kNever},
                               .packet_too_large = {"PG-0113", RetryClass::kNever},
                               .row_missing = {"PG-0501", RetryClass::kNever}};
};

void PostgresqlFixture::Open(const std::string& address) {
  address_ = Split(address);
  {
    Session server(address_, "postgres");
    if (server.Query(fmt::format("SELECT 1 FROM pg_database WHERE datname = '{}'", kDatabase)).empty()) {
      server.Run(fmt::format("CREATE DATABASE {}", kDatabase));
    }
    if (server.Query(fmt::format("SELECT 1 FROM pg_roles WHERE rolname = '{}'", kAccount)).empty()) {
      server.Run(fmt::format("CREATE ROLE {}", kAccount));
    }
  }
  admin_ = std::make_unique<Session>(address_, kDatabase);
  // What a test that failed has left; sessions of a stopped one may take a moment to leave.
  KillSessions();
  DropSlots();
  Run(fmt::format("DROP OWNED BY {} CASCADE", kAccount));
  Run(fmt::format("ALTER ROLE {} LOGIN SUPERUSER REPLICATION PASSWORD '{}'", kAccount, kAccountPassword));
  for (const char* extension : {"hstore", "citext"}) {
    Run(fmt::format("CREATE EXTENSION IF NOT EXISTS {} SCHEMA public", extension));
  }
}

void PostgresqlFixture::DropSlots() {
  Run("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active AND database = '" +
      std::string(kDatabase) + "'");
}

connector::Endpoint PostgresqlFixture::endpoint() const {
  connector::Endpoint endpoint;
  endpoint.engine = engine_;
  endpoint.host = address_.host;
  std::from_chars(address_.port.data(), address_.port.data() + address_.port.size(), endpoint.port);
  endpoint.user = kAccount;
  endpoint.password = Secret(kAccountPassword);
  endpoint.database = kDatabase;
  return endpoint;
}

size_t PostgresqlFixture::KillSessions() {
  std::string pids;
  const std::vector<std::string> all = Sessions("true");
  for (const std::string& pid : all) pids += (pids.empty() ? "" : ",") + pid;
  if (all.empty()) return 0;
  const std::string those = "pg_stat_activity WHERE pid IN (" + pids + ")";
  Run("SELECT pg_terminate_backend(pid) FROM " + those);
  // The server only asks them to end.
  const Deadline deadline = Deadline::After(milliseconds(30'000));
  while (!admin_->Query("SELECT pid FROM " + those).empty()) {
    if (deadline.Passed()) throw std::runtime_error("sessions that were to end are still there: " + pids);
    SleepFor({}, milliseconds(2));
  }
  return all.size();
}

std::vector<std::string> PostgresqlFixture::Rows(const std::string& encoding, const std::string& bytes) const {
  std::vector<std::string> rows;
  if (encoding == "pg.copy.text") {
    for (size_t from = 0; from < bytes.size();) {
      const size_t end = std::min(bytes.find('\n', from), bytes.size());
      rows.push_back(bytes.substr(from, end - from));
      from = end + 1;
    }
    return rows;
  }
  if (encoding != "pg.copy.binary") throw std::runtime_error("unknown encoding " + encoding);
  // Documentation of COPY, "Binary Format": a count of fields, then length and value of each; -1 is NULL.
  size_t at = 0;
  const auto number = [&](size_t size) {
    if (at + size > bytes.size()) throw std::runtime_error("a row ends early");
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at++]);
    return value;
  };
  while (at < bytes.size()) {
    const size_t from = at;
    for (uint32_t left = number(2); left > 0; --left) {
      const auto length = static_cast<int32_t>(number(4));
      if (length > 0) at += static_cast<size_t>(length);
    }
    if (at > bytes.size()) throw std::runtime_error("a row ends early");
    rows.push_back(bytes.substr(from, at - from));
  }
  return rows;
}

}  // namespace

std::vector<FixturePtr> Fixtures() {
  std::vector<FixturePtr> all;
  for (const int major : {10, 12, 14, 15, 16, 17, 18}) all.push_back(std::make_shared<PostgresqlFixture>(major));
  return all;
}

}  // namespace sluice::contract::postgresql
