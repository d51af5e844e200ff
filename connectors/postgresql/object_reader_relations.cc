// Views, materialized views, rules, policies and triggers as statements.
#include <fmt/format.h>

#include "connectors/postgresql/catalog.h"
#include "connectors/postgresql/object_reader.h"

namespace sluice::postgresql {

using model::ObjectKind;

namespace {

// "ALTER TABLE t DISABLE TRIGGER x" for what is not simply enabled.
std::string Firing(const std::string& table, const char* what, const std::string& name, char state) {
  const char* word = state == 'D'   ? "DISABLE"
                     : state == 'R' ? "ENABLE REPLICA"
                     : state == 'A' ? "ENABLE ALWAYS"
                                    : nullptr;
  return word == nullptr ? "" : fmt::format(";\nALTER TABLE {} {} {} {}", table, word, what, Quote(name));
}

std::string WithoutSemicolon(std::string sql) {
  while (!sql.empty() && (sql.back() == ';' || sql.back() == ' ' || sql.back() == '\n')) sql.pop_back();
  return sql;
}

}  // namespace

// Comments, defaults and statistics of the columns of views, by the view.
std::map<uint32_t, std::string> ObjectReader::ReadColumnExtras(const std::string& kind) {
  const Rows rows = Ask(fmt::format(
      "SELECT c.oid, c.relname, a.attname, col_description(c.oid, a.attnum), pg_get_expr(d.adbin, d.adrelid), "
      "CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END "
      "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid "
      "LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum "
      "WHERE n.nspname = $1 AND c.relkind = '{}' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.oid, a.attnum",
      kind));
  const std::string word = kind == "v" ? "VIEW" : "MATERIALIZED VIEW";
  std::map<uint32_t, std::string> extras;
  for (size_t r = 0; r < rows.size(); ++r) {
    const std::string view = Full(rows.Text(r, 1));
    const std::string column = Quote(rows.Text(r, 2));
    std::string& sql = extras[rows.Id(r, 0)];
    if (!rows.IsNull(r, 4)) {
      sql += fmt::format(";\nALTER VIEW {} ALTER COLUMN {} SET DEFAULT {}", view, column, rows.Text(r, 4));
    }
    if (!rows.IsNull(r, 5)) {
      sql += fmt::format(";\nALTER {} {} ALTER COLUMN {} SET STATISTICS {}", word, view, column, rows.Text(r, 5));
    }
    sql += Comment("COLUMN " + view + "." + column, rows.Text(r, 3));
  }
  return extras;
}

// Of materialized views, by the view.
std::map<uint32_t, std::string> ObjectReader::ReadViewIndexes() {
  const Rows rows =
      Ask("SELECT i.indrelid, x.relname, pg_get_indexdef(i.indexrelid), i.indisclustered, c.relname, "
          "obj_description(i.indexrelid, 'pg_class') FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid "
          "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class x ON x.oid = i.indexrelid "
          "WHERE n.nspname = $1 AND c.relkind = 'm' AND i.indisvalid ORDER BY x.relname");
  std::map<uint32_t, std::string> indexes;
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string& sql = indexes[rows.Id(r, 0)];
    sql += ";\n" + rows.Text(r, 2);
    if (rows.Flag(r, 3)) {
      sql += fmt::format(";\nALTER MATERIALIZED VIEW {} CLUSTER ON {}", Full(rows.Text(r, 4)), Quote(rows.Text(r, 1)));
    }
    sql += Comment("INDEX " + Full(rows.Text(r, 1)), rows.Text(r, 5));
  }
  return indexes;
}

void ObjectReader::ReadViews() {
  std::map<uint32_t, std::string> view_extras = ReadColumnExtras("v");
  std::map<uint32_t, std::string> stored_extras = ReadColumnExtras("m");
  std::map<uint32_t, std::string> indexes = ReadViewIndexes();
  const Rows rows = Ask(fmt::format(
      "SELECT c.oid, c.relname, c.relkind, pg_get_viewdef(c.oid), array_to_json(c.reloptions), c.relispopulated, "
      "obj_description(c.oid, 'pg_class'), {} FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace {} "
      "WHERE n.nspname = $1 AND c.relkind IN ('v', 'm') AND {} ORDER BY c.relname",
      AtLeast(120000) ? "NULLIF(am.amname, 'heap')" : "NULL",
      AtLeast(120000) ? "LEFT JOIN pg_am am ON am.oid = c.relam" : "", NotOfExtension("pg_class", "c.oid")));
  for (size_t r = 0; r < rows.size(); ++r) {
    const uint32_t id = rows.Id(r, 0);
    const bool stored = rows.Letter(r, 2) == 'm';
    const std::string name = rows.Text(r, 1);
    const std::string word = stored ? "MATERIALIZED VIEW" : "VIEW";
    std::string sql = "CREATE " + word + " " + Full(name);
    if (!rows.IsNull(r, 7)) sql += " USING " + Quote(rows.Text(r, 7));
    std::string options;
    for (const std::string& option : rows.List(r, 4)) {
      const size_t equals = option.find('=');
      options += (options.empty() ? "" : ", ") + option.substr(0, equals) + " = " +
                 Literal(equals == std::string::npos ? "true" : option.substr(equals + 1));
    }
    if (!options.empty()) sql += " WITH (" + options + ")";
    sql += " AS\n" + WithoutSemicolon(rows.Text(r, 3));
    if (stored) sql += rows.Flag(r, 5) ? "\nWITH DATA" : "\nWITH NO DATA";
    sql += stored ? stored_extras[id] : view_extras[id];
    if (stored) sql += indexes[id];
    sql += Comment(word + " " + Full(name), rows.Text(r, 6));
    Add(stored ? ObjectKind::kMaterializedView : ObjectKind::kView, "pg_class", id, name, std::move(sql));
  }
}

