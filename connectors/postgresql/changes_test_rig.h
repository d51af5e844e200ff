// For tests with servers of the change stream: a database of its own with a slot, and what the stream says as text.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <charconv>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/names.h"
#include "connectors/postgresql/pgoutput/text_for_test.h"
#include "connectors/postgresql/publication.h"
#include "connectors/postgresql/server_test_endpoint.h"
#include "connectors/postgresql/sessions.h"
#include "connectors/postgresql/slot.h"
#include "connectors/postgresql/types.h"

namespace sluice::postgresql {

using pgoutput::ChangeText;

inline constexpr const char* kTestTask = "Changes-1";

// Columns and types as the catalog will describe them.
inline model::TablePtr DescribeForTest(Connection& connection, const std::string& schema, const std::string& name) {
  auto table = std::make_shared<model::Table>();
  table->name = {schema, name};
  const std::string generated = connection.version() >= 120000 ? "a.attgenerated" : "''";
  for (const TextRow& row : connection.Query(fmt::format(
           "SELECT a.attname, format_type(a.atttypid, a.atttypmod), bn.nspname, b.typname, b.typtype, b.typcategory, "
           "CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END, {} "
           "FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
           "JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END "
           "JOIN pg_namespace bn ON bn.oid = b.typnamespace "
           "WHERE a.attrelid = {}::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
           generated, Literal(Quote(schema, name))))) {
    TypeFacts facts;
    facts.native = *row[1];
    facts.base_schema = *row[2];
    facts.base_name = *row[3];
    facts.base_kind = (*row[4])[0];
    facts.category = (*row[5])[0];
    facts.is_array = facts.category == 'A';
    std::from_chars(row[6]->data(), row[6]->data() + row[6]->size(), facts.modifier);
    model::Column column;
    column.name = *row[0];
    column.type = MakeColumnType(facts);
    if (*row[7] == "s") column.generated = model::Generated::kStored;
    if (*row[7] == "v") column.generated = model::Generated::kVirtual;
    table->columns.push_back(std::move(column));
  }
  return table;
}

// Who tells the changes: a server by the variable's name (SLUICE_TEST_PG15), and its plugin.
struct Teller {
  const char* server;
  const char* plugin = kPgoutput;
};
inline std::vector<Teller> Tellers(const char* plugin, const std::vector<const char*>& servers = kServers) {
  std::vector<Teller> tellers;
  for (const char* server : servers) tellers.push_back({server, plugin});
  return tellers;
}
inline void PrintTo(const Teller& teller, std::ostream* out) {
  *out << teller.server << " " << teller.plugin;
}
inline std::string TellerName(const ::testing::TestParamInfo<Teller>& info) {
  return ServerName(info.param.server);
}

class ChangesRig {
 public:
  explicit ChangesRig(const char* server, const std::string& plugin = "", const std::string& encoding = "UTF8") {
    const auto endpoint = ServerOf(server);
    if (!endpoint) return;
    endpoint_ = *endpoint;
    endpoint_.plugin = plugin;
    endpoint_.side = "source";
    const std::string database = "sluice_changes";
    {
      Connection admin(endpoint_, {});
      for (const TextRow& row :
           admin.Query("SELECT slot_name FROM pg_replication_slots WHERE database = 'sluice_changes'"))
        admin.Execute(fmt::format("SELECT pg_drop_replication_slot({})", Literal(*row[0])));
      admin.Execute("DROP DATABASE IF EXISTS sluice_changes");
      admin.Execute(
          fmt::format("CREATE DATABASE sluice_changes TEMPLATE template0 ENCODING {} LC_COLLATE 'C' LC_CTYPE 'C'",
                      Literal(encoding)));
    }
    endpoint_.database = database;
    sql_ = std::make_unique<Connection>(endpoint_, connector::SessionContext{});
    sql_->Execute("CREATE SCHEMA shop");
  }
  ~ChangesRig() {
    stream_.reset();
    if (sql_ == nullptr) return;
    try {
      ReleaseSourceObjects(endpoint_, kTestTask, {});
    } catch (const Error& error) {
      ADD_FAILURE() << error.what();
    }
  }

