#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "connectors/mysql/flavour.h"
#include "connectors/mysql/types.h"
#include "sql/cursor.h"

namespace sluice::mysql {
namespace {

using sql::Tokens;

// Table options of one flavour only. MySQL Reference Manual and MariaDB documentation, "CREATE TABLE".
constexpr std::array<std::string_view, 7> kMySqlOnly = {
    "TABLESPACE",     "STORAGE", "ENCRYPTION", "COMPRESSION", "ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE",
    "AUTOEXTEND_SIZE"};
constexpr std::array<std::string_view, 12> kMariaDbOnly = {
    "PAGE_CHECKSUM",     "PAGE_COMPRESSED", "PAGE_COMPRESSION_LEVEL", "TRANSACTIONAL",  "IETF_QUOTES", "ENCRYPTED",
    "ENCRYPTION_KEY_ID", "SEQUENCE",        "SYSTEM VERSIONING",      "TABLE_CHECKSUM", "WITH",        "LINT_LEVEL"};
// Names files, disks and keys of the source's machine.
constexpr std::array<std::string_view, 10> kLocal = {
    "DATA DIRECTORY", "INDEX DIRECTORY",   "TABLESPACE",       "STORAGE",    "ENCRYPTION",
    "ENCRYPTED",      "ENCRYPTION_KEY_ID", "SECONDARY_ENGINE", "CONNECTION", "START TRANSACTION"};

template <size_t N>
bool Contains(const std::array<std::string_view, N>& list, std::string_view name) {
  return std::any_of(list.begin(), list.end(), [&](std::string_view one) { return sql::EqualIgnoringCase(one, name); });
}

void EraseRange(Tokens& tokens, size_t begin, size_t end) {
  end = std::min(end, tokens.size());
  tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(begin), tokens.begin() + static_cast<std::ptrdiff_t>(end));
}

// The index behind the list of a key's parts.
size_t BehindParts(const Tokens& tokens) {
  size_t open = 0;
  while (open < tokens.size() && !tokens[open].IsSymbol("(")) ++open;
  return sql::ClosingEnd(tokens, open);
}

// MariaDB adds the end of a row's time to the table's unique keys.
void DropKeyPart(std::vector<TableElement>& elements, const std::string& column) {
  for (TableElement& element : elements) {
    if (!element.IsKey()) continue;
    const std::vector<KeyPartText> parts = KeyParts(element);
    for (size_t i = parts.size(); i-- > 1;) {
      if (sql::EqualIgnoringCase(parts[i].column, column)) EraseRange(element.tokens, parts[i].begin - 1, parts[i].end);
    }
  }
}

std::string KeyTitle(const TableElement& element) {
  return element.name.empty() ? sql::Render(element.tokens) : "index " + element.name;
}

}  // namespace

bool Flavour::TranslateKey(TableElement& element, Notes& notes) const {
  const auto leave_out = [&](std::string_view why) {
    notes.push_back(fmt::format("{} left out: {}", KeyTitle(element), why));
    return false;
  };
  if (SameFlavour()) return true;
  for (const KeyPartText& part : KeyParts(element)) {
    if (part.column.empty() && to_.mariadb) return leave_out("the destination has no indexes over expressions");
    for (size_t i = part.begin; i < part.end; ++i) {
      if (element.tokens[i].Is("OVERLAPS")) return leave_out("the destination has no application-time periods");
    }
  }
  if (element.kind == ElementKind::kVectorKey) return leave_out("the destination has no such vector index");
  Tokens& tokens = element.tokens;
  for (size_t i = BehindParts(tokens); i < tokens.size();) {
    sql::Cursor cursor(tokens, i);
    size_t drop = 0;
    if (to_.mariadb) {
      if (cursor.SeesWord("INVISIBLE")) {
        if (to_.version >= 100600) {
          tokens[i] = sql::Word("IGNORED");
          notes.push_back(fmt::format("{}: INVISIBLE becomes IGNORED", KeyTitle(element)));
        } else {
          drop = 1;
          notes.push_back(fmt::format("{}: INVISIBLE left out", KeyTitle(element)));
        }
      } else if (cursor.SeesWord("VISIBLE")) {
        drop = 1;
      } else if (cursor.SeesWords({"WITH", "PARSER"})) {
        drop = 3;
        notes.push_back(fmt::format("{}: parser {} left out", KeyTitle(element), cursor.Peek(2).value));
      } else if (cursor.SeesWord("ENGINE_ATTRIBUTE") || cursor.SeesWord("SECONDARY_ENGINE_ATTRIBUTE")) {
        drop = cursor.Peek(1).IsSymbol("=") ? 3 : 2;
      }
    } else if (cursor.SeesWords({"NOT", "IGNORED"})) {
      drop = 2;
    } else if (cursor.SeesWord("IGNORED")) {
      if (to_.version >= 80000) {
        tokens[i] = sql::Word("INVISIBLE");
        notes.push_back(fmt::format("{}: IGNORED becomes INVISIBLE", KeyTitle(element)));
      } else {
        drop = 1;
      }
    } else if (cursor.SeesWord("CLUSTERING") || cursor.Peek().kind == sql::TokenKind::kQuotedName) {
      drop = cursor.Peek(1).IsSymbol("=") ? 3 : 2;
    }
    if (drop == 0) {
      ++i;
    } else {
      EraseRange(tokens, i, i + drop);
    }
  }
  return true;
}

