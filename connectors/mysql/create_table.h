// A CREATE TABLE statement taken apart as far as rewriting needs it: elements, options, partitions. What a part holds
// stays a list of tokens. Grammar: MySQL Reference Manual "CREATE TABLE Statement", MariaDB "CREATE TABLE".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/name.h"
#include "model/table.h"
#include "sql/token.h"

namespace sluice::mysql {

enum class ElementKind : uint8_t {
  kColumn,
  kPrimaryKey,
  kUniqueKey,
  kIndex,
  kFulltextKey,
  kSpatialKey,
  kVectorKey,
  kForeignKey,
  kCheck,
  kPeriod,
};

struct TableElement {
  ElementKind kind = ElementKind::kColumn;
  std::string name;    // of the column, key or constraint; empty when it has none
  sql::Tokens tokens;  // the whole definition

  bool IsKey() const { return kind >= ElementKind::kPrimaryKey && kind <= ElementKind::kVectorKey; }
};

struct TableOption {
  std::string name;  // upper case, "CHARSET" for every spelling of it; a quoted option as it is
  std::string value;
  sql::Tokens tokens;
};

inline bool SaysCharset(const TableOption& option) {
  return option.name == "CHARSET" || option.name == "COLLATE";
}

struct CreateTable {
  model::ObjectName name;
  bool or_replace = false;
  bool if_not_exists = false;
  std::optional<model::ObjectName> like;
  std::vector<TableElement> elements;
  std::vector<TableOption> options;
  sql::Tokens partition;   // PARTITION BY ..., empty when there is none
  bool has_query = false;  // [AS] SELECT ...: left out

  const TableElement* FindColumn(std::string_view column) const;
};

// Nothing when the text is no CREATE TABLE or is cut off.
std::optional<CreateTable> ParseCreateTable(std::string_view statement, std::string_view default_database,
                                            const sql::Dialect& dialect);
// With the name qualified.
std::string Render(const CreateTable& table);

TableElement ParseElement(sql::Tokens tokens);
// Splits [begin, end) at the commas outside parentheses.
std::vector<sql::Tokens> SplitList(const sql::Tokens& tokens, size_t begin, size_t end);
// Table options from [at, ...) on; moves `at` behind them.
std::vector<TableOption> ParseOptions(const sql::Tokens& tokens, size_t& at);

struct KeyPartText {
  std::string column;  // empty for an expression
  uint32_t prefix_length = 0;
  bool descending = false;
  size_t begin = 0;  // tokens of the element
  size_t end = 0;
};
// Of a key element, in order. Foreign keys have them too: the referencing columns.
std::vector<KeyPartText> KeyParts(const TableElement& element);

struct ForeignKeyText {
  std::vector<std::string> columns;
  model::ObjectName referenced;
  std::vector<std::string> referenced_columns;
  model::ReferentialAction on_delete = model::ReferentialAction::kRestrict;
  model::ReferentialAction on_update = model::ReferentialAction::kRestrict;
  size_t reference_begin = 0;  // tokens of the referenced table's name
  size_t reference_end = 0;
};
std::optional<ForeignKeyText> ParseForeignKey(const TableElement& element, std::string_view default_database);

}  // namespace sluice::mysql
