// A column's definition taken apart: name, type, attributes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/token.h"

namespace sluice::mysql {

struct ColumnAttribute {
  // Upper case: CHARSET, COLLATE, BINARY, NULL, NOT NULL, DEFAULT, ON UPDATE, AUTO_INCREMENT, AS, COMMENT, UNIQUE,
  // PRIMARY KEY, CHECK, REFERENCES, COLUMN_FORMAT, STORAGE, INVISIBLE, VISIBLE, SRID, REF_SYSTEM_ID, COMPRESSED,
  // ROW START, ROW END, SYSTEM VERSIONING, FIRST, AFTER ...; others by their word, quoted options as they are.
  std::string name;
  std::string value;  // of CHARSET, COLLATE, COMMENT, SRID, REF_SYSTEM_ID, AFTER
  sql::Tokens tokens;
};

struct ColumnText {
  sql::Token name;
  sql::Tokens type;  // with length, elements, UNSIGNED, ZEROFILL
  std::vector<ColumnAttribute> attributes;

  std::string TypeWord() const;  // lower case, the first word
  bool Has(std::string_view attribute) const { return Find(attribute) != nullptr; }
  const ColumnAttribute* Find(std::string_view attribute) const;
  void Remove(std::string_view attribute);
};

// Of a definition as ParseElement() gives it, or from ALTER TABLE (with FIRST or AFTER at its end).
ColumnText ParseColumn(const sql::Tokens& tokens);
sql::Tokens Join(const ColumnText& column);

// The index behind a default's or another attribute's value that begins at `at`: a literal, a call, (expression).
size_t ValueEnd(const sql::Tokens& tokens, size_t at);

}  // namespace sluice::mysql
