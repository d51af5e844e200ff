// What the output plugin test_decoding writes (servers before 10, or where it is asked for), as the messages that
// pgoutput would have sent: one decoder for both. One thread. Knows nothing of connections.
//
//   1. Its text names tables and types and has no numbers. Tables are looked up in the catalog, which may be ahead of
//      the log; what a row's columns are called and which types they have is compared with the table's description, as
//      it is for pgoutput. What modifies a type, the 10 of varchar(10), is not in the text (../source_tables.h watches
//      the catalog for that).
//   2. Of an old row it leaves out nulls; and of a row that was deleted all but what identifies it.
//   3. It does not say where a commit record begins. The end of what was read before stands for it: no commit record
//      begins before that, and read again from there it is the same.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connector/definitions.h"
#include "connectors/postgresql/test_decoding/encoding.h"
#include "connectors/postgresql/test_decoding/line.h"
#include "model/name.h"

namespace sluice::postgresql::test_decoding {

// What the catalog says of a table now.
struct TableFacts {
  uint32_t oid = 0;
  model::ObjectName root;        // of a partition; else its own name
  char identity = 'd';           // pg_class.relreplident
  std::vector<std::string> key;  // columns of the index that identifies rows; with 'f', none
};

class NameCatalog {
 public:
  virtual ~NameCatalog() = default;
  // Nothing: there is no such table any more.
  virtual std::optional<TableFacts> FactsOf(const model::ObjectName& name) = 0;
  // A described type without what modifies it, as format_type() writes it.
  virtual std::string PlainType(const std::string& type) = 0;
};

struct TranslatorOptions {
  uint64_t start = 0;    // everything before is behind
  uint32_t version = 0;  // of the server
  std::string encoding;  // of the database; kUnsupported is thrown for one that is not known
  std::function<void(std::string_view message)> feed;
};

class Translator {
 public:
  Translator(TranslatorOptions options, const connector::Definitions& definitions, NameCatalog& catalog);

  // One message, and the place in the log that came with it. Throws kBadMessage, kSchemaDrift, kNoReplicaIdentity,
  // and what feed() throws.
  void Feed(std::string_view text, uint64_t lsn);
  // The server says that everything committed before `lsn` was sent.
  void Reached(uint64_t lsn);

 private:
  struct Column {
    std::string name;
    std::string type;
    bool key = false;
  };
  // A table with the columns that its rows have at this place of the log.
  struct Shape {
    uint32_t number = 0;
    model::ObjectName name;
    TableFacts facts;
    bool followed = false;
    std::vector<Column> described;  // as the task knows it
    std::vector<Column> columns;
  };

  void Row(const Line& line);
  void Truncate(const Line& line);
  Shape& ShapeOf(std::string_view table, const Line& line);
  Shape Find(std::string_view table);
  void Describe(Shape& shape);
  void Reshape(Shape& shape, const std::vector<LineColumn>& row);
  void Announce(const Shape& shape);
  static bool HasAll(const std::vector<Column>& columns, const std::vector<LineColumn>& row);
  bool Check(const Shape& shape, const Line& line) const;
  void AppendOld(const Shape& shape, const std::vector<LineColumn>& row);

  TranslatorOptions options_;
  const connector::Definitions& definitions_;
  NameCatalog& catalog_;
  Encoding encoding_;
  std::map<std::string, Shape, std::less<>> shapes_;  // by the name as the server quotes it
  uint64_t generation_ = 0;                           // of the definitions that `shapes_` were made of
  uint32_t next_unknown_;
  uint64_t behind_;      // the end of what was read
  uint64_t begins_ = 0;  // of the open transaction
  Line line_;
  std::string message_;
};

}  // namespace sluice::postgresql::test_decoding
