// What MySQL and MariaDB, and their versions, write differently: definitions are rewritten token by token, and every
// change that can be seen afterwards is noted.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "connector/endpoint.h"
#include "connectors/mysql/create_table.h"
#include "connectors/mysql/create_table_column.h"

namespace sluice::mysql {

class Connection;

// What a server is and has.
struct Capabilities {
  bool mariadb = false;
  uint32_t version = 0;
  std::set<std::string> collations;                      // full names, lower case
  std::map<std::string, std::string> default_collation;  // by character set
  std::set<std::string> engines;                         // lower case, those that can be used
};
Capabilities ReadCapabilities(Connection& connection);

using Notes = std::vector<std::string>;

// From one source to one destination; immutable, cheap to make. Texts that go in are as the source's server reads them.
class Flavour {
 public:
  Flavour(const connector::ServerInfo& source, const Capabilities& destination);

  bool SameFlavour() const { return source_mariadb_ == to_.mariadb; }
  bool source_is_mariadb() const { return source_mariadb_; }
  bool destination_is_mariadb() const { return to_.mariadb; }
  const Capabilities& destination() const { return to_; }
  // Whether REFERENCES in a column's definition makes a foreign key at the source (MariaDB 10.5, MySQL 9.0).
  bool SourceHonoursInlineReferences() const { return source_version_ >= (source_mariadb_ ? 100500u : 90000u); }

  // The destination's name for a collation, itself if it is known there. Empty stays empty.
  std::string Collation(const std::string& collation, Notes& notes) const;
  // Throws kUnknownCharset when the destination has none that stores the same bytes.
  std::string Charset(const std::string& charset) const;
  // What the source means by this character set when no collation is named.
  std::string SourceDefaultCollation(const std::string& charset) const;
  // "ANSI_QUOTES,..." without the modes that the destination does not know. `mode` may be the log's mask.
  std::string SqlMode(std::string_view mode) const;

  // All of a table. Elements that the destination cannot have are taken out.
  void Translate(CreateTable& table, Notes& notes) const;
  // A column's definition; a CHECK that can only stand beside the columns there is added to `checks`.
  void TranslateColumn(TableElement& element, Notes& notes, std::vector<TableElement>& checks) const;
  // False: cannot be had there, a note says why.
  bool TranslateElement(TableElement& element, Notes& notes) const;
  void TranslateOptions(std::vector<TableOption>& options, Notes& notes) const;
  void TranslatePartition(sql::Tokens& partition, Notes& notes) const;
  // Collations, operators and functions inside expressions and bodies.
  void TranslateExpression(sql::Tokens& tokens, size_t begin, Notes& notes) const;

 private:
  void TranslateType(ColumnText& column, Notes& notes) const;
  void TranslateCharset(ColumnText& column, Notes& notes) const;
  void TranslateDefault(ColumnText& column, Notes& notes) const;
  void TranslateAttributes(ColumnText& column, Notes& notes, std::vector<TableElement>& checks) const;
  bool TranslateKey(TableElement& element, Notes& notes) const;
  bool TranslateCheck(TableElement& element, Notes& notes) const;
  bool KeepOption(TableOption& option, Notes& notes) const;
  bool Knows(const std::string& collation) const { return to_.collations.contains(collation); }

  bool source_mariadb_;
  uint32_t source_version_;
  const Capabilities& to_;
};

}  // namespace sluice::mysql
