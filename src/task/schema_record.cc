#include "task/schema_record.h"

#include <nlohmann/json.hpp>

namespace sluice::task {

using connector::SchemaStage;
using connector::SchemaStatement;
using nlohmann::json;

namespace {

std::string ContextJson(const SchemaStatement& statement) {
  return json({{"database", statement.default_database},
               {"sql_mode", statement.sql_mode},
               {"charset", statement.charset},
               {"collation", statement.collation},
               {"kind", static_cast<int>(statement.kind)},
               {"source", {statement.source.database, statement.source.name}},
               {"object", {statement.object.database, statement.object.name}},
               {"table", {statement.table.database, statement.table.name}},
               {"signature", statement.signature},
               {"notes", statement.notes}})
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

SchemaStatement StatementFrom(const store::ObjectRecord& record) {
  SchemaStatement statement;
  const json context = json::parse(record.context);
  statement.label = record.label;
  statement.sql = record.sql;
  statement.default_database = context.at("database").get<std::string>();
  statement.sql_mode = context.at("sql_mode").get<std::string>();
  statement.charset = context.at("charset").get<std::string>();
  statement.collation = context.at("collation").get<std::string>();
  statement.kind = static_cast<model::ObjectKind>(context.at("kind").get<int>());
  statement.source = {context.at("source").at(0).get<std::string>(), context.at("source").at(1).get<std::string>()};
  statement.object = {context.at("object").at(0).get<std::string>(), context.at("object").at(1).get<std::string>()};
  if (context.contains("signature")) {  // not in stores of older versions
    statement.table = {context.at("table").at(0).get<std::string>(), context.at("table").at(1).get<std::string>()};
    statement.signature = context.at("signature").get<std::string>();
  }
  statement.notes = context.at("notes").get<std::vector<std::string>>();
  for (const SchemaStage stage : connector::kSchemaStages) {
    if (connector::Name(stage) == record.stage) statement.stage = stage;
  }
  return statement;
}

void MarkInTheWay(store::ObjectRecord* record) {
  json context = json::parse(record->context);
  context["in_the_way"] = true;
  record->context = context.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool IsInTheWay(const store::ObjectRecord& record) {
  return record.state == "failed" && json::parse(record.context).value("in_the_way", false);
}

store::ObjectRecord ToRecord(const SchemaStatement& statement) {
  store::ObjectRecord record;
  record.label = statement.label;
  record.stage = connector::Name(statement.stage);
  record.kind = model::Name(statement.kind);
  record.object = statement.object.Text();
  record.sql = statement.sql;
  record.context = ContextJson(statement);
  record.state = "pending";
  return record;
}

}  // namespace sluice::task
