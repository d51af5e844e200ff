"""Random tables and transactions for MySQL and MariaDB; see random_schema.py.

Tables come in every shape of key: none, one column, composite, strings in several collations, binary, dates, unique
keys with NULLs, foreign keys with cascades. Writers mix inserts, updates of keys, swaps of unique values, REPLACE,
INSERT ... ON DUPLICATE KEY UPDATE, deletes with cascades, large statements, savepoints and rollbacks.
"""

import dataclasses

import MySQLdb

_ERRORS = (
    MySQLdb.IntegrityError,
    MySQLdb.OperationalError,
    MySQLdb.DataError,
    MySQLdb.InternalError,
    MySQLdb.ProgrammingError,
)


def _text(rng, size, letters="aAbBäßzZ 09'\"\\\t\n%_é"):
    return "".join(rng.choice(letters) for _ in range(rng.randrange(size + 1)))


def _blob(rng, size):
    return rng.randbytes(rng.randrange(size + 1))


def _moment(rng, digits):
    text = (
        f"{rng.randrange(1971, 2037)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02} "
        f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}"
    )
    return text + (f".{rng.randrange(10 ** digits):0{digits}}" if digits else "")


def _time(rng):
    return f"{rng.choice(['', '-'])}{rng.randrange(838):02}:{rng.randrange(60):02}:{rng.randrange(60):02}.{rng.randrange(10 ** 6):06}"


def _float(rng):
    return rng.choice(
        [0.0, -0.0, 0.1, 1e-30, rng.random() * 10 ** rng.randrange(-30, 30), float(rng.randrange(-(10**6), 10**6))]
    )


@dataclasses.dataclass
class Kind:
    sql: str
    make: object  # callable(rng) -> a value for MySQLdb
    key: str = None  # how it stands in a key: "" or a prefix length; None: cannot


_JSON = ['{"a": 1}', '[1, 2, 3]', '"x"', '{"nested": {"list": [1.5, null, true], "ü": "\\u00e9"}}', "{}"]

KINDS = [
    Kind("int", lambda r: r.choice([0, 1, -1, r.randrange(-(2**31), 2**31), r.randrange(50)]), ""),
    Kind("tinyint unsigned", lambda r: r.randrange(256), ""),
    Kind("smallint", lambda r: r.randrange(-32768, 32768), ""),
    Kind("mediumint unsigned", lambda r: r.randrange(2**24), ""),
    Kind("bigint", lambda r: r.randrange(-(2**63), 2**63), ""),
    Kind("bigint unsigned", lambda r: r.randrange(2**64), ""),
    Kind("decimal(20,6)", lambda r: f"{r.randrange(-10 ** 13, 10 ** 13)}.{r.randrange(10 ** 6):06}", ""),
    Kind("decimal(65,30)", lambda r: f"{r.randrange(-10 ** 34, 10 ** 34)}.{r.randrange(10 ** 30):030}", ""),
    Kind("float", _float),
    Kind("double", _float),
    Kind("bit(13)", lambda r: r.randrange(2**13), ""),
    Kind("year", lambda r: r.choice([0, 1901, 2155, 2024]), ""),
    Kind("date", lambda r: _moment(r, 0)[:10], ""),
    Kind("time(6)", _time, ""),
    Kind("datetime(6)", lambda r: _moment(r, 6), ""),
    Kind("datetime", lambda r: _moment(r, 0), ""),
    Kind("timestamp(3) null default null", lambda r: _moment(r, 3)),
    Kind("varchar(60) character set utf8mb4", lambda r: _text(r, 60, "aAäÄß😀中'\"\\\t\n 0"), ""),
    Kind("varchar(60) character set utf8mb4 collate utf8mb4_bin", lambda r: _text(r, 60), ""),
    Kind("varchar(60) character set latin1", lambda r: _text(r, 60), ""),
    Kind("varchar(60) character set gbk", lambda r: _text(r, 60, "aA中文字國'\\\t\n 0"), ""),
    Kind("varchar(40) character set ucs2", lambda r: _text(r, 40, "aA中é'\\ 0"), ""),
    Kind("char(12) character set utf8mb4", lambda r: _text(r, 12), ""),
    Kind("binary(16)", lambda r: r.randbytes(16), ""),
    Kind("varbinary(40)", lambda r: _blob(r, 40), ""),
    Kind("text", lambda r: _text(r, 3000), "(20)"),
    Kind("mediumtext character set utf8mb4", lambda r: _text(r, 20000, "x😀\\\t\n'")),
    Kind("blob", lambda r: _blob(r, 3000), "(20)"),
    Kind("longblob", lambda r: _blob(r, 20000)),
    Kind("enum('a','b','c','ü')", lambda r: r.choice(["a", "b", "c", "ü"]), ""),
    Kind("set('x','y','z')", lambda r: r.choice(["", "x", "y,z", "x,y,z"]), ""),
    Kind("json", lambda r: r.choice(_JSON)),
]
_BY_SQL = {kind.sql: kind for kind in KINDS}


