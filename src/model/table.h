// A table's description, neutral enough for every engine; the engine's own statement stands beside it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/name.h"

namespace sluice::model {

// Kept as numbers in task stores: append only.
enum class TypeKind : uint8_t {
  kInteger,  // `bytes` 1,2,3,4,8; `is_unsigned`
  kDecimal,  // `precision`, `scale`
  kFloat32,
  kFloat64,
  kBit,  // `length` bits
  kYear,
  kDate,
  kTime,       // `fraction` digits
  kDateTime,   // no zone; `fraction`
  kTimestamp,  // an instant, text is UTC; `fraction`
  kChar,       // `length` characters, `charset`, `collation`
  kVarchar,
  kText,    // `length` bytes at most
  kBinary,  // `length` bytes, padded with 0x00
  kVarbinary,
  kBlob,
  kEnum,  // `elements` (UTF-8)
  kSet,
  kJson,
  kGeometry,  // `srid`
  kUuid,
  kInet,
  kVector,
  kOther,     // the engine's own; values are its text. Another engine keeps that text where a table in docs says so,
              // else the precheck refuses the column
  kBoolean,   // values are the integers 0 and 1
  kInterval,  // text as the engine writes it
};

std::string_view Name(TypeKind kind);

struct ColumnType {
  TypeKind kind = TypeKind::kOther;
  uint8_t bytes = 0;
  bool is_unsigned = false;
  uint64_t length = 0;
  uint16_t precision = 0;
  uint16_t scale = 0;
  uint8_t fraction = 0;
  std::string charset;  // engine's name, empty when the type has none
  std::string collation;
  std::vector<std::string> elements;
  std::optional<uint32_t> srid;
  bool by_bytes = false;  // two values are equal only if their texts are, byte by byte
  std::string native;     // as the engine writes it, e.g. "decimal(10,2) unsigned"

  bool IsText() const {
    return kind == TypeKind::kChar || kind == TypeKind::kVarchar || kind == TypeKind::kText ||
           kind == TypeKind::kEnum || kind == TypeKind::kSet;
  }
};

enum class Generated : uint8_t { kNo, kVirtual, kStored };

// What a column gets when a row does not say it, as far as another engine can be told. Kept as numbers: append only.
struct ColumnDefault {
  enum class Kind : uint8_t {
    kNone,        // none, or NULL
    kLiteral,     // `text` is the value as connector/neutral.h writes it
    kNow,         // the moment of the statement, with the column's digits
    kExpression,  // `text` is an expression in the source's own words
  };
  Kind kind = Kind::kNone;
  std::string text;
};

// Defaults, comments, checks and expressions are there for destinations of another engine: one of the same engine takes
// them from Table::create_statement.
struct Column {
  std::string name;
  ColumnType type;
  bool nullable = true;
  Generated generated = Generated::kNo;
  bool auto_increment = false;  // a counter feeds it: AUTO_INCREMENT, identity, serial
  bool invisible = false;
  ColumnDefault default_value;
  bool now_on_update = false;     // MySQL's ON UPDATE CURRENT_TIMESTAMP
  std::string generated_as = {};  // the expression in the source's own words
  std::string comment = {};
};

struct KeyPart {
  uint32_t column = 0;         // index into Table::columns
  uint32_t prefix_length = 0;  // characters, 0 = whole column
  bool descending = false;
};

struct Key {
  std::string name;
  bool primary = false;
  bool unique = false;
  bool has_expression = false;  // a functional key part: `parts` is then incomplete
  bool partial = false;         // of some rows only
  bool deferrable = false;      // unique only at a transaction's end, where that is asked for
  std::vector<KeyPart> parts;
  std::string method = {};  // where it is no ordinary ordered index: "fulltext", "spatial", "hash", "gin" ...
  std::string comment = {};
};

struct TableCheck {
  std::string name;
  std::string expression;  // in the source's own words
};

enum class ReferentialAction : uint8_t { kRestrict, kCascade, kSetNull, kSetDefault, kNoAction };

struct ForeignKey {
  std::string name;
  std::vector<uint32_t> columns;
  ObjectName referenced;
  std::vector<std::string> referenced_columns;
  ReferentialAction on_delete = ReferentialAction::kRestrict;
  ReferentialAction on_update = ReferentialAction::kRestrict;
};

// Immutable once shared: a change of the table makes a new Table.
struct Table {
  ObjectName name;
  std::vector<Column> columns;  // in the engine's own order, generated and invisible ones included
  std::vector<Key> keys;
  std::vector<ForeignKey> foreign_keys;
  std::vector<TableCheck> checks;
  std::string comment;
  std::string create_statement;  // the engine's own (SHOW CREATE TABLE)
  bool transactional = true;     // false: MyISAM and the like, whose rows are outside any snapshot
  std::string storage_engine;
  bool partitioned = false;  // its rows lie in partitions
  // What cannot be said here of it, in words for people: a destination of another engine goes without.
  std::vector<std::string> unsaid;
  uint64_t rows_estimated = 0;
  uint64_t bytes_estimated = 0;

  std::optional<uint32_t> FindColumn(std::string_view name) const;  // exact, then ignoring ASCII case
  // The key that identifies a row: the primary key, else the shortest unique key over NOT NULL stored columns without
  // expressions, of all rows; null when there is none. A prefix part counts: where the prefix is unique, so is the
  // whole value. A deferrable one does not: within a transaction several rows may have its values.
  const Key* IdentityKey() const;
  // The same among the deferrable ones too: it tells apart the rows that are committed.
  const Key* CommittedKey() const;

 private:
  const Key* BestKey(bool deferrable) const;
};

using TablePtr = std::shared_ptr<const Table>;

// What is carried beside tables, by its statement. Kept as numbers in task stores: append only.
enum class ObjectKind : uint8_t {
  kDatabase,  // what groups tables: a database of MySQL, a schema of PostgreSQL
  kTable,
  kView,
  kTrigger,
  kProcedure,
  kFunction,
  kMaterializedView,
  kSequence,
  kType,
  kDomain,
  kCollation,
  kExtension,
  kAggregate,
  kOperator,
  kRule,
  kPolicy,
};
std::string_view Name(ObjectKind kind);

struct SchemaObject {
  ObjectKind kind = ObjectKind::kView;
  ObjectName name;
  ObjectName table;              // of a trigger, rule, policy, or a sequence that feeds its column
  std::string signature;         // "integer, text": tells objects of one name apart where the engine allows several
  std::string create_statement;  // as the source's server writes it
  std::string sql_mode;          // to be set when it is created, where the engine has such a thing
  std::string charset;           // client character set at creation, where the engine has such a thing
  std::string collation;
  bool before_tables = false;  // tables may need it
  // Other objects that the statement names, where the engine can tell: tables and views, and the rest.
  std::vector<ObjectName> named_relations;
  std::vector<ObjectName> named_others;
};

}  // namespace sluice::model
