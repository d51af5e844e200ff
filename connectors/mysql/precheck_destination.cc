// What the destination has to bear: writing, names, existing objects, engines, collations, packets.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "connectors/mysql/catalog.h"
#include "connectors/mysql/flavour.h"
#include "connectors/mysql/precheck.h"
#include "connectors/mysql/prepared.h"

namespace sluice::mysql {
namespace {

using model::TypeKind;

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// MySQL 8.4 Reference Manual 11.2 "Schema Object Names": at most 64 characters, no NUL, no blank at
// the end, nothing beyond the Basic Multilingual Plane.
std::string IllegalBecause(const std::string& name) {
  size_t characters = 0;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0) return "it holds a zero byte";
    if (byte >= 0xF0) return "it holds a character beyond U+FFFF";
    if ((byte & 0xC0) != 0x80) ++characters;
  }
  if (characters == 0) return "it is empty";
  if (characters > 64) return fmt::format("it has {} characters, 64 are allowed", characters);
  if (name.back() == ' ') return "it ends with a blank";
  return "";
}

std::set<std::string> FirstCells(const TextRows& rows) {
  std::set<std::string> cells;
  for (const TextRow& row : rows) cells.insert(row[0].value_or(""));
  return cells;
}

// The most bytes that one row can have on its way.
uint64_t LongestRow(const model::Table& table) {
  uint64_t bytes = 0;
  for (const model::Column& column : table.columns) {
    switch (column.type.kind) {
      case TypeKind::kChar:
      case TypeKind::kVarchar:
        bytes += column.type.length * 4;
        break;
      case TypeKind::kText:
      case TypeKind::kBlob:
      case TypeKind::kBinary:
      case TypeKind::kVarbinary:
        bytes += column.type.length;
        break;
      case TypeKind::kJson:
      case TypeKind::kGeometry:
        bytes += UINT32_MAX;
        break;
      default:
        bytes += 64;
        break;
    }
  }
  return bytes;
}

}  // namespace

void CheckReplica(Precheck& check) {
  TextRows status;
  try {
    const bool renamed = !check.mariadb() && check.AtLeast(80022);
    status = check.connection().Query(renamed ? "SHOW REPLICA STATUS" : "SHOW SLAVE STATUS");
  } catch (const Error& error) {
    // Without REPLICATION CLIENT (or its heirs) it cannot be known: not worth a privilege.
    if (error.info().retry == RetryClass::kReconnect) throw;
    return;
  }
  if (status.empty()) return;
  check.Warn("replica", "The destination is no replica", "",
             "It follows another server: what Sluice writes may collide with what it applies.",
             "Take its primary as the destination, or make it independent first (STOP REPLICA; RESET "
             "REPLICA ALL;).");
}

void CheckWritable(Precheck& check) {
  const std::string read_only = check.Variable("read_only");
  const bool super = check.On("super_read_only");
  const bool refused = super || !(read_only == "OFF" || read_only == "0" || read_only == "NO");
  if (!refused) {
    check.Pass("read_only", "The destination can be written to");
    return;
  }
  const bool exempt = !super && (check.grants().Global("SUPER") || check.grants().Global("CONNECTION_ADMIN") ||
                                 check.grants().Global("READ_ONLY ADMIN") || check.grants().Global("READ ONLY ADMIN"));
  const char* name = super ? "super_read_only" : "read_only";
  const std::string remedy =
      super ? "SET GLOBAL super_read_only = OFF; SET GLOBAL read_only = OFF;" : "SET GLOBAL read_only = OFF;";
  if (exempt && read_only != "NO_LOCK_NO_ADMIN") {
    check.Warn("read_only", "The destination can be written to", name,
               "It is read-only for ordinary accounts; this one may write all the same. A replica "
               "should not be written to.",
               remedy);
  } else {
    check.Fail("read_only", "The destination can be written to", name,
               fmt::format("{} is on. If the server is a replica, it is not meant as a destination.", name), remedy);
  }
}

