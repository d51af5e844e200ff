// What a statement of the log means by the time: the moment in which it ran, and times of its session's zone.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "connectors/mysql/connection.h"
#include "connectors/mysql/create_table.h"
#include "model/change.h"
#include "model/table.h"

namespace sluice::mysql {

class DdlMoment {
 public:
  // Both have to outlive it. The source's server is asked for what its zones mean.
  DdlMoment(Connection& source, const model::DdlChange& ddl) : source_(source), ddl_(ddl) {}

  // Brings literals of TIMESTAMP columns that the statement wrote to UTC, which is how definitions have them here, and
  // says what the server adds to such a column without being told. Throws kUnsupported.
  // `renamed`: of columns, new name, name before.
  void Settle(const CreateTable& before, CreateTable& after, const std::map<std::string, std::string>& renamed);

  // Values of new columns in rows that were there, as connector::TableChange::filled has them; what is not known
  // exactly is not among them.
  std::map<std::string, std::string> Filled(const model::Table& before, const model::Table& after,
                                            const std::map<std::string, std::string>& renamed);

 private:
  std::optional<std::string> Now(const model::ColumnType& type);
  std::optional<std::string> Convert(const std::string& time, const std::string& from, const std::string& to);

  Connection& source_;
  const model::DdlChange& ddl_;
};

// What a column that is NOT NULL and has no default gets in rows that are there (MySQL 8.4 Reference Manual 13.6, "Data
// Type Default Values"); nothing: not known.
std::optional<std::string> ZeroOf(const model::ColumnType& type);

}  // namespace sluice::mysql
