#include "connectors/postgresql/ddl_trigger.h"

#include <fmt/format.h>

#include "base/log.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/definition_questions.h"
#include "connectors/postgresql/names.h"
#include "connectors/postgresql/slot.h"

namespace sluice::postgresql {
namespace {

constexpr uint32_t kPublishesRoots = 130000;
constexpr uint32_t kHasMissingValues = 110000;
constexpr uint32_t kHasVirtualColumns = 180000;
constexpr size_t kMostOfName = 58;

// What ends a wait of the function for a lock of the publication, which another session's CREATE TABLE may hold until
// its transaction ends (15 and later): well below deadlock_timeout, so that the application is never the victim.
constexpr const char* kLockTimeout = "500ms";

// {0} record table, {1} schemas, {2} publication (a literal), {3} answers, {4} values of rows that are older than their
// column, {5} settings, {6} function, {7} whether a partitioned table is published itself, {8} where the session keeps
// which tables the statement has written anew (each task's own: each trigger forgets what it has recorded), {9} whether
// table c has a virtual generated column, {10} whether table r of schema s is selected.
constexpr const char* kFunction = R"sql(
CREATE FUNCTION {6}() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER {5} AS $sluice$
#variable_conflict use_column
DECLARE
  schemas CONSTANT text[] := {1};
  touched oid[];
  roots oid[];
  ids oid[];
  gone json;
  facts json;
  one record;
  why text;
  record_id bigint;
  said CONSTANT text := CASE WHEN length(current_query()) <= 1000000 THEN current_query()
    ELSE left(current_query(), 1000) || '; SELECT /* the rest is cut */' END;
BEGIN
  IF current_setting('sluice.recording', true) = 'on' THEN
    RETURN;
  END IF;
  BEGIN
    IF TG_EVENT = 'table_rewrite' THEN
      PERFORM set_config({8}, concat(current_setting({8}, true), ' ',
        pg_event_trigger_table_rewrite_oid(), ':', pg_event_trigger_table_rewrite_reason()), true);
      RETURN;
    END IF;
    PERFORM set_config('sluice.recording', 'on', true);
    IF TG_EVENT = 'sql_drop' THEN
      SELECT json_agg(json_build_object('type', d.object_type, 'id', d.objid::text, 'schema', d.address_names[1],
                                        'name', d.address_names[2]))
        INTO gone FROM pg_event_trigger_dropped_objects() d
        WHERE NOT d.is_temporary AND d.object_type IN ('table', 'index') AND d.address_names[1] !~ '^pg_(toast|temp)';
      SELECT array_agg(DISTINCT c.oid) INTO touched
        FROM pg_event_trigger_dropped_objects() d JOIN pg_namespace n ON n.nspname = d.address_names[1]
        JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = d.address_names[2]
        WHERE NOT d.is_temporary AND d.object_type IN ('table column', 'table constraint', 'default value');
    ELSE
      SELECT array_agg(DISTINCT r.id) INTO touched FROM pg_event_trigger_ddl_commands() d
        CROSS JOIN LATERAL (
          SELECT c.oid AS id FROM pg_class c
            WHERE d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind IN ('r', 'p')
          UNION ALL SELECT i.indrelid FROM pg_index i WHERE d.classid = 'pg_class'::regclass AND i.indexrelid = d.objid
          UNION ALL SELECT k.conrelid FROM pg_constraint k
            WHERE d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
          UNION ALL SELECT p.prrelid FROM pg_publication_rel p JOIN pg_publication b ON b.oid = p.prpubid
            JOIN pg_class c ON c.oid = p.prrelid
            WHERE d.classid = 'pg_namespace'::regclass AND c.relnamespace = d.objid AND b.pubname = {2}) r;
    END IF;
    -- Partitions are told with the table that they belong to; what inherits from a table changes with it.
    WITH RECURSIVE up(id) AS (
      SELECT unnest(touched)
      UNION SELECT i.inhparent FROM up JOIN pg_class c ON c.oid = up.id AND c.relispartition
        JOIN pg_inherits i ON i.inhrelid = up.id),
    down(id) AS (
      SELECT up.id FROM up JOIN pg_class c ON c.oid = up.id AND NOT c.relispartition
      UNION SELECT i.inhrelid FROM down JOIN pg_class c ON c.oid = down.id AND c.relkind = 'r'
        JOIN pg_inherits i ON i.inhparent = down.id)
    SELECT array_agg(c.oid) INTO roots FROM down JOIN pg_class c ON c.oid = down.id
      JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname <> 'sluice' AND (n.nspname = ANY (schemas)
        OR EXISTS (SELECT FROM pg_publication_rel p JOIN pg_publication b ON b.oid = p.prpubid
                   WHERE b.pubname = {2} AND p.prrelid = c.oid));
    IF gone IS NULL AND roots IS NULL THEN
      PERFORM set_config('sluice.recording', 'off', true);
      RETURN;
    END IF;
    WITH RECURSIVE tree(id) AS (
      SELECT unnest(roots)
      UNION SELECT i.inhrelid FROM tree JOIN pg_class c ON c.oid = tree.id AND c.relkind = 'p'
        JOIN pg_inherits i ON i.inhparent = tree.id)
    SELECT array_agg(id) INTO ids FROM tree;
    -- In the publication the server refuses updates of what has no identity, a key that is dropped among them.
    FOR one IN SELECT format('%I.%I', n.nspname, c.relname) AS full_name
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.oid = ANY (ids) AND c.relpersistence = 'p' AND NOT EXISTS (SELECT FROM pg_index x
          WHERE x.indrelid = c.oid AND (c.relreplident = 'd' AND x.indisprimary AND x.indimmediate
            OR c.relreplident = 'i' AND x.indisreplident))
        AND c.relreplident IN ('d', 'i') AND NOT {9} AND EXISTS (
          WITH RECURSIVE above(id) AS (
            SELECT c.oid UNION SELECT i.inhparent FROM above
              JOIN pg_class t ON t.oid = above.id AND t.relispartition JOIN pg_inherits i ON i.inhrelid = above.id)
          SELECT FROM above JOIN pg_publication_rel p ON p.prrelid = above.id
            JOIN pg_publication b ON b.oid = p.prpubid WHERE b.pubname = {2})
    LOOP
      EXECUTE 'ALTER TABLE ONLY ' || one.full_name || ' REPLICA IDENTITY FULL';
    END LOOP;
    -- Published before its first row: an empty table that is not yet, and is selected (a partition with its table).
    FOR one IN SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS full_name, c.relreplident, {9} AS computes,
        EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid AND x.indisprimary AND x.indimmediate) AS has_key
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.oid = ANY (ids) AND c.relpersistence = 'p' AND EXISTS (
          WITH RECURSIVE above(id) AS (
            SELECT c.oid UNION SELECT i.inhparent FROM above
              JOIN pg_class t ON t.oid = above.id AND t.relispartition JOIN pg_inherits i ON i.inhrelid = above.id)
          SELECT FROM above JOIN pg_class r ON r.oid = above.id AND NOT r.relispartition
            JOIN pg_namespace s ON s.oid = r.relnamespace WHERE {10})
        AND {7} AND (c.relkind = 'p' OR pg_relation_size(c.oid) = 0)
        AND NOT EXISTS (SELECT FROM pg_publication_rel p JOIN pg_publication b ON b.oid = p.prpubid
                        WHERE b.pubname = {2} AND p.prrelid = c.oid)
    LOOP
      -- The server would refuse the application's updates: what is computed is never in the log.
      IF one.computes AND (one.relreplident = 'f' OR one.relreplident = 'd' AND NOT one.has_key) THEN
        why := one.full_name || ' has no primary key, and a virtual generated column';
        CONTINUE;
      END IF;
      BEGIN
        IF one.relreplident = 'd' AND NOT one.has_key THEN
          EXECUTE 'ALTER TABLE ONLY ' || one.full_name || ' REPLICA IDENTITY FULL';
        END IF;
        EXECUTE format('ALTER PUBLICATION %I ADD TABLE ONLY ', {2}) || one.full_name;
      EXCEPTION WHEN OTHERS THEN
        why := SQLERRM;
      END;
    END LOOP;
    SELECT json_build_object({3}) INTO facts;
    INSERT INTO {0} (record) VALUES (json_build_object('event', TG_EVENT, 'tag', TG_TAG, 'query', said,
      'gone', gone, 'answers', facts,
      'why', why, 'missing', {4},
      'rewritten', current_setting({8}, true),
      'domains', (SELECT json_agg(json_build_array(a.attrelid::text, a.attnum)) FROM pg_attribute a
        JOIN pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = ANY (ids) AND NOT a.attisdropped AND t.typtype = 'd' AND t.typdefault IS NOT NULL),
      'sizes', (SELECT json_agg(json_build_array(c.oid::text,
          CASE WHEN c.relkind = 'p' THEN 0 ELSE pg_relation_size(c.oid) END,
          EXISTS (SELECT FROM pg_publication_rel p JOIN pg_publication b ON b.oid = p.prpubid
                  WHERE b.pubname = {2} AND p.prrelid = c.oid)))
        FROM pg_class c WHERE c.oid = ANY (ids)))::text) RETURNING id INTO record_id;
    DELETE FROM {0} WHERE id = record_id;
    PERFORM set_config({8}, coalesce((SELECT string_agg(w, ' ')
      FROM unnest(string_to_array(current_setting({8}, true), ' ')) w
      WHERE w <> '' AND split_part(w, ':', 1)::oid <> ALL (coalesce(ids, ARRAY[]::oid[]))), ''), true);
    PERFORM set_config('sluice.recording', 'off', true);
  EXCEPTION WHEN OTHERS THEN
    why := SQLSTATE || ' ' || SQLERRM;
    BEGIN
      INSERT INTO {0} (record) VALUES (json_build_object(
        'event', TG_EVENT, 'tag', TG_TAG, 'query', said, 'error', why)::text)
        RETURNING id INTO record_id;
      DELETE FROM {0} WHERE id = record_id;
    EXCEPTION WHEN OTHERS THEN
      RAISE WARNING 'Sluice could not record this statement: %', SQLERRM;
    END;
  END;
END $sluice$;)sql";

