// What the contract suite asks of an engine beyond src/connector/connector.h: a server to work on, and the few things
// that no two engines say alike. One file <engine>_fixture.cc per engine defines
//   namespace sluice::contract::<engine> { std::vector<std::shared_ptr<Fixture>> Fixtures(); }
// and CMake finds it. Statements that are the same everywhere stand in the tests.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "connector/connector.h"

namespace sluice::contract {

// A table as the engine's own statements: the first one makes it, the others fill it. The first {} of each stands for
// its quoted name with its database, every {db} for the database's name.
struct TableSpec {
  std::string name;
  std::vector<std::string> statements;
  uint64_t rows = 0;
  bool same_kind_only = false;     // its types exist in this kind of server alone
  uint32_t from_version = 0;       // older servers of the engine cannot have it
  std::vector<std::string> needs;  // made before it: types and the like, with {db}
  std::string only;                // before its name in a query: "ONLY " where it has rows of others too
  bool same_engine_only = false;   // another engine refuses some of its values
};

// How an engine calls what every engine meets: the documented code and what may be tried again.
struct Expected {
  std::string code;
  RetryClass retry = RetryClass::kNever;
};

struct ExpectedErrors {
  Expected wrong_password;
  Expected unknown_host;
  Expected refused_port;
  Expected missing_right;
  Expected missing_log_right;
  Expected duplicate_key;
  Expected value_refused;
  Expected packet_too_large;
  Expected row_missing;
};

// A transaction of the administrator that is open until the value goes: what it wrote is locked.
class OpenTransaction {
 public:
  virtual ~OpenTransaction() = default;
  virtual void Run(const std::string& sql) = 0;
  virtual void Rollback() = 0;
};

// One kind of server, e.g. "mariadb". The tests run it as an administrator; the connector gets an account of its own,
// so that its sessions can be found.
class Fixture {
 public:
  virtual ~Fixture() = default;

  virtual const std::string& kind() const = 0;    // letters and digits; also the suffix of the test's name
  virtual const std::string& engine() const = 0;  // name of the connector
  virtual const std::string& variable()
      const = 0;  // "SLUICE_TEST_MARIADB": host:port:user:password of the administrator
  // Connects. Called before each test; makes the account anew.
  virtual void Open(const std::string& address) = 0;
  virtual connector::Endpoint endpoint() const = 0;

  // What a test wants to do as the administrator, from a session of its own that commits each statement.
  virtual void Run(const std::string& sql) = 0;
  virtual std::string Value(const std::string& sql) = 0;  // of the first row's first column; "" for NULL
  virtual std::unique_ptr<OpenTransaction> Begin() = 0;
  virtual void MakeDatabase(const std::string& name) = 0;  // new and empty
  virtual void DropDatabase(const std::string& name) = 0;
  virtual std::string Name(const model::ObjectName& table) const = 0;  // quoted
  // The database that the connector keeps its own records in.
  virtual std::string BookkeepingDatabase() const = 0;

  virtual std::vector<TableSpec> TablesOfEveryType() const = 0;
  // Tables of every shape of key: small numbers and large, text, several columns, nullable, none.
  virtual std::vector<TableSpec> KeyShapes() const = 0;
  // A table `large_row` (id, v) with one row of 3 MB.
  virtual TableSpec LargeRow() const = 0;
  // The rows of a block, each as its bytes.
  virtual std::vector<std::string> Rows(const std::string& encoding, const std::string& bytes) const = 0;
  // Whether the log's transactions without selected rows have numbers too.
  virtual bool CountsUnselected() const = 0;

  // A condition on a row that takes minutes.
  virtual std::string SlowCondition() const = 0;
  // Sessions of the connector's account that run a statement, and those that wait for a lock.
  virtual size_t BusySessions() = 0;
  virtual size_t WaitingSessions() = 0;
  virtual size_t KillSessions() = 0;  // of the connector's account; how many

  // The account without the right to read the rows of `database`, to write to it, or to read the log.
  virtual void TakeReadRight(const std::string& database) = 0;
  virtual void TakeWriteRight(const std::string& database) = 0;
  virtual void TakeLogRight() = 0;
  virtual void GiveRightsBack() = 0;
  // The largest row that the server takes from now on in new sessions; ResetRowLimit() undoes it.
  virtual void LimitRows(uint64_t bytes) = 0;
  virtual void ResetRowLimit() = 0;

  virtual const ExpectedErrors& errors() const = 0;
};

using FixturePtr = std::shared_ptr<Fixture>;

// Of every engine; defined in the generated fixtures.cc.
std::vector<FixturePtr> Fixtures();

}  // namespace sluice::contract
