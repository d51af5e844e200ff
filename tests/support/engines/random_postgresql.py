"""Random tables and transactions for PostgreSQL; see random_schema.py.

Tables come in every shape of key and of replica identity: none with whole rows in the log, one column, composite,
texts, bytes, dates, unique keys with NULLs, deferrable ones, partitions, foreign keys with cascades, dropped columns,
identity and generated columns. Writers mix inserts, updates of keys, swaps of unique values, ON CONFLICT, deletes with
cascades, large statements and values, savepoints, TRUNCATE and rollbacks.
"""

import dataclasses
import json
import struct

import psycopg2

_LETTERS = "aAbBäßzZ 09'\"\\\t\n\r%_é中😀{},"


def _text(rng, size):
    return "".join(rng.choice(_LETTERS) for _ in range(rng.randrange(size + 1)))


def _moment(rng, digits=6):
    if rng.random() < 0.05:
        return rng.choice(["infinity", "-infinity", "4713-01-01 00:00:00 BC", "0044-03-15 12:00:00 BC"])
    text = (
        f"{rng.randrange(1, 9999):04}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02} "
        f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}"
    )
    return text + (f".{rng.randrange(10 ** digits):0{digits}}" if digits else "")


def _date(rng):
    return rng.choice(["infinity", "0044-03-15 BC"]) if rng.random() < 0.05 else _moment(rng, 0)[:10].strip()


def _double(rng):
    return rng.choice(
        [0.0, -0.0, 0.1, 1e-300, float("nan"), float("inf"), rng.random() * 10 ** rng.randrange(-300, 300),
         float(rng.randrange(-(10**6), 10**6))]
    )


def _real(rng):
    return struct.unpack("f", struct.pack("f", rng.random() * 10 ** rng.randrange(-30, 30)))[0]


def _numeric(rng):
    if rng.random() < 0.05:
        return "NaN"
    digits = rng.choice([1, 3, 10, 40])
    return f"{rng.choice(['', '-'])}{rng.randrange(10 ** digits)}.{rng.randrange(10 ** 6):0{rng.choice([1, 6, 9])}}"


def _json(rng):
    return json.dumps({_text(rng, 5): rng.choice([1, 1.5, None, True, [1, "x"], _text(rng, 20)]) for _ in range(3)},
                      ensure_ascii=rng.random() < 0.5)


def _array(rng, make):
    return [None if rng.random() < 0.2 else make(rng) for _ in range(rng.randrange(5))]


@dataclasses.dataclass
class Kind:
    sql: str
    make: object  # callable(rng) -> a value for psycopg2
    key: bool = True  # has an order of its own that an index can have
    cast: str = "%s"


def _int(rng):
    return rng.choice([0, 1, -1, rng.randrange(-(2**31), 2**31), rng.randrange(50)])


_MOODS = ["ok", 'so "so"', "ü", "with, comma"]
TYPES = (
    "CREATE TYPE mood AS ENUM ('ok', 'so \"so\"', 'ü', 'with, comma')",
    "CREATE DOMAIN price AS numeric(12,2) CHECK (VALUE >= 0)",
    "CREATE TYPE address AS (street text, nr int, m mood)",
)

