#include "connectors/mysql/ddl_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>

namespace sluice::mysql {
namespace {

using model::Column;
using model::Table;
using model::TypeKind;

// Functions and variables whose value hangs on the server, the session or chance, and is in no log. CURRENT_TIMESTAMP
// and its kind are not among them: the moment is told. (MariaDB manual, "Unsafe Statements for Statement-based
// Replication"; MySQL 8.4 Reference Manual 19.2.1.3.)
constexpr std::array<std::string_view, 27> kOfTheServer = {
    "UUID",        "UUID_V4",       "UUID_V7", "UUID_SHORT", "SYS_GUID",     "RAND",          "RANDOM_BYTES",
    "NEXTVAL",     "LASTVAL",       "SETVAL",  "NEXT",       "PREVIOUS",     "USER",          "CURRENT_USER",
    "SYSTEM_USER", "SESSION_USER",  "SCHEMA",  "DATABASE",   "CURRENT_ROLE", "VERSION",       "SYSDATE",
    "LOAD_FILE",   "CONNECTION_ID", "SLEEP",   "FOUND_ROWS", "ROW_COUNT",    "LAST_INSERT_ID"};

std::string FunctionOfTheServer(const std::string& expression) {
  for (const sql::Token& token : sql::Tokenize(expression, {})) {
    for (const std::string_view name : kOfTheServer) {
      if (token.Is(name)) return std::string(name);
    }
  }
  return "";
}

const Column* Counter(const Table& table) {
  const auto found =
      std::find_if(table.columns.begin(), table.columns.end(), [](const Column& one) { return one.auto_increment; });
  return found == table.columns.end() ? nullptr : &*found;
}

// InnoDB numbers rows in the order of the primary key; without one, as other engines do, in the order in which they
// lie. Which partition a row is in can differ between the flavours.
bool IsOrdered(const Table& table, bool same_flavour) {
  if (sql::ToLower(table.storage_engine) != "innodb" || (table.partitioned && !same_flavour)) return false;
  const auto primary =
      std::find_if(table.keys.begin(), table.keys.end(), [](const model::Key& key) { return key.primary; });
  if (primary == table.keys.end()) return false;
  return std::all_of(primary->parts.begin(), primary->parts.end(), [&](const model::KeyPart& part) {
    const TypeKind kind = table.columns[part.column].type.kind;
    return same_flavour || (kind != TypeKind::kChar && kind != TypeKind::kVarchar && kind != TypeKind::kText);
  });
}

bool HasNewUniqueKey(const Table& before, const Table& after) {
  return std::any_of(after.keys.begin(), after.keys.end(), [&](const model::Key& key) {
    return key.unique && std::none_of(before.keys.begin(), before.keys.end(),
                                      [&](const model::Key& was) { return was.unique && was.name == key.name; });
  });
}

bool SaysIgnore(const sql::Tokens& statement) {
  for (const sql::Token& token : statement) {
    if (token.Is("IGNORE")) return true;
    if (token.Is("TABLE")) return false;
  }
  return false;
}

// One of the words before PARTITION.
bool HasPartitionVerb(const sql::Tokens& statement, std::initializer_list<std::string_view> verbs) {
  for (size_t i = 0; i + 1 < statement.size(); ++i) {
    const bool is_verb =
        std::any_of(verbs.begin(), verbs.end(), [&](std::string_view verb) { return statement[i].Is(verb); });
    if (is_verb && statement[i + 1].Is("PARTITION")) return true;
  }
  return false;
}

}  // namespace

std::string WhyOnlySourceKnows(const sql::Tokens& statement, const Table& before, const Table& after,
                               const RowsOfStatement& rows) {
  const auto is_new = [&](const Column& column) {
    return !before.FindColumn(column.name) && !rows.renamed.contains(sql::ToLower(column.name));
  };
  const Column* counter = Counter(after);
  if (counter != nullptr && Counter(before) == nullptr) {
    if (!IsOrdered(before, rows.same_flavour)) {
      return fmt::format("numbers the rows in column {}, in an order that only the source has", counter->name);
    }
    if (!rows.whole_table) {
      return fmt::format("numbers all rows in column {}, of which the destination has only some", counter->name);
    }
  }
  for (const Column& column : after.columns) {
    if (column.default_value.kind != model::ColumnDefault::Kind::kExpression || !is_new(column)) continue;
    const std::string function = FunctionOfTheServer(column.default_value.text);
    if (!function.empty()) return fmt::format("fills column {} with {} of the source", column.name, function);
  }
  if (SaysIgnore(statement) && HasNewUniqueKey(before, after)) {
    return "drops all but one of the rows that a new unique key does not allow, and which one stays only the source "
           "knows";
  }
  return "";
}

bool IsVersioned(const sql::Tokens& statement) {
  for (size_t i = 0; i + 2 < statement.size(); ++i) {
    const bool begins = statement[i].Is("WITH") || statement[i].Is("ADD");
    if (begins && statement[i + 1].Is("SYSTEM") && statement[i + 2].Is("VERSIONING")) return true;
  }
  return false;
}

bool ExchangesRows(const sql::Tokens& statement) {
  return HasPartitionVerb(statement, {"EXCHANGE"});
}

bool TakesRowsOfPartitions(const sql::Tokens& statement) {
  return HasPartitionVerb(statement, {"DROP", "TRUNCATE", "EXCHANGE"});
}

std::string WhyRowsAreMissing(const sql::Tokens& statement) {
  for (size_t i = 0; i + 1 < statement.size(); ++i) {
    const bool file = statement[i + 1].Is("TABLESPACE") || statement[i + 1].Is("PARTITION");
    if (statement[i].Is("IMPORT") && file) return "takes rows from a file";
    const bool part = statement[i + 1].Is("PARTITION") || statement[i + 1].Is("TABLE");
    if (statement[i].Is("CONVERT") && part) return "makes a table of a partition, or the other way round";
  }
  return "";
}

}  // namespace sluice::mysql
