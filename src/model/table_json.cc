#include "model/table_json.h"

#include <nlohmann/json.hpp>

namespace sluice::model {
namespace {

using nlohmann::json;

// Names and statements are UTF-8 as servers give them; a broken byte must not stop a checkpoint from being written.
std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json ToValue(const ObjectName& name) {
  return json::array({name.database, name.name});
}
ObjectName NameFrom(const json& value) {
  return {value.at(0).get<std::string>(), value.at(1).get<std::string>()};
}

json ToValue(const ColumnType& type) {
  json out = {{"kind", static_cast<int>(type.kind)}, {"native", type.native}};
  if (type.bytes != 0) out["bytes"] = type.bytes;
  if (type.is_unsigned) out["unsigned"] = true;
  if (type.length != 0) out["length"] = type.length;
  if (type.precision != 0) out["precision"] = type.precision;
  if (type.scale != 0) out["scale"] = type.scale;
  if (type.fraction != 0) out["fraction"] = type.fraction;
  if (!type.charset.empty()) out["charset"] = type.charset;
  if (!type.collation.empty()) out["collation"] = type.collation;
  if (!type.elements.empty()) out["elements"] = type.elements;
  if (type.srid) out["srid"] = *type.srid;
  if (type.by_bytes) out["by_bytes"] = true;
  return out;
}

ColumnType TypeFrom(const json& value) {
  ColumnType type;
  type.kind = static_cast<TypeKind>(value.at("kind").get<int>());
  type.native = value.at("native").get<std::string>();
  type.bytes = value.value("bytes", uint8_t{0});
  type.is_unsigned = value.value("unsigned", false);
  type.length = value.value("length", uint64_t{0});
  type.precision = value.value("precision", uint16_t{0});
  type.scale = value.value("scale", uint16_t{0});
  type.fraction = value.value("fraction", uint8_t{0});
  type.charset = value.value("charset", "");
  type.collation = value.value("collation", "");
  type.elements = value.value("elements", std::vector<std::string>{});
  if (value.contains("srid")) type.srid = value.at("srid").get<uint32_t>();
  type.by_bytes = value.value("by_bytes", false);
  return type;
}

json ToValue(const Column& column) {
  json out = {{"name", column.name}, {"type", ToValue(column.type)}};
  if (!column.nullable) out["not_null"] = true;
  if (column.generated != Generated::kNo) out["generated"] = static_cast<int>(column.generated);
  if (column.auto_increment) out["auto_increment"] = true;
  if (column.invisible) out["invisible"] = true;
  if (column.default_value.kind != ColumnDefault::Kind::kNone) {
    out["default"] = {static_cast<int>(column.default_value.kind), column.default_value.text};
  }
  if (column.now_on_update) out["now_on_update"] = true;
  if (!column.generated_as.empty()) out["generated_as"] = column.generated_as;
  if (!column.comment.empty()) out["comment"] = column.comment;
  return out;
}

Column ColumnFrom(const json& value) {
  Column column;
  column.name = value.at("name").get<std::string>();
  column.type = TypeFrom(value.at("type"));
  column.nullable = !value.value("not_null", false);
  column.generated = static_cast<Generated>(value.value("generated", 0));
  column.auto_increment = value.value("auto_increment", false);
  column.invisible = value.value("invisible", false);
  if (value.contains("default")) {
    column.default_value.kind = static_cast<ColumnDefault::Kind>(value.at("default").at(0).get<int>());
    column.default_value.text = value.at("default").at(1).get<std::string>();
  }
  column.now_on_update = value.value("now_on_update", false);
  column.generated_as = value.value("generated_as", "");
  column.comment = value.value("comment", "");
  return column;
}

json ToValue(const Key& key) {
  json parts = json::array();
  for (const KeyPart& part : key.parts) {
    parts.push_back({part.column, part.prefix_length});
    if (part.descending) parts.back().push_back(true);
  }
  json out = {{"name", key.name},
              {"primary", key.primary},
              {"unique", key.unique},
              {"expression", key.has_expression},
              {"parts", std::move(parts)}};
  if (key.partial) out["partial"] = true;
  if (key.deferrable) out["deferrable"] = true;
  if (!key.method.empty()) out["method"] = key.method;
  if (!key.comment.empty()) out["comment"] = key.comment;
  return out;
}

Key KeyFrom(const json& value) {
  Key key;
  key.name = value.at("name").get<std::string>();
  key.primary = value.at("primary").get<bool>();
  key.unique = value.at("unique").get<bool>();
  key.has_expression = value.at("expression").get<bool>();
  key.partial = value.value("partial", false);
  key.deferrable = value.value("deferrable", false);
  for (const json& part : value.at("parts")) {
    key.parts.push_back({part.at(0).get<uint32_t>(), part.at(1).get<uint32_t>(), part.size() > 2});
  }
  key.method = value.value("method", "");
  key.comment = value.value("comment", "");
  return key;
}

json ToValue(const ForeignKey& key) {
  return {{"name", key.name},
          {"columns", key.columns},
          {"referenced", ToValue(key.referenced)},
          {"referenced_columns", key.referenced_columns},
          {"on_delete", static_cast<int>(key.on_delete)},
          {"on_update", static_cast<int>(key.on_update)}};
}

ForeignKey ForeignKeyFrom(const json& value) {
  ForeignKey key;
  key.name = value.at("name").get<std::string>();
  key.columns = value.at("columns").get<std::vector<uint32_t>>();
  key.referenced = NameFrom(value.at("referenced"));
  key.referenced_columns = value.at("referenced_columns").get<std::vector<std::string>>();
  key.on_delete = static_cast<ReferentialAction>(value.at("on_delete").get<int>());
  key.on_update = static_cast<ReferentialAction>(value.at("on_update").get<int>());
  return key;
}

json ToValue(const OperationFilter& operations) {
  json ddl = json::array();
  for (const DdlKind kind : operations.ddl) ddl.push_back(static_cast<int>(kind));
  return {{"insert", operations.insert},
          {"update", operations.update},
          {"delete", operations.remove},
          {"ddl", std::move(ddl)}};
}

}  // namespace

std::string ToJson(const Table& table) {
  json columns = json::array();
  for (const Column& column : table.columns) columns.push_back(ToValue(column));
  json keys = json::array();
  for (const Key& key : table.keys) keys.push_back(ToValue(key));
  json foreign_keys = json::array();
  for (const ForeignKey& key : table.foreign_keys) foreign_keys.push_back(ToValue(key));
  json checks = json::array();
  for (const TableCheck& check : table.checks) checks.push_back({check.name, check.expression});
  return Dump({{"name", ToValue(table.name)},
               {"columns", std::move(columns)},
               {"keys", std::move(keys)},
               {"foreign_keys", std::move(foreign_keys)},
               {"checks", std::move(checks)},
               {"comment", table.comment},
               {"create", table.create_statement},
               {"transactional", table.transactional},
               {"engine", table.storage_engine},
               {"partitioned", table.partitioned},
               {"unsaid", table.unsaid},
               {"rows", table.rows_estimated},
               {"bytes", table.bytes_estimated}});
}

TablePtr TableFromJson(const std::string& text) {
  const json value = json::parse(text);
  auto table = std::make_shared<Table>();
  table->name = NameFrom(value.at("name"));
  for (const json& column : value.at("columns")) table->columns.push_back(ColumnFrom(column));
  for (const json& key : value.at("keys")) table->keys.push_back(KeyFrom(key));
  for (const json& key : value.at("foreign_keys")) table->foreign_keys.push_back(ForeignKeyFrom(key));
  for (const json& check : value.value("checks", json::array())) {
    table->checks.push_back({check.at(0).get<std::string>(), check.at(1).get<std::string>()});
  }
  table->comment = value.value("comment", "");
  table->create_statement = value.at("create").get<std::string>();
  table->transactional = value.at("transactional").get<bool>();
  table->storage_engine = value.at("engine").get<std::string>();
  table->partitioned = value.value("partitioned", false);
  table->unsaid = value.value("unsaid", std::vector<std::string>());
  table->rows_estimated = value.at("rows").get<uint64_t>();
  table->bytes_estimated = value.at("bytes").get<uint64_t>();
  return table;
}

std::string ToJson(const TableMapping& mapping) {
  json columns = json::array();
  for (const ColumnMapping& column : mapping.columns) columns.push_back({column.source, column.destination});
  return Dump({{"source", ToValue(mapping.source)},
               {"destination", ToValue(mapping.destination)},
               {"columns", std::move(columns)},
               {"excluded", mapping.excluded},
               {"filter", mapping.filter},
               {"operations", ToValue(mapping.operations)}});
}

TableMappingPtr MappingFromJson(const std::string& text) {
  const json value = json::parse(text);
  auto mapping = std::make_shared<TableMapping>();
  mapping->source = NameFrom(value.at("source"));
  mapping->destination = NameFrom(value.at("destination"));
  for (const json& column : value.at("columns")) {
    mapping->columns.push_back({column.at(0).get<std::string>(), column.at(1).get<std::string>()});
  }
  mapping->excluded = value.at("excluded").get<std::set<std::string>>();
  mapping->filter = value.at("filter").get<std::string>();
  const json& operations = value.at("operations");
  mapping->operations.insert = operations.at("insert").get<bool>();
  mapping->operations.update = operations.at("update").get<bool>();
  mapping->operations.remove = operations.at("delete").get<bool>();
  for (const json& kind : operations.at("ddl")) mapping->operations.ddl.insert(static_cast<DdlKind>(kind.get<int>()));
  return mapping;
}

}  // namespace sluice::model