void CheckNames(Precheck& check) {
  std::vector<std::string> illegal;
  const auto look = [&](const std::string& what, const std::string& name) {
    const std::string why = IllegalBecause(name);
    if (!why.empty()) illegal.push_back(fmt::format("{} '{}': {}", what, name, why));
  };
  for (const std::string& database : check.request().destination_databases) look("database", database);
  std::map<std::string, std::string> seen;  // by lower-case name
  std::vector<std::string> collisions;
  const bool lower = check.Number("lower_case_table_names") != 0;
  for (const model::TableMappingPtr& mapping : check.request().mappings) {
    look("table", mapping->destination.name);
    for (const model::ColumnMapping& column : mapping->columns) look("column", column.destination);
    if (!lower) continue;
    const auto [other, added] = seen.emplace(Lower(mapping->destination.Text()), mapping->destination.Text());
    if (!added) collisions.push_back(other->second + " and " + mapping->destination.Text());
  }
  if (!illegal.empty()) {
    check.Fail("names", "Names are legal at the destination", Listed(illegal),
               "The destination cannot take these names.", "Give them others with `rename` or `mapping`.");
  }
  if (!collisions.empty()) {
    check.Fail("case_collisions", "Names differ by more than capitals", Listed(collisions),
               "The destination has lower_case_table_names on: to it these are the same table.",
               "Rename one of each with `rename` or `mapping`.");
  }
  if (illegal.empty() && collisions.empty()) check.Pass("names", "Names are legal at the destination");
  if (!check.request().same_server) return;
  for (const model::TableMappingPtr& mapping : check.request().mappings) {
    if (mapping->source != mapping->destination) continue;
    check.Fail("same_server", "Source and destination differ", "table " + mapping->source.Text(),
               "Both sides are the same server: the table would be copied onto itself.",
               "Give the database another name with `rename`.");
    return;
  }
}

void CheckConflicts(Precheck& check) {
  if (check.request().resuming) return;
  std::vector<std::string> filled;
  std::vector<std::string> empty;
  std::map<std::string, std::set<std::string>> existing;
  for (const std::string& database : check.request().destination_databases) {
    existing[database] = FirstCells(check.connection().Query(
        "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = " + Literal(database)));
  }
  for (const model::TableMappingPtr& mapping : check.request().mappings) {
    const model::ObjectName& name = mapping->destination;
    if (!existing[name.database].contains(name.name)) continue;
    const bool has_rows =
        check.connection().QueryOne("SELECT 1 FROM " + Quote(name.database, name.name) + " LIMIT 1").has_value();
    (has_rows ? filled : empty).push_back(name.Text());
  }
  if (check.types().full && !filled.empty()) {
    check.Fail("conflicts", "Nothing at the destination is in the way", "table " + Listed(filled),
               "These tables exist at the destination and have rows.",
               fmt::format("Give them another name with `rename`, or empty them: TRUNCATE TABLE {};", filled[0]));
  } else if (check.types().schema && !(filled.empty() && empty.empty())) {
    std::vector<std::string> all = filled;
    all.insert(all.end(), empty.begin(), empty.end());
    check.Fail("conflicts", "Nothing at the destination is in the way", "table " + Listed(all),
               "These tables exist at the destination already.",
               fmt::format("Give them another name with `rename`, leave `schema` out of `types`, "
                           "or remove them: DROP "
                           "TABLE {};",
                           all[0]));
  } else {
    check.Pass("conflicts", "Nothing at the destination is in the way");
  }
  if (!check.types().schema || check.request().names == nullptr || check.request().source.engine != "mysql") return;
  std::vector<std::string> objects;
  for (const model::SchemaObject& object : check.request().objects) {
    const model::ObjectName name = check.request().names->Map(object.name);
    const char* query =
        "SELECT 1 FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = {} AND ROUTINE_NAME = {} "
        "LIMIT 1";
    if (object.kind == model::ObjectKind::kView) {
      query =
          "SELECT 1 FROM information_schema.VIEWS WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {} "
          "LIMIT 1";
    } else if (object.kind == model::ObjectKind::kTrigger) {
      query =
          "SELECT 1 FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = {} AND TRIGGER_NAME = "
          "{} LIMIT 1";
    }
    if (check.connection().QueryOne(fmt::format(fmt::runtime(query), Literal(name.database), Literal(name.name)))) {
      objects.push_back(fmt::format("{} {}", model::Name(object.kind), name.Text()));
    }
  }
  if (!objects.empty()) {
    check.Fail("object_conflicts", "No view, routine or trigger is in the way", Listed(objects),
               "They exist at the destination already.", "Drop them there, or rename the database.");
  }
}