void ObjectReader::ReadRules() {
  const Rows rows = Ask(fmt::format(
      "SELECT r.oid, r.rulename, c.relname, pg_get_ruledef(r.oid), r.ev_enabled, obj_description(r.oid, 'pg_rewrite') "
      "FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace "
      "WHERE n.nspname = $1 AND r.ev_type <> '1' AND {} ORDER BY c.relname, r.rulename",
      NotOfExtension("pg_class", "c.oid")));
  for (size_t r = 0; r < rows.size(); ++r) {
    const std::string name = rows.Text(r, 1);
    const std::string table = Full(rows.Text(r, 2));
    std::string sql = WithoutSemicolon(rows.Text(r, 3));
    sql += Firing(table, "RULE", name, rows.Letter(r, 4));
    sql += Comment("RULE " + Quote(name) + " ON " + table, rows.Text(r, 5));
    Add(ObjectKind::kRule, "pg_rewrite", rows.Id(r, 0), name, std::move(sql)).table = {schema_, rows.Text(r, 2)};
  }
}

// Whether policies hold at all is a setting of the table: an object without a name.
void ObjectReader::ReadRowSecurity() {
  const Rows rows =
      Ask("SELECT c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity FROM pg_class c "
          "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') "
          "AND (c.relrowsecurity OR c.relforcerowsecurity) ORDER BY c.relname");
  for (size_t r = 0; r < rows.size(); ++r) {
    const std::string table = Full(rows.Text(r, 1));
    std::string sql;
    if (rows.Flag(r, 2)) sql = "ALTER TABLE " + table + " ENABLE ROW LEVEL SECURITY";
    if (rows.Flag(r, 3)) sql += (sql.empty() ? "" : ";\n") + ("ALTER TABLE " + table + " FORCE ROW LEVEL SECURITY");
    Add(ObjectKind::kPolicy, "row security", rows.Id(r, 0), "", std::move(sql)).table = {schema_, rows.Text(r, 1)};
  }
}

void ObjectReader::ReadPolicies() {
  if (!AtLeast(90500)) return;
  ReadRowSecurity();
  // A role that the destination does not have makes the statement fail there, and is named by the error.
  const Rows rows = Ask(fmt::format(
      "SELECT p.oid, p.polname, c.relname, p.polcmd, {}, pg_get_expr(p.polqual, p.polrelid), "
      "pg_get_expr(p.polwithcheck, p.polrelid), "
      "(SELECT string_agg(CASE WHEN u.id = 0 THEN 'PUBLIC' ELSE (SELECT quote_ident(rolname) FROM pg_roles "
      "WHERE oid = u.id) END, ', ') FROM unnest(p.polroles) u(id)), obj_description(p.oid, 'pg_policy') "
      "FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
      "WHERE n.nspname = $1 AND {} ORDER BY c.relname, p.polname",
      AtLeast(100000) ? "p.polpermissive" : "true", NotOfExtension("pg_class", "c.oid")));
  for (size_t r = 0; r < rows.size(); ++r) {
    const std::string name = rows.Text(r, 1);
    const std::string table = Full(rows.Text(r, 2));
    std::string sql = "CREATE POLICY " + Quote(name) + " ON " + table;
    if (!rows.Flag(r, 4)) sql += " AS RESTRICTIVE";
    switch (rows.Letter(r, 3)) {
      case 'r':
        sql += " FOR SELECT";
        break;
      case 'a':
        sql += " FOR INSERT";
        break;
      case 'w':
        sql += " FOR UPDATE";
        break;
      case 'd':
        sql += " FOR DELETE";
        break;
      default:
        break;
    }
    sql += " TO " + rows.Text(r, 7);
    if (!rows.IsNull(r, 5)) sql += "\n  USING (" + rows.Text(r, 5) + ")";
    if (!rows.IsNull(r, 6)) sql += "\n  WITH CHECK (" + rows.Text(r, 6) + ")";
    sql += Comment("POLICY " + Quote(name) + " ON " + table, rows.Text(r, 8));
    Add(ObjectKind::kPolicy, "pg_policy", rows.Id(r, 0), name, std::move(sql)).table = {schema_, rows.Text(r, 2)};
  }
}