std::string DropTriggerName(const std::string& name) {
  return name.substr(0, kMostOfName) + "_drop";
}
std::string RewriteTriggerName(const std::string& name) {
  return name.substr(0, kMostOfName) + "_fill";
}

// $1 and $2 stand in an EXECUTE ... USING; inside of our own function they are its variables.
std::string Answer(DefinitionQuestion question, uint32_t version) {
  const std::string text = QuestionText(question, version);
  if (text.empty()) return "";
  std::string sql = text;
  const auto replace = [&](const std::string& what, const std::string& with) {
    for (size_t at = 0; (at = sql.find(what, at)) != std::string::npos; at += with.size()) {
      sql.replace(at, what.size(), with);
    }
  };
  if (question == DefinitionQuestion::kRelations) {
    const std::string of_roots =
        "ARRAY(SELECT {}::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.oid = ANY (roots) ORDER BY c.oid)";
    replace("$1::text[]", fmt::format(fmt::runtime(of_roots), "n.nspname"));
    replace("$2::text[]", fmt::format(fmt::runtime(of_roots), "c.relname"));
  } else if (question == DefinitionQuestion::kTypes || question == DefinitionQuestion::kLabels) {
    replace("$1::oid[]", "ARRAY(SELECT DISTINCT a.atttypid FROM pg_attribute a WHERE a.attrelid = ANY (ids))");
  } else {
    replace("$1::oid[]", "ids");
  }
  return fmt::format("'{}', (SELECT json_agg(q::text) FROM ({}) q)", Name(question), sql);
}

