// For tests of the applier with servers: a database with tables, and changes of them written as texts.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/arena.h"
#include "connectors/postgresql/bookkeeping.h"
#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/server_test_endpoint.h"
#include "connectors/postgresql/sessions.h"

namespace sluice::postgresql {

// A value that the log leaves out.
inline const std::string kAbsentText = "(absent)";

// As the change stream makes it of the server's text.
inline model::Cell MakeCell(const model::ColumnType& type, const OptionalText& text, Arena& arena) {
  using model::Cell;
  using model::CellKind;
  using model::TypeKind;
  if (!text) return Cell::Null();
  if (*text == kAbsentText) return Cell();
  switch (type.kind) {
    case TypeKind::kBoolean:
      return Cell::Int(*text == "t" ? 1 : 0);
    case TypeKind::kInteger:
      return Cell::Int(std::strtoll(text->c_str(), nullptr, 10));
    case TypeKind::kFloat32:
      return Cell::Float32(std::strtof(text->c_str(), nullptr));
    case TypeKind::kFloat64:
      return Cell::Float64(std::strtod(text->c_str(), nullptr));
    case TypeKind::kBit:
      return Cell::Uint(std::strtoull(text->c_str(), nullptr, 2));
    case TypeKind::kBlob: {
      std::string bytes;
      for (size_t i = 2; i + 1 < text->size(); i += 2) {
        bytes += static_cast<char>(std::strtol(text->substr(i, 2).c_str(), nullptr, 16));
      }
      return Cell::Bytes(CellKind::kBytes, arena.Copy(bytes));
    }
    case TypeKind::kDecimal:
      return Cell::Bytes(CellKind::kDecimal, arena.Copy(*text));
    case TypeKind::kDate:
      return Cell::Bytes(CellKind::kDate, arena.Copy(*text));
    case TypeKind::kTime:
      return Cell::Bytes(CellKind::kTime, arena.Copy(*text));
    case TypeKind::kTimestamp: {
      const size_t zone = text->find("+00");
      return Cell::Bytes(
          CellKind::kDateTime,
          arena.Copy(zone == std::string::npos ? *text : text->substr(0, zone) + text->substr(zone + 3)));
    }
    case TypeKind::kDateTime:
      return Cell::Bytes(CellKind::kDateTime, arena.Copy(*text));
    case TypeKind::kJson:
      return Cell::Bytes(CellKind::kJson, arena.Copy(*text));
    default:
      return Cell::Bytes(CellKind::kText, arena.Copy(*text));
  }
}

// Tables are in the schema a of a database of its own; changes of a.x go to b.x.
class AppliedDatabase {
 public:
  explicit AppliedDatabase(const connector::Endpoint& server, const std::string& name = "applier_test") {
    endpoint_ = server;
    Connection admin(endpoint_, {});
    admin.Execute("DROP DATABASE IF EXISTS " + name);
    admin.Execute(fmt::format("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'", name));
    endpoint_.database = name;
    endpoint_.side = "destination";
    session_ = std::make_unique<Connection>(endpoint_, connector::SessionContext{});
    session_->Execute("CREATE SCHEMA a; CREATE SCHEMA b");
    PrepareBookkeeping(*session_);
  }

  // The same table in both schemas, or another at the destination.
  model::TablePtr Create(const std::string& name, const std::string& columns, const std::string& there = "") {
    session_->Execute(fmt::format("CREATE TABLE a.{} ({})", name, columns));
    session_->Execute(fmt::format("CREATE TABLE b.{} ({})", name, there.empty() ? columns : there));
    return Describe(name);
  }
  model::TablePtr Describe(const std::string& name) {
    return MakeCatalog(endpoint_, {})->DescribeTables({{"a", name}}).at(0);
  }
  static model::TableMappingPtr MapAll(const model::Table& table) {
    auto mapping = std::make_shared<model::TableMapping>();
    mapping->source = table.name;
    mapping->destination = {"b", table.name.name};
    for (const model::Column& column : table.columns) {
      if (column.generated == model::Generated::kNo) mapping->columns.push_back({column.name, column.name});
    }
    return mapping;
  }

  void Run(const std::string& sql) { session_->Execute(sql); }
  TextRows Query(const std::string& sql) { return session_->Query(sql); }
  std::string One(const std::string& sql) { return session_->QueryOne(sql).value_or("NULL"); }
  const connector::Endpoint& endpoint() const { return endpoint_; }

 private:
  connector::Endpoint endpoint_;
  std::unique_ptr<Connection> session_;
};

// A group of changes that owns its cells.
class GroupMaker {
 public:
  GroupMaker(model::TablePtr table, model::ChangeKind kind, model::TableMappingPtr mapping = nullptr) {
    group.table = std::move(table);
    group.mapping = mapping ? std::move(mapping) : AppliedDatabase::MapAll(*group.table);
    group.kind = kind;
    group.foreign_keys_off = true;
  }
  GroupMaker& Add(const TextRow& before, const TextRow& after) {
    model::RowChange& change = changes_.emplace_back();
    change.kind = group.kind;
    change.table = group.table;
    change.foreign_keys_off = true;
    change.before = Image(before);
    change.after = Image(after);
    group.rows.push_back(&change);
    return *this;
  }

  connector::RowGroup group;

 private:
  model::Row Image(const TextRow& texts) {
    if (texts.empty()) return {};
    std::vector<model::Cell>& cells = images_.emplace_back();
    for (size_t i = 0; i < texts.size(); ++i) cells.push_back(MakeCell(group.table->columns[i].type, texts[i], arena_));
    return cells;
  }

  Arena arena_;
  std::deque<std::vector<model::Cell>> images_;
  std::deque<model::RowChange> changes_;
};

inline GroupMaker Inserts(const model::TablePtr& table, const TextRows& rows) {
  GroupMaker made(table, model::ChangeKind::kInsert);
  for (const TextRow& row : rows) made.Add({}, row);
  return made;
}

}  // namespace sluice::postgresql
