// What the sessions that write to a destination ask of its server: to end them soon when their client is gone without a
// word, since they hold rows locked.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "connectors/mysql/connection.h"
#include "connectors/mysql/server_test_endpoint.h"
#include "connectors/mysql/sessions.h"

namespace sluice::mysql {
namespace {

class SessionsServer : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto endpoint = ServerOf(GetParam());
    if (!endpoint) GTEST_SKIP() << GetParam() << " is not set";
    endpoint_ = *endpoint;
    admin_ = std::make_unique<Connection>(endpoint_, connector::SessionContext{});
    if (!admin_->is_mariadb()) return;
    // MariaDB shows no variables of other sessions: their statements are logged.
    admin_->Execute("TRUNCATE TABLE mysql.general_log");
    log_output_ = admin_->QueryOne("SELECT @@GLOBAL.log_output").value_or("FILE");
    admin_->Execute("SET GLOBAL log_output = 'TABLE', general_log = ON");
  }
  void TearDown() override {
    if (!admin_ || !admin_->is_mariadb()) return;
    admin_->Execute(fmt::format("SET GLOBAL general_log = OFF, log_output = '{}'", log_output_));
    admin_->Execute("TRUNCATE TABLE mysql.general_log");
  }

  std::set<std::string> Sessions() {
    std::set<std::string> ids;
    for (const TextRow& row : admin_->Query("SELECT ID FROM information_schema.PROCESSLIST")) {
      ids.insert(row[0].value_or(""));
    }
    return ids;
  }

  // The one session that `open` makes.
  template <typename Open>
  std::string IdOf(Open open) {
    const std::set<std::string> before = Sessions();
    session_ = open();
    std::string id;
    for (const std::string& one : Sessions()) {
      if (before.contains(one)) continue;
      EXPECT_TRUE(id.empty()) << "more than one new session";
      id = one;
    }
    EXPECT_FALSE(id.empty());
    return id;
  }

  std::string Variable(const std::string& id, const std::string& name) {
    if (!admin_->is_mariadb()) {
      return admin_
          ->QueryOne(fmt::format("SELECT VARIABLE_VALUE FROM performance_schema.variables_by_thread JOIN "
                                 "performance_schema.threads USING (THREAD_ID) WHERE PROCESSLIST_ID = {} AND "
                                 "VARIABLE_NAME = '{}'",
                                 id, name))
          .value_or("");
    }
    std::string value;
    for (const TextRow& row :
         admin_->Query(fmt::format("SELECT REGEXP_SUBSTR(argument, '[ ,]{0} *= *[0-9]+') FROM mysql.general_log WHERE "
                                   "thread_id = {1} AND argument REGEXP '[ ,]{0} *=' ORDER BY event_time",
                                   name, id))) {
      value = row[0].value_or("");
    }
    return value.substr(value.find_last_of("= ") + 1);
  }

  connector::Endpoint endpoint_;
  std::unique_ptr<Connection> admin_;
  std::shared_ptr<void> session_;
  std::string log_output_;
};

constexpr auto kTwiceIdleMost = std::chrono::duration_cast<std::chrono::seconds>(2 * connector::kSessionIdleMost);

TEST_P(SessionsServer, LoaderIsEndedSoonAfterItsClientIsGone) {
  const std::string id = IdOf([&] { return std::shared_ptr<connector::Loader>(MakeLoader(endpoint_, {})); });
  EXPECT_EQ(Variable(id, "wait_timeout"), std::to_string(kTwiceIdleMost.count()));
  // Within a LOAD DATA it waits as long as the source may take for the next rows.
  EXPECT_EQ(Variable(id, "net_read_timeout"), "600");
}

TEST_P(SessionsServer, ApplierIsEndedSoonAfterItsClientIsGone) {
  const std::string id = IdOf([&] { return std::shared_ptr<connector::Applier>(MakeApplier(endpoint_, false, {})); });
  EXPECT_EQ(Variable(id, "wait_timeout"), std::to_string(kTwiceIdleMost.count()));
  EXPECT_EQ(Variable(id, "net_read_timeout"), "120");
}

INSTANTIATE_TEST_SUITE_P(Real, SessionsServer, ::testing::Values("SLUICE_TEST_MARIADB", "SLUICE_TEST_MYSQL"),
                         [](const auto& server) { return std::string(server.param).substr(12); });

}  // namespace
}  // namespace sluice::mysql