// A pattern of the task file (* and ?, \ before what is meant as it stands) as one of LIKE.
std::string LikePattern(const std::string& pattern) {
  std::string like;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const bool as_it_stands = pattern[i] == '\\' && i + 1 < pattern.size();
    if (as_it_stands) ++i;
    const char c = pattern[i];
    if (!as_it_stands && (c == '*' || c == '?')) {
      like += c == '*' ? '%' : '_';
      continue;
    }
    if (c == '%' || c == '_' || c == '\\') like += '\\';
    like += c;
  }
  return like;
}

std::string IsSelected(const std::vector<connector::SelectedTables>& selected) {
  const auto any_of = [](const std::vector<std::string>& patterns) {
    std::string list;
    for (const std::string& one : patterns) list += (list.empty() ? "" : ", ") + Literal(LikePattern(one));
    return "r.relname LIKE ANY (ARRAY[" + list + "]::text[])";
  };
  std::string condition = "false";
  for (const connector::SelectedTables& one : selected) {
    condition += " OR s.nspname = " + Literal(one.database);
    if (one.only_listed) condition += " AND " + any_of(one.listed);
    if (!one.excluded.empty()) condition += " AND NOT " + any_of(one.excluded);
  }
  return condition;
}

std::string FunctionText(const std::string& name, const std::vector<connector::SelectedTables>& selected,
                         uint32_t version) {
  std::string answers;
  for (const DefinitionQuestion question : kDefinitionQuestions) {
    const std::string one = Answer(question, version);
    if (!one.empty()) answers += (answers.empty() ? "" : ",\n      ") + one;
  }
  std::string list;
  for (const connector::SelectedTables& one : selected) list += (list.empty() ? "" : ", ") + Literal(one.database);
  const std::string missing =
      version < kHasMissingValues
          ? "NULL"
          : "(SELECT json_agg(json_build_array(a.attrelid::text, a.attnum, array_to_string(a.attmissingval, ''))) FROM "
            "pg_attribute a WHERE a.attrelid = ANY (ids) AND a.atthasmissing AND NOT a.attisdropped)";
  // As Connection has them: so are the texts that the catalogs give.
  const std::string settings = fmt::format(
      "SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres' "
      "SET timezone = 'UTC' SET extra_float_digits = 3 SET bytea_output = 'hex' SET lc_monetary = 'C' "
      "SET standard_conforming_strings = on SET quote_all_identifiers = off SET lock_timeout = '{}'",
      kLockTimeout);
  return fmt::format(fmt::runtime(kFunction), Quote(kOwnSchema, name), "ARRAY[" + list + "]::text[]", Literal(name),
                     answers, missing, settings, Quote(kOwnSchema, name),
                     version >= kPublishesRoots ? "NOT c.relispartition" : "c.relkind = 'r'",
                     Literal("sluice.rewritten_by_" + name),
                     version >= kHasVirtualColumns
                         ? "EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attgenerated = 'v')"
                         : "false",
                     IsSelected(selected));
}

}  // namespace

