// Rows as arrays: MariaDB.
#include <fmt/format.h>

#include "connectors/mysql/applier_rows.h"
#include "connectors/mysql/bulk.h"

namespace sluice::mysql {
namespace {

const char* Placeholder(const TargetColumn& column) {
  return NeedsCharset(column.type) ? "CONVERT(? USING latin1)" : "?";
}

class BulkRowWriter : public RowWriter {
 public:
  explicit BulkRowWriter(Connection& connection) : bulk_(connection) {}

  uint64_t Insert(const Target& target, Changes rows, bool replace) override {
    std::string names;
    std::string values;
    parameters_.clear();
    for (const TargetColumn& column : target.columns) {
      if (rows[0]->after[column.source].IsAbsent()) continue;
      if (!names.empty()) {
        names += ',';
        values += ',';
      }
      names += column.name;
      values += Placeholder(column);
      parameters_.push_back({column.source, false});
    }
    const char* verb = replace ? "REPLACE" : "INSERT";
    return bulk_.Run(fmt::format("{} INTO {} ({}) VALUES ({})", verb, target.name, names, values), parameters_, rows,
                     target.object);
  }

  uint64_t Update(const Target& target, uint64_t mask, Changes rows) override {
    std::string sql = "UPDATE " + target.name + " SET ";
    parameters_.clear();
    for (const size_t column : MaskedColumns(target, mask)) {
      if (!parameters_.empty()) sql += ',';
      sql += target.columns[column].name + "=" + Placeholder(target.columns[column]);
      parameters_.push_back({target.columns[column].source, false});
    }
    AppendWhere(sql, target);
    return bulk_.Run(sql, parameters_, rows, target.object);
  }

  uint64_t Delete(const Target& target, Changes rows) override {
    std::string sql = "DELETE FROM " + target.name;
    parameters_.clear();
    AppendWhere(sql, target);
    return bulk_.Run(sql, parameters_, rows, target.object);
  }

 private:
  void AppendWhere(std::string& sql, const Target& target) {
    const char* before = " WHERE ";
    for (const size_t column : target.identity) {
      sql += before + target.columns[column].name + "=" + Placeholder(target.columns[column]);
      parameters_.push_back({target.columns[column].source, true});
      before = " AND ";
    }
  }

  BulkWriter bulk_;
  std::vector<BulkParameter> parameters_;
};

}  // namespace

std::unique_ptr<RowWriter> MakeBulkRowWriter(Connection& connection) {
  return std::make_unique<BulkRowWriter>(connection);
}

}  // namespace sluice::mysql
