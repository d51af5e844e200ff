// A schema with every kind of object is carried into another database, and back from names that were changed: the
// catalogs of all of them have to say the same.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "connectors/postgresql/copy_test_rig.h"
#include "connectors/postgresql/schema_server_test_names.h"
#include "connectors/postgresql/schema_server_test_statements.h"
#include "connectors/postgresql/server_test_endpoint.h"

namespace sluice::postgresql {
namespace {

using connector::SchemaStage;
using connector::SchemaStatement;

// What the catalogs say of all that is the users', line by line.
std::vector<std::string> Dump(Connection& connection) {
  std::vector<std::string> lines;
  for (const std::string& sql : DumpQueries(connection.version())) {
    for (const TextRow& row : connection.Query(sql)) {
      std::string line;
      for (const OptionalText& cell : row) line += (line.empty() ? "" : " | ") + cell.value_or("-");
      lines.push_back(std::move(line));
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

// Lines of `a` that are not in `b`.
std::string Missing(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::string> lines;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(lines));
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// Without what renaming leaves behind: quotes that are not needed, and an alias that is the table's own name.
std::vector<std::string> Plain(std::vector<std::string> lines) {
  for (std::string& line : lines) {
    for (const auto& [from, to] : {std::pair("\"shop\"", "shop"), std::pair("\"orders\"", "orders"),
                                   std::pair("shop.orders orders", "shop.orders")}) {
      for (size_t at = line.find(from); at != std::string::npos; at = line.find(from, at)) {
        line.replace(at, std::string_view(from).size(), to);
      }
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

void ExpectSame(const std::vector<std::string>& source, const std::vector<std::string>& destination) {
  EXPECT_GT(source.size(), 100u);
  EXPECT_EQ(Missing(source, destination), "") << "is at the source alone";
  EXPECT_EQ(Missing(destination, source), "") << "is at the destination alone";
}

class SchemaServer : public testing::TestWithParam<std::pair<const char*, const char*>> {
 protected:
  void SetUp() override {
    source_ = ServerOf((std::string("SLUICE_TEST_") + GetParam().first).c_str());
    destination_ = ServerOf((std::string("SLUICE_TEST_") + GetParam().second).c_str());
    if (!source_ || !destination_) GTEST_SKIP() << "no server";
  }

  // As the pipeline does: stage by stage, types and objects again while some get through.
  void Carry(const connector::Endpoint& from, const connector::Endpoint& to, const model::NameMap& names) {
    auto source = MakeSource(from);
    auto destination = MakeDestination(to);
    auto catalog = source->OpenCatalog({});
    auto writer = destination->OpenSchemaWriter({});
    std::vector<SchemaStatement> all;
    const auto add = [&](std::vector<SchemaStatement> some) {
      for (SchemaStatement& one : some) all.push_back(std::move(one));
    };
    std::vector<std::string> schemas;
    for (const std::string& schema : catalog->Databases()) {
      if (names.Selected({schema, "x"})) schemas.push_back(schema);
    }
    for (const std::string& schema : schemas) {
      add(writer->CreateDatabase(schema, names.MapDatabase(schema), source->DatabaseStatement(schema),
                                 source->Server()));
    }
    for (const std::string& schema : schemas) {
      for (const model::SchemaObject& object : catalog->ListObjects(schema)) {
        add(writer->Translate(object, names, source->Server()));
      }
    }
    for (const std::string& schema : schemas) {
      std::vector<model::ObjectName> tables;
      for (const connector::TableSummary& one : catalog->ListTables(schema)) tables.push_back(one.name);
      for (const model::TablePtr& table : catalog->DescribeTables(tables)) {
        ASSERT_NE(names.MapTable(*table), nullptr);
        add(writer->Translate(*table, *names.MapTable(*table), names, source->Server()));
      }
    }
    statements_ = all;
    std::map<std::string, int> labels;
    for (const SchemaStatement& one : all) ++labels[one.label];
    for (const SchemaStage stage : connector::kSchemaStages) Execute(*writer, stage, all);
    for (const std::string& schema : schemas) {
      for (const connector::SequenceValue& value : catalog->Sequences(schema)) writer->SetSequence(value, names);
    }
  }

  void Execute(connector::SchemaWriter& writer, SchemaStage stage, const std::vector<SchemaStatement>& all) {
    std::vector<const SchemaStatement*> work;
    for (const SchemaStatement& one : all) {
      if (one.stage == stage) work.push_back(&one);
    }
    std::string errors = "first";
    for (size_t before = work.size() + 1; !work.empty() && work.size() < before;) {
      before = work.size();
      errors.clear();
      std::erase_if(work, [&](const SchemaStatement* one) {
        try {
          writer.Execute(*one);
          return true;
        } catch (const Error& error) {
          errors += error.info().Block() + "\n" + one->sql + "\n";
          return false;
        }
      });
    }
    EXPECT_TRUE(work.empty()) << errors;
  }

  std::optional<connector::Endpoint> source_, destination_;
  std::vector<SchemaStatement> statements_;
};

TEST_P(SchemaServer, CarriesEveryKindOfObject) {
  const connector::Endpoint from = FreshDatabase(*source_, "schema_from");
  const connector::Endpoint same = FreshDatabase(*destination_, "schema_same");
  Connection source(from, {});
  Connection destination(same, {});
  const uint32_t version = std::min(source.version(), destination.version());
  for (const std::string& sql : EveryKind(version)) source.Execute(sql, sql.substr(0, 60));
  Carry(from, same, SameNames());
  // Two versions do not say all of it alike.
  if (source.major() == destination.major()) {
    ExpectSame(Dump(source), Dump(destination));
  }
}

TEST_P(SchemaServer, CarriesUnderOtherNamesAndBack) {
  const connector::Endpoint from = FreshDatabase(*source_, "schema_from");
  const connector::Endpoint renamed = FreshDatabase(*destination_, "schema_renamed");
  const connector::Endpoint back = FreshDatabase(*source_, "schema_back");
  Connection source(from, {});
  Connection middle(renamed, {});
  Connection destination(back, {});
  const uint32_t version = std::min(source.version(), middle.version());
  for (const std::string& sql : EveryKind(version)) source.Execute(sql, sql.substr(0, 60));
  Carry(from, renamed, OtherNames(true));
  for (const std::string& line : Dump(middle)) {
    const bool text = line.find("'it''s shop.customers'") != std::string::npos;  // a value, not a name
    EXPECT_TRUE(text || line.find("shop.") == std::string::npos) << line;
  }
  Carry(renamed, back, OtherNames(false));
  ExpectSame(Plain(Dump(source)), Plain(Dump(destination)));
}

// What the pipeline does to begin anew: the newest first, again what others still needed.
TEST_P(SchemaServer, DropsWhatItCreated) {
  const connector::Endpoint from = FreshDatabase(*source_, "schema_from");
  const connector::Endpoint same = FreshDatabase(*destination_, "schema_same");
  Connection source(from, {});
  Connection destination(same, {});
  const uint32_t version = std::min(source.version(), destination.version());
  for (const std::string& sql : EveryKind(version)) source.Execute(sql, sql.substr(0, 60));
  Carry(from, same, SameNames());
  auto writer = MakeDestination(same)->OpenSchemaWriter({});
  std::stable_sort(statements_.begin(), statements_.end(), [](const SchemaStatement& a, const SchemaStatement& b) {
    return static_cast<int>(a.stage) > static_cast<int>(b.stage);
  });
  std::string refused = "first";
  for (size_t before = statements_.size() + 1; !statements_.empty() && statements_.size() < before;) {
    before = statements_.size();
    refused.clear();
    std::erase_if(statements_, [&](const SchemaStatement& one) {
      if (one.stage == SchemaStage::kIndexes || one.stage == SchemaStage::kForeignKeys) return true;
      try {
        writer->Drop(one);
        writer->Drop(one);  // one that is gone is no error
        return true;
      } catch (const Error& error) {
        refused += error.info().Block() + "\n";
        return false;
      }
    });
  }
  EXPECT_EQ(refused, "");
  // The extension in shop stays, and what belongs to it.
  for (const std::string& line : Dump(destination)) {
    EXPECT_FALSE(line.starts_with("class | shop") || line.starts_with("policy") || line.starts_with("trigger |"))
        << line;
  }
}

INSTANTIATE_TEST_SUITE_P(Servers, SchemaServer,
                         testing::Values(std::pair{"PG15", "PG15"}, std::pair{"PG10", "PG10"},
                                         std::pair{"PG18", "PG18"}, std::pair{"PG10", "PG18"},
                                         std::pair{"PG15", "PG18"}, std::pair{"PG12", "PG14"},
                                         std::pair{"PG14", "PG16"}, std::pair{"PG16", "PG17"},
                                         std::pair{"PG12", "PG17"}, std::pair{"PG17", "PG17"}),
                         [](const auto& info) {
                           std::string name = std::string(info.param.first) + "_" + info.param.second;
                           for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
                           return name;
                         });

}  // namespace
}  // namespace sluice::postgresql