KINDS = [
    Kind("integer", _int),
    Kind("smallint", lambda r: r.randrange(-32768, 32768)),
    Kind("bigint", lambda r: r.randrange(-(2**63), 2**63)),
    Kind("boolean", lambda r: r.random() < 0.5),
    Kind("numeric", _numeric),
    Kind("numeric(20,6)", lambda r: f"{r.randrange(-10 ** 13, 10 ** 13)}.{r.randrange(10 ** 6):06}"),
    Kind("real", _real, key=False),
    Kind("double precision", _double, key=False),
    Kind("bit(13)", lambda r: f"{r.randrange(2 ** 13):013b}"),
    Kind("bit varying", lambda r: f"{r.randrange(2 ** 40):b}"[: r.randrange(40)]),
    Kind("date", _date),
    Kind("time", lambda r: _moment_of_day(r)),
    Kind("timetz", lambda r: _moment_of_day(r) + r.choice(["+00", "-12:30", "+15:59:59"]), key=False),
    Kind("timestamp", _moment),
    Kind("timestamp(3)", _moment),
    Kind("timestamptz", _moment),
    Kind("interval", lambda r: f"{r.randrange(-99, 99)} mons {r.randrange(-99, 99)} days {r.random() * 9999} secs", key=False),
    Kind("varchar(60)", lambda r: _text(r, 60)),
    Kind('varchar(60) COLLATE "C"', lambda r: _text(r, 60)),
    Kind("char(12)", lambda r: _text(r, 12)),
    Kind("text", lambda r: _text(r, 300)),
    Kind("text /* large */", lambda r: r.randbytes(r.randrange(6000)).hex(), key=False),
    Kind("bytea", lambda r: r.randbytes(r.randrange(40))),
    Kind("bytea /* large */", lambda r: r.randbytes(r.randrange(10000)), key=False),
    Kind("uuid", lambda r: r.randbytes(16).hex()),
    Kind("json", _json, key=False),
    Kind("jsonb", _json, key=False),
    Kind("xml", lambda r: f"<a>{r.randrange(99)}</a>", key=False),
    Kind("inet", lambda r: f"{r.randrange(256)}.{r.randrange(256)}.0.1/{r.randrange(33)}"),
    Kind("point", lambda r: f"({_real(r)},{_real(r)})", key=False),
    Kind("box", lambda r: f"({_real(r)},{_real(r)}),({_real(r)},1)", key=False),
    Kind("int4range", lambda r: f"[{r.randrange(50)},{50 + r.randrange(50)})"),
    Kind("integer[]", lambda r: _array(r, _int), key=False, cast="%s::int[]"),
    Kind("text[]", lambda r: _array(r, lambda x: _text(x, 20)), key=False, cast="%s::text[]"),
    Kind("mood", lambda r: r.choice(_MOODS)),
    Kind("mood[]", lambda r: _array(r, lambda x: x.choice(_MOODS)), key=False, cast="%s::mood[]"),
    Kind("price", lambda r: f"{r.randrange(10 ** 9)}.{r.randrange(100):02}"),
    Kind("address", lambda r: (_text(r, 20), _int(r), r.choice(_MOODS)), key=False, cast="%s::address"),
    Kind("tsvector", lambda r: "a:1 b:2", key=False),
]


def _moment_of_day(rng):
    return f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}.{rng.randrange(10 ** 6):06}"


_BY_SQL = {kind.sql: kind for kind in KINDS}
_INTEGER = _BY_SQL["integer"]


@dataclasses.dataclass
class Table:
    name: str
    columns: list  # (name, Kind, is nullable); what a writer gives values for
    statements: list
    parent: str = None
    unique_ints: list = dataclasses.field(default_factory=list)  # nullable int columns with a unique key: for swaps
    conflict: str = None  # columns of a key that ON CONFLICT can name
    has_id: bool = False  # an integer key `id` that others may refer to
    truncates: bool = False

    def value(self, rng, index):
        _, kind, nullable = self.columns[index]
        return None if nullable and rng.random() < 0.15 else kind.make(rng)


# Values that another engine can have: no NaN, no infinity, no years before Christ, no sign of zero.
_FOREIGN = {
    "numeric": lambda r: f"{r.choice(['', '-'])}{r.randrange(10 ** 30)}.{r.randrange(10 ** 6):06}",
    "double precision": lambda r: r.choice([0.0, 0.1, 1e-300, r.random() * 10 ** r.randrange(-300, 300)]),
    "date": lambda r: _plain_moment(r)[:10],
    "timestamp": lambda r: _plain_moment(r),
    "timestamp(3)": lambda r: _plain_moment(r),
    "timestamptz": lambda r: _plain_moment(r),
}


