#include "connectors/mysql/catalog.h"

#include <fmt/format.h>
#include <mysql.h>

#include <algorithm>
#include <cstdlib>

#include "connectors/mysql/codes.h"
#include "connectors/mysql/ddl.h"
#include "connectors/mysql/sessions.h"

namespace sluice::mysql {
namespace {

constexpr size_t kBatch = 50;      // SHOW CREATE TABLE statements sent at once
constexpr size_t kFewTables = 16;  // up to here one by one, beyond it the whole database in one query
constexpr int kNoSuchTable = 1146;

const std::string& Text(const OptionalText& cell) {
  static const std::string kEmpty;
  return cell ? *cell : kEmpty;
}

uint64_t Number(const OptionalText& cell) {
  return cell ? std::strtoull(cell->c_str(), nullptr, 10) : 0;
}

bool IsSystemDatabase(const std::string& name) {
  // "sluice" holds our own records; "#mysql50#..." are stray directories.
  for (const std::string_view system :
       {"information_schema", "performance_schema", "mysql", "sys", "ndbinfo", "sluice"}) {
    if (sql::EqualIgnoringCase(name, system)) return true;
  }
  return name.starts_with("#mysql50#");
}

bool IsDenied(const Error& error) {
  return error.info().code == kMissingPrivilege.id;
}

}  // namespace

MySqlCatalog::MySqlCatalog(const connector::Endpoint& endpoint, const connector::SessionContext& context)
    : connection_(endpoint, context, {.multi_statements = true}) {
  dialect_ = DialectFor("", connection_.is_mariadb() ? "mariadb" : "mysql", connection_.version());
  lower_case_names_ = static_cast<int>(Number(connection_.QueryOne("SELECT @@lower_case_table_names")));
  for (const TextRow& row :
       connection_.Query("SELECT ENGINE FROM information_schema.ENGINES WHERE TRANSACTIONS='YES'")) {
    transactional_engines_.insert(sql::ToLower(Text(row[0])));
  }
  charsets_ = ReadCharsetFacts(connection_);
}

std::vector<std::string> MySqlCatalog::Databases() {
  std::vector<std::string> names;
  for (const TextRow& row : connection_.Query("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA ORDER BY 1")) {
    if (!IsSystemDatabase(Text(row[0]))) names.push_back(Text(row[0]));
  }
  return names;
}

CharsetFacts ReadCharsetFacts(Connection& connection) {
  CharsetFacts facts;
  for (const TextRow& row : connection.Query("SELECT CHARACTER_SET_NAME, DEFAULT_COLLATE_NAME FROM "
                                             "information_schema.CHARACTER_SETS")) {
    facts.default_collation[sql::ToLower(Text(row[0]))] = sql::ToLower(Text(row[1]));
  }
  // MariaDB 10.10 and later list some collations without their character set; the full names are
  // elsewhere.
  const bool full = connection.is_mariadb() && connection.version() >= 101001;
  for (const TextRow& row :
       connection.Query(full ? "SELECT FULL_COLLATION_NAME, CHARACTER_SET_NAME FROM "
                               "information_schema.COLLATION_CHARACTER_SET_APPLICABILITY"
                             : "SELECT COLLATION_NAME, CHARACTER_SET_NAME FROM information_schema.COLLATIONS")) {
    facts.charset[sql::ToLower(Text(row[0]))] = sql::ToLower(Text(row[1]));
  }
  return facts;
}

void MySqlCatalog::ReadTables(const std::string& condition, Facts& facts) {
  const TextRows rows = connection_.Query(
      "SELECT TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_ROWS, COALESCE(DATA_LENGTH, 0) + COALESCE(INDEX_LENGTH, 0) "
      "FROM information_schema.TABLES WHERE " +
      condition);
  for (const TextRow& row : rows) {
    const std::string& type = Text(row[1]);
    if (type != "BASE TABLE" && type != "SYSTEM VERSIONED" && type != "SEQUENCE") continue;
    TableFacts& table = facts[Text(row[0])];
    table.type = type;
    table.engine = Text(row[2]);
    table.rows = Number(row[3]);
    table.bytes = Number(row[4]);
    table.transactional = transactional_engines_.contains(sql::ToLower(table.engine));
  }
}

MySqlCatalog::Facts MySqlCatalog::ReadFacts(const std::string& database, const std::set<std::string>& names) {
  const std::string schema = "TABLE_SCHEMA = " + Literal(database);
  Facts facts;
  if (names.size() > kFewTables) {
    const auto listed = listed_.find(database);
    if (listed != listed_.end()) return listed->second;
    ReadTables(schema, facts);
    return facts;
  }
  // Only an equality on both names spares the server from opening every table of the database.
  for (const std::string& name : names) ReadTables(schema + " AND TABLE_NAME = " + Literal(name), facts);
  return facts;
}

std::vector<connector::TableSummary> MySqlCatalog::ListTables(const std::string& database) {
  Facts& facts = listed_[database];
  facts.clear();
  ReadTables("TABLE_SCHEMA = " + Literal(database), facts);
  std::vector<connector::TableSummary> tables;
  tables.reserve(facts.size());
  for (const auto& [name, table] : facts) tables.push_back({{database, name}, table.rows, table.bytes});
  return tables;
}

std::vector<connector::SequenceValue> MySqlCatalog::Sequences(const std::string& database) {
  // MySQL 8 would tell what it told some hours ago.
  const bool keeps_old = !connection_.is_mariadb() && connection_.version() >= 80000;
  if (keeps_old) connection_.Execute("SET SESSION information_schema_stats_expiry = 0");
  const TextRows rows = connection_.Query(
      "SELECT t.TABLE_NAME, c.COLUMN_NAME, t.AUTO_INCREMENT FROM information_schema.TABLES t JOIN "
      "information_schema.COLUMNS c ON c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME WHERE "
      "t.TABLE_SCHEMA = " +
          Literal(database) + " AND t.AUTO_INCREMENT IS NOT NULL AND c.EXTRA LIKE '%auto_increment%'",
      "counters of database " + database);
  std::vector<connector::SequenceValue> counters;
  for (const TextRow& row : rows) {
    const model::ObjectName table{database, row[0].value_or("")};
    counters.push_back({.name = table,
                        .table = table,
                        .column = row[1].value_or(""),
                        .value = row[2].value_or("1"),
                        .is_called = false});
  }
  return counters;
}

size_t MySqlCatalog::ShowCreateBatch(const std::string& database, const std::vector<std::string>& names, size_t begin,
                                     size_t end, std::map<std::string, std::string>& statements) {
  std::string sql;
  for (size_t i = begin; i < end; ++i)
    sql += (i > begin ? ";SHOW CREATE TABLE " : "SHOW CREATE TABLE ") + Quote(database, names[i]);
  MYSQL* handle = connection_.handle();
  int status = mysql_real_query(handle, sql.data(), sql.size());
  for (size_t i = begin; i < end; ++i) {
    std::unique_ptr<MYSQL_RES, void (*)(MYSQL_RES*)> result(status == 0 ? mysql_store_result(handle) : nullptr,
                                                            mysql_free_result);
    if (result == nullptr) {
      // The server leaves out the rest of the batch after an error. A table dropped meanwhile is none.
      if (static_cast<int>(mysql_errno(handle)) == kNoSuchTable) return i + 1;
      const std::string object = "table " + database + "." + names[i];
      try {
        connection_.ThrowLast(object, "SHOW CREATE TABLE " + Quote(database, names[i]));
      } catch (const Error& error) {
        if (IsDenied(error)) ThrowDenied(error, "SELECT", object, Quote(database, names[i]));
        throw;
      }
    }
    MYSQL_ROW row = mysql_fetch_row(result.get());
    const unsigned long* lengths = mysql_fetch_lengths(result.get());
    if (row != nullptr && row[1] != nullptr) statements[names[i]].assign(row[1], lengths[1]);
    result.reset();
    status = i + 1 < end ? mysql_next_result(handle) : 0;
  }
  return end;
}

std::map<std::string, std::string> MySqlCatalog::ShowCreateTables(const std::string& database,
                                                                  const std::vector<std::string>& names) {
  std::map<std::string, std::string> statements;
  for (size_t begin = 0; begin < names.size();) {
    begin = ShowCreateBatch(database, names, begin, std::min(begin + kBatch, names.size()), statements);
  }
  return statements;
}

std::vector<model::TablePtr> MySqlCatalog::DescribeTables(const std::vector<model::ObjectName>& names) {
  std::map<std::string, std::set<std::string>> by_database;
  for (const model::ObjectName& name : names) by_database[name.database].insert(name.name);
  std::map<model::ObjectName, model::TablePtr> tables;
  for (const auto& [database, wanted] : by_database) {
    const Facts facts = ReadFacts(database, wanted);
    std::map<std::string, std::string> asked;  // as the server spells it, as the caller does
    std::vector<std::string> present;
    for (const std::string& name : wanted) {
      auto at = facts.find(name);
      if (at == facts.end() && lower_case_names_ != 0) {
        at = std::find_if(facts.begin(), facts.end(),
                          [&](const auto& one) { return sql::EqualIgnoringCase(one.first, name); });
      }
      if (at == facts.end()) continue;
      present.push_back(at->first);
      asked[at->first] = name;
    }
    std::map<std::string, std::string> statements = ShowCreateTables(database, present);
    for (auto& [name, statement] : statements) {
      tables[{database, asked[name]}] =
          DescribeTable({database, name}, facts.at(name), std::move(statement), dialect_, charsets_);
    }
  }
  std::vector<model::TablePtr> out;
  out.reserve(names.size());
  for (const model::ObjectName& name : names) {
    const auto table = tables.find(name);
    if (table != tables.end()) out.push_back(table->second);
  }
  return out;
}

bool MySqlCatalog::Exists(model::ObjectKind kind, const model::ObjectName& name) {
  using model::ObjectKind;
  std::string query;
  const std::string schema = Literal(name.database);
  switch (kind) {
    case ObjectKind::kDatabase:
      query = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = " + schema;
      break;
    case ObjectKind::kTable:
    case ObjectKind::kView:
      // Tables and views share their names: either is in the way of the other.
      query =
          fmt::format("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {}",
                      schema, Literal(name.name));
      break;
    case ObjectKind::kTrigger:
      query = fmt::format(
          "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = {} AND "
          "TRIGGER_NAME = {}",
          schema, Literal(name.name));
      break;
    case ObjectKind::kProcedure:
    case ObjectKind::kFunction:
      query = fmt::format(
          "SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = {} AND "
          "ROUTINE_NAME = {} AND ROUTINE_TYPE = '{}'",
          schema, Literal(name.name), kind == ObjectKind::kProcedure ? "PROCEDURE" : "FUNCTION");
      break;
    default:  // another engine's
      return false;
  }
  const std::string& wanted = kind == ObjectKind::kDatabase ? name.database : name.name;
  // information_schema compares without case; routines' names have none, the others' only where the server says so.
  const bool no_case = lower_case_names_ != 0 || kind == ObjectKind::kProcedure || kind == ObjectKind::kFunction;
  for (const TextRow& row : connection_.Query(query)) {
    if (Text(row[0]) == wanted || (no_case && sql::EqualIgnoringCase(Text(row[0]), wanted))) return true;
  }
  return false;
}

bool MySqlCatalog::HasRows(const model::ObjectName& table) {
  return !connection_.Query("SELECT 1 FROM " + Quote(table.database, table.name) + " LIMIT 1", "table " + table.Text())
              .empty();
}

uint64_t MySqlCatalog::CountRows(const model::ObjectName& table, const std::string& filter) {
  // The line end closes a comment that the condition may end with.
  const std::string where = filter.empty() ? "" : " WHERE (" + filter + "\n)";
  return Number(connection_.QueryOne("SELECT COUNT(*) FROM " + Quote(table.database, table.name) + where,
                                     "table " + table.Text()));
}

void MySqlCatalog::ThrowDenied(const Error& error, const std::string& privilege, const std::string& object,
                               const std::string& on) {
  std::string account = Text(connection_.QueryOne("SELECT CURRENT_USER()"));
  const size_t at = account.rfind('@');
  if (at != std::string::npos) account = Literal(account.substr(0, at)) + "@" + Literal(account.substr(at + 1));
  throw Error(kMissingPrivilege)
      .Object(object)
      .Cause("The account may not read the definition: " + error.info().native_message)
      .Remedy("GRANT " + privilege + " ON " + on + " TO " + account + ";")
      .Native(error.info().native_code, error.info().native_message)
      .Side(error.info().side);
}

std::unique_ptr<connector::Catalog> MakeCatalog(const connector::Endpoint& endpoint,
                                                const connector::SessionContext& context) {
  return std::make_unique<MySqlCatalog>(endpoint, context);
}

}  // namespace sluice::mysql
