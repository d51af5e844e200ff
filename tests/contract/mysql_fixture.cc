// MariaDB and MySQL for the contract suite.
#include <fmt/format.h>
#include <mysql.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "base/stop.h"
#include "tests/contract/fixture.h"

namespace sluice::contract::mysql {
namespace {

constexpr const char* kAccount = "contract";
constexpr const char* kAccountPassword = "Con-tract-1";
constexpr const char* kModes =
    "SET SESSION sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00'";

std::vector<std::string> Split(const std::string& address) {
  std::vector<std::string> parts(1);
  for (const char c : address) {
    if (c == ':' && parts.size() < 4) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (parts.size() != 4) throw std::runtime_error("an address is host:port:user:password");
  return parts;
}

// A plain session, without any of the connector's code.
class Session : public OpenTransaction {
 public:
  explicit Session(const std::string& address) : handle_(mysql_init(nullptr)) {
    const std::vector<std::string> parts = Split(address);
    unsigned port = 0;
    std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), port);
    mysql_options(handle_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (mysql_real_connect(handle_, parts[0].c_str(), parts[2].c_str(), parts[3].c_str(), nullptr, port, nullptr, 0) ==
        nullptr) {
      const std::string why = mysql_error(handle_);
      mysql_close(handle_);
      throw std::runtime_error("the administrator cannot connect: " + why);
    }
    Run(kModes);
  }
  ~Session() override { mysql_close(handle_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void Run(const std::string& sql) override { Query(sql); }
  void Rollback() override { Run("ROLLBACK"); }
  // False: it was just ending by itself.
  bool Kill(const std::string& id) {
    constexpr unsigned kNoSuchThread = 1094;
    const std::string sql = "KILL " + id;
    if (mysql_real_query(handle_, sql.data(), sql.size()) == 0) return true;
    if (mysql_errno(handle_) == kNoSuchThread) return false;
    throw std::runtime_error(sql + ": " + mysql_error(handle_));
  }
  std::vector<std::string> Query(const std::string& sql, unsigned column = 0) {
    if (mysql_real_query(handle_, sql.data(), sql.size()) != 0) {
      throw std::runtime_error(fmt::format("{}: {}", sql.substr(0, 300), mysql_error(handle_)));
    }
    std::vector<std::string> values;
    if (MYSQL_RES* result = mysql_store_result(handle_)) {
      while (MYSQL_ROW row = mysql_fetch_row(result)) values.emplace_back(row[column] == nullptr ? "" : row[column]);
      mysql_free_result(result);
    }
    return values;
  }

 private:
  MYSQL* handle_;
};

std::string Numbers(uint64_t count, const std::string& expression) {
  // A join of digits: every server has it, recursive queries not.
  return fmt::format(
      "INSERT INTO {{}} SELECT {} FROM (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d AS n FROM "
      "(SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION "
      "SELECT 7 UNION SELECT 8 UNION SELECT 9) a, (SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION "
      "SELECT "
      "4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) b, (SELECT 0 d UNION SELECT 1 "
      "UNION "
      "SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT "
      "9) c, (SELECT 0 d UNION SELECT 1 UNION SELECT 2) e) numbers WHERE n < {}",
      expression, count);
}

class MysqlFixture : public Fixture {
 public:
  MysqlFixture(std::string kind, std::string variable)
      : kind_(std::move(kind)), variable_(std::move(variable)), is_mariadb_(kind_ == "mariadb") {}

  const std::string& kind() const override { return kind_; }
  const std::string& engine() const override { return engine_; }
  const std::string& variable() const override { return variable_; }

  void Open(const std::string& address) override {
    address_ = address;
    admin_ = std::make_unique<Session>(address);
    Run(fmt::format("DROP USER IF EXISTS '{}'@'%'", kAccount));
    Run(fmt::format("CREATE USER '{}'@'%' IDENTIFIED BY '{}'", kAccount, kAccountPassword));
    GiveRightsBack();
  }
  connector::Endpoint endpoint() const override {
    const std::vector<std::string> parts = Split(address_);
    connector::Endpoint endpoint;
    endpoint.engine = engine_;
    endpoint.host = parts[0];
    std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), endpoint.port);
    endpoint.user = kAccount;
    endpoint.password = Secret(kAccountPassword);
    return endpoint;
  }

  void Run(const std::string& sql) override { admin_->Run(sql); }
  std::string Value(const std::string& sql) override {
    const std::vector<std::string> values = admin_->Query(sql);
    return values.empty() ? "" : values[0];
  }
  std::unique_ptr<OpenTransaction> Begin() override {
    auto session = std::make_unique<Session>(address_);
    session->Run("START TRANSACTION");
    return session;
  }
  void MakeDatabase(const std::string& name) override {
    DropDatabase(name);
    Run("CREATE DATABASE " + name + " CHARACTER SET utf8mb4");
  }
  void DropDatabase(const std::string& name) override { Run("DROP DATABASE IF EXISTS " + name); }
  std::string Name(const model::ObjectName& table) const override {
    return "`" + table.database + "`.`" + table.name + "`";
  }
  std::string BookkeepingDatabase() const override { return "sluice"; }

  std::vector<TableSpec> TablesOfEveryType() const override;
  std::vector<TableSpec> KeyShapes() const override;
  TableSpec LargeRow() const override {
    return {"large_row",
            {"CREATE TABLE {} (id INT PRIMARY KEY, v LONGTEXT)", "INSERT INTO {} VALUES (1, REPEAT('x', 3000000))"},
            1};
  }
  std::vector<std::string> Rows(const std::string& encoding, const std::string& bytes) const override {
    if (encoding != "mysql.tsv") throw std::runtime_error("unknown encoding " + encoding);
    std::vector<std::string> rows;
    for (size_t from = 0; from < bytes.size();) {
      const size_t end = std::min(bytes.find('\n', from), bytes.size());
      rows.push_back(bytes.substr(from, end - from));
      from = end + 1;
    }
    return rows;
  }
  bool CountsUnselected() const override { return true; }

  std::string SlowCondition() const override { return "SLEEP(100) = 0"; }
  size_t BusySessions() override {
    return Count(fmt::format(
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = '{}' AND COMMAND = 'Query'", kAccount));
  }
  size_t WaitingSessions() override {
    // INNODB_TRX is a copy that is not renewed while it is asked for more than ten times a second.
    const std::string status = admin_->Query("SHOW ENGINE INNODB STATUS", 2).at(0);
    size_t count = 0;
    for (size_t at = 0; (at = status.find("\nLOCK WAIT", at)) != std::string::npos; ++at) ++count;
    return count;
  }
  size_t KillSessions() override {
    const auto ids =
        admin_->Query(fmt::format("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = '{}'", kAccount));
    size_t killed = 0;
    std::string those = "0";
    for (const std::string& id : ids) {
      if (!admin_->Kill(id)) continue;
      ++killed;
      those += "," + id;
    }
    // The server only asks them to end.
    const std::string left = "SELECT ID FROM information_schema.PROCESSLIST WHERE ID IN (" + those + ")";
    const Deadline deadline = Deadline::After(milliseconds(30'000));
    while (!admin_->Query(left).empty()) {
      if (deadline.Passed()) throw std::runtime_error("sessions that were to end are still there: " + those);
      SleepFor({}, milliseconds(2));
    }
    return killed;
  }

  void TakeReadRight(const std::string& database) override { LeaveRights("CREATE, TRIGGER", database); }
  void TakeWriteRight(const std::string& database) override { LeaveRights("SELECT", database); }
  void TakeLogRight() override {
    Run(fmt::format("REVOKE ALL PRIVILEGES, GRANT OPTION FROM '{}'@'%'", kAccount));
    Run(fmt::format("GRANT SELECT, RELOAD, REPLICATION CLIENT ON *.* TO '{}'@'%'", kAccount));
  }
  void GiveRightsBack() override { Run(fmt::format("GRANT ALL PRIVILEGES ON *.* TO '{}'@'%'", kAccount)); }
  void LimitRows(uint64_t bytes) override { Run(fmt::format("SET GLOBAL max_allowed_packet = {}", bytes)); }
  void ResetRowLimit() override { Run("SET GLOBAL max_allowed_packet = 67108864"); }

  const ExpectedErrors& errors() const override { return errors_; }

 private:
  void LeaveRights(const std::string& rights, const std::string& database) {
    Run(fmt::format("REVOKE ALL PRIVILEGES, GRANT OPTION FROM '{}'@'%'", kAccount));
    Run(fmt::format("GRANT REPLICATION SLAVE, REPLICATION CLIENT, RELOAD, PROCESS ON *.* TO '{}'@'%'", kAccount));
    Run(fmt::format("GRANT ALL PRIVILEGES ON sluice.* TO '{}'@'%'", kAccount));
    Run(fmt::format("GRANT {} ON {}.* TO '{}'@'%'", rights, database, kAccount));
  }
  size_t Count(const std::string& sql) {
    const std::string text = Value(sql);
    size_t count = 0;
    std::from_chars(text.data(), text.data() + text.size(), count);
    return count;
  }

  const std::string kind_;
  const std::string engine_ = "mysql";
  const std::string variable_;
  const bool is_mariadb_;
  std::string address_;
  std::unique_ptr<Session> admin_;
  // As docs/errors.md says.
  const ExpectedErrors errors_{.wrong_password = {"MY-0102", RetryClass::kNever},
                               .unknown_host = {"MY-0105", RetryClass::kBackoff},
                               .refused_port = {"MY-0101", RetryClass::kReconnect},
                               .missing_right = {"MY-0114", RetryClass::kNever},
                               .missing_log_right = {"MY-0114", RetryClass::kNever},
                               .duplicate_key = {"MY-0116", RetryClass::kNever},
                               .value_refused = {"MY-0118", RetryClass::kNever},
                               .packet_too_large = {"MY-0113", RetryClass::kNever},
                               .row_missing = {"MY-0501", RetryClass::kNever}};
};

// The least, the greatest, NULL, and what is awkward to write. End to end tests have every value of every type.
std::vector<TableSpec> MysqlFixture::TablesOfEveryType() const {
  std::vector<TableSpec> tables = {
      {"numbers",
       {"CREATE TABLE {} (id INT PRIMARY KEY, ti TINYINT, tu TINYINT UNSIGNED, si SMALLINT, mi MEDIUMINT, mu MEDIUMINT "
        "UNSIGNED, i INT, iu INT UNSIGNED, bi BIGINT, bu BIGINT UNSIGNED, d DECIMAL(65,30), f FLOAT, db DOUBLE, b1 "
        "BIT(1), b64 BIT(64), y YEAR, bo BOOLEAN)",
        "INSERT INTO {} VALUES (1, -128, 255, -32768, -8388608, 16777215, -2147483648, 4294967295, "
        "-9223372036854775808, "
        "18446744073709551615, 99999999999999999999999999999999999.999999999999999999999999999999, 3.402823466e38, "
        "1.7976931348623157e308, 1, 18446744073709551615, 2155, TRUE)",
        "INSERT INTO {} VALUES (2, 127, 0, 32767, 8388607, 0, 2147483647, 0, 9223372036854775807, 0, "
        "-0.000000000000000000000000000001, 3.14159274, 5e-324, 0, 0, 0, FALSE)",
        "INSERT INTO {} (id) VALUES (3)"},
       3},
      {"times",
       {"CREATE TABLE {} (id INT PRIMARY KEY, d DATE, t TIME, t6 TIME(6), dt DATETIME, dt6 DATETIME(6), ts TIMESTAMP "
        "NULL, "
        "ts6 TIMESTAMP(6) NULL)",
        "INSERT INTO {} VALUES (1, '0000-00-00', '-838:59:59', '-01:02:03.000004', '0000-00-00 00:00:00', "
        "'1000-01-01 00:00:00.000001', '1970-01-01 00:00:01', '2038-01-19 03:14:07.999999')",
        "INSERT INTO {} VALUES (2, '2024-02-29', '838:59:59', '-00:00:00.999999', '9999-12-31 23:59:59', "
        "'1969-12-31 23:59:59.5', '2024-10-27 01:30:00', '0000-00-00 00:00:00')",
        "INSERT INTO {} (id) VALUES (3)"},
       3},
      {"texts",
       {"CREATE TABLE {} (id INT PRIMARY KEY, c CHAR(40), v VARCHAR(300) CHARACTER SET latin1, g VARCHAR(60) CHARACTER "
        "SET gbk, u VARCHAR(40) CHARACTER SET ucs2, t TEXT, lt LONGTEXT, e ENUM('a', 'it''s', 'ü', ''), s SET('x', "
        "'y', "
        "'ü'), j JSON)",
        R"(INSERT INTO {} VALUES (1, '😀 tab\t nl\n bs\\ q\' \Z', 'é€ \\N', '中文字符', '中文\t', '\\N', REPEAT('ü\n', 90000),
           'ü', 'x,ü', '{"a": [1, 2.5, "x\\ny", null], "ü": "😀"}'))",
        R"(INSERT INTO {} VALUES (2, ' lead', '', _gbk 0x815c, '', '\\', 'N', '', '', '"\\u0001"'))",
        "INSERT INTO {} (id) VALUES (3)"},
       3},
      // What no other engine has: dates that are zero in part, and the code 0 in JSON.
      {"of_the_family",
       {"CREATE TABLE {} (id INT PRIMARY KEY, d DATE, j JSON)", "INSERT INTO {} VALUES (1, '2024-00-00', '1')",
        R"(INSERT INTO {} VALUES (2, '2024-05-00', '"\\u0000"'))", "INSERT INTO {} (id) VALUES (3)"},
       3,
       false,
       0,
       {},
       "",
       true},
      {"bytes",
       {"CREATE TABLE {} (id INT PRIMARY KEY, b BINARY(20), v VARBINARY(300), bl BLOB, lb LONGBLOB, p POINT, g "
        "GEOMETRY)",
        "INSERT INTO {} VALUES (1, 0x00ff, 0x0a090d5c2722001a, REPEAT(0x5c, 60000), REPEAT(0x00, 300000), POINT(1, 2), "
        "ST_GeomFromText('LINESTRING(0 0,1 1,2.5 -2.5)'))",
        "INSERT INTO {} VALUES (2, '', '', '', '', POINT(-0.5, 1e100), NULL)", "INSERT INTO {} (id) VALUES (3)"},
       3},
      {"generated",
       {"CREATE TABLE {} (id INT AUTO_INCREMENT PRIMARY KEY, a INT, v INT AS (a * 2) VIRTUAL, s INT AS (a + 1) STORED, "
        "b "
        "INT)",
        "INSERT INTO {} (id, a, b) VALUES (0, 5, 1), (7, NULL, 2), (-3, 8, NULL)"},
       3}};
  if (is_mariadb_) {
    tables.push_back({"mariadb_only",
                      {"CREATE TABLE {} (id INT PRIMARY KEY, u UUID, a INET6, t TEXT COMPRESSED)",
                       "INSERT INTO {} VALUES (1, '123e4567-e89b-12d3-a456-426655440000', '2001:db8::1', REPEAT('x', "
                       "4000)), (2, NULL, NULL, NULL)"},
                      2,
                      true});
  } else {
    tables.push_back({"mysql_only",
                      {"CREATE TABLE {} (id INT PRIMARY KEY, v VECTOR(3), p POINT SRID 4326)",
                       "INSERT INTO {} VALUES (1, TO_VECTOR('[1,-2.5,3e10]'), ST_GeomFromText('POINT(10 20)', 4326)), "
                       "(2, NULL, NULL)"},
                      2,
                      true});
  }
  return tables;
}

std::vector<TableSpec> MysqlFixture::KeyShapes() const {
  std::vector<TableSpec> shapes = {
      {"k_empty", {"CREATE TABLE {} (id INT PRIMARY KEY, v VARCHAR(100))"}, 0},
      {"k_one", {"CREATE TABLE {} (id INT PRIMARY KEY, v VARCHAR(100))", "INSERT INTO {} VALUES (-5, 'x')"}, 1},
      {"k_int",
       {"CREATE TABLE {} (id INT PRIMARY KEY, v VARCHAR(100))", Numbers(3000, "n * 3, REPEAT('x', 90)")},
       3000},
      {"k_negative",
       {"CREATE TABLE {} (id BIGINT PRIMARY KEY, v VARCHAR(100))",
        Numbers(2500, "CAST(n AS SIGNED) * 7 - 9000, REPEAT('x', 90)"),
        "INSERT INTO {} VALUES (-9223372036854775808, 'least'), (9223372036854775807, 'greatest')"},
       2502},
      {"k_unsigned",
       {"CREATE TABLE {} (id BIGINT UNSIGNED PRIMARY KEY, v VARCHAR(100))",
        Numbers(2500, "18446744073709551615 - n, REPEAT('x', 90)"), "INSERT INTO {} VALUES (0, 'least')"},
       2501},
      {"k_decimal",
       {"CREATE TABLE {} (id DECIMAL(20,5) PRIMARY KEY, v VARCHAR(100))",
        Numbers(2000, "n / 7 - 100, REPEAT('x', 90)")},
       2000},
      {"k_time",
       {"CREATE TABLE {} (id DATETIME(6) PRIMARY KEY, v VARCHAR(100))",
        Numbers(2000, "'1990-01-01' + INTERVAL n * 1234567 MICROSECOND, REPEAT('x', 90)"),
        "INSERT INTO {} VALUES ('0000-00-00 00:00:00', 'zero')"},
       2001},
      {"k_text_ci",
       {"CREATE TABLE {} (id VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY, v VARCHAR(100))",
        Numbers(2500,
                "CONCAT(CASE n % 5 WHEN 0 THEN 'A' WHEN 1 THEN 'b' WHEN 2 THEN 'ß' WHEN 3 THEN '中' ELSE '''\\\\' "
                "END, n), REPEAT('x', 90)"),
        "INSERT INTO {} VALUES ('', 'empty')"},
       2501},
      {"k_text_bin",
       {"CREATE TABLE {} (id VARCHAR(50) CHARACTER SET latin1 COLLATE latin1_bin PRIMARY KEY, v VARCHAR(100))",
        Numbers(2500, "CONCAT(CASE n % 3 WHEN 0 THEN 'a' WHEN 1 THEN 'A' ELSE 'é' END, n DIV 3), REPEAT('x', 90)")},
       2500},
      {"k_binary",
       {"CREATE TABLE {} (id BINARY(16) PRIMARY KEY, v VARCHAR(100))",
        Numbers(2500, "UNHEX(LEFT(SHA2(n, 256), 32)), REPEAT('x', 90)")},
       2500},
      {"k_composite",
       {"CREATE TABLE {} (a INT, b VARCHAR(20), c TINYINT, v VARCHAR(100), PRIMARY KEY (a, b, c))",
        Numbers(3000, "n DIV 1000, CONCAT('k', n DIV 10 % 100), n % 10, REPEAT('x', 90)")},
       3000},
      {"k_unique",
       {"CREATE TABLE {} (v VARCHAR(100), u INT NOT NULL, UNIQUE KEY (u))", Numbers(2500, "REPEAT('x', 90), n")},
       2500},
      {"k_nullable",
       {"CREATE TABLE {} (v VARCHAR(100), u INT, UNIQUE KEY (u))",
        Numbers(2500, "REPEAT('x', 90), IF(n % 2 = 0, n, NULL)")},
       2500},
      {"k_none", {"CREATE TABLE {} (v VARCHAR(100), n INT)", Numbers(2500, "REPEAT('x', 90), n % 100")}, 2500},
  };
  // Chunks are planned from the server's statistics.
  for (TableSpec& shape : shapes) shape.statements.push_back("ANALYZE TABLE {}");
  return shapes;
}

}  // namespace

std::vector<FixturePtr> Fixtures() {
  return {std::make_shared<MysqlFixture>("mariadb", "SLUICE_TEST_MARIADB"),
          std::make_shared<MysqlFixture>("mysql", "SLUICE_TEST_MYSQL")};
}

}  // namespace sluice::contract::mysql
