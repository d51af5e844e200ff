// Without the schema the user made the tables: they must be there and take what is carried.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "connector/cascades.h"
#include "connectors/mysql/catalog.h"
#include "connectors/mysql/destination_table.h"
#include "connectors/mysql/precheck.h"
#include "sql/token.h"

namespace sluice::mysql {
namespace {

// Values are converted; what the destination's character set lacks ends the task, so it is told before.
void CheckCharsets(Precheck& check, const model::Table& source, const model::Table& destination,
                   const model::TableMapping& mapping) {
  std::vector<std::string> narrower;
  for (const model::ColumnMapping& column : mapping.columns) {
    const auto from = source.FindColumn(column.source);
    const auto to = destination.FindColumn(column.destination);
    if (!from || !to) continue;
    const bool foreign = check.request().source.engine != "mysql";  // then it is UTF-8
    const std::string sent = foreign ? "utf8mb4" : CanonicalCharset(source.columns[*from].type.charset);
    const std::string stored = CanonicalCharset(destination.columns[*to].type.charset);
    const bool are_texts = source.columns[*from].type.IsText() && destination.columns[*to].type.IsText();
    if (!are_texts || sent.empty() || stored.empty() || sent == stored || sent == "ascii") continue;
    const bool holds_all = stored == "utf8mb4" || stored == "gb18030" || (HasWideUnits(stored) && stored != "ucs2");
    if (!holds_all) narrower.push_back(fmt::format("{} ({} to {})", column.destination, sent, stored));
  }
  if (narrower.empty()) return;
  check.Warn("charsets", "Columns can hold every character of the source's",
             "table " + mapping.destination.Text() + ", column " + Listed(narrower),
             "Values are converted; a character that the destination's character set does not have ends the task with "
             "MY-0118.",
             fmt::format("ALTER TABLE {} CONVERT TO CHARACTER SET utf8mb4;",
                         Quote(mapping.destination.database, mapping.destination.name)));
}

// Whether the server stores another value without even a warning, in strict mode too. What it does warn of (numbers
// out of range, texts that are too long) ends the task when such a value comes.
bool RoundsSilently(const model::ColumnType& from, const model::ColumnType& to) {
  using Kind = model::TypeKind;
  const auto is_moment = [](Kind kind) {
    return kind == Kind::kTime || kind == Kind::kDateTime || kind == Kind::kTimestamp;
  };
  if (is_moment(from.kind)) return to.kind == Kind::kDate || (is_moment(to.kind) && to.fraction < from.fraction);
  const bool has_digits =
      from.kind == Kind::kFloat32 || from.kind == Kind::kFloat64 || (from.kind == Kind::kDecimal && from.scale > 0);
  if (has_digits && to.kind == Kind::kInteger) return true;
  // Of decimals LOAD DATA warns, an INSERT with bound values does not.
  if (from.kind == Kind::kDecimal && to.kind == Kind::kDecimal) return to.scale < from.scale;
  constexpr uint16_t kExactInFloat = 6;  // decimal digits that every number of so many keeps
  constexpr uint16_t kExactInDouble = 15;
  if (to.kind != Kind::kFloat32 && to.kind != Kind::kFloat64) return false;
  const bool is_float = to.kind == Kind::kFloat32;
  if (from.kind == Kind::kFloat64) return is_float;
  if (from.kind == Kind::kDecimal) {  // of another engine perhaps without a limit
    return from.precision == 0 || from.precision > (is_float ? kExactInFloat : kExactInDouble);
  }
  constexpr uint8_t kWhole = 2;  // bytes of integers that are exact
  return from.kind == Kind::kInteger && from.bytes > (is_float ? kWhole : 2 * kWhole);
}

// True when none does.
bool CheckRounding(Precheck& check, const model::Table& source, const model::Table& destination,
                   const model::TableMapping& mapping) {
  std::vector<std::string> rounding;
  std::string statement;
  for (const model::ColumnMapping& column : mapping.columns) {
    const auto from = source.FindColumn(column.source);
    const auto to = destination.FindColumn(column.destination);
    if (!from || !to) continue;
    const model::ColumnType& sent = source.columns[*from].type;
    const model::ColumnType& stored = destination.columns[*to].type;
    if (!RoundsSilently(sent, stored)) continue;
    rounding.push_back(fmt::format("{} ({} to {})", column.destination, sent.native, stored.native));
    statement += fmt::format("{} MODIFY COLUMN {} ...", statement.empty() ? "" : ",", Quote(column.destination));
  }
  if (rounding.empty()) return true;
  check.Fail("rounding", "Columns keep every digit of the source's",
             "table " + mapping.destination.Text() + ", column " + Listed(rounding),
             "The server would round values without a word.",
             fmt::format("ALTER TABLE {}{}; with types that hold the source's values, or exclude the columns.",
                         Quote(mapping.destination.database, mapping.destination.name), statement));
  return false;
}

}  // namespace

void CheckShapes(Precheck& check) {
  std::vector<model::ObjectName> names;
  for (const model::TableMappingPtr& mapping : check.request().mappings) names.push_back(mapping->destination);
  MySqlCatalog catalog(check.connection().endpoint(), {check.connection().stop(), "precheck"});
  std::map<model::ObjectName, model::TablePtr> tables;
  const std::vector<model::TablePtr> there = catalog.DescribeTables(names);
  for (const model::TablePtr& table : there) tables[table->name] = table;
  if (check.types().incremental && !check.request().source.logs_cascades) {
    connector::FailCascades(check, connector::CascadesMissing(check.request(), there),
                            "The tables there do not have such a key with the same actions.",
                            "ALTER TABLE ... ADD FOREIGN KEY ... at the destination, as the source has it.");
  }
  bool fits = true;
  bool keeps = true;
  for (size_t i = 0; i < check.request().mappings.size(); ++i) {
    const model::TableMapping& mapping = *check.request().mappings[i];
    const auto found = tables.find(mapping.destination);
    if (found == tables.end()) {
      check.Fail("shapes", "The tables are there and fit", "table " + mapping.destination.Text(),
                 "It does not exist, and the task does not carry the schema.",
                 "Create it, or add `schema` to `types`.");
      fits = false;
      continue;
    }
    std::vector<std::string> missing;
    std::set<std::string> carried;
    for (const model::ColumnMapping& column : mapping.columns) {
      carried.insert(sql::ToLower(column.destination));
      const auto at = found->second->FindColumn(column.destination);
      if (!at || found->second->columns[*at].generated != model::Generated::kNo) missing.push_back(column.destination);
    }
    if (!missing.empty()) {
      check.Fail("shapes", "The tables are there and fit", "table " + mapping.destination.Text(),
                 fmt::format("It has no column {} that could be written.", Listed(missing)),
                 "Add the columns, rename them in the task file, or exclude them.");
      fits = false;
    }
    CheckCharsets(check, *check.request().tables[i], *found->second, mapping);
    keeps = CheckRounding(check, *check.request().tables[i], *found->second, mapping) && keeps;
    if (check.types().incremental && found->second->IdentityKey() == nullptr &&
        check.request().tables[i]->IdentityKey() != nullptr) {
      check.Warn("destination_keys", "Tables have at the destination the key they have at the source",
                 "table " + mapping.destination.Text(), "Every change would look through the whole table.",
                 fmt::format("ALTER TABLE {} ADD PRIMARY KEY (...);",
                             Quote(mapping.destination.database, mapping.destination.name)));
    }
  }
  if (fits) check.Pass("shapes", "The tables are there and fit");
  if (keeps) check.Pass("rounding", "Columns keep every digit of the source's");
}

}  // namespace sluice::mysql