  bool there() const { return sql_ != nullptr; }
  Connection& sql() { return *sql_; }
  uint32_t version() { return sql_->version(); }
  const connector::Endpoint& endpoint() const { return endpoint_; }
  std::string slot() const { return SourceObjectName(kTestTask); }

  // Describes the tables, makes publication and slot; nothing is read yet.
  void Prepare(const std::vector<std::string>& tables) {
    for (const std::string& table : tables) Follow(table);
    PreparePublication(*sql_, slot(), tables_);
    Connection replication(endpoint_, {}, {.replication = true});
    position_ = FormatPosition(CreateSlot(replication, slot(), false).position);
  }
  void Follow(const std::string& table) {
    tables_.push_back(DescribeForTest(*sql_, "shop", table));
    selected_.insert(tables_.back()->name);
  }
  void Deselect(const std::string& table) {
    selected_.erase({"shop", table});
    std::erase_if(tables_, [&](const model::TablePtr& one) { return one->name.name == table; });
  }
  void Open() {
    stream_.reset();
    connector::ChangeRequest request;
    request.task = kTestTask;
    request.start = position_;
    request.ordinal = ordinal_;
    request.tables = tables_;
    request.selected = [this](const model::ObjectName& name) { return all_selected_ || selected_.contains(name); };
    stream_ = MakeChangeStream(endpoint_, request, {.stop = stop_.get_token(), .purpose = "changes"});
  }
  void Close() { stream_.reset(); }

  // Everything up to what the source has now, a line each: "begin", changes, "commit"; DDL by its statement.
  std::vector<std::string> Read() {
    std::vector<std::string> lines;
    const model::Position goal = ReadCurrentPosition(*sql_);
    const Deadline deadline = Deadline::After(milliseconds(60000));
    while (!PositionReached(position_, goal)) {
      if (deadline.Passed()) {
        ADD_FAILURE() << "not reached: " << goal.json << " from " << position_.json;
        break;
      }
      model::TransactionPtr transaction = Next(milliseconds(1000));
      if (transaction != nullptr) Write(*transaction, lines);
    }
    return lines;
  }
  // One transaction as it comes, its place noted; empty ones too.
  model::TransactionPtr Next(milliseconds wait) {
    if (stream_ == nullptr) Open();
    model::TransactionPtr transaction = stream_->Next(Deadline::After(wait));
    if (transaction == nullptr) return nullptr;
    const bool is_part = !transaction->first_part;
    EXPECT_TRUE(is_part ? transaction->ordinal == ordinal_ || within_ : transaction->ordinal > ordinal_)
        << transaction->ordinal << " after " << ordinal_;
    within_ = !transaction->last_part;
    if (!transaction->last_part) return transaction;
    ordinal_ = transaction->ordinal;
    if (!transaction->end.empty()) position_ = transaction->end;
    return transaction;
  }
  static void Write(const model::Transaction& transaction, std::vector<std::string>& lines) {
    if (transaction.ddl) {
      lines.push_back(transaction.ddl->statement);
      return;
    }
    if (transaction.rows.empty() && transaction.first_part && transaction.last_part) return;
    if (transaction.first_part) lines.emplace_back("begin");
    for (const model::RowChange& change : transaction.rows) lines.push_back(ChangeText(change));
    if (transaction.last_part) lines.emplace_back("commit");
  }

  connector::ChangeStream& stream() { return *stream_; }
  std::stop_source& stop() { return stop_; }
  model::Position& position() { return position_; }
  uint64_t& ordinal() { return ordinal_; }
  std::vector<model::TablePtr>& tables() { return tables_; }
  void SelectAll() { all_selected_ = true; }

 private:
  connector::Endpoint endpoint_;
  std::unique_ptr<Connection> sql_;
  std::vector<model::TablePtr> tables_;
  std::set<model::ObjectName> selected_;
  bool all_selected_ = false;
  std::stop_source stop_;
  model::Position position_;
  uint64_t ordinal_ = 0;
  bool within_ = false;
  std::unique_ptr<connector::ChangeStream> stream_;
};

}  // namespace sluice::postgresql
