// A mistake in every field: each is found, at its place, with a suggestion where there is one, and
// with no password in it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "task/task_file.h"

namespace sluice::task {
namespace {

// Line 1 is "version: 1".
constexpr char kGood[] = R"(version: 1
name: shop-move
source: {engine: mysql, host: 10.0.0.1, port: 3306, user: dts, password: "s3cret-pw", tls: {mode: preferred}}
destination: {engine: mysql, host: 10.0.0.2, user: dts}
types: [schema, full, incremental]
objects:
  - database: shop
    rename: shop_new
    operations: {dml: [insert, update], ddl: [alter_table]}
    tables:
      - {table: orders, rename: orders2, filter: "id > 100", columns: {exclude: [note], rename: {addr: address}}}
      - t_*
  - database: crm
    exclude: [log]
    tables: {exclude: [old], rules: [{table: people}]}
    views_and_routines: false
mapping:
  - {kind: table, in: "shop.*", match: "^t_(.*)$", replace: "$1"}
  - {kind: column, in: "shop.orders", prefix: "x_", letters: upper}
limits: {rows_per_second: 0, megabytes_per_second: 0, readers: 4, writers: 4, memory: 256MiB}
options: {not_delayed_within: 1s, give_up_after: 12h}
)";

struct Case {
  const char* good;
  const char* bad;
  int line;
  int column;
  const char* message;  // a part of it
};

// clang-format off
constexpr Case kCases[] = {
    // version, name
    {"version: 1\n", "", 1, 1, "a task file needs the key `version`"},
    {"version: 1", "version: 2", 1, 10, "`version` must be 1"},
    {"version: 1", "version: [1]", 1, 10, "`version` must be a text, not a list"},
    {"name: shop-move", "nmae: shop-move", 2, 1, "unknown key `nmae`, did you mean `name`?"},
    {"name: shop-move", "name: a/b", 2, 7, "`name` may have up to 64 letters"},
    {"name: shop-move", "name: -a", 2, 7, "`name` may have"},
    {"name: shop-move", "name:", 2, 1, "the key `name` has no value"},
    {"name: shop-move", "name: ''", 2, 7, "`name` is empty"},
    {"name: shop-move", "name: a\nname: b", 3, 1, "the key `name` stands here twice"},
    {"name: shop-move", "name: \"a\\nb\"", 2, 7, "`name` holds a control character"},
    // servers
    {"source:", "sorce:", 3, 1, "did you mean `source`?"},
    {"destination: {", "destinaton: {", 4, 1, "did you mean `destination`?"},
    {"destination: {engine: mysql, host: 10.0.0.2, user: dts}",
     "destination: mysql", 4, 14, "`destination` must be a map of keys"},
    {"engine: mysql, host: 10.0.0.1", "engine: mysqll, host: 10.0.0.1", 3, 18, "unknown engine, did you mean `mysql`?"},
    {"engine: mysql, host: 10.0.0.2", "engine: mariadb, host: 10.0.0.2", 4, 23, "`mysql` (MySQL and MariaDB)"},
    {"engine: mysql, host: 10.0.0.1", "host: 10.0.0.1", 3, 9, "`source` needs the key `engine`"},
    {"host: 10.0.0.1", "host: mysql://u@h", 3, 31, "`host` must be a name or an address"},
    {"host: 10.0.0.1, ", "", 3, 9, "`source` needs the key `host`"},
    {"host: 10.0.0.1", "host: [a]", 3, 31, "`host` must be a text"},
    {"host: 10.0.0.1", "hots: 10.0.0.1", 3, 25, "did you mean `host`?"},
    {"port: 3306", "port: 0", 3, 47, "`port` must be a whole number from 1 to 65535, not `0`"},
    {"port: 3306", "port: 65536", 3, 47, "`port` must be"},
    {"port: 3306", "port: 33o6", 3, 47, "not `33o6`"},
    {"port: 3306", "port: -1", 3, 47, "`port` must be"},
    {"port: 3306", "port: {a: b}", 3, 47, "`port` must be a text"},
    {"user: dts, password", "user: {a: b}, password", 3, 59, "`user` must be a text, not a map of keys"},
    {"user: dts, password", "usr: dts, password", 3, 53, "did you mean `user`?"},
    {"password: \"s3cret-pw\"", "password: [s3cret-pw]", 3, 74, "`password` must be a text"},
    {"password: \"s3cret-pw\"", "pasword: \"s3cret-pw\"", 3, 64, "did you mean `password`?"},
    {"password: \"s3cret-pw\"", "password: a,s3cret-pw", 3, 76, "a text with a comma in it must stand in quotes"},
    {"\"s3cret-pw\"", "\"${env:SLUICE_TEST_UNSET}\"", 3, 74, "the environment variable SLUICE_TEST_UNSET is not set"},
    {"\"s3cret-pw\"", "\"${env:a b}\"", 3, 74, "name of an environment variable"},
    {"\"s3cret-pw\"", "\"${file:/no/such/file}\"", 3, 74, "/no/such/file cannot be read: No such file"},
    {"\"s3cret-pw\"", "\"${file:/}\"", 3, 74, "it is a directory"},
    {"\"s3cret-pw\"", "\"${file:}\"", 3, 74, "its name is missing"},
    {"\"s3cret-pw\"", "\"${s3cret-pw}\"", 3, 74, "must be `${env:NAME}` or `${file:PATH}`"},
    {"\"s3cret-pw\"", "\"${s3cret-pw\"", 3, 74, "without its `}`"},
    {"mode: preferred", "mode: prefered", 3, 99, "did you mean `preferred`?"},
    {"tls: {mode: preferred}", "tls: requird", 3, 92, "did you mean `required`?"},
    {"tls: {mode: preferred}", "tls: {mod: preferred}", 3, 93, "did you mean `mode`?"},
    {"tls: {mode: preferred}", "tls: [off]", 3, 92, "`tls` must be a map"},
    {"mode: preferred", "ca: /no/such/ca", 3, 97, "`ca`: /no/such/ca cannot be read"},
    {"mode: preferred", "certificate: /dev/null", 3, 106, "`certificate` needs `key`"},
    {"mode: preferred", "key: /dev/null", 3, 98, "`key` needs `certificate`"},
    {"tls: {mode: preferred}", "plugin: pgoutput", 3, 95, "has no `plugin`"},
    {"engine: mysql, host: 10.0.0.1", "engine: postgresql, database: a, plugin: test_decodin, host: 10.0.0.1", 3, 51,
     "unknown plugin, did you mean `test_decoding`?"},
    // types
    {"types: [schema, full, incremental]", "type: [schema, full, incremental]", 5, 1, "did you mean `types`?"},
    {"types: [schema, full, incremental]", "types: full", 5, 8, "`types` must be a list"},
    {"types: [schema, full, incremental]", "types: []", 5, 8, "`types` is empty"},
    {"types: [schema, full, incremental]", "types: [schema, ful]", 5, 17, "did you mean `full`?"},
    {"types: [schema, full, incremental]", "types: [full, full]", 5, 15, "stands in `types` twice"},
    {"types: [schema, full, incremental]", "types: [schema, incremental]", 5, 8, "add `full`"},
    // objects
    {"objects:\n", "object:\n", 6, 1, "did you mean `objects`?"},
    {"  - database: shop\n", "  - databse: shop\n", 7, 5, "did you mean `database`?"},
    {"  - database: shop\n", "  - database: [shop]\n", 7, 15, "`database` must be a text"},
    {"  - database: shop\n", "  - database: mysql\n", 7, 15, "never migrated"},
    {"  - database: shop\n", "  - database: crm\n", 13, 15, "`crm` stands in this list twice"},
    {"  - database: shop\n", "  - [a]\n  - database: shop\n", 7, 5, "a database must be a map of keys"},
    {"rename: shop_new", "rename: sluice", 8, 13, "belongs to the server or to Sluice itself"},
    {"rename: shop_new", "rename: {a: b}", 8, 13, "`rename` must be a text"},
    {"rename: shop_new", "renam: shop_new", 8, 5, "did you mean `rename`?"},
    {"operations: {dml", "operation: {dml", 9, 5, "did you mean `operations`?"},
    {"{dml: [insert, update], ddl: [alter_table]}", "[insert]", 9, 17, "`operations` must be a map"},
    {"dml: [insert, update]", "dml: [insert, updat]", 9, 32, "did you mean `update`?"},
    {"dml: [insert, update]", "dml: insert", 9, 23, "`dml` must be a list"},
    {"dml: [insert, update]", "dmll: [insert, update]", 9, 18, "did you mean `dml`?"},
    {"ddl: [alter_table]", "ddl: [altr_table]", 9, 47, "did you mean `alter_table`?"},
    {"ddl: [alter_table]", "ddl: [other]", 9, 47, "must be `create_table`"},
    // tables
    {"    tables:\n", "    tabels:\n", 10, 5, "did you mean `tables`?"},
    {"{table: orders", "{tabel: orders", 11, 10, "did you mean `table`?"},
    {"{table: orders", "{table: {a: b}", 11, 17, "`table` must be a text"},
    {"rename: orders2", "rename: []", 11, 33, "`rename` must be a text"},
    {"filter: \"id > 100\"", "filter: \" \"", 11, 50, "`filter` is empty"},
    {"filter: \"id > 100\"", "filter: {a: b}", 11, 50, "`filter` must be a text"},
    {"filter: \"id > 100\"", "fliter: \"id > 100\"", 11, 42, "did you mean `filter`?"},
    {"exclude: [note]", "exclud: [note]", 11, 72, "did you mean `exclude`?"},
    {"exclude: [note]", "exclude: note", 11, 81, "`exclude` must be a list"},
    {"exclude: [note]", "exclude: [note, note]", 11, 88, "`note` stands in `exclude` twice"},
    {"exclude: [note]", "exclude: [note], include: [id]", 11, 71, "not both"},
    {"exclude: [note]", "include: []", 11, 81, "an empty list of columns"},
    {"rename: {addr: address}", "rename: addr", 11, 97, "must be a map of old and new names"},
    {"rename: {addr: address}", "rename: {addr: [a]}", 11, 104, "the new name of a column must be a text"},
    {"rename: {addr: address}", "rename: {addr: a, addr: b}", 11, 107, "the column `addr` stands here twice"},
    {"rename: {addr: address}", "rename: {note: b}", 11, 97, "`note` is renamed and left out"},
    {"columns: {exclude: [note], rename: {addr: address}}", "columns: note", 11, 71, "`columns` must be a map"},
    {"      - t_*", "      - orders", 12, 9, "`orders` stands in this list twice"},
    {"      - t_*", "      - {table: t_*, rename: x}", 12, 30, "several tables cannot get one name"},
    {"    tables: {exclude: [old], rules: [{table: people}]}",
     "    tables: []", 15, 13, "an empty list selects nothing"},
    {"    tables: {exclude: [old], rules: [{table: people}]}",
     "    tables: all", 15, 13, "`tables` (or a list of tables) must be a map"},
    {"{exclude: [old], rules", "{excludes: [old], rules", 15, 14, "did you mean `exclude`?"},
    {"rules: [{table: people}]", "rules: people", 15, 37, "`rules` must be a list"},
    {"rules: [{table: people}]", "rules: [{table: log}]", 15, 46, "`log` is also left out, by `exclude: log`"},
    {"exclude: [log]", "exclude: [[log]]", 14, 15, "a name in `exclude` must be a text"},
    {"views_and_routines: false", "views_and_routines: yes", 16, 25, "must be `true` or `false`, not `yes`"},
    {"views_and_routines: false", "view_and_routines: true", 16, 5, "did you mean `views_and_routines`?"},
    {"    rename: shop_new\n", "    views_and_routines: true\n", 8, 25, "leave this key out"},
    // mapping
    {"mapping:\n", "mappings:\n", 17, 1, "did you mean `mapping`?"},
    {"{kind: table,", "{kind: tabel,", 18, 12, "did you mean `table`?"},
    {"{kind: table,", "{kinds: table,", 18, 6, "did you mean `kind`?"},
    {"in: \"shop.*\"", "in: \"a.b.c\"", 18, 23, "write `database` or `database.table`"},
    {"in: \"shop.*\"", "in: \"shop.\"", 18, 23, "a name beside the dot is missing"},
    {"match: \"^t_(.*)$\"", "match: \"^t_((.*$\"", 18, 40, "not a regular expression"},
    {"match: \"^t_(.*)$\"", "match: \"^t_.*$\"", 18, 59, "`match` has only 0 group(s)"},
    {"match: \"^t_(.*)$\", ", "", 18, 42, "`replace` needs `match`"},
    {"replace: \"$1\"", "replce: \"$1\"", 18, 52, "did you mean `replace`?"},
    {"replace: \"$1\"", "replace: \"$a\"", 18, 61, "`$` must be followed by a digit"},
    {", replace: \"$1\"", "", 18, 5, "the rule changes nothing"},
    {"prefix: \"x_\"", "prefx: \"x_\"", 19, 39, "did you mean `prefix`?"},
    {"prefix: \"x_\"", "prefix: \"\"", 19, 47, "`prefix` is empty"},
    {"letters: upper", "letters: uper", 19, 62, "did you mean `upper`?"},
    {"  - {kind: column, in: \"shop.orders\", prefix: \"x_\", letters: upper}", "  - x", 19, 5, "a rule must be a map"},
    // limits, options
    {"limits:", "limit:", 20, 1, "did you mean `limits`?"},
    {"rows_per_second: 0", "rows_per_secnd: 0", 20, 10, "did you mean `rows_per_second`?"},
    {"rows_per_second: 0", "rows_per_second: -5", 20, 27, "`rows_per_second` must be a whole number"},
    {"rows_per_second: 0", "rows_per_second: 1.5", 20, 27, "must be a whole number"},
    {"rows_per_second: 0", "rows_per_second: 99999999999999999999", 20, 27, "must be a whole number"},
    {"megabytes_per_second: 0", "megabytes_per_second: fast", 20, 52, "`megabytes_per_second` must be a number"},
    {"megabytes_per_second: 0", "megabytes_per_second: nan", 20, 52, "`megabytes_per_second` must be a number"},
    {"readers: 4", "readers: 0", 20, 64, "`readers` must be a whole number from 1 to 64"},
    {"writers: 4", "writers: 65", 20, 76, "`writers` must be a whole number from 1 to 64"},
    {"memory: 256MiB", "memory: 256MiBs", 20, 87, "`memory` must be a size such as 256MiB"},
    {"memory: 256MiB", "memory: 1", 20, 87, "`memory` must be from 32 MiB"},
    {"memory: 256MiB", "memory: 1e300", 20, 87, "`memory` must be from 32 MiB"},
    {"options:", "option:", 21, 1, "did you mean `options`?"},
    {"not_delayed_within: 1s", "not_delayed_within: 1", 21, 31, "a time with its unit"},
    {"not_delayed_within: 1s", "not_delayed_within: 1ms", 21, 31, "`not_delayed_within` must be from 10 ms"},
    {"give_up_after: 12h", "give_up_after: 12 hours", 21, 50, "a time with its unit"},
    {"give_up_after: 12h", "give_up_after: 31d", 21, 50, "`give_up_after` must be from 0 ms"},
    {"give_up_after: 12h", "giveup_after: 12h", 21, 35, "did you mean `give_up_after`?"},
};
// clang-format on

std::vector<Mistake> MistakesIn(const std::string& text) {
  Result<ParsedTaskFile> parsed = ParseTaskText(text, "shop.yaml");
  EXPECT_TRUE(parsed.ok()) << parsed.error().Block();
  return parsed.ok() ? parsed.value().mistakes : std::vector<Mistake>();
}

std::string Joined(const std::vector<Mistake>& mistakes) {
  std::string text;
  for (const Mistake& mistake : mistakes) text += mistake.Text("shop.yaml") + "\n";
  return text;
}

TEST(Mistakes, NoneInAGoodFile) {
  EXPECT_EQ(Joined(MistakesIn(kGood)), "");
}

class MistakeTest : public testing::TestWithParam<Case> {};

TEST_P(MistakeTest, IsFoundAtItsPlace) {
  unsetenv("SLUICE_TEST_UNSET");
  const Case& wanted = GetParam();
  std::string text = kGood;
  const size_t at = text.find(wanted.good);
  ASSERT_NE(at, std::string::npos) << wanted.good;
  text.replace(at, std::strlen(wanted.good), wanted.bad);
  const std::vector<Mistake> mistakes = MistakesIn(text);
  bool found = false;
  for (const Mistake& mistake : mistakes) {
    found = found || (mistake.line == wanted.line && mistake.column == wanted.column &&
                      mistake.message.find(wanted.message) != std::string::npos);
  }
  EXPECT_TRUE(found) << "wanted " << wanted.line << ":" << wanted.column << " " << wanted.message << "\n"
                     << Joined(mistakes);
  EXPECT_EQ(Joined(mistakes).find("s3cret"), std::string::npos) << Joined(mistakes);
}

INSTANTIATE_TEST_SUITE_P(EveryField, MistakeTest, testing::ValuesIn(kCases));

TEST(Mistakes, AreSortedAndAllThere) {
  const std::vector<Mistake> mistakes = MistakesIn(
      "limits: {readers: 0}\ntypes: [x]\nsource: {engine: y}\nobjects: [{database: a, tables: "
      "[{tabel: b}]}]\n");
  EXPECT_GE(mistakes.size(), 8u) << Joined(mistakes);
  for (size_t i = 1; i < mistakes.size(); ++i) {
    EXPECT_LE(std::make_pair(mistakes[i - 1].line, mistakes[i - 1].column),
              std::make_pair(mistakes[i].line, mistakes[i].column));
  }
}

TEST(Mistakes, NoMapAtAll) {
  EXPECT_NE(Joined(MistakesIn("- a\n")).find("shop.yaml:1:1: a task file must be a map of keys"), std::string::npos);
  EXPECT_NE(Joined(MistakesIn("hello\n")).find("shop.yaml:1:1: a task file must be a map of keys"), std::string::npos);
}

TEST(Mistakes, NoYamlAtAll) {
  const Result<ParsedTaskFile> parsed = ParseTaskText("a: [\n", "shop.yaml");
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, kTaskFileInvalid.id);
  EXPECT_NE(parsed.error().cause.find("shop.yaml:"), std::string::npos);
}