@dataclasses.dataclass
class Table:
    name: str
    columns: list  # (name, Kind, is nullable)
    statement: str
    parent: str = None
    unique_ints: list = dataclasses.field(default_factory=list)  # nullable int columns with a unique key: for swaps

    def value(self, rng, index):
        _, kind, nullable = self.columns[index]
        return None if nullable and rng.random() < 0.15 else kind.make(rng)


def make_tables(rng, count, wide, versions):
    del versions  # all have the same
    tables = []
    for number in range(count):
        tables.append(_make_table(rng, f"r{number}", [t for t in tables if t.parent != "none"], wide))
    return tables


def _make_table(rng, name, earlier, wide):
    columns = [
        (f"c{i}", rng.choice(KINDS), rng.random() < 0.5)
        for i in range(rng.choice([1, 2, 4, 8, 8, 12] + ([60] if wide else [])))
    ]
    # Rows must fit into a page: at most a few long strings inline.
    keys, unique_ints = [], []
    integer = _BY_SQL["int"]
    shape = rng.choice(["auto", "auto", "int", "composite", "string", "binary", "date", "none", "unique only"])
    head = []
    if shape == "auto":
        head = [("id", None, False)]
    elif shape == "int":
        head = [("id", integer, False)]
        keys.append("PRIMARY KEY (id)")
    elif shape == "composite":
        head = [
            ("k1", rng.choice([integer, _BY_SQL["varchar(60) character set utf8mb4"]]), False),
            ("k2", rng.choice([_BY_SQL["datetime(6)"], _BY_SQL["bigint unsigned"], _BY_SQL["varbinary(40)"]]), False),
        ]
        keys.append("PRIMARY KEY (k2, k1)" if rng.random() < 0.5 else "PRIMARY KEY (k1, k2)")
    elif shape == "string":
        head = [("k", rng.choice([k for k in KINDS if k.sql.startswith(("varchar", "char"))]), False)]
        keys.append("PRIMARY KEY (k)")
    elif shape == "binary":
        head = [("k", _BY_SQL["binary(16)"], False)]
        keys.append("PRIMARY KEY (k)")
    elif shape == "date":
        head = [("k", rng.choice([_BY_SQL["datetime(6)"], _BY_SQL["decimal(20,6)"], _BY_SQL["time(6)"]]), False)]
        keys.append("PRIMARY KEY (k)")
    elif shape == "unique only":
        head = [("u", rng.choice([integer, _BY_SQL["varchar(60) character set latin1"]]), rng.random() < 0.5)]
        keys.append("UNIQUE KEY uu (u)")
    if rng.random() < 0.6:
        head.append(("swap", integer, True))
        unique_ints.append("swap")
        keys.append("UNIQUE KEY us (swap)")
    for index, (column, kind, _) in enumerate(columns[:4]):
        if kind.key is not None and rng.random() < 0.3:
            keys.append(f"KEY k{index} ({column}{kind.key})")
    parent = None
    candidates = [
        t for t in earlier if any(c == "id" for c, _, _ in t.columns) or "`id` int NOT NULL AUTO" in t.statement
    ]
    if candidates and rng.random() < 0.5:
        parent = rng.choice(candidates).name
        head.append(("parent", integer, True))
        action = rng.choice(["CASCADE", "SET NULL", "NO ACTION"])
        update = rng.choice(["CASCADE", "NO ACTION"]) if action != "SET NULL" else "NO ACTION"
        keys.append(
            f"CONSTRAINT fk_{name} FOREIGN KEY (parent) REFERENCES {parent} (id) ON DELETE {action} ON UPDATE {update}"
        )
    lines = []
    for column, kind, nullable in head + columns:
        if kind is None:
            lines.append("`id` int NOT NULL AUTO_INCREMENT PRIMARY KEY")
        else:
            suffix = "" if "null" in kind.sql else " NULL" if nullable else " NOT NULL"
            lines.append(f"`{column}` {kind.sql}{suffix}")
    if rng.random() < 0.25:
        lines.append(
            f"`g` int GENERATED ALWAYS AS (char_length(hex(`{columns[0][0]}`))) {rng.choice(['VIRTUAL', 'STORED'])}"
            if columns[0][1].sql != "json"
            else "`g` int DEFAULT 7"
        )
    statement = f"CREATE TABLE {name} (\n  " + ",\n  ".join(lines + keys) + "\n) DEFAULT CHARSET=utf8mb4"
    kept = [c for c in head + columns if c[1] is not None]
    return Table(name, kept, statement, parent, unique_ints)


def create(session, tables):
    session.execute("SET SESSION sql_mode=''")
    session.execute("SET SESSION innodb_strict_mode=0")
    for table in tables:
        session.execute(table.statement)