void ObjectReader::ReadTriggers() {
  // Those that a partition has from its table come with that of the table.
  const Rows rows = Ask(fmt::format(
      "SELECT t.oid, t.tgname, c.relname, pg_get_triggerdef(t.oid), t.tgenabled, obj_description(t.oid, 'pg_trigger') "
      "FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
      "WHERE n.nspname = $1 AND NOT t.tgisinternal {} AND c.relkind IN ('r', 'p', 'v') AND {} "
      "ORDER BY c.relname, t.tgname",
      AtLeast(130000) ? "AND t.tgparentid = 0" : "", NotOfExtension("pg_trigger", "t.oid")));
  for (size_t r = 0; r < rows.size(); ++r) {
    const std::string name = rows.Text(r, 1);
    const std::string table = Full(rows.Text(r, 2));
    std::string sql = rows.Text(r, 3);
    sql += Firing(table, "TRIGGER", name, rows.Letter(r, 4));
    sql += Comment("TRIGGER " + Quote(name) + " ON " + table, rows.Text(r, 5));
    Add(ObjectKind::kTrigger, "pg_trigger", rows.Id(r, 0), name, std::move(sql)).table = {schema_, rows.Text(r, 2)};
  }
}

std::vector<NotCarried> ListNotCarried(Connection& connection, const std::string& schema) {
  const std::string aggregate = connection.version() >= 110000 ? "p.prokind = 'a'" : "p.proisagg";
  const OptionalText parameters[] = {schema};
  const Rows rows(connection.Run(
      fmt::format(
          "SELECT x.object, x.why FROM ("
          "SELECT p.pronamespace AS schema, 'function ' || n.nspname || '.' || p.proname || '(' || "
          "pg_get_function_identity_arguments(p.oid) || ')' AS object, 'it is written in ' || CASE l.lanname "
          "WHEN 'c' THEN 'C: its library has to be installed at the destination' "
          "ELSE 'C and part of the server' END AS why "
          "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang "
          "WHERE l.lanname IN ('c', 'internal') AND NOT {} AND {} AND NOT EXISTS (SELECT FROM pg_depend d "
          "WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i') "
          "UNION ALL SELECT t.typnamespace, 'type ' || n.nspname || '.' || t.typname, "
          "'it is a base type, whose functions are written in C' FROM pg_type t "
          "JOIN pg_namespace n ON n.oid = t.typnamespace "
          "WHERE t.typtype = 'b' AND t.typcategory <> 'A' AND {} "
          "UNION ALL SELECT f.pronamespace, 'cast from ' || format_type(k.castsource, NULL) || ' to ' || "
          "format_type(k.casttarget, NULL), 'casts are not carried' FROM pg_cast k JOIN pg_proc f ON f.oid = "
          "k.castfunc "
          "WHERE {} "
          "UNION ALL SELECT o.opcnamespace, 'operator class ' || n.nspname || '.' || o.opcname, "
          "'operator classes are not carried' FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace WHERE {} "
          "UNION ALL SELECT o.cfgnamespace, 'text search configuration ' || n.nspname || '.' || o.cfgname, "
          "'text search objects are not carried' FROM pg_ts_config o JOIN pg_namespace n ON n.oid = o.cfgnamespace "
          "WHERE {} "
          "UNION ALL SELECT o.dictnamespace, 'text search dictionary ' || n.nspname || '.' || o.dictname, "
          "'text search objects are not carried' FROM pg_ts_dict o JOIN pg_namespace n ON n.oid = o.dictnamespace "
          "WHERE {} "
          "UNION ALL SELECT o.connamespace, 'conversion ' || n.nspname || '.' || o.conname, "
          "'conversions are not carried' FROM pg_conversion o JOIN pg_namespace n ON n.oid = o.connamespace WHERE {} "
          "UNION ALL SELECT f.pronamespace, 'event trigger ' || v.evtname, "
          "'event triggers belong to the whole database' FROM pg_event_trigger v JOIN pg_proc f ON f.oid = v.evtfoid "
          "WHERE {}) x JOIN pg_namespace n ON n.oid = x.schema WHERE n.nspname = $1 ORDER BY 1",
          aggregate, NotOfExtension("pg_proc", "p.oid"), NotOfExtension("pg_type", "t.oid"),
          NotOfExtension("pg_cast", "k.oid"), NotOfExtension("pg_opclass", "o.oid"),
          NotOfExtension("pg_ts_config", "o.oid"), NotOfExtension("pg_ts_dict", "o.oid"),
          NotOfExtension("pg_conversion", "o.oid"), NotOfExtension("pg_event_trigger", "v.oid")),
      parameters, "schema " + schema));
  std::vector<NotCarried> list;
  for (size_t r = 0; r < rows.size(); ++r) list.push_back({rows.Text(r, 0), rows.Text(r, 1)});
  return list;
}

}  // namespace sluice::postgresql
