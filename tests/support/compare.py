"""Compares two databases through plain SQL, without any of Sluice's code.

Values are fetched as texts that are equal when the stored values are; engines/compare_*.py say how. Rows are compared as
multisets, so tables need no key.
"""

import collections
import dataclasses
import hashlib

from .engines import compare_mysql, compare_postgresql


@dataclasses.dataclass
class Mapped:
    """What a test expects of one table's copy."""

    source: str  # table name at the source
    destination: str = None  # at the destination; the same if None
    filter: str = None  # condition on the source's rows
    excluded: tuple = ()  # columns that are not copied
    renamed: dict = dataclasses.field(default_factory=dict)


def _reader(server):
    return compare_postgresql if server.engine == "postgresql" else compare_mysql


def tables(server, database, kind="BASE TABLE"):
    """Names, sorted; kind: "BASE TABLE" or "VIEW"."""
    return _reader(server).tables(server, database, kind)


def columns(server, database, table):
    """(name, type, is JSON) in order."""
    return _reader(server).columns(server, database, table)


def shape(server, database):
    """Keys, foreign keys, generated columns and the like, for comparing the schemas of two servers of an engine."""
    return _reader(server).shape(server, database)


def compare_table(source, source_database, destination, destination_database, mapped):
    """Nothing when equal, else a text with the first differences."""
    name = mapped.destination or mapped.source
    left = [c for c in columns(source, source_database, mapped.source) if c[0] not in mapped.excluded]
    right = {c[0]: c for c in columns(destination, destination_database, name)}
    across = source.engine != destination.engine
    if across:  # what cannot be computed there is left out, with a note
        computed = _reader(source).generated(source, source_database, mapped.source)
        left = [c for c in left if c[0] not in computed or c[0] in right]
    wanted = [mapped.renamed.get(c[0], c[0]) for c in left]
    if sorted(wanted) != sorted(right):
        return f"{mapped.source}: columns {sorted(wanted)} expected, {sorted(right)} found"
    # Either side may say JSON where the other has text: it is compared as JSON on both.
    is_json = [a[2] or right[b][2] for a, b in zip(left, wanted)]
    left = [(n, k, j) for (n, k, _), j in zip(left, is_json)]
    here = [(n, right[n][1], j) for n, j in zip(wanted, is_json)]
    # The one value that does not arrive as it was: MariaDB stores 0 for -0 (docs/mysql.md, test_negative_zero).
    signed_zero = source.is_mariadb or not destination.is_mariadb

    def read(server, database, table, chosen, condition):
        for row in _reader(server).rows(server, database, table, chosen, condition, signed_zero, across):
            if across:
                row = tuple(_reader(server).neutral(value, kind, j) for value, (_, kind, j) in zip(row, chosen))
            yield row

    missing = collections.Counter(read(source, source_database, mapped.source, left, mapped.filter))
    total = sum(missing.values())
    extra = []
    for row in read(destination, destination_database, name, here, None):
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
        for row in sorted(map(repr, _reader(server).rows(server, database, table, chosen, None))):
            total.update(row.encode("utf-8", "surrogateescape"))
    return total.hexdigest()
