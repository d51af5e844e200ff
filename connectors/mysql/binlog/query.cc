#include "connectors/mysql/binlog/query.h"

#include <array>

#include "connectors/mysql/binlog/bytes.h"
#include "connectors/mysql/binlog/compression.h"

namespace sluice::mysql::binlog {
namespace {

constexpr uint32_t kExplicitTimestamps = 1u << 24;  // MariaDB's alone
constexpr uint32_t kNoForeignKeyChecks = 1u << 26;
constexpr uint32_t kRelaxedUniqueChecks = 1u << 27;

// Reads status variables up to the first whose length is not known; those that matter come before it.
void ReadStatus(Bytes bytes, QueryEvent& query) {
  while (!bytes.empty()) {
    switch (bytes.U8()) {
      case 0: {  // flags2
        const uint32_t flags = bytes.U32();
        query.foreign_keys_off = (flags & kNoForeignKeyChecks) != 0;
        query.unique_checks_off = (flags & kRelaxedUniqueChecks) != 0;
        query.maria_explicit_timestamps = (flags & kExplicitTimestamps) != 0;
        break;
      }
      case 1:
        query.sql_mode = bytes.U64();
        break;
      case 2:
        bytes.Skip(bytes.U8() + 1u);
        break;  // catalog with a zero at its end
      case 3:
        query.counter_step = bytes.U16();
        query.counter_begin = bytes.U16();
        break;
      case 4:
        query.client_charset = bytes.U16();
        query.connection_collation = bytes.U16();
        query.server_collation = bytes.U16();
        break;
      case 5:
        query.time_zone = bytes.Take(bytes.U8());
        break;
      case 6:
        bytes.Skip(bytes.U8());
        break;  // catalog
      case 7:
      case 8:
        bytes.Skip(2);
        break;
      case 18:
        query.utf8mb4_collation = bytes.U16();
        break;
      case 9:
      case 17:
      case 129:
        bytes.Skip(8);
        break;
      case 10:
        bytes.Skip(4);
        break;
      case 11:  // invoker: user and host
        bytes.Skip(bytes.U8());
        bytes.Skip(bytes.U8());
        break;
      case 12: {  // databases it changed, each with a zero at its end; 254: too many, none named
        constexpr uint8_t kTooMany = 254;
        const uint8_t count = bytes.U8();
        for (uint8_t i = 0; i < count && count != kTooMany; ++i) {
          while (bytes.U8() != 0) {
          }
        }
        break;
      }
      case 13:
      case 128:
        query.microseconds = bytes.U24();
        break;
      case 16:
        query.explicit_timestamps = bytes.U8() != 0;
        break;
      case 19:
      case 20:
        bytes.Skip(1);
        break;
      default:
        return;
    }
  }
}

constexpr bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

constexpr bool IsWordChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::string Upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return out;
}

// Words of a statement, comments left out; what stands in executable comments counts.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}

