// What a good task file becomes.
#include "task/task_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "selection/rules.h"

namespace sluice::task {
namespace {

namespace fs = std::filesystem;
using selection::MappingRule;

constexpr char kServers[] =
    "version: 1\n"
    "source: {engine: mysql, host: a, user: u}\n"
    "destination: {engine: mysql, host: b, user: u}\n"
    "types: [schema, full]\n";
constexpr char kObjects[] = "objects: [shop]\n";

class TaskFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "sluice-task-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ + "/" + name, std::ios::binary) << text;
    return directory_ + "/" + name;
  }
  TaskSpec Load(const std::string& text) {
    Result<TaskSpec> spec = LoadTaskFile(Write("shop.yaml", text));
    if (!spec) {
      ADD_FAILURE() << spec.error().Block();
      return {};
    }
    return std::move(spec).value();
  }

  std::string directory_;
};

TEST_F(TaskFileTest, EveryKey) {
  setenv("SLUICE_TEST_PW", "p w", 1);
  Write("pw", "from file\n");
  Write("ca.pem", "x");
  const TaskSpec spec = Load(R"(
version: 1
name: shop-move
source:
  {engine: mysql, host: 10.0.0.1, port: 3310, user: dts, password: "${env:SLUICE_TEST_PW}",
   tls: {mode: verify-ca, ca: ca.pem, certificate: ca.pem, key: ca.pem}}
destination: {engine: mysql, host: "::1", user: dts, password: "${file:pw}", tls: off}
types: [incremental, schema, full]
objects:
  - database: shop
    rename: shop_new
    operations: {dml: [insert, update], ddl: [alter_table, create_table]}
    tables:
      - {table: orders, rename: orders2, filter: "id > 100", columns: {exclude: [note], rename: {addr: address}}}
      - {table: lines, columns: [id, "a*"], operations: {dml: [delete]}}
      - t_*
  - database: crm
    tables: {exclude: [log_*], rules: [{table: people, operations: {ddl: []}}]}
    exclude: [old]
    views_and_routines: false
  - "web_*"
mapping:
  - {kind: table, in: "shop.*", match: "^t_(.*)$", replace: "$1"}
  - {kind: column, in: "shop.orders", prefix: "x_", suffix: _y, letters: upper, keyword: k}
  - {kind: database, suffix: _copy}
limits: {rows_per_second: 1000, megabytes_per_second: 2.5, readers: 2, writers: 8, memory: 1GiB}
options: {not_delayed_within: 500ms, give_up_after: 2d}
)");
  EXPECT_EQ(spec.name, "shop-move");
  EXPECT_EQ(spec.source.Address(), "10.0.0.1:3310");
  EXPECT_EQ(spec.source.side, "source");
  EXPECT_EQ(spec.source.password.Reveal(), "p w");
  EXPECT_EQ(spec.source.tls.mode, connector::TlsMode::kVerifyCa);
  EXPECT_EQ(spec.source.tls.ca, directory_ + "/ca.pem");
  EXPECT_EQ(spec.destination.port, 3306);
  EXPECT_EQ(spec.destination.password.Reveal(), "from file");
  EXPECT_EQ(spec.destination.tls.mode, connector::TlsMode::kOff);
  EXPECT_TRUE(spec.types.schema && spec.types.full && spec.types.incremental);

  ASSERT_EQ(spec.rules.databases.size(), 3u);
  const selection::DatabaseRule& shop = spec.rules.databases[0];
  EXPECT_EQ(shop.rename, "shop_new");
  EXPECT_TRUE(shop.only_listed);
  EXPECT_FALSE(shop.objects);
  EXPECT_FALSE(shop.operations->remove);
  EXPECT_EQ(shop.operations->ddl,
            (std::set<model::DdlKind>{model::DdlKind::kAlterTable, model::DdlKind::kCreateTable}));
  ASSERT_EQ(shop.tables.size(), 3u);
  EXPECT_EQ(shop.tables[0].filter, "id > 100");
  EXPECT_EQ(shop.tables[0].rename, "orders2");
  EXPECT_EQ(shop.tables[0].exclude_columns, std::vector<std::string>{"note"});
  EXPECT_EQ(shop.tables[0].rename_columns.at("addr"), "address");
  EXPECT_FALSE(shop.tables[0].operations.has_value());
  EXPECT_EQ(shop.tables[1].include_columns, (std::vector<std::string>{"id", "a*"}));
  // What a table does not say, its database says.
  EXPECT_TRUE(shop.tables[1].operations->remove);
  EXPECT_FALSE(shop.tables[1].operations->insert);
  EXPECT_EQ(shop.tables[1].operations->ddl, shop.operations->ddl);
  EXPECT_EQ(shop.tables[2].table, "t_*");

  const selection::DatabaseRule& crm = spec.rules.databases[1];
  EXPECT_FALSE(crm.only_listed);
  EXPECT_FALSE(crm.objects);
  EXPECT_EQ(crm.exclude_tables, (std::vector<std::string>{"log_*", "old"}));
  EXPECT_TRUE(crm.tables.at(0).operations->ddl.empty());
  EXPECT_TRUE(crm.tables.at(0).operations->remove);
  EXPECT_TRUE(spec.rules.databases[2].objects);

  ASSERT_EQ(spec.rules.mapping.size(), 3u);
  EXPECT_EQ(spec.rules.mapping[0].kind, MappingRule::Kind::kTable);
  EXPECT_EQ(spec.rules.mapping[0].match, "^t_(.*)$");
  EXPECT_EQ(spec.rules.mapping[0].replace, "$1");
  EXPECT_EQ(spec.rules.mapping[1].kind, MappingRule::Kind::kColumn);
  EXPECT_EQ(spec.rules.mapping[1].letters, "upper");
  EXPECT_EQ(spec.rules.mapping[1].keyword, "k");
  EXPECT_EQ(spec.rules.mapping[2].kind, MappingRule::Kind::kDatabase);

  EXPECT_EQ(spec.limits.rows_per_second, 1000u);
  EXPECT_EQ(spec.limits.bytes_per_second, 2'500'000u);
  EXPECT_EQ(spec.limits.readers, 2u);
  EXPECT_EQ(spec.limits.writers, 8u);
  EXPECT_EQ(spec.limits.memory_bytes, 1u << 30);
  EXPECT_EQ(spec.not_delayed_within, milliseconds(500));
  EXPECT_EQ(spec.give_up, milliseconds(2LL * 24 * 3600 * 1000));
}