def fill(session, rng, tables, rows):
    """About `rows` rows in each table; rows that a key refuses are left out."""
    session.execute("SET SESSION sql_mode=''")
    for table in tables:
        for _ in range(rows):
            try:
                _insert(session, rng, table)
            except _ERRORS:
                pass


def _insert(session, rng, table, verb="INSERT", count=1, tail=""):
    names = ", ".join(f"`{c}`" for c, _, _ in table.columns)
    marks = "(" + ", ".join(["%s"] * len(table.columns)) + ")"
    values = []
    for _ in range(count):
        for index, (column, _, _) in enumerate(table.columns):
            if column == "parent":
                values.append(_pick(session, rng, table.parent, "id"))
            elif column == "swap":
                values.append(None if rng.random() < 0.3 else rng.randrange(10**6))
            else:
                values.append(table.value(rng, index))
    session.execute(f"{verb} INTO {table.name} ({names}) VALUES {', '.join([marks] * count)} {tail}", values)


def _pick(session, rng, table, column):
    low, high = session.query(f"SELECT MIN({column}), MAX({column}) FROM {table}")[0]
    if low is None:
        return None
    return session.value(
        f"SELECT {column} FROM {table} WHERE {column}>=%s ORDER BY {column} LIMIT 1", (rng.randint(low, high),)
    )


def _update(session, rng, table, limit):
    index = rng.randrange(len(table.columns))
    column, _, _ = table.columns[index]
    if column == "parent":
        value = _pick(session, rng, table.parent, "id")
    else:
        value = table.value(rng, index)
    session.execute(
        f"UPDATE {table.name} SET `{column}`=%s ORDER BY RAND({rng.randrange(2 ** 31)}) LIMIT {limit}", (value,)
    )


def _swap(session, rng, table):
    """Two rows exchange their unique values, through NULL or through a third value."""
    column = table.unique_ints[0]
    rows = session.query(
        f"SELECT {column} FROM {table.name} WHERE {column} IS NOT NULL ORDER BY RAND({rng.randrange(2 ** 31)}) LIMIT 2"
    )
    if len(rows) < 2:
        return
    a, b = rows[0][0], rows[1][0]
    between = rng.choice([None, -rng.randrange(1, 10**9)])
    session.execute(f"UPDATE {table.name} SET {column}=%s WHERE {column}=%s", (between, a))
    session.execute(f"UPDATE {table.name} SET {column}=%s WHERE {column}=%s", (a, b))
    if between is None:
        session.execute(f"UPDATE {table.name} SET {column}=%s WHERE {column} IS NULL LIMIT 1", (b,))
    else:
        session.execute(f"UPDATE {table.name} SET {column}=%s WHERE {column}=%s", (b, between))


def _one_statement(session, rng, table):
    dice = rng.random()
    if dice < 0.30:
        _insert(session, rng, table)
    elif dice < 0.38:
        _insert(session, rng, table, count=rng.randrange(2, 40))
    elif dice < 0.45:
        _insert(session, rng, table, verb="REPLACE")
    elif dice < 0.50 and table.columns:
        column = rng.choice(table.columns)[0]
        _insert(session, rng, table, tail=f"ON DUPLICATE KEY UPDATE `{column}`=VALUES(`{column}`)")
    elif dice < 0.72:
        _update(session, rng, table, 1)
    elif dice < 0.80:
        _update(session, rng, table, rng.randrange(1, 30))
    elif dice < 0.86 and table.unique_ints:
        _swap(session, rng, table)
    elif dice < 0.97:
        session.execute(
            f"DELETE FROM {table.name} ORDER BY RAND({rng.randrange(2 ** 31)}) LIMIT {rng.choice([1, 1, 1, 5, 20])}"
        )
    else:
        session.execute(f"UPDATE {table.name} SET `{table.columns[-1][0]}`=`{table.columns[-1][0]}` LIMIT 3")


def begin_writing(session):
    session.execute("SET SESSION sql_mode=''")
    session.execute("SET SESSION innodb_lock_wait_timeout=3")


def transaction(session, rng, tables):
    """One random transaction; errors end it or are passed over, as in real applications."""
    session.execute("START TRANSACTION")
    try:
        for _ in range(rng.choice([1, 1, 2, 3, 5, 10])):
            try:
                if rng.random() < 0.05:
                    session.execute("SAVEPOINT sp")
                    _one_statement(session, rng, rng.choice(tables))
                    session.execute("ROLLBACK TO SAVEPOINT sp")
                else:
                    _one_statement(session, rng, rng.choice(tables))
            except MySQLdb.OperationalError as error:
                if error.args[0] in (1205, 1213):  # lock wait, deadlock: the transaction is gone
                    session.execute("ROLLBACK")
                    return
                if error.args[0] in (2006, 2013, 2014):
                    raise
            except _ERRORS:
                pass
        session.execute("ROLLBACK" if rng.random() < 0.07 else "COMMIT")
    except _ERRORS:
        session.rollback()
