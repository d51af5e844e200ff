// Names for the tests of this folder: database shop becomes new, table orders becomes orders2, and of it column addr
// becomes address, column secret is left out. Database other is not selected.
#pragma once

#include <memory>
#include <string>

#include "connectors/mysql/schema_mapping.h"
#include "model/mapping.h"

namespace sluice::mysql {

class TestNames : public model::NameMap {
 public:
  model::ObjectName Map(const model::ObjectName& source) const override {
    if (source.database != "shop") return source;
    return {"new", source.name == "orders" ? "orders2" : source.name};
  }
  std::string MapDatabase(const std::string& source) const override { return source == "shop" ? "new" : source; }
  std::string MapColumn(const model::ObjectName& table, const std::string& column) const override {
    return table == model::ObjectName{"shop", "orders"} && column == "addr" ? "address" : column;
  }
  bool Selected(const model::ObjectName& source) const override { return source.database == "shop"; }
  model::TableMappingPtr MapTable(const model::Table& table) const override {
    if (!Selected(table.name)) return nullptr;
    auto mapping = std::make_shared<model::TableMapping>();
    mapping->source = table.name;
    mapping->destination = Map(table.name);
    for (const model::Column& column : table.columns) {
      if (column.name == "secret") {
        mapping->excluded.insert(column.name);
      } else if (column.generated == model::Generated::kNo) {
        mapping->columns.push_back({column.name, MapColumn(table.name, column.name)});
      }
    }
    return mapping;
  }

  ColumnNames Columns(const model::ObjectName& table) const {
    return [this, table](std::string_view column) -> std::optional<std::string> {
      if (column == "secret") return std::nullopt;
      return MapColumn(table, std::string(column));
    };
  }
};

}  // namespace sluice::mysql