TEST_F(TaskFileTest, Defaults) {
  const TaskSpec spec = Load(std::string(kServers) + kObjects);
  EXPECT_EQ(spec.name, "shop");
  EXPECT_EQ(spec.source.port, 3306);
  EXPECT_TRUE(spec.source.password.empty());
  EXPECT_EQ(spec.source.tls.mode, connector::TlsMode::kPreferred);
  EXPECT_FALSE(spec.types.incremental);
  EXPECT_FALSE(spec.rules.databases.at(0).operations.has_value());
  EXPECT_TRUE(spec.rules.databases.at(0).objects);
  EXPECT_EQ(spec.limits.memory_bytes, 256u << 20);
  EXPECT_EQ(spec.limits.readers, 4u);
  EXPECT_EQ(spec.limits.rows_per_second, 0u);
  EXPECT_EQ(spec.not_delayed_within, milliseconds(1000));
  EXPECT_EQ(spec.give_up, milliseconds(12LL * 3600 * 1000));
}

TEST_F(TaskFileTest, NameFromTheFile) {
  const auto name = [&](const std::string& file) {
    return LoadTaskFile(Write(file, std::string(kServers) + kObjects)).ValueOrThrow().name;
  };
  EXPECT_EQ(name("a b.task.yaml"), "a-b.task");
  EXPECT_EQ(name("größe.yml"), "gr----e");
  EXPECT_EQ(name("-_.yml"), "task");
}

TEST_F(TaskFileTest, TypesInEveryCombinationThatIsOffered) {
  const auto types = [&](const std::string& list) {
    std::string text = std::string(kServers) + kObjects;
    text.replace(text.find("[schema, full]"), 14, list);
    return LoadTaskFile(Write("t.yaml", text));
  };
  for (const char* list : {"[schema]", "[full]", "[incremental]", "[schema, full]", "[full, incremental]",
                           "[schema, full, incremental]"}) {
    EXPECT_TRUE(types(list).ok()) << list;
  }
  ASSERT_FALSE(types("[schema, incremental]").ok());
  EXPECT_EQ(types("[schema, incremental]").error().code, kPairNotOffered.id);
}