bool Flavour::TranslateCheck(TableElement& element, Notes& notes) const {
  Tokens& tokens = element.tokens;
  TranslateExpression(tokens, 0, notes);
  if (SameFlavour()) return true;
  if (to_.mariadb) {
    if (tokens.size() > 2 && tokens.back().Is("ENFORCED")) {
      if (tokens[tokens.size() - 2].Is("NOT")) {
        notes.push_back(
            fmt::format("check {} left out: it is NOT ENFORCED, and every check is enforced there", element.name));
        return false;
      }
      tokens.pop_back();
    }
    return true;
  }
  // MariaDB names checks CONSTRAINT_1, CONSTRAINT_2 in each table; in MySQL a name is unique in the database.
  if (element.name.starts_with("CONSTRAINT_") &&
      element.name.find_first_not_of("0123456789", 11) == std::string::npos && tokens.front().Is("CONSTRAINT")) {
    EraseRange(tokens, 0, 2);
    element.name.clear();
  }
  return true;
}

bool Flavour::TranslateElement(TableElement& element, Notes& notes) const {
  switch (element.kind) {
    case ElementKind::kCheck:
      return TranslateCheck(element, notes);
    case ElementKind::kPeriod:
      if (to_.mariadb) return true;
      notes.push_back(fmt::format("{} left out", sql::Render(element.tokens)));
      return false;
    case ElementKind::kColumn:
    case ElementKind::kForeignKey:
      return true;
    default:
      return TranslateKey(element, notes);
  }
}

bool Flavour::KeepOption(TableOption& option, Notes& notes) const {
  const auto drop = [&](std::string_view why) {
    notes.push_back(fmt::format("{} left out{}", sql::Render(option.tokens), why));
    return false;
  };
  if (option.name == "ENGINE" || option.name == "TYPE") {
    const std::string engine = sql::ToLower(option.value);
    if (to_.engines.empty() || to_.engines.contains(engine)) return true;
    option.tokens = sql::Tokenize("ENGINE=InnoDB", {});
    notes.push_back(fmt::format("engine {} becomes InnoDB: the destination does not have it", option.value));
    return true;
  }
  if (option.name == "CHARSET") {
    const std::string charset = Charset(option.value);
    if (charset != option.value) option.tokens = sql::Tokenize("DEFAULT CHARSET=" + charset, {});
    return true;
  }
  if (option.name == "COLLATE") {
    const std::string collation = Collation(option.value, notes);
    if (collation != option.value) option.tokens = sql::Tokenize("COLLATE=" + collation, {});
    return true;
  }
  if (Contains(kLocal, option.name)) {
    if (option.name == "ENCRYPTION" && sql::EqualIgnoringCase(option.value, "N")) return false;
    if (option.name == "TABLESPACE" && option.value == "innodb_file_per_table") return SameFlavour();
    // A federated table's connection is what it consists of.
    if (option.name == "CONNECTION") return true;
    return drop(": it belongs to the source's machine");
  }
  const bool quoted = option.tokens.front().kind == sql::TokenKind::kQuotedName;
  if (!to_.mariadb && (quoted || Contains(kMariaDbOnly, option.name))) return drop("");
  if (to_.mariadb && Contains(kMySqlOnly, option.name)) return drop("");
  if (option.name == "SYSTEM VERSIONING") {
    notes.push_back("WITH SYSTEM VERSIONING: the rows of now are carried, their history is not");
  }
  return true;
}

