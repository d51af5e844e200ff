// What a table's description does not say of it, as PostgreSQL's catalogs have it: enough to make the table again, with
// other names. Expressions and types are the server's own text (pg_get_expr, format_type ... with an empty
// search_path), so every name of a user's object in them has its schema. Kept as JSON in
// model::Table::create_statement.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connectors/postgresql/names_in_text.h"
#include "model/name.h"

namespace sluice::postgresql {

struct SequenceDefinition {
  model::ObjectName name;
  std::string column;  // that owns it
  std::string type;    // "bigint"; empty: a server before 10, always bigint
  std::string start, increment, minimum, maximum, cache;
  bool cycle = false;
  bool unlogged = false;
  std::string comment;
};

struct ColumnDefinition {
  std::string name;
  std::string type;       // format_type()
  std::string collation;  // quoted with its schema; empty: the type's own
  bool not_null = false;
  // From 18 on a constraint of its own. The name is empty when the server would choose it too.
  std::string not_null_name;
  bool not_null_no_inherit = false;
  bool not_null_not_valid = false;
  bool not_null_local = true;  // false: it comes from a parent alone
  std::string default_value;   // expression, of a generated column what generates it
  char generated = ' ';        // s, v
  char identity = ' ';         // a(lways), d (by default)
  char storage = ' ';          // p, e, m, x; blank: the type's own
  std::string compression;     // "pglz", "lz4"; empty: the server's default
  std::optional<int> statistics;
  std::vector<std::string> options;  // "n_distinct=5"
  bool local = true;                 // false: it comes from a parent alone
  std::string comment;
};

struct ConstraintDefinition {
  std::string name;
  std::string definition;  // pg_get_constraintdef()
  bool local = true;       // false: it comes from a parent alone
  std::string comment;
};

struct ForeignKeyDefinition {
  std::string name;
  std::string definition;
  model::ObjectName referenced;
  std::vector<std::string> columns;
  std::vector<std::string> referenced_columns;
  char on_delete = 'a';
  char on_update = 'a';
  bool valid = true;
  bool enforced = true;
  bool to_partitioned = false;  // the referenced table is partitioned
  std::string comment;
};

struct IndexDefinition {
  model::ObjectName name;
  std::string definition;  // pg_get_indexdef()
  std::string method;      // "btree"
  bool unique = false;
  bool primary = false;
  bool partial = false;
  bool expressions = false;
  bool immediate = true;  // false: a deferrable constraint's
  bool nulls_not_distinct = false;
  bool valid = true;
  bool clustered = false;
  bool replica_identity = false;
  std::vector<std::string> columns;  // key columns by name; "" for an expression
  std::vector<bool> descending;      // beside them; only as read, `definition` says it too
  std::string constraint;            // name of the constraint that it belongs to
  char constraint_kind = ' ';        // p, u, x
  std::string constraint_definition;
  std::string constraint_comment;
  std::string comment;
  std::vector<std::pair<int, int>> statistics;  // of expressions: number of the index's column, target
  model::ObjectName parent;                     // index of the partitioned table that it is a part of
};

struct StatisticsDefinition {
  model::ObjectName name;
  std::string definition;  // pg_get_statisticsobjdef()
  std::optional<int> target;
  std::string comment;
};

struct Definition {
  model::ObjectName name;
  char kind = 'r';         // pg_class.relkind: r, p
  char persistence = 'p';  // p, u(nlogged)
  std::string of_type;     // CREATE TABLE ... OF
  std::string access_method;
  std::vector<std::string> options;  // "fillfactor=70", "toast.autovacuum_enabled=false"
  std::vector<ColumnDefinition> columns;
  std::vector<ConstraintDefinition> checks;
  std::vector<IndexDefinition> indexes;
  std::vector<ForeignKeyDefinition> foreign_keys;
  std::vector<SequenceDefinition> sequences;  // owned by its columns
  std::vector<StatisticsDefinition> statistics;
  std::vector<model::ObjectName> parents;  // INHERITS, in order
  bool has_children = false;               // other tables inherit from it (partitions are not meant)
  std::string partition_key;               // pg_get_partkeydef()
  std::string partition_bound;             // "FOR VALUES ...", of a partition
  std::vector<Definition> partitions;
  char replica_identity = 'd';  // d, n, f, i
  std::string comment;
  // Of the topmost table: which names in all these texts are those of other objects.
  References references;
};

std::string ToJson(const Definition& definition);
// Throws kNotTranslatable for a text that ToJson did not write.
Definition DefinitionFromJson(const std::string& text, const model::ObjectName& table);

}  // namespace sluice::postgresql