TEST_F(TaskFileTest, Units) {
  const auto memory = [&](const std::string& size) {
    return Load(std::string(kServers) + kObjects + "limits: {memory: " + size + "}\n").limits.memory_bytes;
  };
  EXPECT_EQ(memory("64MiB"), 64u << 20);
  EXPECT_EQ(memory("64 mib"), 64u << 20);
  EXPECT_EQ(memory("0.5GiB"), 512u << 20);
  EXPECT_EQ(memory("100000000"), 100'000'000u);
  EXPECT_EQ(memory("500MB"), 500'000'000u);
  EXPECT_EQ(memory("65536KiB"), 64u << 20);
  const auto give_up = [&](const std::string& time) {
    return Load(std::string(kServers) + kObjects + "options: {give_up_after: " + time + "}\n").give_up.count();
  };
  EXPECT_EQ(give_up("250ms"), 250);
  EXPECT_EQ(give_up("1.5s"), 1500);
  EXPECT_EQ(give_up("2m"), 120'000);
  EXPECT_EQ(give_up("2 min"), 120'000);
  EXPECT_EQ(give_up("0s"), 0);
}

TEST_F(TaskFileTest, ReferencesInAnyValue) {
  setenv("SLUICE_TEST_A", "${env:SLUICE_TEST_A}", 1);
  setenv("SLUICE_TEST_PORT", "4000", 1);
  Write("crlf", "x\r\n");
  Write("two", "x\n\n");
  Write("zero", "");
  const auto password = [&](const std::string& text) {
    return Load(
               "version: 1\nsource: {engine: mysql, host: a, user: u, port: "
               "\"${env:SLUICE_TEST_PORT}\", password: " +
               text + "}\ndestination: {engine: mysql, host: a, user: u}\ntypes: [full]\nobjects: [a]\n")
        .source.password.Reveal();
  };
  EXPECT_EQ(password("\"a$${env:X}b\""), "a${env:X}b");
  EXPECT_EQ(password("\"<${env:SLUICE_TEST_A}>\""),
            "<${env:SLUICE_TEST_A}>");  // not resolved twice
  EXPECT_EQ(password("\"${file:crlf}-${file:crlf}\""), "x-x");
  EXPECT_EQ(password("\"${file:two}\""), "x\n");
  EXPECT_EQ(password("\"${file:zero}\""), "");
  EXPECT_EQ(password("'$1 $ $$ {a} }'"), "$1 $ $$ {a} }");
  EXPECT_EQ(password("0123"), "0123");
  EXPECT_EQ(password("\"${file:" + directory_ + "/crlf}\""), "x");
}

TEST_F(TaskFileTest, FrozenHashKnowsWhatMayChange) {
  const std::string text = std::string(kServers) + kObjects;
  const std::string hash = Load(text).frozen_hash;
  EXPECT_EQ(hash.size(), 32u);
  const auto with = [&](const std::string& what, const std::string& by) {
    std::string changed = text;
    changed.replace(changed.find(what), what.size(), by);
    return Load(changed).frozen_hash;
  };
  EXPECT_EQ(with("user: u", "user: other, password: x, tls: off"), hash);
  EXPECT_EQ(with("version: 1\n", "version: 1\nname: x\nlimits: {readers: 1}\noptions: {give_up_after: 1s}\n"), hash);
  EXPECT_EQ(with("user: u", "user: u, port: 3306"), hash);
  EXPECT_EQ(with("objects: [shop]", "objects: [{database: shop}]"), hash);
  EXPECT_NE(with("host: a", "host: c"), hash);
  EXPECT_NE(with("user: u", "user: u, port: 3307"), hash);
  EXPECT_NE(with("[schema, full]", "[full]"), hash);
  EXPECT_NE(with("[shop]", "[shop, crm]"), hash);
  for (const char* more :
       {"rename: x", "operations: {dml: []}", "operations: {ddl: []}", "tables: [a]", "exclude: [a]",
        "views_and_routines: false", "tables: [{table: a, filter: x}]", "tables: {rules: [{table: a, rename: b}]}",
        "tables: [{table: a, columns: [b]}]", "tables: [{table: a, columns: {exclude: [b]}}]",
        "tables: [{table: a, columns: {rename: {b: c}}}]"}) {
    EXPECT_NE(with("[shop]", std::string("[{database: shop, ") + more + "}]"), hash) << more;
  }
  EXPECT_NE(with("[shop]", "[shop]\nmapping: [{kind: table, prefix: x}]"), hash);
}

TEST_F(TaskFileTest, CannotBeRead) {
  EXPECT_EQ(LoadTaskFile(directory_ + "/none.yaml").error().code, kTaskFileUnreadable.id);
  EXPECT_EQ(LoadTaskFile(directory_).error().code, kTaskFileUnreadable.id);
  EXPECT_EQ(LoadTaskFile(Write("large.yaml", std::string(2 << 20, '#'))).error().code, kTaskFileInvalid.id);
}

TEST_F(TaskFileTest, AllMistakesInOneError) {
  const std::string path = Write("bad.yaml", "version: 1\nnmae: x\ntypes: [ful]\n");
  const ErrorInfo error = LoadTaskFile(path).error();
  EXPECT_EQ(error.code, kTaskFileInvalid.id);
  EXPECT_NE(error.cause.find(path + ":2:1: unknown key `nmae`, did you mean `name`?"), std::string::npos)
      << error.cause;
  EXPECT_NE(error.cause.find(path + ":3:9: "), std::string::npos) << error.cause;
  EXPECT_NE(error.cause.find("needs the key `source`"), std::string::npos) << error.cause;
}

TEST_F(TaskFileTest, CodeThatAllMistakesShare) {
  std::string text = std::string(kServers) + kObjects;
  text.replace(text.find("user: u"), 7, "user: \"${env:SLUICE_TEST_UNSET}\"");
  EXPECT_EQ(LoadTaskFile(Write("t.yaml", text)).error().code, kSecretUnavailable.id);
  EXPECT_EQ(LoadTaskFile(Write("t.yaml", text + "x: y\n")).error().code, kTaskFileInvalid.id);
}

}  // namespace
}  // namespace sluice::task
