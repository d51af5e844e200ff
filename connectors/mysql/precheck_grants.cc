#include "connectors/mysql/precheck_grants.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "connectors/mysql/connection.h"

namespace sluice::mysql {
namespace {

// Other names that give the same right.
struct Alias {
  std::string_view wanted;
  std::string_view granted;
};
constexpr std::array kAliases = std::to_array<Alias>({
    {"REPLICATION CLIENT", "BINLOG MONITOR"},
    {"REPLICATION CLIENT", "SUPER"},
    {"BINLOG MONITOR", "REPLICATION CLIENT"},
    {"REPLICATION SLAVE", "REPLICATION REPLICA"},
    {"FLUSH_TABLES", "RELOAD"},
});

std::string Upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::toupper(c); });
  return out;
}

// Reads words, quoted names and punctuation of one GRANT statement.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool Word(std::string_view word) {
    Space();
    const std::string_view rest = text_.substr(at_);
    if (rest.size() < word.size() || Upper(rest.substr(0, word.size())) != word) return false;
    if (rest.size() > word.size() && (std::isalnum(static_cast<unsigned char>(rest[word.size()])) != 0)) return false;
    at_ += word.size();
    return true;
  }
  bool Take(char c) {
    Space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  // A name in `backticks`, 'quotes' or "quotes" with the quote doubled inside, or a bare one up to a delimiter.
  bool Name(std::string& name) {
    Space();
    if (at_ >= text_.size()) return false;
    name.clear();
    const char quote = text_[at_];
    if (quote != '`' && quote != '\'' && quote != '"') {
      while (at_ < text_.size() && std::string_view(" .,()@;").find(text_[at_]) == std::string_view::npos) {
        name += text_[at_++];
      }
      return !name.empty();
    }
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] != quote) {
        name += text_[at_];
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == quote) {
        name += text_[++at_];
      } else {
        ++at_;
        return true;
      }
    }
    return false;
  }
  // A privilege: words up to a comma, a parenthesis or ON.
  std::string Privilege() {
    std::string privilege;
    while (true) {
      Space();
      const size_t before = at_;
      if (Word("ON") || Word("TO") || Word("FROM")) {
        at_ = before;
        return privilege;
      }
      const size_t begin = at_;
      while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_'))
        ++at_;
      if (begin == at_) return privilege;
      if (!privilege.empty()) privilege += ' ';
      privilege += Upper(text_.substr(begin, at_ - begin));
    }
  }
  char Peek() {
    Space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }

 private:
  void Space() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  std::string_view text_;
  size_t at_ = 0;
};

// LIKE of MySQL: % any text, _ one character, \ escapes.
bool Like(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    for (size_t skip = 0; skip <= text.size(); ++skip) {
      if (Like(pattern.substr(1), text.substr(skip))) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  if (pattern[0] == '\\' && pattern.size() > 1)
    pattern.remove_prefix(1);
  else if (pattern[0] == '_')
    return Like(pattern.substr(1), text.substr(1));
  return pattern[0] == text[0] && Like(pattern.substr(1), text.substr(1));
}

}  // namespace

bool Grants::Rights::Has(std::string_view privilege) const {
  if (revoked.contains(privilege)) return false;
  if (privileges.contains(privilege)) return true;
  // GRANT OPTION is the one right that ALL does not hold.
  if (privilege != "GRANT OPTION" && privileges.contains(std::string_view("ALL PRIVILEGES"))) return true;
  return std::any_of(kAliases.begin(), kAliases.end(), [&](const Alias& alias) {
    return alias.wanted == privilege && privileges.contains(alias.granted);
  });
}