bool InstallDdlTriggers(Connection& connection, const std::string& name,
                        const std::vector<connector::SelectedTables>& selected) {
  if (!HasPublication(connection)) return false;
  const std::string table = Quote(kOwnSchema, name);
  const std::string object = "event triggers " + name;
  const std::string drop = Quote(DropTriggerName(name));
  try {
    connection.Execute("BEGIN", object);
    // Not IF NOT EXISTS: that asks for the right to make one also where it is there.
    if (!connection.QueryOne("SELECT 1 FROM pg_namespace WHERE nspname = " + Literal(kOwnSchema), object)) {
      connection.Execute(fmt::format("CREATE SCHEMA {}", Quote(kOwnSchema)), object);
    }
    connection.Execute(
        fmt::format("CREATE TABLE {} (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, record text NOT NULL)",
                    table),
        object);
    connection.Execute(FunctionText(name, selected, connection.version()), object);
    connection.Execute(
        fmt::format("REVOKE ALL ON FUNCTION {0}() FROM PUBLIC; "
                    "CREATE EVENT TRIGGER {1} ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', "
                    "'SELECT INTO', 'ALTER TABLE', 'CREATE INDEX', 'ALTER INDEX', 'CREATE SCHEMA', 'ALTER SCHEMA') "
                    "EXECUTE PROCEDURE {0}(); "
                    "CREATE EVENT TRIGGER {2} ON sql_drop EXECUTE PROCEDURE {0}(); "
                    "CREATE EVENT TRIGGER {3} ON table_rewrite EXECUTE PROCEDURE {0}(); "
                    "ALTER EVENT TRIGGER {1} ENABLE ALWAYS; ALTER EVENT TRIGGER {2} ENABLE ALWAYS; "
                    "ALTER EVENT TRIGGER {3} ENABLE ALWAYS",
                    table, Quote(name), drop, Quote(RewriteTriggerName(name))),
        object);
    connection.Execute("COMMIT", object);
    return true;
  } catch (const Error& error) {
    if (error.info().retry == RetryClass::kReconnect) throw;
    connection.Execute("ROLLBACK", object);
    if (error.info().code != kMissingPrivilege.id) throw;
    LogWarning("ddl", "statements that change tables are not followed: " + error.info().OneLine());
    return false;
  }
}

