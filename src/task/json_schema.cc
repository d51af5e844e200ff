// The JSON Schema (draft 2020-12) of task files, for completion and checks in editors. What only
// the program can tell (files, variables, pairs, whether rules fit) it does not try to say.
#include <nlohmann/json.hpp>

#include "connector/registry.h"
#include "model/change.h"
#include "task/task_file.h"
#include "task/task_file_keys.h"

namespace sluice::task {
namespace {

using Json = nlohmann::ordered_json;

Json Described(Json schema, const char* description) {
  schema["description"] = description;
  return schema;
}

Json Text(const char* description) {
  return Described({{"type", "string"}, {"minLength", 1}}, description);
}

Json Word(const auto& words, const char* description) {
  Json schema;
  schema["enum"] = Json::array();
  for (const std::string_view word : words) schema["enum"].push_back(word);
  return Described(std::move(schema), description);
}

// A number may also come from ${env:NAME} or ${file:PATH}.
Json Whole(int64_t least, int64_t most, const char* description) {
  Json number = {{"type", "integer"}, {"minimum", least}, {"maximum", most}};
  Json reference = {{"type", "string"}, {"pattern", "\\$\\{|^[0-9]+$"}};
  return Described({{"anyOf", {std::move(number), std::move(reference)}}}, description);
}

Json List(Json items, const char* description) {
  return Described({{"type", "array"}, {"items", std::move(items)}}, description);
}

Json NameList(const char* description) {
  Json list = List({{"type", "string"}, {"minLength", 1}}, description);
  list["uniqueItems"] = true;
  return list;
}

Json Map(Json properties, std::vector<const char*> required, const char* description) {
  Json schema = {{"type", "object"}, {"additionalProperties", false}};
  schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = required;
  return Described(std::move(schema), description);
}

Json Reference(const char* name) {
  return {{"$ref", std::string("#/$defs/") + name}};
}

Json Tls() {
  Json map = Map({{"mode", Word(keys::kTlsModeWords,
                                "off; preferred: encrypted if the server can; required; verify-ca: "
                                "the server's certificate "
                                "must be signed by the CA; verify-full: and bear the server's "
                                "name. Default: preferred.")},
                  {"ca", Text("File with the certificates of the CA (PEM).")},
                  {"certificate", Text("File with the client's certificate (PEM); needs `key`.")},
                  {"key", Text("File with the client's private key (PEM); needs `certificate`.")}},
                 {}, "Encryption of the connection.");
  map["dependentRequired"] = {{"certificate", {"key"}}, {"key", {"certificate"}}};
  return Described({{"anyOf", {Word(keys::kTlsModeWords, "The mode alone."), std::move(map)}}},
                   "Encryption of the connection: a mode, or a map with mode and files.");
}

Json Endpoint() {
  std::vector<std::string_view> engines;
  std::vector<std::string_view> plugins;
  for (const connector::Connector* known : connector::Connectors()) {
    engines.push_back(known->name);
    plugins.insert(plugins.end(), known->plugins.begin(), known->plugins.end());
  }
  return Map(
      {{"engine", Word(engines, "Which kind of server. `mysql` is MySQL and MariaDB, `postgresql` is PostgreSQL.")},
       {"host", Text("Name or address of the server.")},
       {"port", Whole(1, 65535, "Port; default: the engine's own (mysql: 3306, postgresql: 5432).")},
       {"user", Text("Account to log in with.")},
       {"password",
        Described({{"type", {"string", "number"}}}, "Password. Better not written here: ${env:NAME} or ${file:PATH}.")},
       {"database", Text("Database to log in to; postgresql needs it, mysql has none.")},
       {"tls", Tls()},
       {"plugin", Word(plugins,
                       "What tells the changes where this server is read: pgoutput (from PostgreSQL 10 on, and the "
                       "default there) or test_decoding (from 9.4 on).")}},
      {"engine", "host", "user"}, "How to reach a server.");
}

Json Operations() {
  std::vector<std::string_view> ddl;
  for (size_t i = 0; i < static_cast<size_t>(model::DdlKind::kOther); ++i) {
    ddl.push_back(model::Name(static_cast<model::DdlKind>(i)));
  }
  return Map({{"dml", List(Word(keys::kDmlWords, "A kind of change of rows."),
                           "Which changes of rows are carried; default: all.")},
              {"ddl", List(Word(ddl, "A kind of statement."),
                           "Which statements are carried; default: all but drop_view; []: none.")}},
             {}, "What the incremental phase carries. A table's own choice wins over its database's.");
}

Json Columns() {
  Json rename = {{"type", "object"}, {"additionalProperties", {{"type", "string"}, {"minLength", 1}}}};
  Json map = Map({{"exclude", NameList("Columns that are left out; * and ? allowed.")},
                  {"include", NameList("The only columns that are carried; * and ? allowed.")},
                  {"rename", Described(std::move(rename), "New names: {old: new}.")}},
                 {}, "Which columns are carried, under which names.");
  map["not"] = {{"required", {"exclude", "include"}}};
  return Described({{"anyOf", {NameList("The only columns that are carried."), std::move(map)}}},
                   "Which columns are carried, under which names.");
}

Json Table() {
  Json map = Map({{"table", Text("Name, or a pattern with * and ?.")},
                  {"rename", Text("Name at the destination; not for a pattern.")},
                  {"filter", Text("Condition in the source's SQL: only rows for which it is true are carried.")},
                  {"columns", Reference("columns")},
                  {"operations", Reference("operations")}},
                 {"table"}, "A table and what is done with it.");
  return {{"anyOf", {Text("Name, or a pattern with * and ?."), std::move(map)}}};
}

Json Database() {
  Json list = List(Reference("table"), "Only these tables.");
  list["minItems"] = 1;
  Json map = Map({{"exclude", NameList("Tables that are left out; * and ? allowed.")},
                  {"rules", List(Reference("table"), "What is done with single tables; selects nothing.")}},
                 {}, "All tables but those excluded.");
  Json tables = Described({{"anyOf", {std::move(list), std::move(map)}}},
                          "A list: only these tables. A map: all tables but those under `exclude`, with `rules`.");
  Json database = Map({{"database", Text("Name, or a pattern with * and ?.")},
                       {"schema", Text("The same of a PostgreSQL source: name, or a pattern with * and ?.")},
                       {"rename", Text("Name at the destination.")},
                       {"operations", Reference("operations")},
                       {"tables", std::move(tables)},
                       {"exclude", NameList("Tables that are left out; * and ? allowed.")},
                       {"views_and_routines",
                        Described({{"type", "boolean"}},
                                  "Whether views, procedures and functions are carried too; default: true, with a "
                                  "list of tables never. Triggers go with their tables.")}},
                      {}, "A database (PostgreSQL: a schema) and what is done with it.");
  database["oneOf"] = {{{"required", {"database"}}}, {{"required", {"schema"}}}};
  return {{"anyOf", {Text("Name, or a pattern with * and ?: the whole database or schema."), std::move(database)}}};
}

Json MappingRule() {
  return Map({{"kind", Word(keys::kMappingKindWords, "Whose names the rule changes.")},
              {"in", Text("Which objects, by their names at the source: `shop`, `shop.*`, "
                          "`shop.orders`; default: all.")},
              {"keyword", Text("Only names (at the source) that contain this.")},
              {"match", Text("Regular expression (RE2) that the whole name must match.")},
              {"replace", Text("What a name that matches becomes; $1 to $9 are the groups of "
                               "`match`, $0 is all of it.")},
              {"prefix", Text("Put before the name.")},
              {"suffix", Text("Put after the name.")},
              {"letters", Word(keys::kLettersWords, "Changes the letters of the name, not of prefix and suffix.")}},
             {"kind"}, "Changes many names.");
}

Json Limits() {
  Json megabytes = {{"type", "number"}, {"minimum", 0}, {"maximum", 1000000}};
  Json memory = {{"type", {"string", "integer"}}, {"pattern", "^[0-9.]+ ?([KkMmGgTt]?[Ii]?[Bb])?$|\\$\\{"}};
  return Map({{"rows_per_second", Whole(0, 1'000'000'000'000, "Most rows a second; 0: no limit. Default: 0.")},
              {"megabytes_per_second",
               Described(std::move(megabytes), "Most megabytes (1,000,000 bytes) a second; 0: no limit. Default: 0.")},
              {"readers", Whole(1, 64, "Sessions that read from the source. Default: 4.")},
              {"writers", Whole(1, 64, "Sessions that write to the destination. Default: 4.")},
              {"memory", Described(std::move(memory), "Memory for rows on their way. Default: 256MiB.")}},
             {}, "How much of the servers and of this machine the task may take.");
}

Json Options() {
  const Json duration = {{"type", "string"}, {"pattern", "^[0-9.]+ ?(ms|s|m|min|h|d)$|\\$\\{"}};
  return Map({{"not_delayed_within",
               Described(duration, "The task counts as not delayed when it is at most this far behind. Default: 1s.")},
              {"give_up_after",
               Described(duration, "How long lost connections are tried again before the task fails. Default: 12h.")}},
             {}, "How the task behaves.");
}

}  // namespace

std::string TaskFileJsonSchema() {
  Json types = List(Word(keys::kTypeWords, "A migration type."),
                    "What is done: schema, full (all rows), incremental (follow the changes; needs full).");
  types["minItems"] = 1;
  types["uniqueItems"] = true;
  Json objects = List(Reference("database"), "What is migrated.");
  objects["minItems"] = 1;

  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "Sluice task file"}};
  schema.update(Map({{"version", Described({{"enum", {1, "1"}}}, "Form of this file: 1.")},
                     {"name", Described({{"type", "string"}, {"pattern", "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$|\\$\\{"}},
                                        "Name of the task. Default: the file's name without its ending.")},
                     {"source", Reference("endpoint")},
                     {"destination", Reference("endpoint")},
                     {"types", std::move(types)},
                     {"objects", std::move(objects)},
                     {"mapping", List(Reference("mapping"), "Rules that change many names, in order.")},
                     {"limits", Limits()},
                     {"options", Options()}},
                    {"version", "source", "destination", "types", "objects"}, "One migration by Sluice."));
  schema["$defs"] = {{"endpoint", Endpoint()}, {"operations", Operations()}, {"columns", Columns()},
                     {"table", Table()},       {"database", Database()},     {"mapping", MappingRule()}};
  return schema.dump(2) + "\n";
}

}  // namespace sluice::task
