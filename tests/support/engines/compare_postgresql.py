"""How PostgreSQL is read for a comparison."""

import json
import struct
import re

# Their text is written in other digits by other versions: the binary form is the value.
_WITH_FLOATS = ("float4", "float8", "point", "line", "lseg", "box", "path", "polygon", "circle")
_SENT = {name: name + ("send" if name.startswith("float") else "_send") for name in _WITH_FLOATS}
_SENT["polygon"] = "poly_send"
_SENT.update({"_" + name: "array_send" for name in _WITH_FLOATS})

_KINDS = {"BASE TABLE": "('r', 'p')", "VIEW": "('v')"}


def tables(server, database, kind="BASE TABLE"):
    """Names, sorted; partitions are part of their table."""
    partitions = "AND NOT relispartition" if kind == "BASE TABLE" and server.major >= 10 else ""
    return [
        row[0]
        for row in server.query(
            "SELECT relname FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %s) "
            f"AND relkind IN {_KINDS[kind]} {partitions} ORDER BY relname",
            (database,),
        )
    ]


def columns(server, database, table):
    """(name, pg_type.typname of a built-in type or "", False) in order."""
    return [
        (name, kind if schema == "pg_catalog" else "", False)
        for name, kind, schema in server.query(
            "SELECT attname, typname, nspname FROM pg_attribute JOIN pg_type t ON t.oid = atttypid JOIN pg_namespace n "
            "ON n.oid = typnamespace WHERE attnum > 0 AND NOT attisdropped AND attrelid = (SELECT c.oid FROM pg_class c "
            "JOIN pg_namespace s ON s.oid = relnamespace WHERE nspname = %s AND relname = %s) ORDER BY attnum",
            (database, table),
        )
    ]


def generated(server, database, table):
    """Names of the columns that the server computes."""
    if server.major < 12:
        return set()
    return {
        row[0]
        for row in server.query(
            "SELECT attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace s ON s.oid = relnamespace "
            "WHERE attgenerated <> '' AND nspname = %s AND relname = %s",
            (database, table),
        )
    }


def rows(server, database, table, chosen, condition, signed_zero=True, across=False):
    """`across`: another engine has a type of PostgreSQL's own as text."""
    del signed_zero  # all versions keep it

    def expression(name, kind):
        column = server.quote(name)
        if kind in _SENT and (not across or kind in ("float4", "float8")):
            return f"encode({_SENT[kind]}({column}), 'hex')"
        if across and kind == "inet":  # a cast to text adds the length of the network
            return f"CASE WHEN {column} IS NOT NULL THEN format('%s', {column}) END"
        return f"{column}::text"

    expressions = ", ".join(expression(name, kind) for name, kind, _ in chosen)
    where = f" WHERE {condition}" if condition else ""
    children = "" if _is_partitioned(server, database, table) else "ONLY "
    with server.session(database) as session:
        yield from session.stream(f"SELECT {expressions} FROM {children}{server.quote(table)}{where}")


def neutral(value, kind, is_json):
    """A value as rows() gives it, in the form that every engine's neutral() has."""
    if value is None:
        return None
    if is_json:
        return json.dumps(json.loads(value), sort_keys=True)
    if kind == "bytea":
        return value[2:]
    if kind in ("float4", "float8"):
        number = struct.unpack(">f" if kind == "float4" else ">d", bytes.fromhex(value))[0]
        return repr(number)
    if kind == "bit":
        return str(int(value, 2))
    if kind == "bool":
        return "1" if value == "true" else "0"
    if kind == "timestamptz":
        return value.removesuffix("+00")
    if kind in ("numeric", "") and re.fullmatch(r"-?[0-9]+\.[0-9]+", value):  # "": also of a domain
        return value.rstrip("0").rstrip(".")
    return value


def _is_partitioned(server, database, table):
    return server.value(
        "SELECT relkind = 'p' FROM pg_class c JOIN pg_namespace s ON s.oid = relnamespace WHERE nspname = %s AND "
        "relname = %s",
        (database, table),
    )


# ---------------------------------------------------------------- schema

_IN_SCHEMA = "(SELECT oid FROM pg_namespace WHERE nspname = %(schema)s)"

