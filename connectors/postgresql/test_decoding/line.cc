#include "connectors/postgresql/test_decoding/line.h"

#include <fmt/format.h>

#include <charconv>
#include <ctime>

#include "connectors/postgresql/pgoutput/bytes.h"

namespace sluice::postgresql::test_decoding {
namespace {

using pgoutput::ThrowBadMessage;

class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool empty() const { return rest_.empty(); }
  char Next() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool Accept(std::string_view wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(wanted.size());
    return true;
  }
  void Expect(std::string_view wanted) {
    if (!Accept(wanted)) ThrowBadMessage(fmt::format("it has no \"{}\" where one has to be", wanted));
  }
  // Quotes are doubled within.
  std::string_view Quoted(char quote) {
    const std::string_view begin = rest_;
    Expect(std::string_view(&quote, 1));
    while (true) {
      const size_t end = rest_.find(quote);
      if (end == std::string_view::npos) ThrowBadMessage("a quote in it has no end");
      rest_.remove_prefix(end + 1);
      if (rest_.empty() || rest_.front() != quote) break;
      rest_.remove_prefix(1);
    }
    return begin.substr(0, begin.size() - rest_.size());
  }
  std::string_view Until(std::string_view ends) {
    const std::string_view taken = rest_.substr(0, rest_.find_first_of(ends));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view Identifier(std::string_view ends) {
    if (rest_.starts_with('"')) return Quoted('"');
    const std::string_view name = Until(ends);
    if (name.empty()) ThrowBadMessage("a name in it is empty");
    return name;
  }
  std::string_view QualifiedName() {
    const std::string_view begin = rest_;
    Identifier(".");
    Expect(".");
    Identifier(":, ");
    return begin.substr(0, begin.size() - rest_.size());
  }
  // Up to the bracket that closes the one before it: names of types may be quoted, and arrays have brackets.
  std::string_view Type() {
    const std::string_view begin = rest_;
    for (int depth = 0;; rest_.remove_prefix(1)) {
      while (rest_.starts_with('"')) Quoted('"');
      if (rest_.empty()) ThrowBadMessage("a type in it has no end");
      if (rest_.front() == '[') ++depth;
      if (rest_.front() == ']' && depth-- == 0) return begin.substr(0, begin.size() - rest_.size());
    }
  }
  uint64_t Number(std::string_view ends) {
    const std::string_view digits = Until(ends);
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) ThrowBadMessage("a number in it is none");
    return value;
  }

