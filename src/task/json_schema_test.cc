// The JSON Schema says what the reader does, and docs/ holds it as it is.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "task/task_file.h"
#include "task/task_file_keys.h"

namespace sluice::task {
namespace {

using Json = nlohmann::json;

std::set<std::string> Properties(const Json& schema) {
  std::set<std::string> names;
  for (const auto& [name, property] : schema.at("properties").items()) names.insert(name);
  return names;
}

template <typename Words>
std::set<std::string> Set(const Words& words) {
  return std::set<std::string>(words.begin(), words.end());
}

TEST(JsonSchema, HasTheKeysOfTheReader) {
  const Json schema = Json::parse(TaskFileJsonSchema());
  const Json& parts = schema.at("$defs");
  EXPECT_EQ(Properties(schema), Set(keys::kTask));
  EXPECT_EQ(Properties(schema["properties"]["limits"]), Set(keys::kLimits));
  EXPECT_EQ(Properties(schema["properties"]["options"]), Set(keys::kOptions));
  EXPECT_EQ(Properties(parts.at("endpoint")), Set(keys::kEndpoint));
  EXPECT_EQ(Properties(parts["endpoint"]["properties"]["tls"]["anyOf"][1]), Set(keys::kTls));
  EXPECT_EQ(Properties(parts.at("operations")), Set(keys::kOperations));
  EXPECT_EQ(Properties(parts.at("columns")["anyOf"][1]), Set(keys::kColumns));
  EXPECT_EQ(Properties(parts.at("table")["anyOf"][1]), Set(keys::kTable));
  auto database = Set(keys::kDatabase);
  database.merge(Set(keys::kSchema));
  EXPECT_EQ(Properties(parts.at("database")["anyOf"][1]), database);
  EXPECT_EQ(Properties(parts["database"]["anyOf"][1]["properties"]["tables"]["anyOf"][1]), Set(keys::kTables));
  EXPECT_EQ(Properties(parts.at("mapping")), Set(keys::kMapping));
}

// Every property has a description or refers to a part that has one; every map is closed.
void CheckNode(const Json& node, const Json& parts, const std::string& path) {
  if (node.is_array()) {
    for (const Json& item : node) CheckNode(item, parts, path);
    return;
  }
  if (!node.is_object()) return;
  if (node.contains("properties")) {
    EXPECT_EQ(node.value("additionalProperties", Json(true)), Json(false)) << path;
    for (const auto& [name, property] : node["properties"].items()) {
      EXPECT_TRUE(property.contains("description") || property.contains("$ref")) << path << "/" << name;
    }
  }
  if (node.contains("$ref")) {
    const std::string reference = node["$ref"];
    ASSERT_EQ(reference.rfind("#/$defs/", 0), 0u) << reference;
    EXPECT_TRUE(parts.contains(reference.substr(8))) << reference;
  }
  for (const auto& [name, child] : node.items()) CheckNode(child, parts, path + "/" + name);
}

TEST(JsonSchema, DescribesEverything) {
  const Json schema = Json::parse(TaskFileJsonSchema());
  EXPECT_EQ(schema.at("$schema"), "https://json-schema.org/draft/2020-12/schema");
  CheckNode(schema, schema.at("$defs"), "");
}

// To write it anew after a change: SLUICE_WRITE_SCHEMA=1 task_test --gtest_filter='JsonSchema.*'
TEST(JsonSchema, IsTheOneInTheDocuments) {
  const std::string path = SLUICE_SOURCE_DIR "/docs/sluice-task.schema.json";
  if (std::getenv("SLUICE_WRITE_SCHEMA") != nullptr) std::ofstream(path) << TaskFileJsonSchema();
  std::ifstream stream(path);
  ASSERT_TRUE(stream) << path;
  std::stringstream text;
  text << stream.rdbuf();
  EXPECT_EQ(text.str(), TaskFileJsonSchema()) << "write it anew, see above";
}

// The examples of the reference are task files without a mistake, and it names every key.
TEST(JsonSchema, ReferencePageIsComplete) {
  std::ifstream stream(SLUICE_SOURCE_DIR "/docs/task-file.md");
  ASSERT_TRUE(stream);
  std::stringstream whole;
  whole << stream.rdbuf();
  const std::string page = whole.str();
  const auto named = [&](const auto& words) {
    for (const std::string_view word : words) {
      EXPECT_NE(page.find("`" + std::string(word) + "`"), std::string::npos) << word;
    }
  };
  named(keys::kTask);
  named(keys::kEndpoint);
  named(keys::kTls);
  named(keys::kDatabase);
  named(keys::kTables);
  named(keys::kTable);
  named(keys::kColumns);
  named(keys::kOperations);
  named(keys::kMapping);
  named(keys::kLimits);
  named(keys::kOptions);
  named(keys::kTypeWords);
  named(keys::kTlsModeWords);
  named(keys::kDmlWords);
  for (size_t i = 0; i < static_cast<size_t>(model::DdlKind::kOther); ++i) {
    named(std::array{model::Name(static_cast<model::DdlKind>(i))});
  }
  size_t examples = 0;
  for (size_t at = page.find("```yaml\nversion:"); at != std::string::npos;
       at = page.find("```yaml\nversion:", at + 1)) {
    const size_t begin = at + 8;
    const Result<ParsedTaskFile> parsed =
        ParseTaskText(page.substr(begin, page.find("```", begin) - begin), "example.yaml");
    ASSERT_TRUE(parsed.ok()) << parsed.error().Block();
    for (const Mistake& mistake : parsed.value().mistakes) {
      // Passwords and certificates of the examples are not on this machine.
      const bool elsewhere =
          mistake.code == kSecretUnavailable.id || mistake.message.find("cannot be read") != std::string::npos;
      EXPECT_TRUE(elsewhere) << mistake.Text("example.yaml");
    }
    ++examples;
  }
  EXPECT_GE(examples, 2u);
}

}  // namespace
}  // namespace sluice::task