def _plain_moment(rng):
    return f"{rng.randrange(1, 9999):04}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02} {_moment_of_day(rng)}"


def _for_others(column):
    name, kind, nullable = column
    return name, dataclasses.replace(kind, make=_FOREIGN.get(kind.sql, kind.make)), nullable


def make_tables(rng, count, wide, versions, foreign=False):
    if foreign:
        versions = versions[:1]
    tables = []
    for number in range(count):
        tables.append(_make_table(rng, f"r{number}", [t for t in tables if t.has_id], wide, min(versions)))
        # The log has TRUNCATE from 11 on.
        tables[-1].truncates = versions[0] >= 11
        if foreign:
            tables[-1].columns = [_for_others(column) for column in tables[-1].columns]
    return tables


def _head(rng, table, keys):
    shape = rng.choice(["serial", "identity", "always", "int", "composite", "text", "bytes", "date", "none", "unique only"])
    if shape in ("serial", "identity", "always"):
        kind = {"serial": "serial", "identity": "int GENERATED BY DEFAULT AS IDENTITY", "always": "int GENERATED ALWAYS AS IDENTITY"}
        keys.append(f"id {kind[shape]} PRIMARY KEY")
        table.has_id, table.conflict = True, None
        return []
    if shape == "int":
        table.has_id, table.conflict = True, "id"
        keys.append("PRIMARY KEY (id)")
        return [("id", _INTEGER, False)]
    if shape == "composite":
        keys.append(rng.choice(["PRIMARY KEY (k2, k1)", "PRIMARY KEY (k1, k2)"]))
        table.conflict = "k1, k2"
        return [
            ("k1", rng.choice([_INTEGER, _BY_SQL["varchar(60)"]]), False),
            ("k2", rng.choice([_BY_SQL["timestamptz"], _BY_SQL["bigint"], _BY_SQL["bytea"], _BY_SQL["mood"]]), False),
        ]
    if shape in ("text", "bytes", "date"):
        kinds = {
            "text": ["varchar(60)", 'varchar(60) COLLATE "C"', "char(12)", "uuid"],
            "bytes": ["bytea"],
            "date": ["timestamp", "numeric(20,6)", "numeric", "date", "price"],
        }
        keys.append("PRIMARY KEY (k)")
        table.conflict = "k"
        return [("k", _BY_SQL[rng.choice(kinds[shape])], False)]
    table.statements.append(f"ALTER TABLE {table.name} REPLICA IDENTITY FULL")
    if shape == "none":
        return []
    nullable = rng.random() < 0.5
    keys.append(f"CONSTRAINT {table.name}_uu UNIQUE (u)")
    table.conflict = "u"
    if not nullable and rng.random() < 0.5:
        table.statements[-1] = f"ALTER TABLE {table.name} REPLICA IDENTITY USING INDEX {table.name}_uu"
    return [("u", rng.choice([_INTEGER, _BY_SQL["varchar(60)"]]), nullable)]