 private:
  std::string_view rest_;
};

std::string_view WithoutQuotes(std::string_view quoted) {
  return quoted.substr(1, quoted.size() - 2);
}

void AppendUndoubled(std::string_view text, char quote, std::string& to) {
  while (true) {
    const size_t end = text.find(quote);
    to.append(text.substr(0, end));
    if (end == std::string_view::npos) return;
    to += quote;
    text.remove_prefix(std::min(end + 2, text.size()));
  }
}

// "2026-11-26 12:00:00.123456+00": the session's time zone is UTC.
int64_t ReadTime(Cursor& cursor) {
  std::tm time{};
  time.tm_year = static_cast<int>(cursor.Number("-")) - 1900;
  cursor.Expect("-");
  time.tm_mon = static_cast<int>(cursor.Number("-")) - 1;
  cursor.Expect("-");
  time.tm_mday = static_cast<int>(cursor.Number(" "));
  cursor.Expect(" ");
  time.tm_hour = static_cast<int>(cursor.Number(":"));
  cursor.Expect(":");
  time.tm_min = static_cast<int>(cursor.Number(":"));
  cursor.Expect(":");
  time.tm_sec = static_cast<int>(cursor.Number(".+-"));
  int64_t micros = 0;
  if (cursor.Accept(".")) {
    std::string digits(cursor.Until("+-"));
    digits.resize(6, '0');
    micros = static_cast<int64_t>(Cursor(digits).Number(""));
  }
  cursor.Expect("+00");
  return static_cast<int64_t>(timegm(&time)) * 1'000'000 + micros;
}

LineColumn ReadColumn(Cursor& cursor) {
  LineColumn column;
  column.name = cursor.Identifier("[");
  cursor.Expect("[");
  column.type = cursor.Type();
  cursor.Expect("]:");
  if (cursor.Accept("null")) return column;
  if (cursor.Accept("unchanged-toast-datum")) {
    column.kind = 'u';
    return column;
  }
  column.kind = 't';
  if (cursor.Accept("B")) {
    column.text = WithoutQuotes(cursor.Quoted('\''));
  } else if (cursor.Next() == '\'') {
    column.quoted = true;
    column.text = WithoutQuotes(cursor.Quoted('\''));
  } else {
    column.text = cursor.Until(" ");
    if (column.text.empty()) ThrowBadMessage("a value in it is empty");
    if (column.type == "boolean") column.text = column.text.substr(0, 1);
  }
  return column;
}

void ReadOldColumns(Cursor& cursor, std::vector<LineColumn>& columns) {
  while (!cursor.Accept(" new-tuple:")) {
    cursor.Expect(" ");
    columns.push_back(ReadColumn(cursor));
  }
}

void ReadColumns(Cursor& cursor, std::vector<LineColumn>& columns) {
  while (!cursor.empty()) {
    cursor.Expect(" ");
    columns.push_back(ReadColumn(cursor));
  }
}

constexpr std::string_view kNoRow = " (no-tuple-data)";

void ReadRow(Cursor& cursor, Line& line) {
  if (cursor.Accept("INSERT:")) {
    line.kind = LineKind::kInsert;
  } else if (cursor.Accept("UPDATE:")) {
    line.kind = LineKind::kUpdate;
    line.has_before = cursor.Accept(" old-key:");
    if (line.has_before) ReadOldColumns(cursor, line.before);
  } else {
    cursor.Expect("DELETE:");
    line.kind = LineKind::kDelete;
  }
  line.has_row = !cursor.Accept(kNoRow);
  ReadColumns(cursor, line.kind == LineKind::kDelete ? line.before : line.after);
}

void ReadTable(Cursor& cursor, Line& line) {
  do {
    line.tables.push_back(cursor.QualifiedName());
  } while (cursor.Accept(", "));
  cursor.Expect(": ");
  if (!cursor.Accept("TRUNCATE:")) {
    if (line.tables.size() > 1) ThrowBadMessage("a row in it is of several tables");
    return ReadRow(cursor, line);
  }
  line.kind = LineKind::kTruncate;
  if (cursor.Accept(" (no-flags)")) return;
  line.restart_identity = cursor.Accept(" restart_seqs");
  cursor.Accept(" cascade");  // the tables that it reached are named
}

}  // namespace

void ReadLine(std::string_view text, Line& line) {
  line.kind = LineKind::kMessage;
  line.has_before = line.has_row = line.restart_identity = false;
  line.tables.clear();
  line.before.clear();
  line.after.clear();
  Cursor cursor(text);
  if (cursor.Accept("table ")) {
    ReadTable(cursor, line);
  } else if (cursor.Accept("BEGIN ")) {
    line.kind = LineKind::kBegin;
    line.xid = static_cast<uint32_t>(cursor.Number(""));
  } else if (cursor.Accept("COMMIT ")) {
    line.kind = LineKind::kCommit;
    line.xid = static_cast<uint32_t>(cursor.Number(" "));
    cursor.Expect(" (at ");
    line.committed_micros = ReadTime(cursor);
    cursor.Expect(")");
  } else if (cursor.Accept("message: ")) {
    return;  // what an application wrote into the log for others: any text
  } else {
    ThrowBadMessage("it is neither the begin nor the end of a transaction, nor a change");
  }
  if (!cursor.empty()) ThrowBadMessage("it is longer than it has to be");
}

std::string ReadIdentifier(std::string_view quoted) {
  if (!quoted.starts_with('"')) return std::string(quoted);
  std::string name;
  AppendUndoubled(WithoutQuotes(quoted), '"', name);
  return name;
}

model::ObjectName ReadName(std::string_view quoted) {
  Cursor cursor(quoted);
  const std::string schema = ReadIdentifier(cursor.Identifier("."));
  cursor.Expect(".");
  return {schema, ReadIdentifier(cursor.Identifier(""))};
}

bool IsIdentifier(std::string_view quoted, std::string_view name) {
  return quoted == name || (quoted.starts_with('"') && ReadIdentifier(quoted) == name);
}

void AppendValue(const LineColumn& column, std::string& to) {
  if (column.quoted) {
    AppendUndoubled(column.text, '\'', to);
  } else {
    to.append(column.text);
  }
}

}  // namespace sluice::postgresql::test_decoding
