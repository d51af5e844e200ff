#include "connectors/mysql/bulk.h"

#include <fmt/format.h>
#include <mysql.h>

#include <algorithm>
#include <cstdlib>
#include <deque>

#include "base/stop.h"
#include "connectors/mysql/errors.h"
#include "connectors/mysql/literal.h"
#include "connectors/mysql/prepared.h"

namespace sluice::mysql {
namespace {

using model::Cell;
using model::CellKind;
using model::RowChange;

constexpr size_t kStatementsKept = 512;  // servers allow 16,382 over all sessions
constexpr size_t kRowsPerPacket = 4096;
constexpr size_t kPacketBytes = 4 << 20;

const Cell& CellOf(const RowChange& row, const BulkParameter& parameter) {
  return parameter.before ? row.before[parameter.column] : row.after[parameter.column];
}

enum class BindClass { kNone, kInt, kUint, kFloat32, kFloat64, kBytes, kMixed };

BindClass ClassOf(const Cell& cell) {
  switch (cell.kind) {
    case CellKind::kAbsent:
    case CellKind::kNull:
      return BindClass::kNone;
    case CellKind::kInt:
      return BindClass::kInt;
    case CellKind::kUint:
      return BindClass::kUint;
    case CellKind::kFloat32:
      return BindClass::kFloat32;
    case CellKind::kFloat64:
      return BindClass::kFloat64;
    default:
      return BindClass::kBytes;
  }
}

std::string NumberText(const Cell& cell) {
  switch (cell.kind) {
    case CellKind::kInt:
      return std::to_string(cell.i);
    case CellKind::kUint:
      return std::to_string(cell.u);
    case CellKind::kFloat32:
      return fmt::format("{:.16e}", static_cast<double>(cell.f32));
    case CellKind::kFloat64:
      return fmt::format("{:.16e}", cell.f64);
    default:
      return std::string(cell.text());
  }
}

// The values of one parameter as the library wants them: an array per parameter, not per row.
struct Column {
  std::vector<char> indicators;
  std::vector<uint64_t> words;  // 8-byte values
  std::vector<float> floats;
  std::vector<const char*> texts;
  std::vector<unsigned long> lengths;
  std::deque<std::string> made;  // texts of numbers, when kinds are mixed

  void Gather(std::span<const RowChange* const> rows, const BulkParameter& parameter, MYSQL_BIND& bind);

 private:
  BindClass Common(std::span<const RowChange* const> rows, const BulkParameter& parameter);
};

// Also fills the indicators.
BindClass Column::Common(std::span<const RowChange* const> rows, const BulkParameter& parameter) {
  BindClass common = BindClass::kNone;
  indicators.resize(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const BindClass kind = ClassOf(CellOf(*rows[i], parameter));
    indicators[i] = kind == BindClass::kNone ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE;
    if (kind == BindClass::kNone || kind == common) continue;
    common = common == BindClass::kNone ? kind : BindClass::kMixed;
  }
  return common;
}

void Column::Gather(std::span<const RowChange* const> rows, const BulkParameter& parameter, MYSQL_BIND& bind) {
  const BindClass common = Common(rows, parameter);
  bind = MYSQL_BIND{};
  bind.u.indicator = indicators.data();
  switch (common) {
    case BindClass::kInt:
    case BindClass::kUint:
    case BindClass::kFloat64:
      words.resize(rows.size());
      for (size_t i = 0; i < rows.size(); ++i) words[i] = CellOf(*rows[i], parameter).u;
      bind.buffer_type = common == BindClass::kFloat64 ? MYSQL_TYPE_DOUBLE : MYSQL_TYPE_LONGLONG;
      bind.is_unsigned = common == BindClass::kUint;
      bind.buffer = words.data();
      return;
    case BindClass::kFloat32:
      floats.resize(rows.size());
      for (size_t i = 0; i < rows.size(); ++i) floats[i] = CellOf(*rows[i], parameter).f32;
      bind.buffer_type = MYSQL_TYPE_FLOAT;
      bind.buffer = floats.data();
      return;
    case BindClass::kNone:
    case BindClass::kBytes:
    case BindClass::kMixed:
      break;
  }
  texts.resize(rows.size());
  lengths.resize(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const Cell& cell = CellOf(*rows[i], parameter);
    std::string_view text;
    if (cell.HasBytes()) {
      text = StoredText(cell);
    } else if (indicators[i] == STMT_INDICATOR_NONE) {
      text = made.emplace_back(NumberText(cell));
    }
    texts[i] = text.data() != nullptr ? text.data() : "";
    lengths[i] = text.size();
  }
  bind.buffer_type = MYSQL_TYPE_STRING;
  bind.buffer = texts.data();
  bind.length = lengths.data();
}

size_t BytesOf(const RowChange& row, std::span<const BulkParameter> parameters) {
  size_t bytes = 0;
  for (const BulkParameter& parameter : parameters) {
    const Cell& cell = CellOf(row, parameter);
    bytes += 10 + (cell.HasBytes() ? cell.size : 0);
  }
  return bytes;
}

}  // namespace

class BulkWriter::Statement {
 public:
  Statement(Connection& connection, const std::string& sql, const std::string& object)
      : prepared_(connection, sql, object) {}

  uint64_t Execute(std::span<const BulkParameter> parameters, std::span<const RowChange* const> rows, size_t bytes,
                   const std::string& object) {
    columns_.resize(parameters.size());
    binds_.resize(parameters.size());
    for (size_t i = 0; i < parameters.size(); ++i) {
      columns_[i].made.clear();
      columns_[i].Gather(rows, parameters[i], binds_[i]);
    }
    return prepared_.Run(binds_, rows.size(), bytes, object);
  }

 private:
  PreparedStatement prepared_;
  std::vector<Column> columns_;
  std::vector<MYSQL_BIND> binds_;
};

BulkWriter::BulkWriter(Connection& connection)
    : connection_(connection), packet_bytes_(std::min(kPacketBytes, connection.PacketLimit() / 2)) {}

BulkWriter::~BulkWriter() = default;

BulkWriter::Statement& BulkWriter::Prepared(const std::string& sql, const std::string& object) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return *found->second;
  if (statements_.size() >= kStatementsKept) statements_.clear();
  return *statements_.emplace(sql, std::make_unique<Statement>(connection_, sql, object)).first->second;
}

uint64_t BulkWriter::Run(const std::string& sql, std::span<const BulkParameter> parameters,
                         std::span<const RowChange* const> rows, const std::string& object) {
  Statement& statement = Prepared(sql, object);
  uint64_t affected = 0;
  size_t first = 0;
  while (first < rows.size()) {
    size_t end = first;
    size_t bytes = 0;
    while (end < rows.size() && end - first < kRowsPerPacket) {
      const size_t more = BytesOf(*rows[end], parameters);
      if (end > first && bytes + more > packet_bytes_) break;
      bytes += more;
      ++end;
    }
    affected += statement.Execute(parameters, rows.subspan(first, end - first), bytes, object);
    first = end;
  }
  return affected;
}

}  // namespace sluice::mysql