bool Grants::Add(std::string_view line) {
  Reader reader(line);
  if (reader.Word("SET")) return true;  // SET DEFAULT ROLE ...: what is active is asked for elsewhere
  const bool revoke = reader.Word("REVOKE");
  if (!revoke && !reader.Word("GRANT")) return false;
  const char first = reader.Peek();
  if (first == '`' || first == '\'' || first == '"') {
    do {  // roles
      std::string role;
      if (!reader.Name(role)) return false;
      std::string host;
      if (reader.Take('@') && reader.Name(host)) {
        roles_.push_back(Quote(role) + "@" + Quote(host));
      } else {
        roles_.push_back(Quote(role));
      }
    } while (reader.Take(','));
    return reader.Word("TO");
  }
  Rights rights;
  do {
    std::string privilege = reader.Privilege();
    if (privilege.empty()) return false;
    if (privilege == "ALL") privilege = "ALL PRIVILEGES";
    if (reader.Take('(')) {
      do {
        std::string column;
        if (!reader.Name(column)) return false;
        rights.columns[privilege].insert(column);
      } while (reader.Take(','));
      if (!reader.Take(')')) return false;
    } else {
      rights.privileges.insert(privilege);
    }
  } while (reader.Take(','));
  if (!reader.Word("ON")) {
    if (!reader.Word("TO")) return false;
    roles_.insert(roles_.end(), rights.privileges.begin(), rights.privileges.end());  // a role in bare words
    return true;
  }
  if (reader.Word("FUNCTION") || reader.Word("PROCEDURE") || reader.Word("PACKAGE")) return true;
  reader.Word("TABLE");
  std::string database;
  std::string table;
  if (!reader.Name(database)) return false;
  if (!reader.Take('.')) return true;  // PROXY ON 'user'@'host'
  if (!reader.Name(table)) return false;
  Rights& target = database == "*" ? global_ : table == "*" ? databases_[database] : tables_[{database, table}];
  if (revoke) {
    for (const std::string& privilege : rights.privileges) {
      target.privileges.erase(privilege);
      target.revoked.insert(privilege);
    }
    return true;
  }
  target.privileges.insert(rights.privileges.begin(), rights.privileges.end());
  for (auto& [privilege, columns] : rights.columns) target.columns[privilege].merge(columns);
  // WITH GRANT OPTION ends the line.
  if (line.find("WITH GRANT OPTION") != std::string_view::npos) target.privileges.insert("GRANT OPTION");
  return true;
}

bool Grants::NameMatches(const std::string& pattern, const std::string& database) const {
  if (pattern == database) return true;
  return !literal_names_ && Like(pattern, database);
}

bool Grants::Global(std::string_view privilege) const {
  return global_.Has(privilege);
}

bool Grants::OnDatabase(std::string_view privilege, const std::string& database) const {
  bool revoked = false;
  for (const auto& [pattern, rights] : databases_) {
    if (!NameMatches(pattern, database)) continue;
    if (rights.Has(privilege)) return true;
    revoked = revoked || rights.revoked.contains(privilege);
  }
  return !revoked && Global(privilege);
}

bool Grants::OnTable(std::string_view privilege, const std::string& database, const std::string& table) const {
  if (OnDatabase(privilege, database)) return true;
  const auto rights = tables_.find({database, table});
  return rights != tables_.end() && rights->second.Has(privilege);
}

bool Grants::OnColumns(std::string_view privilege, const std::string& database, const std::string& table,
                       const std::vector<std::string>& columns) const {
  if (OnTable(privilege, database, table)) return true;
  const auto rights = tables_.find({database, table});
  if (rights == tables_.end()) return false;
  const auto granted = rights->second.columns.find(privilege);
  if (granted == rights->second.columns.end()) return false;
  return std::all_of(columns.begin(), columns.end(),
                     [&](const std::string& column) { return granted->second.contains(column); });
}

std::string GrantDatabase(const std::string& database, bool literal_names) {
  std::string escaped;
  for (const char c : database) {
    if (!literal_names && (c == '%' || c == '_')) escaped += '\\';
    escaped += c;
  }
  return Quote(escaped);
}

std::string GrantAccount(std::string_view current_user) {
  const size_t at = current_user.rfind('@');
  if (at == std::string_view::npos) return Literal(current_user);
  return Literal(current_user.substr(0, at)) + "@" + Literal(current_user.substr(at + 1));
}

}  // namespace sluice::mysql