// No setting of a session keeps them from acting.
void CheckDestinationTriggers(Precheck& check) {
  constexpr const char* kTitle = "No trigger acts on what Sluice writes";
  if (check.request().resuming) return;
  std::set<model::ObjectName> ours;
  std::string databases;
  for (const model::TableMappingPtr& mapping : check.request().mappings) ours.insert(mapping->destination);
  for (const std::string& database : check.request().destination_databases) {
    databases += (databases.empty() ? "" : ",") + Literal(database);
  }
  std::vector<std::string> triggers;
  for (const TextRow& row : check.connection().Query(
           "SELECT EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE, TRIGGER_NAME FROM information_schema.TRIGGERS WHERE "
           "EVENT_OBJECT_SCHEMA IN (" +
           (databases.empty() ? "NULL" : databases) + ") ORDER BY 1, 3")) {
    const model::ObjectName table{row[0].value_or(""), row[1].value_or("")};
    if (ours.contains(table)) triggers.push_back(Quote(table.database, row[2].value_or("")));
  }
  if (triggers.empty()) {
    check.Pass("triggers", kTitle);
    return;
  }
  std::string remedy;
  for (const std::string& trigger : triggers) remedy += "DROP TRIGGER " + trigger + "; ";
  check.Fail("triggers", kTitle, "trigger " + Listed(triggers),
             "What they did at the source comes along as rows: here they would do it once more.",
             "SHOW CREATE TRIGGER keeps the statement; " + remedy + "and create it again at the switch-over.");
}

void CheckStorage(Precheck& check) {
  std::set<std::string> engines;
  for (const TextRow& row : check.connection().Query("SHOW ENGINES")) {
    if (row[1] == "YES" || row[1] == "DEFAULT") engines.insert(Lower(row[0].value_or("")));
  }
  std::map<std::string, std::vector<std::string>> missing;
  for (const model::TablePtr& table : check.request().tables) {
    if (table->storage_engine.empty() || engines.contains(Lower(table->storage_engine))) continue;
    missing[table->storage_engine].push_back(table->name.Text());
  }
  if (missing.empty()) check.Pass("storage_engines", "The destination has every storage engine");
  for (const auto& [engine, tables] : missing) {
    check.Warn("storage_engines", "The destination has every storage engine", "table " + Listed(tables),
               fmt::format("The destination has no {}; the tables are made with its default engine.", engine),
               fmt::format("INSTALL SONAME 'ha_{}'; if the server has it as a plugin.", Lower(engine)));
  }
  const auto page = check.request().source.settings.find("innodb_page_size");
  if (page == check.request().source.settings.end()) return;
  uint64_t source_page = 0;
  std::from_chars(page->second.data(), page->second.data() + page->second.size(), source_page);
  if (source_page <= check.Number("innodb_page_size")) return;
  check.Warn("innodb_page_size", "InnoDB's pages are as large as the source's", "innodb_page_size",
             fmt::format("{} at the source, {} here: long rows and indexes may not fit.", source_page,
                         check.Number("innodb_page_size")),
             "It can only be set when the destination's data directory is made.");
}