# Each gives rows of facts that are the same on two servers when the schemas are. {x:V} is taken from version V on.
_FACTS = {
    "tables": (
        "SELECT relname, relkind::text, relpersistence::text, relreplident::text, relrowsecurity, relforcerowsecurity, "
        "{partition}, "
        "reloptions::text, obj_description(c.oid, 'pg_class'), (SELECT array_agg(inhparent::regclass::text ORDER BY "
        "inhseqno)::text FROM pg_inherits WHERE inhrelid = c.oid) FROM pg_class c WHERE relkind IN ('r', 'p', 'v', 'm') "
        "AND relnamespace = " + _IN_SCHEMA
    ),
    "columns": (
        "SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid), "
        "{identity}, {generated}, (SELECT collname FROM pg_collation o WHERE o.oid = attcollation), "
        "col_description(c.oid, attnum) FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid LEFT JOIN pg_attrdef ON "
        "adrelid = c.oid AND adnum = attnum WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p', 'v', 'm') "
        "AND relnamespace = " + _IN_SCHEMA
    ),
    "constraints": (
        "SELECT conname, contype::text, conrelid::regclass::text, contypid::regtype::text, pg_get_constraintdef(oid), "
        "convalidated, obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE contype NOT IN ('n', 't') AND "
        "connamespace = " + _IN_SCHEMA
    ),
    "indexes": (
        "SELECT i.relname, indisunique, indisprimary, indisvalid, indisclustered, indisreplident, "
        "pg_get_indexdef(indexrelid), obj_description(indexrelid, 'pg_class') FROM pg_index JOIN pg_class i ON i.oid = "
        "indexrelid WHERE i.relnamespace = " + _IN_SCHEMA
    ),
    "triggers": (
        "SELECT tgname, tgrelid::regclass::text, tgenabled::text, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN "
        "pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal AND relnamespace = " + _IN_SCHEMA
    ),
    "views": (
        "SELECT relname, relkind::text, pg_get_viewdef(oid) FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = "
        + _IN_SCHEMA
    ),
    "rules": "SELECT tablename, rulename, definition FROM pg_rules WHERE rulename <> '_RETURN' AND schemaname = %(schema)s",
    "policies": (
        "SELECT tablename, policyname, {permissive}, cmd, qual, with_check FROM pg_policies WHERE schemaname = %(schema)s"
    ),
    "routines": (
        "SELECT proname, pg_get_function_identity_arguments(p.oid), pg_get_functiondef(p.oid), obj_description(p.oid, "
        "'pg_proc') FROM pg_proc p WHERE NOT {aggregate} AND pronamespace = " + _IN_SCHEMA
    ),
    "aggregates": (
        "SELECT proname, pg_get_function_identity_arguments(p.oid), aggtransfn::text, aggfinalfn::text, "
        "aggtranstype::regtype::text, agginitval FROM pg_aggregate JOIN pg_proc p ON p.oid = aggfnoid WHERE pronamespace "
        "= " + _IN_SCHEMA
    ),
    "sequences": (
        "SELECT sequencename, data_type::text, start_value, min_value, max_value, increment_by, cycle, cache_size FROM "
        "pg_sequences WHERE schemaname = %(schema)s"
    ),
    "types": (
        "SELECT typname, typtype::text, typnotnull, typdefault, CASE WHEN typtype = 'd' THEN format_type(typbasetype, "
        "typtypmod) END, (SELECT array_agg(enumlabel ORDER BY enumsortorder)::text FROM pg_enum WHERE enumtypid = t.oid), "
        "(SELECT array_agg(attname || ' ' || format_type(atttypid, atttypmod) ORDER BY attnum)::text FROM pg_attribute "
        "WHERE attrelid = typrelid AND NOT attisdropped AND attnum > 0), (SELECT rngsubtype::regtype::text FROM pg_range "
        "WHERE rngtypid = t.oid), obj_description(t.oid, 'pg_type') FROM pg_type t WHERE (typtype IN ('e', 'd', 'r') OR "
        "typtype = 'c' AND (SELECT relkind = 'c' FROM pg_class WHERE oid = typrelid)) AND typnamespace = " + _IN_SCHEMA
    ),
    "statistics": (
        "SELECT stxname, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext WHERE stxnamespace = " + _IN_SCHEMA
    ),
}


def _sequence_names(session, schema):
    return [
        name
        for (name,) in session.query(
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind = 'S' AND "
            "nspname = %s ORDER BY relname",
            (schema,),
        )
    ]


def _old_sequences(session, server, schema):
    facts = "sequence_name::text, 'bigint', start_value, min_value, max_value, increment_by, is_cycled, cache_value"
    return [
        session.query(f"SELECT {facts} FROM {server.quote(schema)}.{server.quote(name)}")[0]
        for name in _sequence_names(session, schema)
    ]


# What had no catalog before 10.
_BEFORE_10 = {"sequences": _old_sequences, "statistics": lambda *_: []}


def shape(server, database):
    """Everything that the catalogs tell of a schema, without its name: what the server itself writes of each object."""
    words = {
        "generated": "attgenerated::text" if server.major >= 12 else "''",
        "aggregate": "prokind IN ('a')" if server.major >= 11 else "proisagg",
        "permissive": "permissive" if server.major >= 10 else "'PERMISSIVE'",
        "identity": "attidentity::text" if server.major >= 10 else "''",
        "partition": (
            "relispartition, pg_get_expr(relpartbound, c.oid), CASE WHEN relkind = 'p' THEN pg_get_partkeydef(c.oid) END"
            if server.major >= 10
            else "false, NULL, NULL"
        ),
    }
    found = {}
    with server.session(database) as session:
        for name, statement in _FACTS.items():
            if server.major < 10 and name in _BEFORE_10:
                found[name] = _BEFORE_10[name](session, server, database)
                continue
            for word, text in words.items():
                statement = statement.replace("{" + word + "}", text)
            facts = session.query(statement, {"schema": database})
            found[name] = sorted(
                (tuple(_without_schema(server, database, fact) for fact in row) for row in facts), key=repr
            )
        # From 16 on a column of a view's only table is written without the table's name.
        found["views"] = [
            (view, kind, re.sub(r"(?<![\w\"])\w+\.(?=[\w\"])", "", text)) for view, kind, text in found["views"]
        ]
        # From 14 on IN is written of arguments, of procedures only.
        found["routines"] = [
            (routine, arguments.replace("IN ", ""), re.sub(r"(?<=[(,] )IN |(?<=\()IN ", "", text), comment)
            for routine, arguments, text, comment in found["routines"]
        ]
    return found


def _without_schema(server, database, fact):
    if not isinstance(fact, str):
        return fact
    for name in (server.quote(database), database):
        fact = re.sub(rf"(?<![\w\"]){re.escape(name)}\.", "", fact)
    # From 11 on triggers are written with the other word for the same.
    return fact.replace("EXECUTE PROCEDURE", "EXECUTE FUNCTION")


def sequences(server, database):
    """Where each sequence stands: what it would give next is read without taking it."""
    if server.major >= 10:
        found = server.query("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = %s", (database,))
        return dict(found)
    with server.session() as session:
        return {
            name: session.value(
                f"SELECT CASE WHEN is_called THEN last_value END FROM {server.quote(database)}.{server.quote(name)}"
            )
            for name in _sequence_names(session, database)
        }