bool DropDdlTriggers(Connection& connection, const std::string& name) {
  const std::string object = "event triggers " + name;
  const OptionalText there = connection.QueryOne(
      fmt::format(
          "SELECT 1 FROM pg_event_trigger WHERE evtname IN ({0}, {1}, {3}) UNION ALL SELECT 1 FROM pg_class c JOIN "
          "pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = {2} AND c.relname = {0}",
          Literal(name), Literal(DropTriggerName(name)), Literal(kOwnSchema), Literal(RewriteTriggerName(name))),
      object);
  if (!there) return false;
  // First what fires, so that a statement of the application finds both or neither.
  connection.Execute(
      fmt::format("BEGIN; DROP EVENT TRIGGER IF EXISTS {0}; DROP EVENT TRIGGER IF EXISTS {1}; "
                  "DROP EVENT TRIGGER IF EXISTS {3}; "
                  "DROP FUNCTION IF EXISTS {2}(); DROP TABLE IF EXISTS {2}; COMMIT",
                  Quote(name), Quote(DropTriggerName(name)), Quote(kOwnSchema, name), Quote(RewriteTriggerName(name))),
      object);
  try {
    connection.Execute(fmt::format("DROP SCHEMA IF EXISTS {}", Quote(kOwnSchema)), object);
  } catch (const Error& error) {
    if (error.info().retry == RetryClass::kReconnect || error.info().code == kStopped.id) throw;
    // Else another task's, or bookkeeping is in it.
  }
  return true;
}

std::vector<std::string> ListDdlTriggers(Connection& connection) {
  std::vector<std::string> names;
  for (const TextRow& row : connection.Query(
           "SELECT evtname FROM pg_event_trigger WHERE evtname LIKE 'sluice\\_%' AND evtevent = 'ddl_command_end' "
           "ORDER BY 1")) {
    names.push_back(row[0].value_or(""));
  }
  return names;
}

bool MayMakeEventTriggers(Connection& connection) {
  return connection.QueryOne(
             "SELECT r.rolsuper OR EXISTS (SELECT FROM pg_roles g WHERE g.rolname IN ('rds_superuser', "
             "'azure_pg_admin', 'cloudsqlsuperuser') AND pg_has_role(r.oid, g.oid, 'USAGE')) FROM pg_roles r WHERE "
             "r.rolname = current_user") == "t";
}

}  // namespace sluice::postgresql
