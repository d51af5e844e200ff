// XA transactions in the log of real servers: their rows belong to the COMMIT, wherever the PREPARE stands.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "connectors/mysql/connection.h"
#include "connectors/mysql/server_test_endpoint.h"
#include "connectors/mysql/sessions.h"

namespace sluice::mysql {
namespace {

constexpr const char* kDatabase = "sluice_xa";

class XaServer : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto endpoint = ServerOf(GetParam());
    if (!endpoint) GTEST_SKIP() << GetParam() << " is not set";
    endpoint_ = *endpoint;
    admin_ = std::make_unique<Connection>(endpoint_, connector::SessionContext{});
    RollBackAll();
    admin_->Execute(fmt::format("DROP DATABASE IF EXISTS {}", kDatabase));
    admin_->Execute(fmt::format("CREATE DATABASE {}", kDatabase));
    admin_->Execute(fmt::format("CREATE TABLE {}.t (id INT PRIMARY KEY, v VARCHAR(10))", kDatabase));
    start_ = ReadCurrentPosition(endpoint_, {});
  }
  void TearDown() override {
    if (!admin_) return;
    RollBackAll();
    admin_->Execute(fmt::format("DROP DATABASE {}", kDatabase));
  }

  void RollBackAll() {
    for (const char* name : {"'one'", "'two','branch',7"}) {
      try {
        admin_->Execute(fmt::format("XA ROLLBACK {}", name));
      } catch (const Error&) {
        // It is not there, which is what is wanted.
      }
    }
  }
  // In a session of its own, which ends: only so may another one commit it (MySQL 5.7 and MariaDB 10.5 on).
  void Prepare(const std::string& name, const std::vector<std::string>& statements) {
    Connection session(endpoint_, {});
    session.Execute("XA START " + name);
    for (const std::string& statement : statements) session.Execute(statement);
    session.Execute("XA END " + name);
    session.Execute("XA PREPARE " + name);
  }
  void Insert(int id) { admin_->Execute(InsertStatement(id)); }
  static std::string InsertStatement(int id) { return fmt::format("INSERT INTO {}.t VALUES ({}, 'x')", kDatabase, id); }
  // The prepared transaction becomes anybody's when the server has noticed that its session is gone.
  void End(const std::string& statement) {
    const Deadline deadline = Deadline::After(milliseconds(20'000));
    while (true) {
      try {
        return admin_->Execute(statement);
      } catch (const Error&) {
        if (deadline.Passed()) throw;
        SleepFor({}, milliseconds(20));
      }
    }
  }

  struct Seen {
    std::vector<std::string> rows;  // "1 2" for a transaction that inserted these
    std::vector<std::pair<model::Position, uint64_t>> ends;
  };
  // Everything from `start` to the log's end.
  Seen Read(const model::Position& start, uint64_t ordinal = 0) {
    connector::ChangeRequest request;
    request.start = start;
    request.ordinal = ordinal;
    request.tables = MakeCatalog(endpoint_, {})->DescribeTables({{kDatabase, "t"}});
    request.selected = [](const model::ObjectName& name) { return name.database == kDatabase; };
    auto stream = MakeChangeStream(endpoint_, request, {});
    const model::Position end = ReadCurrentPosition(endpoint_, {});
    Seen seen;
    while (seen.ends.empty() || !PositionReached(seen.ends.back().first, end)) {
      const model::TransactionPtr next = stream->Next(Deadline::After(milliseconds(20'000)));
      if (next == nullptr) {
        ADD_FAILURE() << "the stream does not reach the log's end";
        break;
      }
      seen.ends.emplace_back(next->end, next->ordinal);
      std::string rows;
      for (const model::RowChange& row : next->rows) rows += fmt::format("{} ", row.after[0].i);
      if (!rows.empty()) seen.rows.push_back(rows.substr(0, rows.size() - 1));
    }
    return seen;
  }

  connector::Endpoint endpoint_;
  std::unique_ptr<Connection> admin_;
  model::Position start_;
};

using Rows = std::vector<std::string>;

TEST_P(XaServer, RowsComeWithTheCommit) {
  Prepare("'one'", {InsertStatement(1), InsertStatement(2)});
  Insert(3);
  EXPECT_EQ(Read(start_).rows, Rows{"3"}) << "prepared is not committed";
  End("XA COMMIT 'one'");
  Insert(4);
  EXPECT_EQ(Read(start_).rows, (Rows{"3", "1 2", "4"}));
}

TEST_P(XaServer, RollbackDropsThem) {
  Prepare("'one'", {InsertStatement(1)});
  Prepare("'two','branch',7", {InsertStatement(2)});
  Insert(3);
  End("XA ROLLBACK 'one'");
  End("XA COMMIT 'two','branch',7");
  EXPECT_EQ(Read(start_).rows, (Rows{"3", "2"}));
}

TEST_P(XaServer, OnePhaseIsAnOrdinaryCommit) {
  Connection session(endpoint_, {});
  session.Execute("XA START 'one'");
  session.Execute(InsertStatement(1));
  session.Execute("XA END 'one'");
  session.Execute("XA COMMIT 'one' ONE PHASE");
  Insert(2);
  EXPECT_EQ(Read(start_).rows, (Rows{"1", "2"}));
}

TEST_P(XaServer, RestartBetweenPrepareAndCommit) {
  Prepare("'one'", {InsertStatement(1)});
  Insert(2);
  Insert(3);
  End("XA COMMIT 'one'");
  Insert(4);
  const Seen all = Read(start_);
  ASSERT_EQ(all.rows, (Rows{"2", "3", "1", "4"}));
  for (const auto& [end, ordinal] : all.ends) {
    SCOPED_TRACE(end.json);
    const Rows rest = end == all.ends.back().first ? Rows() : Read(end, ordinal).rows;
    ASSERT_LE(rest.size(), all.rows.size());
    EXPECT_TRUE(std::equal(rest.rbegin(), rest.rend(), all.rows.rbegin()));
    EXPECT_EQ(rest.empty(), end == all.ends.back().first);
  }
}

TEST_P(XaServer, PrepareBeforeThePositionIsToldNotSkipped) {
  Prepare("'one'", {InsertStatement(1)});
  const model::Position after = ReadCurrentPosition(endpoint_, {});
  End("XA COMMIT 'one'");
  try {
    Read(after);
    FAIL() << "rows are missing and nobody says so";
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, "MY-0215");
    EXPECT_NE(error.info().remedy.find("XA RECOVER"), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(Servers, XaServer, ::testing::Values("SLUICE_TEST_MARIADB", "SLUICE_TEST_MYSQL"),
                         [](const auto& info) { return std::string(info.param + std::string("SLUICE_TEST_").size()); });

}  // namespace
}  // namespace sluice::mysql
