// Images that do not have all columns.
#include "connectors/mysql/binlog/row_decoder.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace sluice::mysql::binlog {
namespace {

using model::ChangeKind;

// Two columns of one byte each, the first of them the key.
RowPlan PlanOf(bool with_key) {
  auto table = std::make_shared<model::Table>();
  table->name = {"s", "t"};
  table->columns.resize(2);
  if (with_key) {
    model::Key key;
    key.primary = key.unique = true;
    key.parts.push_back({.column = 0});
    table->keys.push_back(key);
  }
  RowPlan plan;
  for (uint32_t i = 0; i < 2; ++i) {
    table->columns[i].name = i == 0 ? "id" : "v";
    ColumnPlan column;
    column.decode = Decode::kInt;
    column.width = 1;
    column.target = i;
    column.is_stored = true;
    column.finds_row = i == 0 || !with_key;
    plan.columns.push_back(column);
  }
  plan.table = table;
  return plan;
}

// The only change of an event whose rows follow their bitmaps of present columns.
model::RowChange Read(ChangeKind kind, const std::string& rest, model::Transaction& out, bool with_key = true) {
  RowsHeader header;
  header.kind = kind;
  header.rest = rest;
  RowDecoder().Decode(header, PlanOf(with_key), out);
  return out.rows.at(0);
}

TEST(RowImages, WhatIsAsBeforeIsTakenFromThere) {
  model::Transaction out;
  // Before: both. After: the second alone, as MariaDB's FULL_NODUP.
  const std::string nulls(1, '\0');
  const model::RowChange change = Read(ChangeKind::kUpdate, "\x02\x03\x02" + nulls + "\x07\x08" + nulls + "\x09", out);
  EXPECT_EQ(change.after[0].i, 7);
  EXPECT_EQ(change.before[1].i, 8);
  EXPECT_EQ(change.after[1].i, 9);
}

TEST(RowImages, WhatFindsTheRowIsEnoughBefore) {
  model::Transaction out;
  const std::string nulls(1, '\0');
  EXPECT_TRUE(Read(ChangeKind::kDelete, "\x02\x01" + nulls + "\x07", out).before[1].IsAbsent());
  const model::RowChange change = Read(ChangeKind::kUpdate, "\x02\x01\x03" + nulls + "\x07" + nulls + "\x07\x09", out);
  EXPECT_EQ(change.before[0].i, 7);
}

TEST(RowImages, AColumnThatIsNowhereIsNoNull) {
  const std::string nulls(1, '\0');
  const auto code = [&](ChangeKind kind, const std::string& rest, bool with_key) {
    model::Transaction out;
    try {
      Read(kind, rest, out, with_key);
    } catch (const Error& error) {
      return std::string(error.info().code) + " " + error.info().object;
    }
    return std::string("taken");
  };
  EXPECT_EQ(code(ChangeKind::kInsert, "\x02\x01" + nulls + "\x07", true), "MY-0218 table s.t");
  EXPECT_EQ(code(ChangeKind::kUpdate, "\x02\x01\x01" + nulls + "\x07" + nulls + "\x08", true), "MY-0218 table s.t");
  EXPECT_EQ(code(ChangeKind::kDelete, "\x02\x02" + nulls + "\x07", true), "MY-0218 table s.t");
  EXPECT_EQ(code(ChangeKind::kDelete, "\x02\x01" + nulls + "\x07", false), "MY-0218 table s.t");
}

}  // namespace
}  // namespace sluice::mysql::binlog