def _make_table(rng, name, earlier, wide, version):
    table = Table(name, [], [])
    columns = [
        (f"c{i}", rng.choice(KINDS), rng.random() < 0.5)
        for i in range(rng.choice([1, 2, 4, 8, 8, 12] + ([60] if wide else [])))
    ]
    keys = []
    head = _head(rng, table, keys)
    keyed = not table.statements
    parts = version >= 11 and keyed and table.conflict == "id" and rng.random() < 0.5
    if rng.random() < 0.6 and not parts:
        head.append(("swap", _INTEGER, True))
        table.unique_ints.append("swap")
        keys.append(f"CONSTRAINT {name}_us UNIQUE (swap)" + rng.choice(["", " DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED"]))
    if earlier and rng.random() < 0.5:
        table.parent = rng.choice(earlier).name
        head.append(("parent", _INTEGER, True))
        action = rng.choice(["CASCADE", "SET NULL", "NO ACTION"])
        keys.append(
            f"CONSTRAINT fk_{name} FOREIGN KEY (parent) REFERENCES {table.parent} (id) ON DELETE {action} ON UPDATE "
            f"{rng.choice(['CASCADE', 'NO ACTION'])}{rng.choice(['', ' DEFERRABLE INITIALLY DEFERRED'])}"
        )
    lines = [f"{c} {kind.sql}{'' if nullable else ' NOT NULL'}" for c, kind, nullable in head + columns]
    rng.shuffle(lines)
    if version >= 12 and rng.random() < 0.25 and not parts:
        lines.insert(rng.randrange(len(lines) + 1), f"g int GENERATED ALWAYS AS (octet_length({_octets(columns[0])})) STORED")
    gone = rng.random() < 0.3 and not parts
    if gone:
        lines.insert(rng.randrange(len(lines) + 1), "gone text")
    table.columns = head + columns
    create = f"CREATE TABLE {name} (\n  " + ",\n  ".join(lines + keys) + "\n)"
    if parts:
        create += " PARTITION BY RANGE (id)"
    made = [create]
    if parts:
        bounds = ["MINVALUE", "0", "25", "MAXVALUE"]
        made += [
            f"CREATE TABLE {name}_p{i} PARTITION OF {name} FOR VALUES FROM ({low}) TO ({high})"
            for i, (low, high) in enumerate(zip(bounds, bounds[1:]))
        ]
        # Only from 12 on others may refer to it.
        table.has_id = table.has_id and version >= 12
    if gone:
        made += [f"ALTER TABLE {name} DROP COLUMN gone", f"ALTER TABLE {name} ADD COLUMN late text DEFAULT 'late'"]
    elif keyed and rng.random() < 0.2 and not parts:
        made.append(f"ALTER TABLE {name} REPLICA IDENTITY FULL")
    for index, (column, kind, _) in enumerate(columns[:4]):
        if kind.key and rng.random() < 0.3:
            made.append(f"CREATE INDEX {name}_k{index} ON {name} ({column})")
    table.statements = made + table.statements
    return table


def _octets(column):
    name, kind, _ = column
    return name if kind.sql in ("bytea", "text") else "'x'::text"


def create(session, tables):
    for statement in TYPES:
        session.execute(statement)
    for table in tables:
        for statement in table.statements:
            session.execute(statement)


def fill(session, rng, tables, rows):
    for table in tables:
        for _ in range(rows):
            try:
                _insert(session, rng, table)
            except psycopg2.Error as error:
                _expect(error)


def _expect(error):
    """Values that a key, a constraint or an index's page refuses are no mistake of the test; anything else is."""
    if error.pgcode is None or error.pgcode[:2] not in ("22", "23", "40", "54", "55") and error.pgcode != "0A000":
        raise error


def _insert(session, rng, table, count=1, tail=""):
    names = ", ".join(c for c, _, _ in table.columns)
    marks = "(" + ", ".join(kind.cast for _, kind, _ in table.columns) + ")"
    values = []
    for _ in range(count):
        for index, (column, _, _) in enumerate(table.columns):
            if column == "parent":
                values.append(_pick(session, rng, table.parent))
            elif column == "swap":
                values.append(None if rng.random() < 0.3 else rng.randrange(10**6))
            else:
                values.append(table.value(rng, index))
    session.execute(f"INSERT INTO {table.name} ({names}) VALUES {', '.join([marks] * count)} {tail}", values)


def _pick(session, rng, table):
    low, high = session.query(f"SELECT MIN(id), MAX(id) FROM {table}")[0]
    if low is None:
        return None
    return session.value(f"SELECT id FROM {table} WHERE id>=%s ORDER BY id LIMIT 1", (rng.randint(low, high),))


