#include "connectors/mysql/flavour.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "connectors/mysql/ddl.h"

namespace sluice::mysql {
namespace {

Capabilities MariaDb(uint32_t version) {
  Capabilities there;
  there.mariadb = true;
  there.version = version;
  there.collations = {"utf8mb4_general_ci",           "utf8mb4_bin",       "utf8mb4_nopad_bin",
                      "utf8mb4_unicode_520_nopad_ci", "latin1_swedish_ci", "utf8mb3_general_ci"};
  if (version >= 101001) {
    for (const char* name : {"utf8mb4_uca1400_nopad_ai_ci", "utf8mb4_uca1400_nopad_as_cs",
                             "utf8mb4_uca1400_german2_nopad_ai_ci", "utf8mb4_uca1400_ai_ci"}) {
      there.collations.insert(name);
    }
  }
  there.default_collation = {
      {"utf8mb4", "utf8mb4_general_ci"}, {"latin1", "latin1_swedish_ci"}, {"utf8mb3", "utf8mb3_general_ci"}};
  there.engines = {"innodb", "aria", "myisam"};
  return there;
}

Capabilities MySql(uint32_t version) {
  Capabilities there;
  there.version = version;
  there.collations = {"utf8mb4_general_ci", "utf8mb4_bin",        "utf8mb4_unicode_520_ci", "latin1_swedish_ci",
                      "latin1_bin",         "utf8mb3_general_ci", "utf8mb3_unicode_520_ci"};
  if (version >= 80001) {
    for (const char* name : {"utf8mb4_0900_ai_ci", "utf8mb4_0900_as_cs", "utf8mb4_0900_bin", "utf8mb4_sv_0900_ai_ci"}) {
      there.collations.insert(name);
    }
  }
  there.default_collation = {{"utf8mb4", version >= 80001 ? "utf8mb4_0900_ai_ci" : "utf8mb4_general_ci"},
                             {"latin1", "latin1_swedish_ci"},
                             {"utf8mb3", "utf8mb3_general_ci"}};
  there.engines = {"innodb", "myisam"};
  return there;
}

connector::ServerInfo Source(const char* flavour, uint32_t version) {
  connector::ServerInfo info;
  info.flavour = flavour;
  info.version = version;
  return info;
}

std::string Collation(const Flavour& flavour, const std::string& name) {
  Notes notes;
  return flavour.Collation(name, notes);
}

TEST(Flavour, Collations) {
  const Capabilities maria = MariaDb(101100), old_maria = MariaDb(100500), mysql = MySql(90000),
                     old_mysql = MySql(50700);
  const Flavour to_maria(Source("mysql", 80400), maria);
  EXPECT_EQ(Collation(to_maria, "utf8mb4_0900_ai_ci"), "utf8mb4_uca1400_nopad_ai_ci");
  EXPECT_EQ(Collation(to_maria, "utf8mb4_ja_0900_as_cs_ks"), "utf8mb4_uca1400_nopad_as_cs");
  EXPECT_EQ(Collation(to_maria, "utf8mb4_de_pb_0900_ai_ci"), "utf8mb4_uca1400_german2_nopad_ai_ci");
  EXPECT_EQ(Collation(to_maria, "utf8mb4_0900_bin"), "utf8mb4_nopad_bin");
  EXPECT_EQ(Collation(to_maria, "utf8_general_ci"), "utf8mb3_general_ci");
  EXPECT_EQ(Collation(to_maria, "utf8mb4_general_ci"), "utf8mb4_general_ci");
  const Flavour to_old_maria(Source("mysql", 80400), old_maria);
  EXPECT_EQ(Collation(to_old_maria, "utf8mb4_0900_ai_ci"), "utf8mb4_unicode_520_nopad_ci");
  EXPECT_EQ(Collation(to_old_maria, "utf8mb4_0900_as_cs"), "utf8mb4_nopad_bin");
  const Flavour to_mysql(Source("mariadb", 101100), mysql);
  EXPECT_EQ(Collation(to_mysql, "utf8mb4_uca1400_ai_ci"), "utf8mb4_0900_ai_ci");
  EXPECT_EQ(Collation(to_mysql, "utf8mb4_uca1400_swedish_nopad_ai_ci"), "utf8mb4_sv_0900_ai_ci");
  EXPECT_EQ(Collation(to_mysql, "utf8mb4_uca1400_ai_cs"), "utf8mb4_0900_as_cs");
  EXPECT_EQ(Collation(to_mysql, "latin1_nopad_bin"), "latin1_bin");
  EXPECT_EQ(Collation(to_mysql, "utf8mb3_uca1400_ai_ci"), "utf8mb3_unicode_520_ci");
  const Flavour to_old_mysql(Source("mariadb", 101100), old_mysql);
  EXPECT_EQ(Collation(to_old_mysql, "utf8mb4_uca1400_ai_ci"), "utf8mb4_unicode_520_ci");
  EXPECT_THROW(to_mysql.Charset("unheard_of"), Error);
}

TEST(Flavour, SqlModes) {
  const Capabilities maria = MariaDb(101100), mysql = MySql(90000);
  EXPECT_EQ(Flavour(Source("mariadb", 101100), mysql).SqlMode("ANSI_QUOTES,NO_AUTO_CREATE_USER,ORACLE"), "ANSI_QUOTES");
  EXPECT_EQ(Flavour(Source("mysql", 90000), maria).SqlMode("TIME_TRUNCATE_FRACTIONAL,ANSI"), "ANSI");
  EXPECT_EQ(Flavour(Source("mysql", 90000), maria).SqlMode("2097152"), "STRICT_TRANS_TABLES");
}

std::string Element(const Flavour& flavour, std::string_view text, const sql::Dialect& dialect = {}) {
  CreateTable table;
  table.elements.push_back(ParseElement(sql::Tokenize(text, dialect)));
  Notes notes;
  flavour.Translate(table, notes);
  std::string out;
  for (const TableElement& element : table.elements) out += (out.empty() ? "" : "; ") + sql::Render(element.tokens);
  return out;
}

TEST(Flavour, ToMySql) {
  const Capabilities mysql = MySql(90000);
  const Flavour flavour(Source("mariadb", 101100), mysql);
  EXPECT_EQ(Element(flavour, "`a` text DEFAULT 'x'"), "`a` text DEFAULT ('x')");
  EXPECT_EQ(Element(flavour, "`a` text DEFAULT NULL"), "`a` text DEFAULT NULL");
  EXPECT_EQ(Element(flavour, "`a` char(36) DEFAULT uuid()"), "`a` char(36) DEFAULT (uuid())");
  EXPECT_EQ(Element(flavour, "`a` datetime DEFAULT current_timestamp() ON UPDATE current_timestamp()"),
            "`a` datetime DEFAULT current_timestamp() ON UPDATE current_timestamp()");
  EXPECT_EQ(Element(flavour, "`a` int DEFAULT nextval(`d`.`s`)"), "`a` int");
  EXPECT_EQ(Element(flavour, "`a` uuid NOT NULL"), "`a` char(36) CHARACTER SET ascii NOT NULL");
  EXPECT_EQ(Element(flavour, "`a` longtext CHECK (json_valid(`a`))"), "`a` longtext; CHECK (json_valid(`a`))");
  EXPECT_EQ(Element(flavour, "`a` json"),
            "`a` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin; CHECK (json_valid(`a`))");
  EXPECT_EQ(Element(flavour, "`a` int INVISIBLE DEFAULT 3"), "`a` int INVISIBLE DEFAULT 3");
  EXPECT_EQ(Element(flavour, "KEY `k` (`a`) IGNORED"), "KEY `k` (`a`) INVISIBLE");
  EXPECT_EQ(Element(flavour, "CONSTRAINT `CONSTRAINT_1` CHECK (`a` > 1)"), "CHECK (`a` > 1)");
  EXPECT_EQ(Element(flavour, "PERIOD FOR `p` (`a`, `b`)"), "");
  EXPECT_EQ(Element(flavour, "`a` text /*M!100301 COMPRESSED*/ DEFAULT NULL", DialectFor("", "mariadb", 101100)),
            "`a` text DEFAULT NULL");
}

TEST(Flavour, ToMariaDb) {
  const Capabilities maria = MariaDb(101100);
  const Flavour flavour(Source("mysql", 90000), maria);
  EXPECT_EQ(Element(flavour, "`a` int GENERATED ALWAYS AS (`j`->>'$.x') STORED NOT NULL"),
            "`a` int GENERATED ALWAYS AS (json_unquote(json_extract(`j`,'$.x'))) STORED");
  EXPECT_EQ(Element(flavour, "CONSTRAINT `c` CHECK (regexp_like(`a`,_utf8mb4'x'))"),
            "CONSTRAINT `c` CHECK ((`a` regexp _utf8mb4'x'))");
  EXPECT_EQ(Element(flavour, "`a` binary(16) DEFAULT (uuid_to_bin(uuid()))"),
            "`a` binary(16) DEFAULT (unhex(replace(uuid(),'-','')))");
  EXPECT_EQ(Element(flavour, "`a` vector(3)"), "`a` varbinary(12)");
  EXPECT_EQ(Element(flavour, "`a` int NOT NULL INVISIBLE"), "`a` int NOT NULL");
  EXPECT_EQ(Element(flavour, "KEY `k` ((lower(`a`)))"), "");
  EXPECT_EQ(Element(flavour, "KEY `k` (`a`) INVISIBLE"), "KEY `k` (`a`) IGNORED");
  EXPECT_EQ(Element(flavour, "CONSTRAINT `c` CHECK (`a` > 1) NOT ENFORCED"), "");
  EXPECT_EQ(Element(flavour, "`a` varchar(9) CHARACTER SET utf8mb4"),
            "`a` varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_nopad_ai_ci");
  EXPECT_EQ(Element(flavour, "`a` point SRID 4326 NOT NULL"), "`a` point REF_SYSTEM_ID=4326 NOT NULL");
}

TEST(Flavour, Options) {
  const Capabilities maria = MariaDb(101100), mysql = MySql(90000);
  const auto options = [](const Flavour& flavour, std::string_view text) {
    size_t at = 0;
    std::vector<TableOption> all = ParseOptions(sql::Tokenize(text, {}), at);
    Notes notes;
    flavour.TranslateOptions(all, notes);
    std::string out;
    for (const TableOption& option : all) out += (out.empty() ? "" : " ") + sql::Render(option.tokens);
    return out;
  };
  EXPECT_EQ(
      options(Flavour(Source("mariadb", 101100), mysql),
              "ENGINE=Aria DEFAULT CHARSET=latin1 PAGE_CHECKSUM=1 `PAGE_COMPRESSED`=1 DATA DIRECTORY='/x' MAX_ROWS=5"),
      "ENGINE=InnoDB DEFAULT CHARSET=latin1 MAX_ROWS=5");
  EXPECT_EQ(options(Flavour(Source("mysql", 90000), maria),
                    "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMPRESSION='zlib' "
                    "ENCRYPTION='Y' SECONDARY_ENGINE=rapid COMMENT='a'"),
            "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='a' COLLATE=utf8mb4_uca1400_nopad_ai_ci");
}

}  // namespace
}  // namespace sluice::mysql
