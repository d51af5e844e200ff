// What an account may do, from the server's SHOW GRANTS. Sources: MySQL 8.4 Reference Manual 8.2.2 "Privileges Provided
// by MySQL", 8.2.12 "Privilege Restriction Using Partial Revokes", 15.7.7.22 "SHOW GRANTS Statement"; MariaDB
// documentation "GRANT" (privilege names of 10.5: BINLOG MONITOR, REPLICA MONITOR ...).
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::mysql {

// A privilege is named as both vendors write it in GRANT, upper case: "SELECT", "REPLICATION CLIENT", "SHOW_ROUTINE".
class Grants {
 public:
  // `literal_names`: MySQL's partial_revokes is on, then % and _ in database names stand for themselves.
  explicit Grants(bool literal_names = false) : literal_names_(literal_names) {}

  // One line of SHOW GRANTS; false when it was not understood (it then grants nothing).
  bool Add(std::string_view line);

  bool Global(std::string_view privilege) const;
  bool OnDatabase(std::string_view privilege, const std::string& database) const;
  bool OnTable(std::string_view privilege, const std::string& database, const std::string& table) const;
  // On the table, or on each of the columns.
  bool OnColumns(std::string_view privilege, const std::string& database, const std::string& table,
                 const std::vector<std::string>& columns) const;
  // Roles that were granted to the account ("`reader`@`%`", or "reader" with MariaDB), active or not.
  const std::vector<std::string>& roles() const { return roles_; }

 private:
  struct Rights {
    std::set<std::string, std::less<>> privileges;
    std::set<std::string, std::less<>> revoked;
    std::map<std::string, std::set<std::string>, std::less<>> columns;  // by privilege
    bool Has(std::string_view privilege) const;
  };
  bool NameMatches(const std::string& pattern, const std::string& database) const;

  bool literal_names_;
  Rights global_;
  std::map<std::string, Rights> databases_;  // by pattern
  std::map<std::pair<std::string, std::string>, Rights> tables_;
  std::vector<std::string> roles_;
};

// The name that GRANT wants for exactly this database: % and _ escaped, in backticks.
std::string GrantDatabase(const std::string& database, bool literal_names);
// 'user'@'host' of what CURRENT_USER() says, "user@host".
std::string GrantAccount(std::string_view current_user);

}  // namespace sluice::mysql
