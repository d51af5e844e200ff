// One message of the output plugin test_decoding taken apart (PostgreSQL documentation, appendix F "test_decoding", and
// its regression tests' expected output for what that leaves open). The text is UTF-8 (encoding.h). Views point into
// it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/name.h"

namespace sluice::postgresql::test_decoding {

enum class LineKind { kBegin, kCommit, kInsert, kUpdate, kDelete, kTruncate, kMessage };

struct LineColumn {
  std::string_view name;  // as the server quotes it
  std::string_view type;  // format_type() without what modifies it
  char kind = 'n';        // as in pgoutput: 'n' null, 'u' unchanged and not sent, 't' text
  bool quoted = false;    // the text is that between quotes, which are doubled in it
  std::string_view text;
};

struct Line {
  LineKind kind = LineKind::kMessage;
  uint32_t xid = 0;                      // of a transaction's begin and end
  int64_t committed_micros = 0;          // of its end; of the Unix epoch
  std::vector<std::string_view> tables;  // qualified, as the server quotes them; one, or those of a TRUNCATE
  bool restart_identity = false;
  bool has_before = false;         // an update that changed what identifies the row, or of a whole one
  bool has_row = false;            // false: the server had nothing that identifies the row
  std::vector<LineColumn> before;  // of updates and deletes; nulls are left out
  std::vector<LineColumn> after;   // all columns
};

// Throws kBadMessage. `line` is filled anew.
void ReadLine(std::string_view text, Line& line);

// A name as quote_identifier() writes it, and a qualified one.
std::string ReadIdentifier(std::string_view quoted);
model::ObjectName ReadName(std::string_view quoted);
bool IsIdentifier(std::string_view quoted, std::string_view name);

// The value as its type's output function gives it.
void AppendValue(const LineColumn& column, std::string& to);

}  // namespace sluice::postgresql::test_decoding
