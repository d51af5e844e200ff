// Against real servers: a schema with every type and attribute is described, translated and made at another server,
// then described there again; statements are tried on copies and compared with what the source makes of them. Skipped
// unless SLUICE_TEST_MARIADB and SLUICE_TEST_MYSQL name servers as "host:port:user:password". Databases
// sluice_schema_* on them are replaced.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "connectors/mysql/connection.h"
#include "connectors/mysql/create_table.h"
#include "connectors/mysql/ddl.h"
#include "connectors/mysql/schema_server_test_statements.h"
#include "connectors/mysql/server_test_endpoint.h"
#include "connectors/mysql/sessions.h"

namespace sluice::mysql {
namespace {

using connector::SchemaStage;
using connector::SchemaStatement;
using model::TablePtr;

constexpr const char* kSource = "sluice_schema_source";
constexpr const char* kDestination = "sluice_schema_destination";

// The database is renamed, everything else keeps its name.
class OneDatabase : public model::NameMap {
 public:
  model::ObjectName Map(const model::ObjectName& source) const override {
    return {MapDatabase(source.database), source.name};
  }
  std::string MapDatabase(const std::string& source) const override {
    return source == kSource ? kDestination : source;
  }
  std::string MapColumn(const model::ObjectName&, const std::string& column) const override { return column; }
  bool Selected(const model::ObjectName& source) const override { return source.database == kSource; }
  model::TableMappingPtr MapTable(const model::Table& table) const override {
    auto mapping = std::make_shared<model::TableMapping>();
    mapping->source = table.name;
    mapping->destination = Map(table.name);
    for (const model::Column& column : table.columns) {
      if (column.generated == model::Generated::kNo) mapping->columns.push_back({column.name, column.name});
    }
    return mapping;
  }
};

connector::ServerInfo InfoOf(Connection& connection) {
  connector::ServerInfo info;
  info.engine = "mysql";
  info.flavour = connection.is_mariadb() ? "mariadb" : "mysql";
  info.version = connection.version();
  return info;
}

// The statement's lines without the order of keys and constraints, which the server sorts by when they were made.
std::string Sorted(const std::string& statement) {
  std::vector<std::string> lines(1);
  for (const char c : statement) {
    if (c == '\n') {
      if (lines.back().ends_with(",")) lines.back().pop_back();
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  std::stable_sort(lines.begin(), lines.end(), [](const std::string& a, const std::string& b) {
    const auto is_key = [](const std::string& line) { return !line.starts_with("  `"); };
    return is_key(a) && is_key(b) ? a < b : is_key(a) < is_key(b);
  });
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

// What matters for reading the log and for applying.
std::string Describe(const model::Table& table, bool same_flavour) {
  std::string out;
  for (const model::Column& column : table.columns) {
    const model::ColumnType& type = column.type;
    out += fmt::format(
        "{} {} bytes={} unsigned={} length={} p={} s={} f={} charset={} null={} generated={} auto={} "
        "invisible={}",
        column.name, model::Name(type.kind), type.bytes, type.is_unsigned, type.length, type.precision, type.scale,
        type.fraction, type.IsText() ? type.charset : "", column.nullable, static_cast<int>(column.generated),
        column.auto_increment, column.invisible);
    if (same_flavour) out += " " + type.collation;
    for (const std::string& element : type.elements) out += " '" + element + "'";
    out += "\n";
  }
  std::vector<std::string> keys;
  for (const model::Key& key : table.keys) {
    if (!same_flavour && key.has_expression) continue;  // MariaDB has none
    std::string text = fmt::format("key {} {} {} {}", key.name, key.primary, key.unique, key.has_expression);
    for (const model::KeyPart& part : key.parts) text += fmt::format(" {}({})", part.column, part.prefix_length);
    keys.push_back(std::move(text));
  }
  for (const model::ForeignKey& key : table.foreign_keys) {
    std::string text = fmt::format("foreign {} -> {} {} {}", key.name, key.referenced.Text(),
                                   static_cast<int>(key.on_delete), static_cast<int>(key.on_update));
    for (const uint32_t column : key.columns) text += fmt::format(" {}", column);
    for (const std::string& column : key.referenced_columns) text += " " + column;
    keys.push_back(std::move(text));
  }
  std::sort(keys.begin(), keys.end());
  for (const std::string& key : keys) out += key + "\n";
  return out;
}

struct Pair {
  const char* source;
  const char* destination;
};

class SchemaServerTest : public testing::TestWithParam<Pair> {
 protected:
  void SetUp() override {
    const auto source = ServerOf(GetParam().source);
    const auto destination = ServerOf(GetParam().destination);
    if (!source || !destination) GTEST_SKIP() << "set SLUICE_TEST_MARIADB and SLUICE_TEST_MYSQL";
    source_endpoint_ = *source;
    destination_endpoint_ = *destination;
    source_ = std::make_unique<Connection>(source_endpoint_, context_);
    destination_ = std::make_unique<Connection>(destination_endpoint_, context_);
    info_ = InfoOf(*source_);
    source_->Execute(fmt::format("DROP DATABASE IF EXISTS {}", kSource));
    source_->Execute(fmt::format("CREATE DATABASE {} DEFAULT CHARACTER SET utf8mb4", kSource));
    source_->Execute(fmt::format("USE {}", kSource));
    source_->Execute("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'");
    destination_->Execute(fmt::format("DROP DATABASE IF EXISTS {}", kDestination));
    writer_ = MakeSchemaWriter(destination_endpoint_, context_);
    catalog_ = MakeCatalog(source_endpoint_, context_);
    for (const SchemaStatement& statement : writer_->CreateDatabase(
             kSource, kDestination, *source_->Query(fmt::format("SHOW CREATE DATABASE {}", kSource))[0][1], info_)) {
      writer_->Execute(statement);
    }
  }
  void TearDown() override {
    if (source_ != nullptr) source_->Execute(fmt::format("DROP DATABASE IF EXISTS {}", kSource));
    if (destination_ != nullptr) destination_->Execute(fmt::format("DROP DATABASE IF EXISTS {}", kDestination));
  }

  bool SameFlavour() const { return source_->is_mariadb() == destination_->is_mariadb(); }

  void Run(std::string_view statement) { source_->Execute(statement); }

  std::vector<TablePtr> DescribeAll() {
    std::vector<model::ObjectName> names;
    for (const connector::TableSummary& table : catalog_->ListTables(kSource)) names.push_back(table.name);
    return catalog_->DescribeTables(names);
  }

  // Everything of the source, in the stages' order.
  void Migrate() {
    std::vector<SchemaStatement> statements;
    for (const TablePtr& table : DescribeAll()) {
      for (SchemaStatement& one : writer_->Translate(*table, *names_.MapTable(*table), names_, info_)) {
        statements.push_back(std::move(one));
      }
    }
    for (const model::SchemaObject& object : catalog_->ListObjects(kSource)) {
      for (SchemaStatement& one : writer_->Translate(object, names_, info_)) statements.push_back(std::move(one));
    }
    std::stable_sort(statements.begin(), statements.end(),
                     [](const SchemaStatement& a, const SchemaStatement& b) { return a.stage < b.stage; });
    for (const SchemaStatement& statement : statements) {
      EXPECT_NO_THROW(writer_->Execute(statement)) << statement.label << "\n" << statement.sql;
    }
  }

  connector::SessionContext context_;
  connector::Endpoint source_endpoint_, destination_endpoint_;
  std::unique_ptr<Connection> source_, destination_;
  connector::ServerInfo info_;
  std::unique_ptr<connector::SchemaWriter> writer_;
  std::unique_ptr<connector::Catalog> catalog_;
  OneDatabase names_;
};

// Columns are described from SHOW CREATE TABLE; information_schema must say the same.
TEST_P(SchemaServerTest, AsInformationSchemaSays) {
  for (const std::string_view statement : kCommonSchema) Run(statement);
  for (const std::string_view statement : info_.flavour == "mariadb" ? kMariaDbSchema : kMySqlSchema) Run(statement);
  for (const TablePtr& table : DescribeAll()) {
    const TextRows rows =
        source_->Query(fmt::format("SELECT COLUMN_NAME, COLUMN_TYPE, CHARACTER_SET_NAME, "
                                   "COLLATION_NAME, IS_NULLABLE, EXTRA FROM "
                                   "information_schema.COLUMNS WHERE TABLE_SCHEMA = {} AND "
                                   "TABLE_NAME = {} ORDER BY ORDINAL_POSITION",
                                   Literal(kSource), Literal(table->name.name)));
    ASSERT_EQ(rows.size(), table->columns.size()) << table->create_statement;
    for (size_t i = 0; i < rows.size(); ++i) {
      const model::Column& column = table->columns[i];
      SCOPED_TRACE(table->name.Text() + "." + column.name);
      EXPECT_EQ(column.name, *rows[i][0]);
      if (column.type.native != "longtext /* json */") {
        EXPECT_EQ(column.type.native, rows[i][1]->substr(0, rows[i][1]->find(" /*M!")));  // COMPRESSED
      }
      EXPECT_EQ(column.type.charset, rows[i][2].value_or(""));
      EXPECT_EQ(column.type.collation, rows[i][3].value_or(""));
      EXPECT_EQ(column.nullable, *rows[i][4] == "YES");
      EXPECT_EQ(column.auto_increment, rows[i][5]->find("auto_increment") != std::string::npos);
      EXPECT_EQ(column.invisible, rows[i][5]->find("INVISIBLE") != std::string::npos);
      EXPECT_EQ(column.generated == model::Generated::kVirtual, rows[i][5]->find("VIRTUAL") != std::string::npos);
      EXPECT_EQ(column.generated == model::Generated::kStored, rows[i][5]->find("STORED") != std::string::npos);
    }
  }
}

TEST_P(SchemaServerTest, EveryTypeAndAttribute) {
  for (const std::string_view statement : kCommonSchema) Run(statement);
  for (const std::string_view statement : info_.flavour == "mariadb" ? kMariaDbSchema : kMySqlSchema) Run(statement);
  Migrate();
  const auto there = MakeCatalog(destination_endpoint_, context_);
  for (const TablePtr& table : DescribeAll()) {
    const auto found = there->DescribeTables({names_.Map(table->name)});
    ASSERT_EQ(found.size(), 1u) << table->name.Text();
    if (SameFlavour()) {
      EXPECT_EQ(Sorted(found[0]->create_statement), Sorted(table->create_statement));
      continue;
    }
    if (table->create_statement.find("PERIOD FOR SYSTEM_TIME") != std::string::npos)
      continue;  // its columns are left out
    ASSERT_EQ(found[0]->columns.size(), table->columns.size()) << table->name.Text();
    for (size_t i = 0; i < table->columns.size(); ++i) {
      EXPECT_EQ(found[0]->columns[i].name, table->columns[i].name);
      EXPECT_EQ(found[0]->columns[i].nullable, table->columns[i].nullable) << table->columns[i].name;
      EXPECT_EQ(found[0]->columns[i].type.elements, table->columns[i].type.elements);
    }
    EXPECT_EQ(found[0]->foreign_keys.size(), table->foreign_keys.size()) << table->name.Text();
  }
  size_t objects = 0;
  for (const model::SchemaObject& object : there->ListObjects(kDestination)) {
    ++objects;
    EXPECT_EQ(object.create_statement.find(Quote(kSource)), std::string::npos) << object.create_statement;
  }
  EXPECT_EQ(objects, catalog_->ListObjects(kSource).size());
}

// Each statement: what the copy says before it runs must be what the source says after it ran.
TEST_P(SchemaServerTest, StatementsOfTheLog) {
  for (const std::string_view statement : kDdlBefore) Run(statement);
  Migrate();
  std::vector<std::string_view> statements(kDdl.begin(), kDdl.end());
  const auto& own = info_.flavour == "mariadb" ? kMariaDbDdl : kMySqlDdl;
  statements.insert(statements.end(), own.begin(), own.end());
  for (const std::string_view statement : statements) {
    SCOPED_TRACE(std::string(statement));
    model::DdlChange ddl = ClassifyDdl(statement, kSource, "ALLOW_INVALID_DATES",
                                       DialectFor("ALLOW_INVALID_DATES", info_.flavour, info_.version));
    ddl.charset = "utf8mb4";
    ddl.database_collation = *source_->QueryOne("SELECT @@collation_database");
    std::vector<model::ObjectName> involved = ddl.objects;
    involved.insert(involved.end(), ddl.new_names.begin(), ddl.new_names.end());
    const std::vector<TablePtr> before = catalog_->DescribeTables(involved);
    std::vector<connector::TableChange> after;
    ASSERT_NO_THROW(after = writer_->DescribeAfter(ddl, before, info_));
    Run(statement);
    for (const auto& redefined : after) {
      const auto real = catalog_->DescribeTables({redefined.name});
      ASSERT_EQ(real.empty(), redefined.after == nullptr) << redefined.name.Text();
      if (real.empty()) continue;
      EXPECT_EQ(Describe(*redefined.after, SameFlavour()), Describe(*real[0], SameFlavour()));
      // The statement kept between runs gives the same description again.
      model::DdlChange create;
      create.kind = model::DdlKind::kCreateTable;
      create.database = kSource;
      create.statement = redefined.after->create_statement;
      create.objects = {redefined.name};
      const auto again = MakeSchemaWriter(destination_endpoint_, context_)->DescribeAfter(create, {}, info_);
      ASSERT_EQ(again.size(), 1u);
      EXPECT_EQ(Describe(*again[0].after, SameFlavour()), Describe(*real[0], SameFlavour()))
          << redefined.after->create_statement;
    }
    std::vector<SchemaStatement> translated;
    ASSERT_NO_THROW(translated = writer_->Translate(ddl, names_, info_));
    for (const SchemaStatement& one : translated) ASSERT_NO_THROW(writer_->Execute(one)) << one.sql;
  }
  const auto there = MakeCatalog(destination_endpoint_, context_);
  for (const TablePtr& table : DescribeAll()) {
    const auto found = there->DescribeTables({names_.Map(table->name)});
    ASSERT_EQ(found.size(), 1u) << table->name.Text();
    if (SameFlavour()) {
      EXPECT_EQ(Sorted(found[0]->create_statement), Sorted(table->create_statement));
    }
    EXPECT_EQ(found[0]->columns.size(), table->columns.size()) << found[0]->create_statement;
  }
  EXPECT_EQ(there->ListTables(kDestination).size(), catalog_->ListTables(kSource).size());
}

TEST_P(SchemaServerTest, TheSessionOfAStatementIsGivenBack) {
  const auto look = [&](const char* name, const std::optional<model::StatementSession>& session) {
    SchemaStatement statement;
    statement.object = {kDestination, name};
    statement.label = name;
    statement.sql = fmt::format(
        "CREATE TABLE {}.{} (n INT AUTO_INCREMENT PRIMARY KEY) SELECT @@time_zone AS zone, "
        "CAST(UNIX_TIMESTAMP() AS SIGNED) AS moment",
        kDestination, name);
    statement.session = session;
    writer_->Execute(statement);
    return destination_->Query(
        fmt::format("SELECT zone, moment < 1700000000, moment = 1600000000, n FROM {}.{}", kDestination, name))[0];
  };
  model::StatementSession session;
  session.began_micros = 1'600'000'000'000'000;
  session.time_zone = "+05:30";
  session.counter_step = 10;
  session.counter_begin = 3;
  EXPECT_EQ(look("assumed", session), (TextRow{"+05:30", "1", "1", "3"}));
  EXPECT_EQ(look("resumed", std::nullopt)[0], "+00:00");
  EXPECT_EQ(look("resumed_too", std::nullopt)[1], "0");
  // After a failure too.
  SchemaStatement wrong;
  wrong.label = "wrong";
  wrong.sql = "ALTER TABLE nowhere.at_all ADD COLUMN n INT";
  wrong.session = session;
  EXPECT_THROW(writer_->Execute(wrong), Error);
  EXPECT_EQ(look("failed", std::nullopt)[0], "+00:00");
  EXPECT_EQ(look("failed_too", std::nullopt)[1], "0");
}

INSTANTIATE_TEST_SUITE_P(Pairs, SchemaServerTest,
                         testing::Values(Pair{"SLUICE_TEST_MARIADB", "SLUICE_TEST_MARIADB"},
                                         Pair{"SLUICE_TEST_MYSQL", "SLUICE_TEST_MYSQL"},
                                         Pair{"SLUICE_TEST_MARIADB", "SLUICE_TEST_MYSQL"},
                                         Pair{"SLUICE_TEST_MYSQL", "SLUICE_TEST_MARIADB"}),
                         [](const testing::TestParamInfo<Pair>& info) {
                           const auto name = [](const char* variable) {
                             return std::string(variable) == "SLUICE_TEST_MARIADB" ? "MariaDb" : "MySql";
                           };
                           return std::string(name(info.param.source)) + "To" + name(info.param.destination);
                         });

}  // namespace
}  // namespace sluice::mysql
