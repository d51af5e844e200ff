#include "connectors/mysql/database_defaults.h"

#include <gtest/gtest.h>

#include "connectors/mysql/ddl.h"

namespace sluice::mysql {
namespace {

struct Log {
  DatabaseDefaults defaults{{{"a", "latin1_swedish_ci"}}, {{"utf8mb4", "utf8mb4_0900_ai_ci"}, {"latin2", "latin2_x"}}};

  model::DdlChange Run(const std::string& statement, const std::string& utf8mb4 = "") {
    model::DdlChange ddl = ClassifyDdl(statement, "a", "");
    defaults.Follow(ddl, {}, {"utf8mb4_unicode_ci", utf8mb4});
    return ddl;
  }
  std::string Of(const std::string& database) {
    return Run("CREATE TABLE " + database + ".t (v TEXT)").database_collation;
  }
};

TEST(DatabaseDefaults, TheLogSaysWhatTheyBecome) {
  Log log;
  EXPECT_EQ(log.Of("a"), "latin1_swedish_ci");
  EXPECT_EQ(log.Of("b"), "");
  log.Run("CREATE DATABASE IF NOT EXISTS a");
  EXPECT_EQ(log.Of("a"), "latin1_swedish_ci");
  log.Run("CREATE DATABASE b");
  EXPECT_EQ(log.Of("b"), "utf8mb4_unicode_ci");
  log.Run("ALTER DATABASE `b` DEFAULT CHARACTER SET = 'latin2'");
  EXPECT_EQ(log.Of("b"), "latin2_x");
  log.Run("ALTER SCHEMA b COLLATE latin2_hungarian_ci CHARSET latin2");
  EXPECT_EQ(log.Of("b"), "latin2_hungarian_ci");
  log.Run("ALTER DATABASE CHARACTER SET utf8mb4");  // the session's
  EXPECT_EQ(log.Of("a"), "utf8mb4_0900_ai_ci");
  log.Run("CREATE OR REPLACE DATABASE a CHARACTER SET utf8mb4", "utf8mb4_general_ci");
  EXPECT_EQ(log.Of("a"), "utf8mb4_general_ci");
  log.Run("ALTER DATABASE a READ ONLY = 1");
  EXPECT_EQ(log.Of("a"), "utf8mb4_general_ci");
  log.Run("DROP DATABASE IF EXISTS a");
  EXPECT_EQ(log.Of("a"), "");
}

}  // namespace
}  // namespace sluice::mysql