def _some_rows(rng, table, limit):
    """A condition that random rows meet; partitions may have rows at the same place."""
    return (
        f"(tableoid, ctid) IN (SELECT tableoid, ctid FROM {table.name} ORDER BY md5(ctid::text || {rng.randrange(2 ** 31)}) "
        f"LIMIT {limit})"
    )


def _update(session, rng, table, limit):
    index = rng.randrange(len(table.columns))
    column, kind, _ = table.columns[index]
    value = _pick(session, rng, table.parent) if column == "parent" else table.value(rng, index)
    session.execute(f"UPDATE {table.name} SET {column}={kind.cast} WHERE {_some_rows(rng, table, limit)}", (value,))


def _swap(session, rng, table):
    """Two rows exchange their unique values, through NULL or through a third value."""
    column = table.unique_ints[0]
    rows = session.query(
        f"SELECT {column} FROM {table.name} WHERE {column} IS NOT NULL ORDER BY md5({column} || '{rng.randrange(2 ** 31)}') LIMIT 2"
    )
    if len(rows) < 2:
        return
    a, b = rows[0][0], rows[1][0]
    if rng.random() < 0.3:
        # At once: for those whose key is deferrable.
        session.execute(
            f"UPDATE {table.name} SET {column} = CASE {column} WHEN {a} THEN {b} ELSE {a} END WHERE {column} IN ({a}, {b})"
        )
        return
    between = -rng.randrange(1, 10**9)
    session.execute(f"UPDATE {table.name} SET {column}=%s WHERE {column}=%s", (between, a))
    session.execute(f"UPDATE {table.name} SET {column}=%s WHERE {column}=%s", (a, b))
    session.execute(f"UPDATE {table.name} SET {column}=%s WHERE {column}=%s", (b, between))


def _one_statement(session, rng, table):
    dice = rng.random()
    if dice < 0.30:
        _insert(session, rng, table)
    elif dice < 0.38:
        _insert(session, rng, table, count=rng.randrange(2, 40))
    elif dice < 0.50:
        column = rng.choice(table.columns)[0]
        do = f"({table.conflict}) DO UPDATE SET {column}=excluded.{column}" if table.conflict else "DO NOTHING"
        _insert(session, rng, table, tail=f"ON CONFLICT {do}")
    elif dice < 0.72:
        _update(session, rng, table, 1)
    elif dice < 0.80:
        _update(session, rng, table, rng.randrange(1, 30))
    elif dice < 0.86 and table.unique_ints:
        _swap(session, rng, table)
    elif dice < 0.97:
        session.execute(f"DELETE FROM {table.name} WHERE {_some_rows(rng, table, rng.choice([1, 1, 1, 5, 20]))}")
    elif dice < 0.975 and table.truncates:
        session.execute(f"TRUNCATE {table.name}")
    else:
        column = table.columns[-1][0]
        session.execute(f"UPDATE {table.name} SET {column}={column} WHERE {_some_rows(rng, table, 3)}")


def begin_writing(session):
    session.execute("SET lock_timeout = '3s'")


def transaction(session, rng, tables):
    """One random transaction; errors undo a statement or end it, as in real applications."""
    session.execute("BEGIN")
    try:
        for _ in range(rng.choice([1, 1, 2, 3, 5, 10])):
            # A failed statement would end the transaction: each is in a subtransaction of its own, or dies with it.
            inner = rng.random() < 0.6
            if inner:
                session.execute("SAVEPOINT sp")
            try:
                _one_statement(session, rng, rng.choice(tables))
                if inner and rng.random() < 0.07:
                    session.execute("ROLLBACK TO SAVEPOINT sp")
            except psycopg2.Error as error:
                _expect(error)
                if not inner:
                    raise
                session.execute("ROLLBACK TO SAVEPOINT sp")
        session.execute("ROLLBACK" if rng.random() < 0.07 else "COMMIT")
    except psycopg2.Error as error:
        _expect(error)
        session.execute("ROLLBACK")
