#include "connectors/mysql/flavour.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "connectors/mysql/codes.h"
#include "connectors/mysql/connection.h"
#include "connectors/mysql/ddl.h"

namespace sluice::mysql {
namespace {

struct Language {
  std::string_view mysql;    // part of utf8mb4_<mysql>_0900_ai_ci
  std::string_view mariadb;  // part of utf8mb4_uca1400_<mariadb>_ai_ci
};
// MySQL Reference Manual, "Unicode Character Sets", table of language-specific collations; MariaDB, "Supported
// Character Sets and Collations". Those of MySQL that have no counterpart follow the root collation closely.
constexpr std::array<Language, 24> kLanguages = {{
    {"de_pb", "german2"}, {"is", "icelandic"}, {"lv", "latvian"},       {"ro", "romanian"}, {"sl", "slovenian"},
    {"pl", "polish"},     {"et", "estonian"},  {"es", "spanish"},       {"sv", "swedish"},  {"tr", "turkish"},
    {"cs", "czech"},      {"da", "danish"},    {"lt", "lithuanian"},    {"sk", "slovak"},   {"es_trad", "spanish2"},
    {"la", "roman"},      {"eo", "esperanto"}, {"hu", "hungarian"},     {"hr", "croatian"}, {"vi", "vietnamese"},
    {"nb", "danish"},     {"nn", "danish"},    {"sr_latn", "croatian"}, {"bs", "croatian"},
}};

std::string CharsetOf(const std::string& collation) {
  return collation.substr(0, collation.find('_'));
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

// utf8mb4_[language_]0900_<sensitivity>
std::vector<std::string> FromMySql(const std::string& collation) {
  const size_t at = collation.find("0900_");
  if (at == std::string::npos) return {};
  const std::string sensitivity = collation.substr(at + 5);
  if (sensitivity == "bin") return {"utf8mb4_nopad_bin", "utf8mb4_bin"};
  const std::string strength = sensitivity.substr(0, 5);  // as_cs_ks of Japanese: no kana sensitivity there
  const size_t begin = std::string_view("utf8mb4_").size();
  std::string_view code = at > begin ? std::string_view(collation).substr(begin, at - begin - 1) : "";
  std::string language, old_language;
  for (const Language& one : kLanguages) {
    if (one.mysql == code) {
      language = std::string(one.mariadb) + "_";
      old_language = std::string(one.mariadb);
      break;
    }
  }
  // NO PAD like the original: with PAD SPACE, values that differ in trailing spaces would collide in unique keys.
  std::vector<std::string> found = {"utf8mb4_uca1400_" + language + "nopad_" + strength,
                                    "utf8mb4_uca1400_nopad_" + strength};
  if (strength == "ai_ci") {
    if (!old_language.empty()) found.push_back("utf8mb4_" + old_language + "_nopad_ci");
    found.push_back("utf8mb4_unicode_520_nopad_ci");
    found.push_back("utf8mb4_unicode_520_ci");
  } else {
    found.push_back("utf8mb4_nopad_bin");
    found.push_back("utf8mb4_bin");
  }
  return found;
}

// <charset>_uca1400_[language_][nopad_]<sensitivity>, <charset>_<name>_nopad_ci and others of MariaDB alone
std::vector<std::string> FromMariaDb(const std::string& collation) {
  const std::string charset = CharsetOf(collation);
  const size_t at = collation.find("_uca1400_");
  if (at == std::string::npos) {
    std::vector<std::string> found;
    if (collation == charset + "_nopad_bin" && charset == "utf8mb4") found.push_back("utf8mb4_0900_bin");
    if (collation == charset + "_unicode_nopad_ci" || collation == charset + "_unicode_520_nopad_ci") {
      found.push_back(charset + "_0900_ai_ci");
    }
    found.push_back(Replaced(collation, "_nopad", ""));
    found.push_back(Replaced(collation, "_croatian_mysql561_ci", "_croatian_ci"));
    return found;
  }
  std::string rest = collation.substr(at + 9);
  rest = Replaced(rest, "nopad_", "");
  std::string strength = rest.size() >= 5 ? rest.substr(rest.size() - 5) : "ai_ci";
  if (strength == "ai_cs") strength = "as_cs";
  const std::string language = rest.size() > 6 ? rest.substr(0, rest.size() - 6) : "";
  std::vector<std::string> found;
  for (const Language& one : kLanguages) {
    if (one.mariadb != language) continue;
    found.push_back(charset + "_" + std::string(one.mysql) + "_0900_" + strength);
    break;
  }
  found.push_back(charset + "_0900_" + strength);
  if (strength == "as_cs") {
    found.push_back(charset + "_bin");
  } else {
    if (!language.empty()) found.push_back(charset + "_" + language + "_ci");
    found.push_back(charset + "_unicode_520_ci");
  }
  return found;
}

// utf8 and utf8mb3 are two names of one character set; which of them a server speaks depends on its version.
std::string OtherSpelling(const std::string& name) {
  if (name == "utf8" || name.starts_with("utf8_")) return "utf8mb3" + name.substr(4);
  if (name == "utf8mb3" || name.starts_with("utf8mb3_")) return "utf8" + name.substr(7);
  return "";
}

}  // namespace

Capabilities ReadCapabilities(Connection& connection) {
  Capabilities found;
  found.mariadb = connection.is_mariadb();
  found.version = connection.version();
  // MariaDB 10.10 and later list collations of several character sets without the prefix; their full names are here.
  const bool full = found.mariadb && found.version >= 101001;
  const TextRows rows = connection.Query(
      full ? "SELECT FULL_COLLATION_NAME, CHARACTER_SET_NAME, IS_DEFAULT FROM "
             "information_schema.COLLATION_CHARACTER_SET_APPLICABILITY"
           : "SELECT COLLATION_NAME, CHARACTER_SET_NAME, IS_DEFAULT FROM information_schema.COLLATIONS");
  for (const TextRow& row : rows) {
    if (!row[0]) continue;
    found.collations.insert(sql::ToLower(*row[0]));
    if (row[1] && row[2] && *row[2] == "Yes") found.default_collation[sql::ToLower(*row[1])] = sql::ToLower(*row[0]);
  }
  for (const TextRow& row : connection.Query("SELECT CHARACTER_SET_NAME, DEFAULT_COLLATE_NAME FROM "
                                             "information_schema.CHARACTER_SETS")) {
    if (row[0] && row[1]) found.default_collation.emplace(sql::ToLower(*row[0]), sql::ToLower(*row[1]));
  }
  for (const TextRow& row : connection.Query("SELECT ENGINE FROM information_schema.ENGINES WHERE SUPPORT IN ('YES', "
                                             "'DEFAULT')")) {
    if (row[0]) found.engines.insert(sql::ToLower(*row[0]));
  }
  return found;
}

Flavour::Flavour(const connector::ServerInfo& source, const Capabilities& destination)
    : source_mariadb_(source.flavour == "mariadb"), source_version_(source.version), to_(destination) {}

std::string Flavour::Collation(const std::string& collation, Notes& notes) const {
  const std::string name = sql::ToLower(collation);
  if (name.empty() || Knows(name) || name == "binary" || name == "default") return collation;
  const std::string other = OtherSpelling(name);
  if (!other.empty() && Knows(other)) return other;
  std::vector<std::string> candidates = FromMySql(name);
  for (const std::string& more : FromMariaDb(name)) candidates.push_back(more);
  const std::string charset = CharsetOf(name);
  const bool exact = name.ends_with("_bin") || name.ends_with("_cs");
  if (exact) candidates.push_back(charset + "_bin");
  candidates.push_back(charset + "_unicode_520_ci");
  candidates.push_back(charset + "_general_ci");
  for (const std::string& candidate : candidates) {
    std::string found = Knows(candidate) ? candidate : OtherSpelling(candidate);
    if (found.empty() || !Knows(found)) continue;
    notes.push_back(fmt::format("collation {} becomes {}", collation, found));
    return found;
  }
  const auto fallback = to_.default_collation.find(charset);
  if (fallback == to_.default_collation.end()) return collation;  // the destination will say so
  notes.push_back(fmt::format("collation {} becomes {}", collation, fallback->second));
  return fallback->second;
}

std::string Flavour::Charset(const std::string& charset) const {
  const std::string name = sql::ToLower(charset);
  if (to_.default_collation.contains(name) || name == "binary" || name == "default") return charset;
  const std::string other = OtherSpelling(name);
  if (!other.empty() && to_.default_collation.contains(other)) return other;
  throw Error(kUnknownCharset)
      .Object("character set " + charset)
      .Cause("The destination does not know it, and no other stores the same bytes.")
      .Remedy("Convert the column at the source (ALTER TABLE ... CONVERT TO CHARACTER SET utf8mb4), or leave it out.");
}

std::string Flavour::SourceDefaultCollation(const std::string& charset) const {
  const std::string name = sql::ToLower(charset);
  if (name != "utf8mb4") return "";
  if (!source_mariadb_) return source_version_ >= 80001 ? "utf8mb4_0900_ai_ci" : "utf8mb4_general_ci";
  // MariaDB 11.5 and later: @@character_set_collations
  return source_version_ >= 110500 ? "utf8mb4_uca1400_ai_ci" : "utf8mb4_general_ci";
}

std::string Flavour::SqlMode(std::string_view mode) const {
  // Combined modes and those of MySQL before 8.0 (Reference Manual, "Server SQL Modes"): MariaDB has them all.
  static const std::set<std::string, std::less<>> kOld = {"POSTGRESQL",
                                                          "ORACLE",
                                                          "MSSQL",
                                                          "DB2",
                                                          "MAXDB",
                                                          "NO_KEY_OPTIONS",
                                                          "NO_TABLE_OPTIONS",
                                                          "NO_FIELD_OPTIONS",
                                                          "MYSQL323",
                                                          "MYSQL40",
                                                          "NO_AUTO_CREATE_USER",
                                                          "IGNORE_BAD_TABLE_OPTIONS",
                                                          "EMPTY_STRING_IS_NULL",
                                                          "SIMULTANEOUS_ASSIGNMENT",
                                                          "TIME_ROUND_FRACTIONAL"};
  const std::string text = SqlModeText(mode);
  std::string out;
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    std::string_view one = rest.substr(0, comma);
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    if (one.empty() || (to_.mariadb ? one == "TIME_TRUNCATE_FRACTIONAL" : kOld.contains(one))) continue;
    if (!out.empty()) out += ',';
    out += one;
  }
  return out;
}

}  // namespace sluice::mysql
