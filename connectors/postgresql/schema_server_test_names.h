// Names for tests: as they are, or schema shop as "new shop", table orders as "orders 2", and back.
#pragma once

#include <memory>
#include <string>

#include "model/mapping.h"

namespace sluice::postgresql {

class SameNames : public model::NameMap {
 public:
  model::ObjectName Map(const model::ObjectName& source) const override { return source; }
  std::string MapDatabase(const std::string& source) const override { return source; }
  std::string MapColumn(const model::ObjectName&, const std::string& column) const override { return column; }
  bool Selected(const model::ObjectName& source) const override { return source.database != "other"; }
  model::TableMappingPtr MapTable(const model::Table& table) const override {
    auto mapping = std::make_shared<model::TableMapping>();
    mapping->source = table.name;
    mapping->destination = Map(table.name);
    for (const model::Column& column : table.columns) {
      if (column.generated == model::Generated::kNo) {
        mapping->columns.push_back({column.name, MapColumn(table.name, column.name)});
      }
    }
    return mapping;
  }
};

class OtherNames : public SameNames {
 public:
  explicit OtherNames(bool forth) : forth_(forth) {}
  model::ObjectName Map(const model::ObjectName& source) const override {
    const std::string from = forth_ ? "orders" : "orders 2";
    return {MapDatabase(source.database), source.name == from ? (forth_ ? "orders 2" : "orders") : source.name};
  }
  std::string MapDatabase(const std::string& source) const override {
    if (forth_) return source == "shop" ? "new shop" : source;
    return source == "new shop" ? "shop" : source;
  }
  std::string MapColumn(const model::ObjectName& table, const std::string& column) const override {
    if (table.name != "lines") return column;
    if (forth_) return column == "amount" ? "Amount Of" : column;
    return column == "Amount Of" ? "amount" : column;
  }

 private:
  const bool forth_;
};

}  // namespace sluice::postgresql