void Flavour::TranslateOptions(std::vector<TableOption>& options, Notes& notes) const {
  std::vector<TableOption> kept;
  const TableOption* charset = nullptr;
  bool has_collation = false;
  for (TableOption& option : options) {
    if (option.name == "COLLATE") has_collation = true;
    if (KeepOption(option, notes)) kept.push_back(option);
    if (option.name == "CHARSET") charset = &option;
  }
  if (charset != nullptr && !has_collation) {
    const std::string meant = SourceDefaultCollation(charset->value);
    const auto there = to_.default_collation.find(sql::ToLower(charset->value));
    if (!meant.empty() && (there == to_.default_collation.end() || there->second != meant)) {
      TableOption collate;
      collate.name = "COLLATE";
      collate.value = Collation(meant, notes);
      collate.tokens = sql::Tokenize("COLLATE=" + collate.value, {});
      kept.push_back(std::move(collate));
    }
  }
  options = std::move(kept);
}

void Flavour::TranslatePartition(Tokens& partition, Notes& notes) const {
  if (partition.empty()) return;
  bool by_time = false;
  for (size_t i = 0; i < partition.size();) {
    sql::Cursor cursor(partition, i);
    if (cursor.SeesWord("SYSTEM_TIME")) by_time = true;
    const bool directory = cursor.SeesWords({"DATA", "DIRECTORY"}) || cursor.SeesWords({"INDEX", "DIRECTORY"});
    const bool tablespace = cursor.SeesWord("TABLESPACE");
    if (directory || tablespace) {
      const size_t words = directory ? 2 : 1;
      const size_t count = words + (cursor.Peek(words).IsSymbol("=") ? 2 : 1);
      notes.push_back(sql::Render(partition, i, i + count) + " left out: it belongs to the source's machine");
      EraseRange(partition, i, i + count);
      continue;
    }
    if (cursor.SeesWord("ENGINE")) {
      const size_t value = i + (cursor.Peek(1).IsSymbol("=") ? 2 : 1);
      if (value < partition.size() && !to_.engines.empty() &&
          !to_.engines.contains(sql::ToLower(partition[value].value))) {
        partition[value] = sql::Word("InnoDB");
      }
    }
    ++i;
  }
  if (by_time && !to_.mariadb) {
    notes.push_back("partitions by SYSTEM_TIME left out");
    partition.clear();
    return;
  }
  TranslateExpression(partition, 0, notes);
}

void Flavour::Translate(CreateTable& table, Notes& notes) const {
  std::vector<TableElement> kept, checks;
  std::vector<std::string> versioning;
  std::set<std::string> long_columns;  // text and blobs: MySQL indexes only a prefix of them
  for (TableElement& element : table.elements) {
    if (element.kind == ElementKind::kColumn) {
      ColumnText column = ParseColumn(element.tokens);
      const model::TypeKind kind = ParseColumnType(column.TypeWord()).kind;
      if (kind == model::TypeKind::kText || kind == model::TypeKind::kBlob) {
        long_columns.insert(sql::ToLower(element.name));
      }
      if (!to_.mariadb && (column.Has("ROW START") || column.Has("ROW END"))) {
        notes.push_back(fmt::format("column {} left out: it belongs to system versioning", element.name));
        versioning.push_back(element.name);
        continue;
      }
      TranslateColumn(element, notes, checks);
    } else if (!TranslateElement(element, notes)) {
      continue;
    }
    kept.push_back(std::move(element));
  }
  for (const std::string& column : versioning) DropKeyPart(kept, column);
  if (!to_.mariadb && source_mariadb_) {
    std::erase_if(kept, [&](const TableElement& element) {
      if (element.kind != ElementKind::kUniqueKey && element.kind != ElementKind::kIndex) return false;
      for (const KeyPartText& part : KeyParts(element)) {
        if (part.prefix_length != 0 || !long_columns.contains(sql::ToLower(part.column))) continue;
        notes.push_back(fmt::format("index {} left out: column {} can be indexed there by a prefix only", element.name,
                                    part.column));
        return true;
      }
      return false;
    });
  }
  for (TableElement& check : checks) kept.push_back(std::move(check));
  table.elements = std::move(kept);
  TranslateOptions(table.options, notes);
  TranslatePartition(table.partition, notes);
}

}  // namespace sluice::mysql
