"""Compares two databases through plain SQL, without any of Sluice's code.

Values are fetched as what is equal when the stored values are: HEX of strings converted to utf8mb4, HEX of
binary, floats as doubles, UTC for timestamps. Rows are compared as multisets, so tables need no key.
"""

import collections
import dataclasses
import hashlib
import json
import re


@dataclasses.dataclass
class Mapped:
    """What a test expects of one table's copy."""

    source: str  # table name at the source
    destination: str = None  # at the destination; the same if None
    filter: str = None  # condition on the source's rows
    excluded: tuple = ()  # columns that are not copied
    renamed: dict = dataclasses.field(default_factory=dict)


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


def quote(name):
    return "`" + name.replace("`", "``") + "`"


def tables(server, database, kind="BASE TABLE"):
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


def _expression(name, kind, is_json):
    column = quote(name)
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


def _rows(server, database, table, chosen, condition, signed_zero=True):
    expressions = ", ".join(_expression(name, kind, is_json) for name, kind, is_json in chosen)
    where = f" WHERE {condition}" if condition else ""
    with server.session(database) as session:
        session.execute("SET SESSION sql_mode=''")
        for row in session.stream(f"SELECT {expressions} FROM {quote(table)}{where}"):
            yield tuple(_canonical(value, column[2], signed_zero) for value, column in zip(row, chosen))


def compare_table(source, source_database, destination, destination_database, mapped):
    """Nothing when equal, else a text with the first differences."""
    name = mapped.destination or mapped.source
    left = [c for c in columns(source, source_database, mapped.source) if c[0] not in mapped.excluded]
    right = {c[0]: c for c in columns(destination, destination_database, name)}
    wanted = [mapped.renamed.get(c[0], c[0]) for c in left]
    if sorted(wanted) != sorted(right):
        return f"{mapped.source}: columns {sorted(wanted)} expected, {sorted(right)} found"
    # Either side may say JSON where the other has text: it is compared as JSON on both.
    is_json = [a[2] or right[b][2] for a, b in zip(left, wanted)]
    left = [(n, k, j) for (n, k, _), j in zip(left, is_json)]
    here = [(n, right[n][1], j) for n, j in zip(wanted, is_json)]
    # The one value that does not arrive as it was: MariaDB stores 0 for -0 (docs/mysql.md, test_negative_zero).
    signed_zero = source.is_mariadb or not destination.is_mariadb
    missing = collections.Counter(_rows(source, source_database, mapped.source, left, mapped.filter, signed_zero))
    total = sum(missing.values())
    extra = []
    for row in _rows(destination, destination_database, name, here, None, signed_zero):
        if missing.get(row):
            missing[row] -= 1
        else:
            extra.append(row)
    missing = [row for row, count in missing.items() for _ in range(count)]
    if not missing and not extra:
        return None
    show = "\n".join(
        [f"  missing {row!r:.700}" for row in missing[:5]] + [f"  extra   {row!r:.700}" for row in extra[:5]]
    )
    return (
        f"{source_database}.{mapped.source} ({total} rows): {len(missing)} rows missing, {len(extra)} extra at the "
        f"destination; columns {wanted}\n{show}"
    )


def differences(source, source_database, destination, destination_database=None, only=None, ignore=("sluice_marker",)):
    """All tables of a database; `only`: the Mapped values to compare instead."""
    destination_database = destination_database or source_database
    found = []
    if only is None:
        here = [t for t in tables(source, source_database) if t not in ignore]
        there = [t for t in tables(destination, destination_database) if t not in ignore]
        if here != there:
            found.append(
                f"tables differ: missing {sorted(set(here) - set(there))}, extra {sorted(set(there) - set(here))}"
            )
        only = [Mapped(t) for t in here if t in there]
    for mapped in only:
        text = compare_table(source, source_database, destination, destination_database, mapped)
        if text:
            found.append(text)
    return found


def assert_equal(source, source_database, destination, destination_database=None, **options):
    found = differences(source, source_database, destination, destination_database, **options)
    assert not found, "\n".join(found)


def digest(server, database):
    """One text for a whole database's rows: to see that a destination did not change."""
    total = hashlib.sha256()
    for table in tables(server, database):
        chosen = columns(server, database, table)
        for row in sorted(map(repr, _rows(server, database, table, chosen, None))):
            total.update(row.encode("utf-8", "surrogateescape"))
    return total.hexdigest()


# ---------------------------------------------------------------- schema


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