void CheckCollations(Precheck& check) {
  const Capabilities capabilities = ReadCapabilities(check.connection());
  const Flavour flavour(check.request().source, capabilities);
  struct Found {
    std::string becomes;
    std::set<std::string> tables;
  };
  std::map<std::string, Found> changed;
  std::map<std::string, std::set<std::string>> unknown;  // character sets
  for (const model::TablePtr& table : check.request().tables) {
    for (const model::Column& column : table->columns) {
      if (!column.type.charset.empty()) {
        try {
          flavour.Charset(column.type.charset);
        } catch (const Error&) {
          unknown[column.type.charset].insert(table->name.Text());
          continue;
        }
      }
      Notes notes;
      const std::string becomes = flavour.Collation(column.type.collation, notes);
      if (becomes == column.type.collation) continue;
      Found& found = changed[column.type.collation];
      found.becomes = becomes;
      found.tables.insert(table->name.Text());
    }
  }
  for (const auto& [charset, tables] : unknown) {
    check.Fail("character_sets", "The destination has every character set", "character set " + charset,
               fmt::format("The destination has none that stores the same bytes; used by {}.",
                           Listed({tables.begin(), tables.end()}, 5)),
               "Convert the columns at the source: ALTER TABLE ... CONVERT TO CHARACTER SET utf8mb4;");
  }
  for (const auto& [collation, found] : changed) {
    check.Warn("collations", "The destination has every collation", "collation " + collation,
               fmt::format("It becomes {} in {}: sorting and comparing can differ.", found.becomes,
                           Listed({found.tables.begin(), found.tables.end()}, 5)),
               "Nothing, if the order of texts does not matter; else change the collation at the "
               "source first.");
  }
  if (unknown.empty() && changed.empty()) {
    check.Pass("collations", "The destination has every character set and collation");
  }
}

void CheckPacket(Precheck& check) {
  const uint64_t packet = check.Number("max_allowed_packet");
  constexpr uint64_t kMost = 1ull << 30;
  uint64_t source = kMost;
  if (const auto found = check.request().source.settings.find("max_allowed_packet");
      found != check.request().source.settings.end()) {
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), source);
  }
  std::vector<std::string> long_rows;
  for (const model::TablePtr& table : check.request().tables) {
    if (LongestRow(*table) > packet) long_rows.push_back(table->name.Text());
  }
  if (packet >= source || packet >= kMost || long_rows.empty()) {
    check.Pass("max_allowed_packet", "Rows fit into one packet");
    return;
  }
  check.Warn("max_allowed_packet", "Rows fit into one packet", "table " + Listed(long_rows),
             fmt::format("The destination takes packets of {}, the source of {}: a longer row would be refused.",
                         Bytes(packet), Bytes(source)),
             "SET GLOBAL max_allowed_packet = 1073741824;");
}

void CheckLocalInfile(Precheck& check) {
  if (HasBulk(check.connection()) || check.On("local_infile")) {
    check.Pass("local_infile", "Rows go in the fast way");
  } else {
    check.Warn("local_infile", "Rows go in the fast way", "local_infile",
               "It is off: rows are written with INSERT, which takes about twice as long.",
               "SET GLOBAL local_infile = ON;");
  }
}

// Error 1665: rows are written at READ COMMITTED, so that lanes do not lock each other's gaps.
void CheckDestinationLog(Precheck& check) {
  constexpr const char* kTitle = "Its own binary log takes rows";
  if (!check.On("log_bin") || check.Variable("binlog_format") != "STATEMENT") {
    return check.Pass("destination_log_format", kTitle);
  }
  check.Fail(
      "destination_log_format", kTitle, "binlog_format",
      "It is STATEMENT: InnoDB then refuses what is written at READ COMMITTED, as all rows are.",
      "SET GLOBAL binlog_format = 'MIXED'; (and put it into the configuration, or the instance's parameter group).");
}

// With a binary log, MySQL lets only SUPER (or SET_USER_ID's heirs) make functions and triggers:
// error 1419.
void CheckRoutineCreation(Precheck& check) {
  const bool any = std::any_of(check.request().objects.begin(), check.request().objects.end(), [](const auto& object) {
    return object.kind == model::ObjectKind::kFunction || object.kind == model::ObjectKind::kTrigger;
  });
  if (!any || !check.On("log_bin") || check.On("log_bin_trust_function_creators")) return;
  if (check.grants().Global("SUPER")) {
    check.Pass("function_creators", "Functions and triggers can be created");
    return;
  }
  check.Fail("function_creators", "Functions and triggers can be created", "log_bin_trust_function_creators",
             "The destination has a binary log, and then only an account with SUPER may create them.",
             "SET GLOBAL log_bin_trust_function_creators = ON;");
}

}  // namespace sluice::mysql