// What the environment or a file holds is a secret, wherever it is put.
TEST(Mistakes, RepeatNoReference) {
  setenv("SLUICE_TEST_SECRET", "s3cret", 1);
  std::string text = kGood;
  for (const char* value :
       {"3306", "preferred", "schema", "insert", "256MiB", "12h", "upper", "10.0.0.1", "shop-move"}) {
    std::string changed = text;
    changed.replace(changed.find(value), std::strlen(value), "\"${env:SLUICE_TEST_SECRET}/\"");
    const std::string mistakes = Joined(MistakesIn(changed));
    EXPECT_NE(mistakes, "") << value;
    EXPECT_EQ(mistakes.find("s3cret"), std::string::npos) << mistakes;
  }
}

TEST(Mistakes, LongAndStrangeValuesAreShortened) {
  std::string text = kGood;
  text.replace(text.find("port: 3306"), 10,
               "\"" + std::string(500, 'k') + "\\n\": x, port: \"" + std::string(5000, 'v') + "\\r\"");
  for (const Mistake& mistake : MistakesIn(text)) {
    EXPECT_LT(mistake.message.size(), 400u);
    EXPECT_EQ(mistake.message.find('\r'), std::string::npos);
  }
}

TEST(TaskFileMistakes, EachStandsInALineOfItsOwn) {
  const std::string path = testing::TempDir() + "task_file_mistakes.yaml";
  std::ofstream(path) << "version: 1\nversio: 2\nlimts: {}\n";
  const Result<TaskSpec> loaded = LoadTaskFile(path);
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().cause.find("\n" + path), std::string::npos) << loaded.error().cause;
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace sluice::task