  // The next keyword in capitals; empty when there is none here.
  std::string Keyword() {
    SkipSpace();
    const size_t from = at_;
    while (at_ < text_.size() && IsWordChar(text_[at_])) ++at_;
    return Upper(text_.substr(from, at_ - from));
  }
  // A name, quoted or not.
  std::string Identifier() {
    SkipSpace();
    if (at_ == text_.size()) return {};
    const char quote = text_[at_];
    std::string name;
    if (quote != '`' && quote != '"') {
      while (at_ < text_.size() && IsWordChar(text_[at_])) name += text_[at_++];
      return name;
    }
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == quote && (at_ + 1 == text_.size() || text_[++at_] != quote)) break;
      name += text_[at_];
    }
    return name;
  }
  bool Accept(char c) {
    SkipSpace();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string_view Rest() { return text_.substr(at_); }

 private:
  bool At(std::string_view what) const { return text_.substr(at_, what.size()) == what; }
  void SkipTo(std::string_view end) {
    const size_t found = text_.find(end, at_);
    at_ = found == std::string_view::npos ? text_.size() : found + end.size();
  }
  void SkipSpace() {
    while (at_ < text_.size()) {
      if (IsSpace(text_[at_])) {
        ++at_;
      } else if (At("/*!") || At("/*M!")) {
        at_ += At("/*!") ? 3 : 4;
        while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
      } else if (At("/*")) {
        SkipTo("*/");
      } else if (At("*/")) {
        at_ += 2;  // the end of an executable comment
      } else if (At("#") || At("-- ")) {
        SkipTo("\n");
      } else {
        return;
      }
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

std::string XaName(std::string_view rest) {
  std::string name;
  for (const char c : rest) {
    if (!IsSpace(c)) name += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  constexpr std::string_view kOnePhase = "onephase";
  if (name.size() > kOnePhase.size() && name.ends_with(kOnePhase)) name.resize(name.size() - kOnePhase.size());
  return name;
}

template <size_t N>
bool OneOf(const std::array<std::string_view, N>& words, std::string_view word) {
  for (const std::string_view one : words) {
    if (one == word) return true;
  }
  return false;
}

constexpr std::array<std::string_view, 7> kRowVerbs = {"INSERT", "REPLACE", "UPDATE", "DELETE", "LOAD", "WITH", "CALL"};
constexpr std::array<std::string_view, 7> kModifiers = {"LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "QUICK",
                                                        "IGNORE",       "INTO",    "FROM"};

Verb XaVerb(std::string_view word) {
  if (word == "START" || word == "BEGIN") return Verb::kXaStart;
  if (word == "END") return Verb::kXaEnd;
  if (word == "PREPARE") return Verb::kXaPrepare;
  if (word == "COMMIT") return Verb::kXaCommit;
  if (word == "ROLLBACK") return Verb::kXaRollback;
  return Verb::kOther;
}

void ReadRollback(Words& words, std::string second, StatementStart& start) {
  if (second == "WORK") second = words.Keyword();
  if (second != "TO") {
    start.verb = Verb::kRollback;
    return;
  }
  start.verb = Verb::kRollbackTo;
  const Words before = words;
  if (words.Keyword() != "SAVEPOINT") words = before;
  start.name = words.Identifier();
}

// The database of the table that a row statement names first.
std::string ReadTargetDatabase(Words words) {
  std::string name;
  for (int i = 0; i < 8; ++i) {
    const Words before = words;
    if (!OneOf(kModifiers, words.Keyword())) {
      words = before;
      break;
    }
  }
  name = words.Identifier();
  return words.Accept('.') ? name : std::string();
}

}  // namespace

QueryEvent ParseQuery(EventType type, std::string_view body, const FormatDescription& format) {
  Bytes bytes(body);
  QueryEvent query;
  const size_t fixed = format.PostHeader(EventType::kQuery);
  bytes.Skip(8);  // thread, seconds it took
  const size_t database_bytes = bytes.U8();
  query.error_code = bytes.U16();
  size_t status_bytes = 0;
  if (fixed >= 13) {
    status_bytes = bytes.U16();
    bytes.Skip(fixed - 13);
  }
  ReadStatus(Bytes(bytes.Take(status_bytes)), query);
  query.database = bytes.Take(database_bytes);
  bytes.Skip(1);
  query.statement = bytes.Rest();
  if (type == EventType::kMariadbQueryCompressed) {
    query.inflated = InflateEventPart(query.statement);
    query.statement = {};
  }
  return query;
}

StatementStart ReadStatementStart(std::string_view statement) {
  Words words(statement);
  StatementStart start;
  const std::string first = words.Keyword();
  const Words after_first = words;
  const std::string second = words.Keyword();
  start.words = second.empty() ? first : first + " " + second;
  if (first == "BEGIN" || (first == "START" && second == "TRANSACTION")) {
    start.verb = Verb::kBegin;
  } else if (first == "COMMIT") {
    start.verb = Verb::kCommit;
  } else if (first == "ROLLBACK") {
    ReadRollback(words, second, start);
  } else if (first == "SAVEPOINT") {
    words = after_first;
    start.verb = Verb::kSavepoint;
    start.name = words.Identifier();
  } else if (first == "RELEASE") {
    start.verb = Verb::kReleaseSavepoint;
  } else if (first == "XA") {
    start.verb = XaVerb(second);
    start.name = XaName(words.Rest());
  } else if (OneOf(kRowVerbs, first) && !(first == "LOAD" && second == "INDEX")) {
    start.verb = Verb::kRows;
    start.database = ReadTargetDatabase(after_first);
  }
  return start;
}

bool IsSystemDatabase(std::string_view database) {
  const std::string name = Upper(database);
  return name == "MYSQL" || name == "SYS" || name == "PERFORMANCE_SCHEMA" || name == "INFORMATION_SCHEMA";
}

}  // namespace sluice::mysql::binlog
