// Extensions, collations, types, domains and sequences as statements.
#include <fmt/format.h>

#include "connectors/postgresql/catalog.h"
#include "connectors/postgresql/object_reader.h"

namespace sluice::postgresql {

using model::ObjectKind;

void ObjectReader::ReadExtensions() {
  // Of all schemas: those that nothing here needs are left out again.
  const Rows rows(connection_.Run(
      "SELECT e.oid, e.extname, n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
      "WHERE e.extname <> 'plpgsql' ORDER BY e.extname",
      {}, "catalog"));
  for (size_t r = 0; r < rows.size(); ++r) {
    const std::string name = rows.Text(r, 1);
    const std::string schema = rows.Text(r, 2);
    model::SchemaObject& object = Add(ObjectKind::kExtension, "pg_extension", rows.Id(r, 0), name,
                                      fmt::format("CREATE EXTENSION {} WITH SCHEMA {}", Quote(name), Quote(schema)));
    object.name.database = schema;
  }
}

void ObjectReader::ReadCollations() {
  const Rows rows = Ask(fmt::format(
      "SELECT c.oid, c.collname, {}, c.collcollate, c.collctype, {}, {}, {}, obj_description(c.oid, 'pg_collation') "
      "FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace WHERE n.nspname = $1 AND {} "
      "ORDER BY c.collname",
      AtLeast(100000) ? "c.collprovider" : "'c'",
      AtLeast(170000)   ? "c.colllocale"
      : AtLeast(150000) ? "c.colliculocale"
                        : "NULL",
      AtLeast(120000) ? "c.collisdeterministic" : "true", AtLeast(160000) ? "c.collicurules" : "NULL",
      NotOfExtension("pg_collation", "c.oid")));
  for (size_t r = 0; r < rows.size(); ++r) {
    const std::string name = rows.Text(r, 1);
    const char provider = rows.Letter(r, 2);
    std::string options;
    if (provider == 'c') {
      if (AtLeast(100000)) options = "provider = libc, ";
      options += fmt::format("lc_collate = {}, lc_ctype = {}", Literal(rows.Text(r, 3)), Literal(rows.Text(r, 4)));
    } else {
      // Before 15 an ICU locale stood in collcollate.
      const std::string locale = rows.IsNull(r, 5) ? rows.Text(r, 3) : rows.Text(r, 5);
      options = fmt::format("provider = {}, locale = {}", provider == 'i' ? "icu" : "builtin", Literal(locale));
    }
    if (!rows.Flag(r, 6)) options += ", deterministic = false";
    if (!rows.Text(r, 7).empty()) options += ", rules = " + Literal(rows.Text(r, 7));
    Add(ObjectKind::kCollation, "pg_collation", rows.Id(r, 0), name,
        fmt::format("CREATE COLLATION {} ({}){}", Full(name), options,
                    Comment("COLLATION " + Full(name), rows.Text(r, 8))));
  }
}

void ObjectReader::ReadEnums() {
  const Rows rows = Ask(fmt::format(
      "SELECT t.oid, t.typname, (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e "
      "WHERE e.enumtypid = t.oid), obj_description(t.oid, 'pg_type') FROM pg_type t "
      "JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname = $1 AND t.typtype = 'e' AND {} ORDER BY 2",
      NotOfExtension("pg_type", "t.oid")));
  for (size_t r = 0; r < rows.size(); ++r) {
    const std::string name = rows.Text(r, 1);
    std::string labels;
    for (const std::string& label : rows.List(r, 2)) labels += (labels.empty() ? "" : ", ") + Literal(label);
    Add(ObjectKind::kType, "pg_type", rows.Id(r, 0), name,
        fmt::format("CREATE TYPE {} AS ENUM ({}){}", Full(name), labels,
                    Comment("TYPE " + Full(name), rows.Text(r, 3))));
  }
}

void ObjectReader::ReadComposites() {
  const Rows rows = Ask(fmt::format(
      "SELECT c.oid, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), "
      "CASE WHEN a.attcollation <> t.typcollation THEN quote_ident(cn.nspname) || '.' || quote_ident(co.collname) END, "
      "obj_description(y.oid, 'pg_type'), col_description(c.oid, a.attnum) "
      "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type y ON y.typrelid = c.oid "
      "LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
      "LEFT JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_collation co ON co.oid = a.attcollation "
      "LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace "
      "WHERE n.nspname = $1 AND c.relkind = 'c' AND {} ORDER BY c.relname, a.attnum",
      NotOfExtension("pg_type", "y.oid")));
  for (size_t r = 0; r < rows.size();) {
    const std::string name = rows.Text(r, 1);
    const uint32_t id = rows.Id(r, 0);
    std::string attributes;
    std::string comments = Comment("TYPE " + Full(name), rows.Text(r, 5));
    for (; r < rows.size() && rows.Id(r, 0) == id; ++r) {
      if (rows.IsNull(r, 2)) continue;
      const std::string column = rows.Text(r, 2);
      attributes += (attributes.empty() ? "" : ", ") + Quote(column) + " " + rows.Text(r, 3);
      if (!rows.IsNull(r, 4)) attributes += " COLLATE " + rows.Text(r, 4);
      comments += Comment("COLUMN " + Full(name) + "." + Quote(column), rows.Text(r, 6));
    }
    Add(ObjectKind::kType, "pg_class", id, name,
        fmt::format("CREATE TYPE {} AS ({}){}", Full(name), attributes, comments));
  }
}

void ObjectReader::ReadRanges() {
  const bool has_multi = AtLeast(140000);
  const Rows rows = Ask(fmt::format(
      "SELECT t.oid, t.typname, format_type(r.rngsubtype, -1), "
      "CASE WHEN NOT o.opcdefault THEN quote_ident(opn.nspname) || '.' || quote_ident(o.opcname) END, "
      "CASE WHEN r.rngcollation <> st.typcollation THEN quote_ident(cn.nspname) || '.' || quote_ident(co.collname) "
      "END, "
      "NULLIF(r.rngcanonical::oid, 0)::regproc, NULLIF(r.rngsubdiff::oid, 0)::regproc, {}, "
      "obj_description(t.oid, 'pg_type') "
      "FROM pg_range r JOIN pg_type t ON t.oid = r.rngtypid JOIN pg_namespace n ON n.oid = t.typnamespace "
      "JOIN pg_type st ON st.oid = r.rngsubtype LEFT JOIN pg_opclass o ON o.oid = r.rngsubopc "
      "LEFT JOIN pg_namespace opn ON opn.oid = o.opcnamespace LEFT JOIN pg_collation co ON co.oid = r.rngcollation "
      "LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace {} WHERE n.nspname = $1 AND {} ORDER BY t.typname",
      has_multi ? "quote_ident(mn.nspname) || '.' || quote_ident(m.typname)" : "NULL",
      has_multi ? "LEFT JOIN pg_type m ON m.oid = r.rngmultitypid LEFT JOIN pg_namespace mn ON mn.oid = m.typnamespace"
                : "",
      NotOfExtension("pg_type", "t.oid")));
  for (size_t r = 0; r < rows.size(); ++r) {
    const std::string name = rows.Text(r, 1);
    std::string options = "subtype = " + rows.Text(r, 2);
    const auto add = [&](const char* key, int column) {
      if (!rows.IsNull(r, column)) options += fmt::format(", {} = {}", key, rows.Text(r, column));
    };
    add("subtype_opclass", 3);
    add("collation", 4);
    add("canonical", 5);
    add("subtype_diff", 6);
    add("multirange_type_name", 7);
    Add(ObjectKind::kType, "pg_type", rows.Id(r, 0), name,
        fmt::format("CREATE TYPE {} AS RANGE ({}){}", Full(name), options,
                    Comment("TYPE " + Full(name), rows.Text(r, 8))));
  }
}

void ObjectReader::ReadDomains() {
  const Rows rows = Ask(fmt::format(
      "SELECT t.oid, t.typname, format_type(t.typbasetype, t.typtypmod), t.typnotnull, pg_get_expr(t.typdefaultbin, "
      "0), "
      "CASE WHEN t.typcollation <> b.typcollation THEN quote_ident(cn.nspname) || '.' || quote_ident(co.collname) END, "
      "(SELECT json_agg(quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid) ORDER BY k.conname) "
      "FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c' AND k.convalidated), "
      "(SELECT json_agg(quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid) ORDER BY k.conname) "
      "FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c' AND NOT k.convalidated), "
      "(SELECT json_object_agg(k.conname, obj_description(k.oid, 'pg_constraint')) FROM pg_constraint k "
      "WHERE k.contypid = t.oid AND obj_description(k.oid, 'pg_constraint') IS NOT NULL), "
      "obj_description(t.oid, 'pg_type') "
      "FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_type b ON b.oid = t.typbasetype "
      "LEFT JOIN pg_collation co ON co.oid = t.typcollation LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace "
      "WHERE n.nspname = $1 AND t.typtype = 'd' AND {} ORDER BY t.typname",
      NotOfExtension("pg_type", "t.oid")));
  for (size_t r = 0; r < rows.size(); ++r) {
    const std::string name = rows.Text(r, 1);
    std::string sql = "CREATE DOMAIN " + Full(name) + " AS " + rows.Text(r, 2);
    if (!rows.IsNull(r, 5)) sql += " COLLATE " + rows.Text(r, 5);
    if (!rows.IsNull(r, 4)) sql += " DEFAULT " + rows.Text(r, 4);
    if (rows.Flag(r, 3)) sql += " NOT NULL";
    for (const std::string& one : rows.List(r, 6)) sql += "\n  CONSTRAINT " + one;
    for (const std::string& one : rows.List(r, 7)) sql += ";\nALTER DOMAIN " + Full(name) + " ADD CONSTRAINT " + one;
    for (const auto& [constraint, comment] : rows.Map(r, 8)) {
      sql += Comment("CONSTRAINT " + Quote(constraint) + " ON DOMAIN " + Full(name), comment);
    }
    sql += Comment("DOMAIN " + Full(name), rows.Text(r, 9));
    Add(ObjectKind::kDomain, "pg_type", rows.Id(r, 0), name, std::move(sql));
  }
}

void ObjectReader::ReadSequences() {
  // Those that a column owns come with its table.
  const bool has_catalog = AtLeast(100000);
  const Rows rows = Ask(fmt::format(
      "SELECT s.oid, s.relname, s.relpersistence, obj_description(s.oid, 'pg_class'), {} "
      "FROM pg_class s JOIN pg_namespace n ON n.oid = s.relnamespace {} "
      "WHERE n.nspname = $1 AND s.relkind = 'S' AND s.relpersistence <> 't' AND {} AND NOT EXISTS "
      "(SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = s.oid "
      "AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')) ORDER BY s.relname",
      has_catalog ? kSequenceColumns : "NULL", has_catalog ? "JOIN pg_sequence q ON q.seqrelid = s.oid" : "",
      NotOfExtension("pg_class", "s.oid")));
  for (size_t r = 0; r < rows.size(); ++r) {
    SequenceDefinition sequence = has_catalog ? SequenceOf(rows, r, 4) : SequenceDefinition{};
    sequence.name = {schema_, rows.Text(r, 1)};
    sequence.unlogged = rows.Letter(r, 2) == 'u';
    sequence.comment = rows.Text(r, 3);
    if (!has_catalog) ReadSequenceItself(connection_, sequence);
    Add(ObjectKind::kSequence, "pg_class", rows.Id(r, 0), sequence.name.name,
        SequenceStatement(sequence, sequence.name));
  }
}

}  // namespace sluice::postgresql
