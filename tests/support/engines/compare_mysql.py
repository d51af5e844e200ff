"""How MySQL and MariaDB are read for a comparison."""

import json
import re

_BINARY = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
_TEXT = {"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"}
_GEOMETRY = {
    "geometry",
    "point",
    "linestring",
    "polygon",
    "multipoint",
    "multilinestring",
    "multipolygon",
    "geometrycollection",
    "geomcollection",
}


def tables(server, database, kind="BASE TABLE"):
    """Names, sorted; kind: "BASE TABLE" or "VIEW"."""
    return sorted(
        row[0]
        for row in server.query(
            "SELECT table_name FROM information_schema.tables WHERE table_schema=%s AND table_type=%s", (database, kind)
        )
    )


def columns(server, database, table):
    """(name, type, is JSON) in order; MariaDB's JSON is LONGTEXT with a json_valid check."""
    checks = ""
    if server.is_mariadb:
        checks = str(
            server.query(
                "SELECT GROUP_CONCAT(check_clause) FROM information_schema.check_constraints WHERE "
                "constraint_schema=%s AND table_name=%s",
                (database, table),
            )[0][0]
            or ""
        )
    return [
        (name, kind.lower(), kind.lower() == "json" or f"json_valid(`{name}`)" in checks)
        for name, kind in server.query(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema=%s AND table_name=%s "
            "ORDER BY ordinal_position",
            (database, table),
        )
    ]


def generated(server, database, table):
    """Names of the columns that the server computes."""
    return {
        row[0]
        for row in server.query(
            "SELECT column_name FROM information_schema.columns WHERE table_schema=%s AND table_name=%s AND "
            "generation_expression <> ''",
            (database, table),
        )
    }


def _expression(column, kind, is_json):
    if is_json:
        return column
    if kind in _BINARY:
        return f"HEX({column})"
    if kind in _TEXT:
        return f"HEX(CONVERT({column} USING utf8mb4))"
    if kind in ("float", "double"):
        return f"{column}*1e0"  # as a number: MySQL's CONCAT() would leave the last digits of some out
    if kind in _GEOMETRY:
        return f"HEX({column})"  # SRID and WKB, in both flavours
    if kind in ("bit", "vector"):
        return f"HEX({column})"
    if kind in ("inet6", "inet4", "uuid"):
        return f"HEX(CONCAT({column}))"
    return f"CONCAT({column})"


def _canonical(value, is_json, signed_zero):
    if value is None:
        return None
    if isinstance(value, float):
        return repr(value if value or signed_zero else 0.0)
    if isinstance(value, (bytes, bytearray)):
        value = bytes(value).decode("utf-8", "surrogateescape")
    if is_json:
        return json.dumps(json.loads(value), sort_keys=True)
    return value


def rows(server, database, table, chosen, condition, signed_zero=True, across=False):
    del across  # every value has a form that others know
    expressions = ", ".join(_expression(server.quote(name), kind, is_json) for name, kind, is_json in chosen)
    where = f" WHERE {condition}" if condition else ""
    with server.session(database) as session:
        session.execute("SET SESSION sql_mode=''")
        for row in session.stream(f"SELECT {expressions} FROM {server.quote(table)}{where}"):
            yield tuple(_canonical(value, column[2], signed_zero) for value, column in zip(row, chosen))


def neutral(value, kind, is_json):
    """A value as rows() gives it, in the form that every engine's neutral() has."""
    if value is None or is_json:
        return value
    if kind in _TEXT:
        return bytes.fromhex(value).decode("utf-8")
    if kind in _BINARY or kind in _GEOMETRY or kind == "vector":
        return value.lower()
    if kind in ("inet6", "inet4", "uuid"):
        return bytes.fromhex(value).decode("ascii")
    if kind == "decimal" and "." in value:
        return value.rstrip("0").rstrip(".")
    if kind == "bit":
        return str(int(value, 16))
    if kind == "year":
        return str(int(value))  # 0 is shown as 0000
    if kind in ("datetime", "timestamp", "time") and "." in value:
        return value.rstrip("0").rstrip(".")
    return value


def shape(server, database):
    """Keys, foreign keys, generated columns and the like as both flavours tell them, for comparing schemas."""
    result = {}
    for table in tables(server, database):
        result[table] = {
            "columns": [
                (n, _type(t), null, _is_auto(extra), bool(generated))
                for n, t, null, extra, generated in server.query(
                    "SELECT column_name, column_type, is_nullable, extra, generation_expression FROM information_schema.columns "
                    "WHERE table_schema=%s AND table_name=%s ORDER BY ordinal_position",
                    (database, table),
                )
            ],
            "indexes": sorted(
                server.query(
                    "SELECT index_name, non_unique, seq_in_index, column_name, sub_part FROM information_schema.statistics "
                    "WHERE table_schema=%s AND table_name=%s",
                    (database, table),
                ),
                key=repr,
            ),
            "foreign keys": sorted(
                (
                    (name, referenced, _rule(update), _rule(delete))
                    for name, referenced, update, delete in server.query(
                        "SELECT constraint_name, referenced_table_name, update_rule, delete_rule FROM "
                        "information_schema.referential_constraints WHERE constraint_schema=%s AND table_name=%s",
                        (database, table),
                    )
                ),
                key=repr,
            ),
        }
    return result


def _rule(text):
    """Two names of one thing in InnoDB; the flavours have different defaults."""
    return "NO ACTION" if text == "RESTRICT" else text


def _type(text):
    """Without what the flavours write in different ways: MySQL 8.0.19 leaves display widths out, MariaDB's JSON is text."""
    text = re.sub(r"^((?:tiny|small|medium|big)?int|year)\(\d+\)", r"\1", text.lower())
    return "longtext" if text == "json" else text


def _is_auto(extra):
    return "auto_increment" in (extra or "").lower()
